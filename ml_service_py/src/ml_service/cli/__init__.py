"""The commands: settings in, one sentence out."""
