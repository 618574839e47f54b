"""Holds a filesystem still: what somebody begins to write waits, and what is read is of one moment (ioctl_fsfreeze(2)).

`python3 -I -S -B still.py DISK NOTE` says `held` and holds until its input ends, so whoever asked may die in any way.
NOTE is a file on another filesystem: it is locked while DISK is held, and not empty then. So one that was killed
itself is seen: `--release` mends that, and so does the next that holds.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
import time

FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
"""linux/fs.h."""
PATIENCE = 60.0
"""Seconds to wait for somebody else who holds it, a backup of the whole machine for example."""


class Still:
    """In a `with`: nothing is written to the filesystem mounted at `disk`. Raises OSError when that cannot be."""

    def __init__(self, disk: str, note: str) -> None:
        self.disk, self.note = disk, note
        self.lock = self.folder = -1

    def __enter__(self) -> Still:
        try:
            self.lock = os.open(self.note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            self.folder = root_of(self.disk, self.lock)
            _thaw_left(self.lock, self.folder)
            os.pwrite(self.lock, b"held\n", 0)
            self._freeze()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _freeze(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.ioctl(self.folder, FIFREEZE, 0)
                return
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > end:
                    # Not ours to let go.
                    os.ftruncate(self.lock, 0)
                    raise
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        if self.folder >= 0:
            _thaw_left(self.lock, self.folder)
            os.close(self.folder)
        if self.lock >= 0:
            os.close(self.lock)
        self.lock = self.folder = -1


def release(disk: str, note: str) -> None:
    """Lets go what one that was killed has held; what somebody holds at this moment stays."""
    try:
        lock = os.open(note, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = root_of(disk, lock)
        try:
            _thaw_left(lock, folder)
        finally:
            os.close(folder)
    except BlockingIOError:
        return
    except (NotMountedError, FileNotFoundError):
        os.ftruncate(lock, 0)
    finally:
        os.close(lock)


class NotMountedError(OSError):
    """There is no filesystem of its own at that place."""


def root_of(disk: str, other: int) -> int:
    """The open root of what is mounted there, never the folder below it: that is on the filesystem that we write to."""
    folder = os.open(disk, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    device = os.fstat(folder).st_dev
    if device in (os.stat("..", dir_fd=folder).st_dev, os.fstat(other).st_dev):
        os.close(folder)
        raise NotMountedError(errno.EINVAL, "nothing is mounted there", disk)
    return folder


def _thaw_left(lock: int, folder: int) -> None:
    """Where the note says that it is held, it is not any more."""
    if os.fstat(lock).st_size == 0:
        return
    try:
        fcntl.ioctl(folder, FITHAW, 0)
    except OSError as error:
        # It is not held: the machine was started anew, or whoever wrote the note came no further.
        if error.errno != errno.EINVAL:
            raise
    os.ftruncate(lock, 0)


def main(argv: list[str]) -> int:
    """The program."""
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGPIPE"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        if argv[2:] == ["--release"]:
            release(argv[0], argv[1])
            return 0
        # What ends the caller's whole group does not end this.
        if os.getpid() != os.getpgrp():
            os.setsid()
        with Still(*argv):
            os.write(1, b"held\n")
            while os.read(0, 4096):
                pass
    except BrokenPipeError:
        return 1
    except OSError as error:
        sys.stderr.write(f"the workspace cannot be held still: {error.strerror}: {argv[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
