# System calls by a ring in memory, past the filter. 425 is io_uring_setup everywhere.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
ring = ctypes.create_string_buffer(120)
if libc.syscall(425, 4, ring) >= 0:
    got("io_uring: a ring was made")
asked("io_uring", ctypes.get_errno())
