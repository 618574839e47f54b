"""Makes folders, whiteouts and copies in a tree of ours, through descriptors: no path is too long, no link followed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shlex
import stat

from project import words
from project.failure import Failure
from project.layer import FILE, FOLDER, Unread
from project.records import stat_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FICLONE = 0x40049409
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
PIECE = 16 * 1024**2


class Maker:
    """Makes folders below a root as they are needed, and keeps the way to the last one open."""

    def __init__(self, root: int, made: Callable[[int, bytes], None]) -> None:
        self.made = made
        self.open: list[tuple[bytes, int]] = [(b"", os.dup(root))]

    def folder(self, path: bytes) -> int:
        """The descriptor of a folder, which is made where it is missing; good until the next call."""
        return self._reach(path, self._make)

    def existing(self, path: bytes) -> int:
        """The descriptor of a folder that is there; raises OSError otherwise."""
        return self._reach(path, lambda above, name, _: os.open(name, FOLDER, dir_fd=above))

    def _make(self, above: int, name: bytes, path: bytes) -> int:
        try:
            os.mkdir(name, 0o700, dir_fd=above)
        except FileExistsError:
            return os.open(name, FOLDER, dir_fd=above)
        below = os.open(name, FOLDER, dir_fd=above)
        self.made(below, path)
        return below

    def _reach(self, path: bytes, opened: Callable[[int, bytes, bytes], int]) -> int:
        names = path.split(b"/") if path else []
        same = 0
        while same < len(names) and same + 1 < len(self.open) and self.open[same + 1][0] == names[same]:
            same += 1
        while len(self.open) > same + 1:
            os.close(self.open.pop()[1])
        for depth in range(same, len(names)):
            below = opened(self.open[-1][1], names[depth], b"/".join(names[: depth + 1]))
            self.open.append((names[depth], below))
        return self.open[-1][1]

    def close(self) -> None:
        """Closes the way."""
        while self.open:
            os.close(self.open.pop()[1])


def whiteout(folder: int, name: bytes) -> None:
    """Hides a name of the layer below."""
    os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=folder)


def copy_file(source: int, name: bytes, target: int, uid: int, gid: int) -> tuple[bytes, bytes]:
    """Copies a file or a link; gives the status of the project's and of the copy, as records have it."""
    try:
        reading = os.open(name, FILE, dir_fd=source)
    except PermissionError:
        raise Unread("unreadable") from None
    except OSError:
        return _copy_link(source, name, target, uid, gid)
    try:
        for _ in range(3):
            before = os.fstat(reading)
            if not stat.S_ISREG(before.st_mode):
                raise Unread("special")
            copied = _copy_once(reading, before, name, target, uid, gid)
            if stat_words(os.fstat(reading)) == stat_words(before):
                return stat_words(before), copied
            os.unlink(name, dir_fd=target)
        raise Unread("changing")
    finally:
        os.close(reading)


def _copy_once(reading: int, found: os.stat_result, name: bytes, target: int, uid: int, gid: int) -> bytes:
    writing = os.open(name, NEW, 0o600, dir_fd=target)
    try:
        _copy_content(reading, writing, found.st_size)
        give(writing, uid, gid)
        # Never set-uid or set-gid: what a copy may do is not more than its owner may.
        os.fchmod(writing, found.st_mode & 0o777)
        os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
        return stat_words(os.fstat(writing))
    finally:
        os.close(writing)


def _copy_content(reading: int, writing: int, size: int) -> None:
    """By sharing the blocks where the filesystem can; otherwise what holds data is copied and holes stay holes."""
    try:
        fcntl.ioctl(writing, FICLONE, reading)
        return
    except OSError:
        pass
    at = 0
    while at < size:
        try:
            at = os.lseek(reading, at, os.SEEK_DATA)
            end = min(os.lseek(reading, at, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            end = size
        at = _copy_piece(reading, writing, at, end)
    os.ftruncate(writing, size)


def _copy_piece(reading: int, writing: int, at: int, end: int) -> int:
    os.lseek(writing, at, os.SEEK_SET)
    while at < end:
        sent = os.sendfile(writing, reading, at, min(PIECE, end - at))
        if not sent:
            return max(at, end)
        at += sent
    return at


def _copy_link(source: int, name: bytes, target: int, uid: int, gid: int) -> tuple[bytes, bytes]:
    try:
        found = os.stat(name, dir_fd=source, follow_symlinks=False)
        leads = os.readlink(name, dir_fd=source)
    except OSError:
        raise Unread("changing") from None
    os.symlink(leads, name, dir_fd=target)
    if (uid, gid) != (os.geteuid(), os.getegid()):
        os.chown(name, uid, gid, dir_fd=target, follow_symlinks=False)
    os.utime(name, ns=(found.st_atime_ns, found.st_mtime_ns), dir_fd=target, follow_symlinks=False)
    return stat_words(found), stat_words(os.stat(name, dir_fd=target, follow_symlinks=False))


def give(descriptor: int, uid: int, gid: int) -> None:
    """Gives a file to the sandbox's user. Somebody who is that user, and no root, may not give it to a group that they
    are not in; then it keeps theirs, and the owner's rights are all that the sandbox needs."""
    if uid == os.geteuid() != 0:
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, -1, gid)
    elif (uid, gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, uid, gid)


def like(descriptor: int, found: os.stat_result) -> None:
    """Makes a folder look like another one."""
    give(descriptor, found.st_uid, found.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    os.utime(descriptor, ns=(found.st_atime_ns, found.st_mtime_ns))


def clear(folder: int) -> int:
    """Removes all that is in a folder, following nothing, however deep; gives how many entries."""
    count = 0
    stack = [(os.dup(folder), b"", _entries(folder))]
    while stack:
        here, name, entries = stack[-1]
        if not entries:
            os.close(here)
            stack.pop()
            if stack:
                os.rmdir(name, dir_fd=stack[-1][0])
            continue
        entry = entries.pop()
        below = os.fsencode(entry.name)
        count += 1
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(below, dir_fd=here)
            continue
        inner = _open_to_clear(here, below)
        if inner is not None:
            stack.append((inner, below, _entries(inner)))
    return count


def _open_to_clear(here: int, name: bytes) -> int | None:
    """An open folder whose entries can be removed; None when it is removed: one of somebody else's, and empty."""
    try:
        inner = os.open(name, FOLDER, dir_fd=here)
    except PermissionError:
        try:
            os.chmod(name, 0o700, dir_fd=here)
        except PermissionError:
            # The kernel keeps one as root's beside an overlay's layer. What is in it, only root can remove.
            _remove_foreign(here, name)
            return None
        inner = os.open(name, FOLDER, dir_fd=here)
    if stat.S_IMODE(os.fstat(inner).st_mode) & 0o700 != 0o700:
        os.fchmod(inner, 0o700)
    return inner


def _remove_foreign(here: int, name: bytes) -> None:
    try:
        os.rmdir(name, dir_fd=here)
    except OSError as error:
        place = os.path.join(os.readlink(f"/proc/self/fd/{here}"), os.fsdecode(name))
        why, mend = f"{words.path(os.fsencode(place))}: {error.strerror}", f"sudo rm -r {shlex.quote(place)}"
        raise Failure("a folder of somebody else's cannot be removed", why, mend) from None


def _entries(folder: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)
