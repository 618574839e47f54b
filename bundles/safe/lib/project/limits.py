"""The limits on what is read of a tree that somebody else writes: all of them, in one place."""

from __future__ import annotations

# A larger file is noted and never brought back; nor is one whose apparent size is larger, however little it holds.
FILE_BYTES = 100 * 1024**2
# What one command may add to the tracking repository, and what that may hold in all.
COMMIT_BYTES = 2 * 1024**3
TRACK_BYTES = 8 * 1024**3
# Paths that may differ from the project, and entries of one folder that are looked at.
PATHS = 250_000
FOLDER_ENTRIES = 250_000
# Folders in folders. Git stops at 2048; each costs a descriptor while its content is read.
DEPTH = 1900
# What the kernel takes for a path and for a name; and what a microVM's agent may put before and behind what it sends.
PATH_BYTES = 4096
NAME_BYTES = 255
HEADER_BYTES = 16 * 1024
TAIL_BLOCKS = 64
# Of what lies below a `.git`, only so many entries are counted.
COUNTED = 2_000
# A file that changed this shortly before it was read may change again without a trace in its times: it is read again.
RACY_NS = 20_000_000


def open_files() -> int:
    """Raises the limit on open files as far as it goes; gives how deep a tree may be walked."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DEPTH + 100
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return DEPTH if soft == resource.RLIM_INFINITY else max(16, min(DEPTH, soft - 100))
