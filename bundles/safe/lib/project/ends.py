"""What a text means by the ends of its paths, taken from any folder."""

from __future__ import annotations

from project import spelled, spelling
from project.wanted import STORES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from project.wanted import Wanted


class Ends:
    """What is looked for, and what may be read, by its end. `project` is what the project's folder is called."""

    def __init__(self, wanted: Wanted, files: Iterable[bytes], project: bytes) -> None:
        self.wanted, self.paths, self.project = wanted, files, project
        self.known: dict[str, list[tuple[str, bytes]]] = {}

    def aims(self, words: Iterable[bytes], *, whole: bool) -> Iterator[bytes]:
        """What is looked for and meant by one of these words; where they are `whole`, only with its suffix."""
        for word in dict.fromkeys(words):
            tail, rooted = spelled.ends(word, self.project)
            yield from self.wanted.ending(tail, whole=whole or b"/" not in word) if tail else ()
            yield from self.wanted.of(rooted, whole=False) if rooted else ()

    def run(self, text: bytes, folder: str) -> Iterator[bytes]:
        """What is looked for and run by name, by a pattern, or as what a folder begins with."""
        for programs in spelled.programs(text):
            for tail in filter(None, spelled.ends(programs, self.project)):
                yield from self.wanted.below(tail)
            for here in () if programs else (folder, ""):
                yield from self.wanted.within(here)
        for pattern in spelled.patterns(text):
            yield from self.wanted.matching(pattern)
        if spelled.starts(text):
            yield from self.wanted.called(spelled.BEGINNINGS)

    def files(self, words: Iterable[bytes]) -> Iterator[bytes]:
        """The files that are meant by one of these words, whether they are looked for or not."""
        for word in dict.fromkeys(words):
            tail, rooted = spelled.ends(word, self.project)
            for name, path in self._index().get(tail.rpartition("/")[2], ()) if tail else ():
                if f"/{name}".endswith(f"/{tail}") or name == rooted:
                    yield path

    def _index(self) -> dict[str, list[tuple[str, bytes]]]:
        if not self.known:
            for path in self.paths:
                parts = spelling.components(path)
                if STORES.isdisjoint(parts):
                    self.known.setdefault(parts[-1], []).append(("/".join(parts), path))
        return self.known
