"""Lists of paths on disk, each with a few words: sorted, so that one is found without reading all.

A record is NUL, `P`, the path, NUL, `M`, the words. Neither holds a NUL, so where a record begins is plain.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = b"gen records 1 "


def stat_words(found: os.stat_result) -> bytes:
    """What tells a file from a later version of it, with the mode and the size first."""
    return b"%o %d %d %d %d" % (found.st_mode, found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)


def inode_words(inode: int) -> bytes:
    """For a file that was not looked at: it is what it was, if it is the same one and unchanged since (Moment)."""
    return b"#%d" % inode


def inode_of(words: bytes) -> int:
    """The inode in either sort of words; 0 where they are neither."""
    number = words[1:] if words[:1] == b"#" else words.split(b" ")[2] if words.count(b" ") == 4 else b""
    return int(number) if number.isdigit() else 0


def join(records: Iterable[tuple[bytes, bytes]], title: bytes = b"") -> bytes:
    """The file's content. The records need to be sorted for Records.find and Records.below."""
    return HEAD + title + b"".join([b"\0P%b\0M%b" % record for record in records]) + b"\0E"


def split(content: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The title and the records. Raises ValueError when the content is not whole."""
    if not (content.startswith(HEAD) and content.endswith(b"\0E")):
        raise ValueError("not a whole list of records")
    parts = content[len(HEAD) : -2].split(b"\0")
    return parts[0], [(path[1:], words[1:]) for path, words in zip(parts[1::2], parts[2::2])]


def write(path: str, content: bytes, durable: bool = False) -> None:
    """Puts a file in its place at once: it is the old one, or the whole new one."""
    fresh = path + ".new"
    target = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(target, "wb") as stream:
        stream.write(content)
        stream.flush()
        if durable:
            os.fsync(stream.fileno())
    os.replace(fresh, path)
    if durable:
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.fsync(folder)
        os.close(folder)


def read(path: str) -> bytes:
    """A file's content; nothing when there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return b""


class Records:
    """A sorted list of records, searched by halves in the file's own bytes: they need not all be split for one."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @classmethod
    def load(cls, path: str) -> Records:
        """The list in a file."""
        return cls(read(path))

    @property
    def title(self) -> bytes:
        """What the list was given as its title."""
        return self.content[len(HEAD) : self.content.find(b"\0")]

    def find(self, path: bytes) -> bytes | None:
        """The words of a path."""
        start = self._first(path)
        mark = b"\0P%b\0M" % path
        if not self.content.startswith(mark, start):
            return None
        start += len(mark)
        return self.content[start : self.content.find(b"\0", start)]

    def below(self, folder: bytes) -> Iterator[bytes]:
        """The paths in a folder and in its folders."""
        prefix = folder + b"/"
        start = self._first(prefix)
        while self.content.startswith(b"\0P" + prefix, start):
            end = self.content.find(b"\0M", start)
            yield self.content[start + 2 : end]
            start = self.content.find(b"\0", end + 2)

    def within(self, folder: bytes) -> Iterator[bytes]:
        """The paths in a folder alone; the empty one is the whole tree's."""
        prefix = folder + b"/" if folder else b""
        start = self._first(prefix)
        while self.content.startswith(b"\0P" + prefix, start):
            path = self.content[start + 2 : self.content.find(b"\0M", start)]
            name, deeper, _ = path[len(prefix) :].partition(b"/")
            if deeper:
                # "0" comes right after "/": the next that is not in that folder.
                start = self._first(prefix + name + b"0")
            else:
                yield path
                start = self.content.find(b"\0", self.content.find(b"\0M", start) + 2)

    def _first(self, path: bytes) -> int:
        """Where the first record begins whose path is not less than this one."""
        content = self.content
        low, high = content.find(b"\0P"), content.rfind(b"\0E")
        if low < 0:
            return len(content)
        while low < high:
            middle = (low + high) // 2
            begin = content.find(b"\0P", middle)
            if begin < 0 or begin >= high:
                # No record begins in the upper half: look at those of the lower one, one after the other.
                begin = low
            end = content.find(b"\0", begin + 2)
            if content[begin + 2 : end] < path:
                low = content.find(b"\0", end + 2)
            elif begin == low:
                return low
            else:
                high = begin
        return low


def parents(path: bytes) -> Iterator[bytes]:
    """The folders that a path is in, from the topmost one; the root is not among them."""
    end = path.find(b"/")
    while end > 0:
        yield path[:end]
        end = path.find(b"/", end + 1)


def within(path: bytes, folders: set[bytes]) -> bool:
    """Whether a path is one of these, or below one of them; the empty one is the whole tree."""
    if not folders:
        return False
    if b"" in folders or path in folders:
        return True
    end = path.rfind(b"/")
    while end > 0:
        if path[:end] in folders:
            return True
        end = path.rfind(b"/", 0, end)
    return False
