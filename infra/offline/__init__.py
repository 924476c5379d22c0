"""Containers on a machine without a container registry: an engine, base images and plugins, all from Debian packages."""
