# A namespace of one's own, with all capabilities in it: the usual first step out of a container.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x10000000) == 0:
    (held if facts["kernel"] == "own" else breach)(
        "a user namespace was made" + (", in the sandbox's own kernel" if facts["kernel"] == "own" else "")
    )
asked("CLONE_NEWUSER", ctypes.get_errno())
