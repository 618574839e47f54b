# A namespace of one's own, with all capabilities in it: the usual first step out of a container.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000) == 0:
    got("a user namespace was made")
asked("CLONE_NEWUSER", ctypes.get_errno())
