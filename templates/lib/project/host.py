"""The host's project as it is now, seen through directory descriptors: no component of a path is ever followed."""

from __future__ import annotations

import errno
import hashlib
import os
import shlex
import stat
from collections import OrderedDict
from dataclasses import dataclass

from project import words
from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# How many folders are kept open; fewer than any system's limit for one process.
OPEN = 64
CHUNK = 1 << 20


@dataclass(frozen=True)
class Seen:
    """What stands at a path: `kind` is file, link, folder or other; the rest tells whether it is still the same."""

    kind: str
    device: int
    inode: int
    mode: int
    size: int
    mtime: int
    ctime: int
    uid: int
    gid: int

    def same(self, other: Seen | None) -> bool:
        """Whether nothing happened to it but a new name: a rename changes the time of the last change."""
        return other is not None and self.moved() == other.moved()

    def moved(self) -> tuple[str, int, int, int, int, int]:
        """What a rename keeps."""
        return (self.kind, self.device, self.inode, self.mode, self.size, self.mtime)


SHUT = "may not be entered"


class Blocked(Exception):
    """A parent of the path is no folder, or is on another filesystem: `path` is that parent."""

    def __init__(self, path: bytes, why: str) -> None:
        super().__init__(why)
        self.path, self.why = path, why


def seen(status: os.stat_result) -> Seen:
    """A stat result as we compare it."""
    kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFDIR: "folder"}
    kind = kinds.get(stat.S_IFMT(status.st_mode), "other")
    # The size and times of a folder change with what is in it, and say nothing of the folder itself.
    size, mtime = (0, 0) if kind == "folder" else (status.st_size, status.st_mtime_ns)
    mode, ctime = stat.S_IMODE(status.st_mode), status.st_ctime_ns
    return Seen(kind, status.st_dev, status.st_ino, mode, size, mtime, ctime, status.st_uid, status.st_gid)


def look(folder: int, name: bytes) -> Seen | None:
    """What stands under a name in an open folder."""
    try:
        return seen(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return None


def split(path: bytes) -> tuple[bytes, bytes]:
    """The parent's path (empty for the root) and the name."""
    parent, _, name = path.rpartition(b"/")
    return parent, name


class Host:
    """The open project. Folders stay open for a while: a path that is swapped for a link in between leads nowhere."""

    def __init__(self, root: bytes) -> None:
        self.real = os.path.realpath(root)
        try:
            self.fd = os.open(self.real, FOLDER)
        except OSError as error:
            # What waits in the copy is of that path. Without it, it is kept as a patch by a rollback.
            shown = words.path(root)
            mend = f"mv FOLDER {shlex.quote(shown)}   (if it was moved or renamed: back to its place)"
            raise Failure("the project cannot be opened", f"{shown}: {error.strerror}", mend) from None
        self.root = words.path(root)
        self.device = os.fstat(self.fd).st_dev
        self._open: OrderedDict[bytes, int] = OrderedDict()

    def again(self) -> Host:
        """The same project with no folder open but its own."""
        other = Host.__new__(Host)
        other.fd, other.root, other.real, other.device = os.dup(self.fd), self.root, self.real, self.device
        other._open = OrderedDict()
        return other

    def __enter__(self) -> Host:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.forget()
        os.close(self.fd)

    def forget(self) -> None:
        """Closes the folders that are kept open: the next look walks there anew."""
        while self._open:
            os.close(self._open.popitem()[1])

    def folder(self, path: bytes) -> int:
        """The descriptor of a folder, valid until some more are asked for. FileNotFoundError, or Blocked."""
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        # From the deepest folder that is open, step by step: a path may have more steps than Python has calls.
        at = path
        while at and at not in self._open:
            at = split(at)[0]
        fd = self._open[at] if at else self.fd
        for name in path[len(at) :].strip(b"/").split(b"/") if path else ():
            at = at + b"/" + name if at else name
            fd = self._step(fd, name, at)
        return fd

    def _step(self, folder: int, name: bytes, path: bytes) -> int:
        try:
            found = os.open(name, FOLDER, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
                raise Blocked(path, "is a link or a file here, not a folder") from None
            if error.errno in (errno.EACCES, errno.EPERM):
                raise Blocked(path, SHUT) from None
            raise
        if os.fstat(found).st_dev != self.device:
            os.close(found)
            raise Blocked(path, "is another filesystem")
        self._open[path] = found
        if len(self._open) > OPEN:
            os.close(self._open.popitem(last=False)[1])
        return found

    def inode(self, path: bytes) -> int:
        """A folder's inode."""
        return os.fstat(self.folder(path)).st_ino

    def look(self, path: bytes) -> Seen | None:
        """What stands at a path; None where nothing does. Raises Blocked where a parent is no folder."""
        parent, name = split(path)
        try:
            return look(self.folder(parent), name)
        except FileNotFoundError:
            return None

    def closed(self, path: bytes) -> bool:
        """Whether something stands at a path that this user may not look into."""
        parent, name = split(path)
        try:
            folder = self.folder(parent)
            found = look(folder, name)
            if found is not None and found.kind == "file":
                os.close(os.open(name, READ, dir_fd=folder))
        except (PermissionError, Blocked) as error:
            return not isinstance(error, Blocked) or error.why == SHUT
        except OSError:
            return False
        return False

    def names(self, path: bytes) -> list[bytes]:
        """What a folder holds; nothing where it is none."""
        try:
            return [os.fsencode(name) for name in os.listdir(self.folder(path))]
        except (FileNotFoundError, Blocked):
            return []

    def link(self, path: bytes) -> bytes | None:
        """Where a symbolic link points; None where there is none."""
        parent, name = split(path)
        try:
            return os.fsencode(os.readlink(name, dir_fd=self.folder(parent)))
        except (OSError, Blocked):
            return None

    def content(self, path: bytes, expected: Seen) -> bytes:
        """What a file or a link holds. OSError when it is no longer what was seen."""
        parent, name = split(path)
        if expected.kind == "link":
            content = os.fsencode(os.readlink(name, dir_fd=self.folder(parent)))
        else:
            content = b"".join(self._chunks(parent, name, expected))
        if look(self.folder(parent), name) != expected:
            raise OSError(errno.ESTALE, "it changed while it was read")
        return content

    def oid(self, path: bytes, expected: Seen, length: int) -> str:
        """Git's name for what a file or a link holds; `length` tells which digest the repository uses."""
        digest = hashlib.sha1(usedforsecurity=False) if length == 40 else hashlib.sha256()
        digest.update(b"blob %d\0" % expected.size)
        parent, name = split(path)
        if expected.kind == "link":
            digest.update(self.content(path, expected))
        else:
            for chunk in self._chunks(parent, name, expected):
                digest.update(chunk)
        return digest.hexdigest()

    def _chunks(self, parent: bytes, name: bytes, expected: Seen) -> list[bytes]:
        fd = os.open(name, READ, dir_fd=self.folder(parent))
        try:
            if seen(os.fstat(fd)) != expected:
                raise OSError(errno.ESTALE, "it changed while it was read")
            chunks = []
            while chunk := os.read(fd, CHUNK):
                chunks.append(chunk)
            if seen(os.fstat(fd)) != expected:
                raise OSError(errno.ESTALE, "it changed while it was read")
            return chunks
        finally:
            os.close(fd)
