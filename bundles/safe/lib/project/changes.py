"""What is new against the last commit, by any means, on its way into the tracking repository."""

from __future__ import annotations

import os
import time

from project import limits, records, seen
from project.basis import Basis
from project.ignoring import Ignoring
from project.importer import Importer, path_words
from project.layer import FOLDER, Item, Unread, git_mode, open_below, read_at
from project.modes import Noting
from project.seen import GONE, Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from project.git import Git
    from project.seen import Versions

# Up to here the slower way to a blob's name is fast enough.
SMALL = 1 << 18


class Changes:
    """Compares what is found with what is known, and stores what is new."""

    def __init__(self, state: str, git: Git, head: str | None, project: bytes, thorough: bool) -> None:
        self.known, self.unknown, self.notes_name = seen.load(state, git, head)
        self.now: Versions = {}
        self.modes = Noting(state, git, head)
        self.base_lines: list[bytes] = []
        # What hides all that the project has below it; of `fresh`, that has to be looked up.
        self.hidden: set[bytes] = set()
        self.fresh: set[bytes] = set()
        self.notes: list[tuple[bytes, str, int, int]] = []
        self.importer = Importer(git)
        self.base = Basis(state)
        self.ignoring = Ignoring(state, project, self.base.entered, self.known)
        # Folders that are left alone; nothing below them is looked at.
        self.ignored: set[bytes] = set()
        self.project, self.thorough = project, thorough
        self.racy = time.time_ns() - limits.RACY_NS
        self.room = min(limits.COMMIT_BYTES, limits.TRACK_BYTES - _size(git.repo))
        self.new_folders: dict[bytes, bool] = {}

    def take(self, items: Iterable[Item], kept: set[bytes]) -> None:
        """Looks at every item, then at what was known and is there no longer."""
        for item in items:
            self._one(item)
            if len(self.now) > limits.PATHS:
                self.notes.append((b"", "many", 0, len(self.now)))
                kept.add(b"")
                break
        for folder in self.fresh:
            for path in self.base.below(folder):
                if path not in self.now:
                    self._gone(path)
        for path, version in self.known.items():
            if path not in self.now:
                if records.within(path, kept) or records.within(path, self.ignored):
                    self.now[path] = version
                    self.modes.same(path)
                else:
                    self.now[path] = self._vanished(path, version)

    def _one(self, item: Item) -> None:
        if self._is_ignored(item):
            return
        old = self.known.get(item.path)
        self.modes.folder(item)
        if item.kind != "folder":
            self.hidden.add(item.path)
        if item.kind in ("file", "link"):
            if old and old.words and old.words == item.words and not self.thorough:
                self.now[item.path] = old
                self.modes.same(item.path)
            else:
                self._read(item, old)
            return
        if item.kind != "folder":
            self.fresh.add(item.path)
        if item.kind not in ("folder", "hidden", "gone"):
            self.notes.append((item.path, item.kind, item.size, 1))
        # Where the project has a file, there is none now.
        if self.base.find(item.path) is not None:
            self._gone(item.path)

    def _is_ignored(self, item: Item) -> bool:
        if records.within(item.path, self.ignored):
            return True
        folder = item.kind in ("folder", "hidden")
        if not folder and item.kind not in ("file", "link"):
            return False
        if not self.ignoring.ignores(item.path, folder):
            return False
        if folder:
            self.ignored.add(item.path)
        # Without its size: a log that grows is no change.
        if not records.within(item.path, self.ignoring.along):
            self.notes.append((item.path, "ignored", 0, 1))
        return True

    def _read(self, item: Item, old: Version | None) -> None:
        try:
            if item.read is None or item.size > self.room - self.importer.bytes:
                raise Unread("large")
            words, content = item.read()
        except Unread as unread:
            self._unread(item, old, unread.kind)
            return
        if not self._new_folder(item.path):
            self.fresh.add(item.path)
        mode, *_, modified, changed = words.split(b" ")
        # What changed just now may do so again within the same tick of the clock.
        racy = max(int(modified), int(changed)) > self.racy
        version = Version(git_mode(int(mode, 8)), blob_name(content), b"" if racy else words)
        self.now[item.path] = version
        self.modes.file(item.path, words)
        if old is None or old.same:
            if old is not None and (old.mode, old.oid) == (version.mode, version.oid):
                # It was the project's own, and still is that, whatever the project has by now.
                version.same = True
                return
            base = self._base(item.path)
            if base is not None and (base[0], base[1]) == (version.mode, version.oid):
                version.same = True
                return
            self._store_base(item.path, base)
        if old is None or old.same or old.oid != version.oid:
            self.importer.blob(version.oid, content)

    def _unread(self, item: Item, old: Version | None, kind: str) -> None:
        """A file that is there and could not be read stays what it was; one that is no file any more will be seen."""
        if kind in ("large", "unreadable"):
            self.notes.append((item.path, kind, item.size, 1))
        if old is not None:
            self.now[item.path] = Version(old.mode, old.oid, b"", old.same)
            self.modes.same(item.path)

    def _gone(self, path: bytes) -> None:
        old = self.known.get(path)
        if old is None or old.same:
            self._store_base(path, self._base(path))
        self.now[path] = GONE

    def _vanished(self, path: bytes, old: Version) -> Version:
        """What is no longer in the upper layer: gone, or the project's own again, after an undo."""
        if self.base.find(path) is None or records.within(path, self.hidden):
            return GONE
        base = self._base(path)
        if base is None:
            return GONE
        if not old.same:
            self.importer.blob(base[1], base[2])
        self.modes.shown(path)
        return Version(base[0], base[1], b"", old.same)

    def _new_folder(self, path: bytes) -> bool:
        """Whether the project has nothing in the folder of a path: then nothing can be hidden by it either."""
        folder = path.rpartition(b"/")[0]
        new = self.new_folders.get(folder)
        if new is None:
            new = bool(folder) and next(self.base.below(folder), None) is None
            self.new_folders[folder] = new
        return new

    def _base(self, path: bytes) -> tuple[int, str, bytes] | None:
        """The project's version that the sandbox had; None when there was none, or when it is not known any more."""
        if self._new_folder(path):
            return None
        words = self.base.find(path)
        if words is None:
            return None
        try:
            root = os.open(self.project, FOLDER & ~os.O_NOFOLLOW)
            try:
                folder = open_below(root, path.rpartition(b"/")[0])
            finally:
                os.close(root)
            try:
                found, content = read_at(folder, path.rpartition(b"/")[2])
            finally:
                os.close(folder)
        except (OSError, Unread):
            self.unknown.add(path)
            return None
        if not self.base.lay_below(path, found, words, path in self.known):
            self.unknown.add(path)
            return None
        self.modes.based(path, found.st_mode)
        return git_mode(found.st_mode), blob_name(content), content

    def _store_base(self, path: bytes, base: tuple[int, str, bytes] | None) -> None:
        if base is not None:
            self.importer.blob(base[1], base[2])
            self.base_lines.append(_line(base[0], base[1], b"base/" + path))

    def lines(self) -> list[bytes]:
        """What differs from the last commit, as fast-import has it; what goes, before what comes in its place."""
        lines = list(self.base_lines)
        known = self.known
        changed = [(path, new) for path, new in self.now.items() if not new.same and not new.equals(known.get(path))]
        for path, new in changed:
            if not new.oid and path in known and known[path].oid and not known[path].same:
                lines.append(b"D " + path_words(b"files/" + path) + b"\n")
        lines += [_line(new.mode, new.oid, b"files/" + path) for path, new in changed if new.oid]
        return lines


def _line(mode: int, oid: str, path: bytes) -> bytes:
    return b"M %o %b %b\n" % (mode, oid.encode(), path_words(path))


def blob_name(content: bytes) -> str:
    """The name that git gives to a file's content."""
    return str(_sha1(len(content) > SMALL)(b"blob %d\0" % len(content) + content).hexdigest())


def _sha1(large: bool) -> Callable[[bytes], Any]:
    """The library's is faster, and takes longer to load than a small commit takes."""
    from importlib import import_module

    if not large:
        try:
            quick: Callable[[bytes], Any] = import_module("_sha1").sha1
            return quick
        except ImportError:
            pass
    sha1 = import_module("hashlib").sha1
    return lambda content: sha1(content, usedforsecurity=False)


def _size(repo: str) -> int:
    try:
        with os.scandir(os.path.join(repo, "objects", "pack")) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0
