"""The names of the registry's folders and files. Files of other names below its address belong to somebody else."""

import re

_VERSION = r"\d{8}T\d{6}Z-[0-9a-f]{8}"
#: Each writer names its own, so that two which write one version never spoil each other's. Without a number: of format 1.
_ARRAYS = r"model(-[0-9a-f]{8})?\.npz"
#: A writer that died may leave a file, or in earlier releases a hidden folder, with such an ending.
_UNFINISHED = r"(\.[0-9a-f]{32})?"

VERSION_PATTERN = re.compile(_VERSION)
ARRAYS_PATTERN = re.compile(_ARRAYS)
JOB_ID_PATTERN = re.compile(r"[0-9A-Za-z-]{1,64}")
#: The names, relative to the registry's address, of the files and empty folders that writers of versions and of job files may leave.
VERSION_FILES = re.compile(rf"models/\.?{_VERSION}{_UNFINISHED}(/({_ARRAYS}|manifest\.json{_UNFINISHED}))?")
JOB_FILES = re.compile(rf"results/{JOB_ID_PATTERN.pattern}(/\.?\d+{_UNFINISHED}(/[^/]+)?)?")
