"""What has to be on the disk before the next thing happens, and how a tree is removed through descriptors."""

from __future__ import annotations

import ctypes
import os

from project.host import FOLDER, look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from project.host import Seen

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


def below(folder: int, name: bytes) -> Iterator[tuple[int, bytes, bytes, Seen]]:
    """All that is in a folder: where it stands, its name, its path from there, what it is. A folder comes last.

    It keeps one folder open a depth, and needs no call a depth: trees are as deep as their makers like.
    """
    stack = [_opened(folder, name, b"")]
    try:
        while stack:
            fd, names, path = stack[-1]
            if names:
                each = names.pop()
                there = look(fd, each)
                if there is not None and there.kind == "folder":
                    stack.append(_opened(fd, each, path + b"/" + each))
                elif there is not None:
                    yield fd, each, path + b"/" + each, there
                continue
            os.close(stack.pop()[0])
            last = path.rpartition(b"/")[2]
            if stack and (there := look(stack[-1][0], last)) is not None:
                yield stack[-1][0], last, path, there
    finally:
        for fd, _, _ in stack:
            os.close(fd)


def _opened(folder: int, name: bytes, path: bytes) -> tuple[int, list[bytes], bytes]:
    fd = os.open(name, FOLDER, dir_fd=folder)
    return fd, [os.fsencode(each) for each in os.listdir(fd)], path


def remove(folder: int, name: bytes) -> None:
    """Removes a folder under a name in an open one, and all below it; nothing is followed, absence is fine."""
    if look(folder, name) is None:
        return
    for fd, each, _, there in below(folder, name):
        (os.rmdir if there.kind == "folder" else os.unlink)(each, dir_fd=fd)
    os.rmdir(name, dir_fd=folder)
