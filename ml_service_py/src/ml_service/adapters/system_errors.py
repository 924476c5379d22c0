"""The system errors that last until an operator acts. All others may pass by themselves, a full disk among them."""

import errno

#: Permission denied, read-only file system, a file in place of a folder, a name that is too long.
PERMANENT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG})
