"""What git does not hold of the copy, and an undo brings back: permissions, and which folders there are.

Only what is not usual is written down: in the commit, as `modes`, and once more beside it, for the next commit.
"""

from __future__ import annotations

import os
import stat

from project import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from project.git import Git
    from project.layer import Item
    from project.seen import Versions

# The folders of the project at entry, and the newest `modes`.
ENTERED, CACHE = "folders.list", "modes.list"
PERMISSIONS = 0o7777


def usual(mode: int) -> int:
    """The permissions of which nothing is said, by git's mode of a file."""
    return 0o755 if mode & 0o111 else 0o644


def opened(mode: int) -> int:
    """Whom a file of the sandbox is open to: a group, or others, that may not read it may do nothing."""
    read = mode & 0o044
    return 0o700 | read | read >> 1 | read >> 2


class Modes:
    """One state: permissions of the sandbox's files (`own`) and of the project's at entry (`base`).

    `folders` are those that differ from the entry: with what permissions, or None for one that is gone.
    """

    def __init__(self, content: bytes = b"") -> None:
        self.own: dict[bytes, int] = {}
        self.base: dict[bytes, int] = {}
        self.folders: dict[bytes, int | None] = {}
        for key, words in records.split(content)[1] if content else ():
            part, _, path = key.partition(b"/")
            if part == b"folders":
                self.folders[path] = None if words == b"-" else int(words, 8)
            else:
                (self.own if part == b"own" else self.base)[path] = int(words, 8)

    @classmethod
    def of(cls, git: Git, commit: str | None) -> Modes:
        """Those of a commit."""
        return cls(git.run("cat-file", "blob", f"{commit}:modes", ok=(0, 128)) if commit else b"")

    def content(self) -> bytes:
        """As a commit has them; nothing where all is usual."""
        found = [(b"own/" + path, b"%o" % mode) for path, mode in self.own.items()]
        found += [(b"base/" + path, b"%o" % mode) for path, mode in self.base.items()]
        gone = ((path, b"-" if mode is None else b"%o" % mode) for path, mode in self.folders.items())
        found += [(b"folders/" + path, words) for path, words in gone]
        return records.join(sorted(found)) if found else b""

    def file(self, path: bytes, mode: int, touched: bool, later: Modes) -> int:
        """A file's permissions at this state; `later` is a state after it, which knows those at entry of more files."""
        if path in self.own:
            return self.own[path]
        return usual(mode) if touched else later.base.get(path, usual(mode))


class Noting:
    """Takes down the modes of one commit, item by item."""

    def __init__(self, state: str, git: Git, head: str | None) -> None:
        self.state, self.now = state, Modes()
        self.before = self._load(git, head)
        self.now.base = dict(self.before.base)
        self.entered = entered(state)
        self.folders: dict[bytes, int] = {}
        self.lost: set[bytes] = set()

    def _load(self, git: Git, head: str | None) -> Modes:
        content = records.read(os.path.join(self.state, CACHE))
        title, _, rest = content.partition(b"\n")
        if title == (head or "entry").encode():
            return Modes(rest)
        return Modes.of(git, head)

    def folder(self, item: Item) -> None:
        """A folder, or something that hides one of the project's."""
        if item.kind in ("folder", "hidden"):
            self.folders[item.path] = item.mode & PERMISSIONS
        if item.kind != "folder" and item.path in self.entered:
            below = item.path + b"/"
            self.lost.update(path for path in self.entered if path == item.path or path.startswith(below))

    def file(self, path: bytes, words: bytes) -> None:
        """A file that was read, by the words of its status."""
        mode = int(words.split(b" ", 1)[0], 8)
        if stat.S_ISREG(mode):
            self.now.own[path] = mode & PERMISSIONS

    def based(self, path: bytes, mode: int) -> None:
        """The project's own version of a file, as it was at entry."""
        if stat.S_ISREG(mode) and mode & 0o777 != usual(mode):
            self.now.base[path] = mode & 0o777

    def same(self, path: bytes) -> None:
        """A file that was not read again is what it was."""
        if path in self.before.own:
            self.now.own[path] = self.before.own[path]

    def shown(self, path: bytes) -> None:
        """The project's own version of a file is what the sandbox has again."""
        if path in self.now.base:
            self.now.own[path] = self.now.base[path]

    def settle(self, versions: Versions, kept: set[bytes], whole: bool) -> None:
        """Leaves out what is usual. In a `whole` tree a folder that was not found is gone."""
        now = self.now
        for path in list(now.own):
            version, mode = versions.get(path), now.own[path]
            if version is None or not version.oid:
                del now.own[path]
            elif version.same and mode == now.base.get(path, usual(version.mode)):
                # It never differed from the project's: nothing to bring back.
                del now.own[path]
                now.base.pop(path, None)
            elif not version.same and mode == usual(version.mode):
                del now.own[path]
        if not self.entered:
            return
        if whole:
            self.lost = self.entered.keys() - self.folders.keys()
        now.folders = {path: mode for path, mode in self.folders.items() if self.entered.get(path) != mode}
        now.folders.update((path, None) for path in self.lost if path not in self.folders)
        for path in [path for path in {*now.folders, *self.before.folders} if records.within(path, kept)]:
            now.folders.pop(path, None)
            if path in self.before.folders:
                now.folders[path] = self.before.folders[path]

    def save(self, head: str | None) -> None:
        """Keeps them for the next commit."""
        title = (head or "entry").encode()
        records.write(os.path.join(self.state, CACHE), title + b"\n" + self.now.content())


def entered(state: str) -> dict[bytes, int]:
    """The folders of the project at entry with their permissions; nothing where that was not written down."""
    content = records.read(os.path.join(state, ENTERED))
    return {path: int(words, 8) for path, words in records.split(content)[1]} if content else {}


def write_entered(state: str, folders: Mapping[bytes, os.stat_result], plain: bool) -> None:
    """Writes them down: a plain copy's owner may always enter its folders."""
    more, most = (0o700, 0o777) if plain else (0, PERMISSIONS)
    found = ((path, b"%o" % (folder.st_mode & most | more)) for path, folder in sorted(folders.items()) if path)
    records.write(os.path.join(state, ENTERED), records.join(found), durable=True)
