"""The upper layer of a microVM's overlay, as the tar that its agent sends; and one for it, to go back to.

Whoever sends it is not trusted: nothing of it reaches a folder of the host, and its times are not believed.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import time

from project import limits
from project.layer import SPECIAL, Item, git_mode
from project.members import CHARACTER, FIFO, FILE, FOLDER, HARD_LINK, LARGE, LINK, OPAQUE, Members, Unsound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import BinaryIO

    from project.data import Change
    from project.members import Member

    Note = tuple[bytes, str, int, int]


class _Seen:
    """What a walk through a folder tells besides its items."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.kept: set[bytes] = set()


class Tar:
    """A layer from a stream. Raises Unsound, a Failure, when it is not what a guest's agent sends, or ends early."""

    def __init__(self, stream: BinaryIO) -> None:
        self.members, self.walk = Members(stream), _Seen()
        self.git: dict[bytes, list[int]] = {}

    def __iter__(self) -> Iterator[Item]:
        """The items, in the order of the stream."""
        for member in self.members:
            yield from self._items(member)
            if len(self.walk.notes) + len(self.git) > limits.PATHS:
                raise Unsound("more of what is never brought back than is listed")
        self.walk.notes += [(path, "git", size, count) for path, (count, size) in self.git.items()]

    def _items(self, member: Member) -> Iterator[Item]:
        words, path = member.words, b"/".join(member.words)
        if len(words) > limits.DEPTH:
            top = b"/".join(words[: limits.DEPTH])
            if top not in self.walk.kept:
                self.walk.notes.append((top, "deep", 0, 1))
                self.walk.kept.add(top)
        elif any(word.lower() == b".git" for word in words):
            place = next(number for number, word in enumerate(words) if word.lower() == b".git")
            found = self.git.setdefault(b"/".join(words[: place + 1]), [0, 0])
            found[0], found[1] = found[0] + 1, found[1] + member.size
        else:
            yield self._item(member, path)

    def _item(self, member: Member, path: bytes) -> Item:
        if member.kind == FOLDER:
            return Item(path, "hidden" if member.extended.get(OPAQUE) == b"y" else "folder", member.mode)
        if member.kind == CHARACTER and member.device == (0, 0):
            return Item(path, "gone")
        if LARGE in member.extended:
            return Item(path, "large", 0, int(member.extended[LARGE]))
        if member.kind == LINK:
            target = member.target
            if member.words[-1].lower() == b".gitmodules":
                return Item(path, "odd-name", 0o120777, len(target))
            return Item(path, "link", 0o120000, len(target), b"", _reader(stat.S_IFLNK | 0o777, lambda: target))
        if member.kind == FILE:
            if member.mode & 0o6000:
                self.walk.notes.append((path, "set-id", member.size, 1))
            mode = stat.S_IFREG | member.mode & 0o777
            read = _reader(mode, lambda: self.members.content(member))
            return Item(path, "file", git_mode(mode), member.size, b"", read)
        kinds = {HARD_LINK: "hard-link", FIFO: "fifo"}
        return Item(path, kinds.get(member.kind, SPECIAL[stat.S_IFCHR]), member.mode, member.size)


def _reader(mode: int, content: Callable[[], bytes]) -> Callable[[], tuple[bytes, bytes]]:
    def read() -> tuple[bytes, bytes]:
        # As if it had changed this moment: so it is read again each time.
        now = time.time_ns()
        return b"%o 0 %d %d" % (mode, now, now), content()

    return read


def write(
    out: BinaryIO,
    changes: Iterable[Change],
    blobs: dict[str, bytes],
    owner: tuple[int, int],
    modes: Mapping[bytes, int],
) -> None:
    """The layer that shows these changes, as the guest's agent takes it; `modes` are unusual permissions."""
    changed = list(changes)
    files = {change.path for change in changed if change.new}
    made: set[bytes] = set()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        for change in sorted(changed, key=lambda one: one.path):
            above = _above(change.path)
            if any(folder in files for folder in above):
                continue
            for folder in above:
                if folder not in made:
                    made.add(folder)
                    tar.addfile(_member(folder, tarfile.DIRTYPE, 0o755, owner))
            if change.new is None:
                # Of a folder that is a file's name now, nothing is left to hide.
                tar.addfile(_member(change.path, tarfile.CHRTYPE, 0, owner))
                continue
            content = blobs[change.new.oid]
            if stat.S_ISLNK(change.new.mode):
                member = _member(change.path, tarfile.SYMTYPE, 0o777, owner)
                member.linkname = os.fsdecode(content)
                tar.addfile(member)
                continue
            member = _member(change.path, tarfile.REGTYPE, modes.get(change.path, change.new.mode) & 0o777, owner)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def _above(path: bytes) -> list[bytes]:
    words = path.split(b"/")
    return [b"/".join(words[:depth]) for depth in range(1, len(words))]


def _member(path: bytes, kind: bytes, mode: int, owner: tuple[int, int]) -> tarfile.TarInfo:
    member = tarfile.TarInfo(os.fsdecode(path))
    member.type, member.mode, member.mtime = kind, mode, int(time.time())
    member.uid, member.gid = owner
    return member
