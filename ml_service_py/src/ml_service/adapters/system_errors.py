"""Errors of the system that stay until somebody mends their cause. All others may pass, a full disk among them."""

import errno

#: No right, read-only, no folder where one is needed, a name that is too long.
PERMANENT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG})
