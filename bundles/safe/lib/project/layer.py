"""What the sandbox changed, as items: from an overlay's upper layer, or from a plain copy. Nothing is followed."""

from __future__ import annotations

import os
import stat
from itertools import islice

from project import limits
from project.records import read as read_file
from project.records import split, stat_words, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The overlay is mounted with `userxattr`, so that a user who is not root can read its marks as well.
OPAQUE = "user.overlay.opaque"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
SPECIAL = {stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}


class Item:
    """Something found. `kind` is file, link, gone, hidden (what the project has in this folder is gone), folder,
    kept (cannot be read: what was known of it and of what is below it stays), or the kind of a Note."""

    __slots__ = ("kind", "mode", "path", "read", "size", "words")

    def __init__(
        self,
        path: bytes,
        kind: str,
        mode: int = 0,
        size: int = 0,
        words: bytes = b"",
        read: Callable[[], tuple[bytes, bytes]] | None = None,
    ) -> None:
        self.path, self.kind, self.mode, self.size, self.words, self.read = path, kind, mode, size, words, read


class Unread(Exception):
    """A file that is not what it was a moment ago, or that may not be read; `kind` is that of its note."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def read_at(folder: int, name: bytes, most: int = limits.FILE_BYTES) -> tuple[os.stat_result, bytes]:
    """A regular file's or link's content, and its status before; the times are 0 when it changed meanwhile."""
    try:
        descriptor = os.open(name, FILE, dir_fd=folder)
    except OSError as error:
        return _link_at(folder, name, error)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise Unread("gone")
        if before.st_size > most:
            raise Unread("large")
        parts, left = [], most + 1
        while left > 0 and (part := os.read(descriptor, min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
        if left <= 0:
            raise Unread("large")
        content = b"".join(parts)
        after = os.fstat(descriptor)
        if stat_words(after) != stat_words(before) or len(content) != before.st_size:
            raise Unread("changing")
        return before, content
    except OSError:
        raise Unread("unreadable") from None
    finally:
        os.close(descriptor)


def _link_at(folder: int, name: bytes, error: OSError) -> tuple[os.stat_result, bytes]:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            return found, os.readlink(name, dir_fd=folder)
    except OSError:
        raise Unread("gone") from None
    raise Unread("unreadable" if stat.S_ISREG(found.st_mode) else "gone") from error


def open_below(root: int, path: bytes) -> int:
    """A descriptor of the folder at a path below another, by one name at a time, never through a link."""
    here = os.dup(root)
    for name in path.split(b"/") if path else ():
        below = os.open(name, FOLDER, dir_fd=here)
        os.close(here)
        here = below
    return here


class Walk:
    """Every entry below a folder: files and links by name and status, folders before what is in them."""

    def __init__(self, root: int, skip: Callable[[bytes], bool] | None = None) -> None:
        self.root, self.skip = root, skip
        self.deepest = limits.open_files()
        self.device = os.fstat(root).st_dev
        self.notes: list[tuple[bytes, str, int, int]] = []
        self.kept: set[bytes] = set()

    def __iter__(self) -> Iterator[tuple[int, bytes, bytes, os.stat_result]]:
        """(descriptor of the folder, its path with `/`, name, status); a folder's own comes before its content."""
        stack = [(os.dup(self.root), b"", iter(self._list(self.root, b"")))]
        try:
            while stack:
                folder, prefix, entries = stack[-1]
                for entry in entries:
                    name = os.fsencode(entry.name)
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if name.lower() == b".git" and not _whiteout(found):
                        self._count_git(folder, prefix, name, found)
                        continue
                    yield folder, prefix, name, found
                    if stat.S_ISDIR(found.st_mode) and not (self.skip and self.skip(prefix + name)):
                        below = self._enter(folder, prefix + name, name, len(stack))
                        if below is not None:
                            stack.append((below, prefix + name + b"/", iter(self._list(below, prefix + name))))
                            break
                else:
                    os.close(folder)
                    stack.pop()
        finally:
            for folder, _, _ in stack:
                os.close(folder)

    def keep(self, path: bytes, kind: str, size: int = 0, count: int = 1) -> None:
        """Notes something that cannot be looked at: whatever was known of it stays as it was."""
        self.notes.append((path, kind, size, count))
        self.kept.add(path)

    def _enter(self, folder: int, path: bytes, name: bytes, depth: int) -> int | None:
        if depth >= self.deepest:
            self.keep(path, "deep")
            return None
        try:
            below = os.open(name, FOLDER, dir_fd=folder)
        except PermissionError:
            self.keep(path, "unreadable")
            return None
        except OSError:
            # It is a link now, or gone: the next commit will see what it is.
            self.kept.add(path)
            return None
        if os.fstat(below).st_dev != self.device:
            os.close(below)
            self.keep(path, "mount")
            return None
        return below

    def _list(self, folder: int, path: bytes) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                found = list(islice(entries, limits.FOLDER_ENTRIES + 1))
        except OSError:
            self.keep(path, "unreadable")
            return []
        if len(found) > limits.FOLDER_ENTRIES:
            self.keep(path, "many", 0, len(found))
        return found[: limits.FOLDER_ENTRIES]

    def _count_git(self, folder: int, prefix: bytes, name: bytes, found: os.stat_result) -> None:
        """Notes something called .git, however spelled, with what is in it, and goes no further."""
        size, count, waiting = found.st_size, 1, []
        if stat.S_ISDIR(found.st_mode):
            size = 0
            try:
                waiting.append(os.open(name, FOLDER, dir_fd=folder))
            except OSError:
                pass
        while waiting and count < limits.COUNTED:
            below = waiting.pop()
            for entry in self._list(below, prefix + name):
                try:
                    inner = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(inner.st_mode) and len(waiting) < 100:
                        waiting.append(os.open(os.fsencode(entry.name), FOLDER, dir_fd=below))
                    elif not stat.S_ISDIR(inner.st_mode):
                        size, count = size + inner.st_size, count + 1
                except OSError:
                    continue
            os.close(below)
        for below in waiting:
            os.close(below)
        self.notes.append((prefix + name, "git", size, count))


def git_mode(mode: int) -> int:
    """A file's or link's mode as git knows it."""
    if stat.S_ISLNK(mode):
        return 0o120000
    return 0o100755 if mode & 0o111 else 0o100644


def _whiteout(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _reader(folder: int, name: bytes) -> Callable[[], tuple[bytes, bytes]]:
    def read() -> tuple[bytes, bytes]:
        found, content = read_at(folder, name)
        return stat_words(found), content

    return read


def _item(folder: int, path: bytes, name: bytes, found: os.stat_result) -> Item:
    """What an entry that is no folder comes to."""
    kind = stat.S_IFMT(found.st_mode)
    mode = git_mode(found.st_mode)
    if kind == stat.S_IFLNK:
        if name.lower() == b".gitmodules":
            return Item(path, "odd-name", found.st_mode, found.st_size)
        return Item(path, "link", mode, found.st_size, stat_words(found), _reader(folder, name))
    if kind == stat.S_IFREG:
        return Item(path, "file", mode, found.st_size, stat_words(found), _reader(folder, name))
    return Item(path, SPECIAL.get(kind, "device"), found.st_mode, found.st_size)


class Upper:
    """The upper layer of an overlay."""

    def __init__(self, folder: int) -> None:
        self.walk = Walk(folder)

    def __iter__(self) -> Iterator[Item]:
        """The items, a folder's own before those below it."""
        for folder, prefix, name, found in self.walk:
            path = prefix + name
            if stat.S_ISDIR(found.st_mode):
                yield Item(path, "hidden" if opaque(folder, name) else "folder", found.st_mode)
            elif _whiteout(found):
                yield Item(path, "gone")
            else:
                self._note_links(path, found)
                yield _item(folder, path, name, found)

    def _note_links(self, path: bytes, found: os.stat_result) -> None:
        if stat.S_ISREG(found.st_mode):
            if found.st_mode & (stat.S_ISUID | stat.S_ISGID):
                self.walk.notes.append((path, "set-id", found.st_size, 1))
            if found.st_nlink > 1:
                self.walk.notes.append((path, "hard-link", found.st_size, 1))


def opaque(folder: int, name: bytes) -> bool:
    """Whether a folder of the upper layer hides all that the project has in it."""
    try:
        below = os.open(name, FOLDER, dir_fd=folder)
    except OSError:
        return False
    try:
        return os.getxattr(below, OPAQUE) == b"y"
    except OSError:
        return False
    finally:
        os.close(below)


class Plain(Upper):
    """A plain copy, against the list of what was put there: only what differs from it is an item."""

    def __init__(self, folder: int, copied: str, seen: Callable[[bytes], bool]) -> None:
        super().__init__(folder)
        self.copied = dict(split(read_file(copied))[1])
        self.seen = seen

    def __iter__(self) -> Iterator[Item]:
        """The items; what is no longer there comes last."""
        missing = dict(self.copied)
        for folder, prefix, name, found in self.walk:
            path = prefix + name
            if stat.S_ISDIR(found.st_mode):
                yield Item(path, "folder", found.st_mode)
                continue
            words = missing.pop(path, None)
            if words == stat_words(found) and not self.seen(path):
                continue
            self._note_links(path, found)
            yield _item(folder, path, name, found)
        for path in missing:
            if not within(path, self.walk.kept):
                yield Item(path, "gone")
