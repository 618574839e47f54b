"""The moment of an entry: a file whose inode has not changed since is what it was then, looked at or not.

The kernel sets an inode's time of change by its own clock, and no program can set it back (inode(7), st_ctime).
"""

from __future__ import annotations

import time

# These have the kernel's own clock, and no snapshots that put older inodes in the place of newer ones.
FILESYSTEMS = frozenset((b"ext2", b"ext3", b"ext4", b"f2fs", b"tmpfs", b"xfs"))
# CLOCK_REALTIME_COARSE, of clock_gettime(2): what the kernel stamps inodes with. Python does not name it.
COARSE = 5
SECOND = 1_000_000_000
BOOT = "/proc/sys/kernel/random/boot_id"


class Moment:
    """`at` is the time, `ahead` how far the clock was ahead of the time since boot, both in ns; `boot` tells which."""

    __slots__ = ("ahead", "at", "boot", "limit")

    def __init__(self, at: int, ahead: int, boot: bytes) -> None:
        self.at, self.ahead, self.boot = at, ahead, boot
        # A clock that was set back since gives what is new a time from before.
        self.limit = at - (max(0, ahead - _ahead()) if boot == _boot() else 0)

    @classmethod
    def now(cls, folder: int) -> Moment | None:
        """This moment; None where the times of change below this open folder prove nothing."""
        try:
            if _filesystem(folder) not in FILESYSTEMS:
                return None
            return cls(time.clock_gettime_ns(COARSE), _ahead(), _boot())
        except OSError:
            # No Linux, or no /proc.
            return None

    @classmethod
    def of(cls, title: bytes) -> Moment | None:
        """The moment in the title of a list of records; None where there is none."""
        at, _, rest = title.partition(b" ")
        ahead, _, boot = rest.partition(b" ")
        return cls(int(at), int(ahead), boot) if boot else None

    def title(self) -> bytes:
        """For the title of a list of records."""
        return b"%d %d %b" % (self.at, self.ahead, self.boot)

    def is_after(self, changed: int) -> bool:
        """Whether something that changed at that time, in nanoseconds, did so before this moment, for certain."""
        # A filesystem with small inodes keeps whole seconds.
        return changed + (0 if changed % SECOND else SECOND) < self.limit


def _ahead() -> int:
    # Between the two readings the process may have to wait: the highest of several is the nearest.
    clock = time.clock_gettime_ns
    return max(clock(time.CLOCK_REALTIME) - clock(time.CLOCK_BOOTTIME) for _ in range(3))


def _boot() -> bytes:
    with open(BOOT, "rb") as stream:
        return stream.read().strip()


def _filesystem(folder: int) -> bytes:
    """The type of the filesystem of an open folder: by its mount: some give files device numbers that no mount has."""
    with open(f"/proc/self/fdinfo/{folder}", "rb") as stream:
        mount = next((line.split()[1] for line in stream if line.startswith(b"mnt_id:")), b"")
    with open("/proc/self/mountinfo", "rb") as stream:
        for line in stream:
            if line.startswith(mount + b" "):
                return line.partition(b" - ")[2].split(b" ", 1)[0]
    return b""
