"""The difference of a list of changes, as git shows it: trees of just these, in a store that goes away again."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass

from project import plain
from project.data import Change
from project.git import Git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from types import TracebackType

    from project.data import Entry

# Contents that are read by one process.
TOGETHER = 16
DIFF = ("diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True)
class Told:
    """What git says of one changed path: `source` is the old path of a renamed one, `similarity` in percent.

    `added` and `removed` are lines; None for what git takes for binary.
    """

    path: bytes
    source: bytes | None = None
    similarity: int = 0
    added: int | None = 0
    removed: int | None = 0


class Patch:
    """Two trees, the old and the new version of each change. The tracking repository is only read.

    What is `apart` is in two others, so that it is never the old name of something else.
    """

    def __init__(self, repo: str, changes: Sequence[Change], apart: Collection[bytes] = ()) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="gen-review-")
        self.was = {change.path: change.old for change in changes}
        self.now = {change.path: change.new for change in changes}
        place = self.folder.name
        os.mkdir(os.path.join(place, "objects"))
        self.git = Git(
            repo,
            GIT_INDEX_FILE=os.path.join(place, "index"),
            GIT_OBJECT_DIRECTORY=os.path.join(place, "objects"),
            GIT_ALTERNATE_OBJECT_DIRECTORIES=_quoted(os.path.join(os.path.abspath(repo), "objects")),
        )
        groups = ([each for each in changes if (each.path in apart) == alone] for alone in (False, True))
        self.trees = [self._trees(group) for group in groups if group]

    def __enter__(self) -> Patch:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.folder.cleanup()

    def _trees(self, changes: Sequence[Change]) -> tuple[str, str]:
        old = self._tree((change.path, change.old) for change in changes)
        return old, self._tree((change.path, change.new) for change in changes)

    def _tree(self, entries: Iterator[tuple[bytes, Entry | None]]) -> str:
        lines = (b"%o %b\t%b\0" % (entry.mode, entry.oid.encode("ascii"), path) for path, entry in entries if entry)
        self.git.run("read-tree", "--empty")
        self.git.run("update-index", "-z", "--index-info", stdin=b"".join(lines))
        return self.git.run("write-tree").decode("ascii").strip()

    def _diff(self, *words: str) -> bytes:
        return b"".join(self.git.run(*DIFF, *words, *pair) for pair in self.trees)

    def told(self) -> dict[bytes, Told]:
        """What git says of each path; that of a renamed one stands under its new name."""
        raw = iter(self._diff("-z", "--raw").split(b"\0"))
        found: dict[bytes, Told] = {}
        for words in raw:
            if not words:
                break
            status, path = words.split(b" ")[-1], next(raw)
            if status.startswith(b"R"):
                source, path = path, next(raw)
                found[path] = Told(path, source, int(status[1:]))
            else:
                found[path] = Told(path)
        counts = iter(self._diff("-z", "--numstat").split(b"\0"))
        for line in counts:
            if not line:
                break
            added, removed, path = line.split(b"\t", 2)
            if not path:
                next(counts)
                path = next(counts)
            one = found[path]
            found[path] = Told(path, one.source, one.similarity, _count(added), _count(removed))
        return found

    def _hidden(self, told: dict[bytes, Told]) -> list[Change]:
        """What git would not show, and what is text nevertheless."""
        binary = (one for one in told.values() if one.added is None)
        asked = [Change(one.path, self.was[one.source or one.path], self.now[one.path]) for one in binary]
        small = [each for each in asked if all(not one or one.size <= plain.LARGEST for one in (each.old, each.new))]
        found: list[Change] = []
        for at in range(0, len(small), TOGETHER):
            part = small[at : at + TOGETHER]
            blobs = self.git.blobs(one.oid for each in part for one in (each.old, each.new) if one)
            for each in part:
                old, new = (blobs[one.oid] if one else b"" for one in (each.old, each.new))
                found += [each] if plain.is_text(each, old, new) else []
        return found

    def text(self) -> bytes:
        """The patch that `git apply` takes."""
        return self._diff("-p", "--binary", "--full-index")

    def shown(self) -> bytes:
        """The patch for people: binary files by name only; at its end, as text, what only looks like one."""
        hidden = self._hidden(self.told())
        return self._diff("-p") + (self.git.run(*DIFF, "-p", "--text", *self._trees(hidden)) if hidden else b"")


def _count(word: bytes) -> int | None:
    return None if word == b"-" else int(word)


def _quoted(path: str) -> str:
    """A path in a list of alternates: a colon would end it, unless it is quoted."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
