"""What has to be on the disk before the next thing happens, and how a tree is removed through descriptors."""

from __future__ import annotations

import ctypes
import os

from project.host import FOLDER, look

# One call for the whole filesystem costs as much as some files' own.
FEW = 16


_SYNCFS = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def one_by_one(count: int) -> bool:
    """Whether so many files are made durable each for itself, and not by one call for the filesystem."""
    return count <= FEW or _SYNCFS is None


def whole(fd: int) -> None:
    """Makes all of a filesystem durable. Only where `one_by_one` says no."""
    if _SYNCFS is not None and _SYNCFS(fd) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def write(folder: int, name: str, content: bytes) -> None:
    """A file that is there with all of its content or not at all, durable when this returns."""
    fd = os.open(
        f"{name}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        put(fd, content)
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(f"{name}.new", name, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def put(fd: int, content: bytes) -> None:
    """Writes all of it."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def remove(folder: int, name: bytes) -> None:
    """Removes what stands under a name in an open folder, and all below it; nothing is followed, absence is fine."""
    there = look(folder, name)
    if there is None:
        return
    if there.kind != "folder":
        os.unlink(name, dir_fd=folder)
        return
    fd = os.open(name, FOLDER, dir_fd=folder)
    try:
        for each in os.listdir(fd):
            remove(fd, os.fsencode(each))
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=folder)
