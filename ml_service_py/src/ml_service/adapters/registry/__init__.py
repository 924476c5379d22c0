"""Model versions and job results as files. A version is complete once its manifest is written."""
