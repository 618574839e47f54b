"""What a text means by the ends of its paths, taken from any folder."""

from __future__ import annotations

from project import patterns, spelled, spelling
from project.wanted import STORES, key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from project.wanted import Wanted


class Ends:
    """What is looked for, and what may be read, by its end. `project` is what the project's folder is called."""

    def __init__(self, wanted: Wanted, files: Iterable[bytes], project: bytes) -> None:
        self.wanted, self.paths, self.project = wanted, files, project
        self.known: dict[str, list[tuple[str, bytes]]] = {}

    def aims(self, words: Iterable[bytes], stems: str) -> Iterator[bytes]:
        """What is looked for and meant by these words; without its suffix where the word, or its tail, has a /."""
        for word in dict.fromkeys(words):
            tail, rooted = spelled.ends(word, self.project)
            slashed = {"word": b"/" in word, "tail": "/" in tail}.get(stems, False)
            yield from self.wanted.ending(tail, whole=not slashed) if tail else ()
            yield from self.wanted.of(rooted, whole=False) if rooted else ()
            # Where a container has the project under another name; neither the end of an address, nor a name alone.
            below = tail.split("/") if stems == "word" and word.startswith(b"/") and not word.startswith(b"//") else []
            for at in range(1, len(below) - 1):
                yield from self.wanted.exact.get("/".join(below[at:]), ())

    def run(self, text: bytes, folder: str, kind: str) -> Iterator[bytes]:
        """What is looked for and run by name, by a pattern, or as what a folder begins with."""
        for place, every in dict.fromkeys(spelled.searched(text)):
            for here in (folder, "") if place == b"." else ():
                yield from self.wanted.within(here) if every else self.wanted.shadowing.get(here, ())
            tails = spelled.ends(place, self.project)
            for tail in filter(None, tails if any(tails) else (spelled.before(place),)):
                yield from self.wanted.below(tail) if every else self.wanted.modules(tail)
        for place, pattern in tuple(dict.fromkeys(patterns.found(text, kind)))[: patterns.MOST]:
            yield from self._matching(spelled.ends(place, self.project)[0], pattern)
        for place in dict.fromkeys(patterns.listed(text)):
            yield from self.wanted.below(spelled.ends(place, self.project)[0])
        if spelled.starts(text):
            yield from self.wanted.called(spelled.BEGINNINGS)

    def _matching(self, folder: str, word: bytes) -> Iterator[bytes]:
        pattern = patterns.compiled(word)
        if pattern is not None and folder:
            yield from (path for path in self.wanted.below(folder) if pattern.search(key(path)))
        elif pattern is not None and b"/" in word:
            yield from self.wanted.matching(pattern)

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
