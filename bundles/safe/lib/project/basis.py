"""What the sandbox has below its own changes: the project at entry, and where the host has moved on since, that.

Only what an overlay was seen to show counts (look.py): an agent builds on what it has before it, and the kernel may go
on showing it a file that the project has no longer.
"""

from __future__ import annotations

import os
from bisect import bisect_left

from project import records
from project.moment import Moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIST, MOVED = "base.list", "moved.list"
# Instead of the words of a status: the path is gone, as the sandbox sees; or nobody can tell what it sees.
GONE, DOUBT = b"-", b"?"
# No path of a project begins like this: it is one that the sandbox had touched before the last look.
EARLY = b"/"


class Basis:
    """The list of an entry, under what the last look found: `moved` paths with their words; `at` is when that began.

    `early` is what the sandbox had touched by then and no commit knew of: what lay below that nobody can tell.
    """

    def __init__(self, state: str) -> None:
        self.state = state
        self.entered = records.Records.load(os.path.join(state, LIST))
        self.since = Moment.of(self.entered.title)
        self.at: Moment | None = None
        self.moved: dict[bytes, bytes] = {}
        self.early: set[bytes] = set()
        content = records.read(os.path.join(state, MOVED))
        if content:
            title, found = records.split(content)
            self.at = Moment.of(title)
            self.early = {path[1:] for path, _ in found if path[:1] == EARLY}
            self.moved = {path: words for path, words in found if path[:1] != EARLY}
        self.kept = dict(self.moved)
        # What the project has had since the entry only.
        self.fresh = sorted(path for path, words in self.moved.items() if words != GONE and not self.entered.find(path))

    def find(self, path: bytes) -> bytes | None:
        """The words of what lies below at a path."""
        words = self.moved.get(path)
        return self.entered.find(path) if words is None else None if words == GONE else words

    def below(self, folder: bytes) -> Iterator[bytes]:
        """The paths in a folder and in its folders."""
        for path in self.entered.below(folder):
            if self.moved.get(path) != GONE:
                yield path
        for place in range(bisect_left(self.fresh, folder + b"/"), len(self.fresh)):
            if not self.fresh[place].startswith(folder + b"/"):
                break
            yield self.fresh[place]

    def newer(self) -> frozenset[bytes]:
        """The paths of which the sandbox has a version below that came after the entry."""
        return frozenset(path for path, words in self.moved.items() if words not in (GONE, DOUBT))

    def unmoved(self, found: os.stat_result, words: bytes) -> bool:
        """Whether the project's file is what these words are about."""
        if words == records.inode_words(found.st_ino):
            return self.since is not None and self.since.is_after(found.st_ctime_ns)
        return records.stat_words(found) == words

    def lay_below(self, path: bytes, found: os.stat_result, words: bytes, known: bool) -> bool:
        """Whether the project's file is what the sandbox had below its own change; `known` is what it touched before.

        A file that was written in place, before the last look began, is seen at once: only another inode may not be.
        """
        if self.unmoved(found, words):
            return True
        if known or self.at is None or records.within(path, self.early) or not self.at.is_after(found.st_ctime_ns):
            return False
        if records.inode_of(words) != found.st_ino:
            return False
        self.moved[path] = records.stat_words(found)
        return True

    def save(self) -> None:
        """Keeps what a commit found to have moved."""
        if self.moved != self.kept:
            self.write(self.at.title() if self.at else b"")

    def write(self, title: bytes) -> None:
        """Keeps what is known now, of the moment in the title."""
        early = ((EARLY + path, b"") for path in self.early)
        records.write(os.path.join(self.state, MOVED), records.join([*self.moved.items(), *early], title))


def forget(state: str, paths: Iterable[bytes]) -> None:
    """What came back from the sandbox is the base again that its list says."""
    basis = Basis(state)
    for path in paths:
        basis.moved.pop(path, None)
    basis.save()
