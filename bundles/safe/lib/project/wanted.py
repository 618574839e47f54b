"""The paths that are looked for in texts, under each name that they have on the host: links give them others."""

from __future__ import annotations

import os
import re

from project import imports, links, risky, spelling
from project.host import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from project.data import Change
    from project.tree import Tree

# Folders of installed packages: what leads out of them is the project's own code, which it imports itself.
STORES = frozenset(("node_modules", "site-packages", "dist-packages", "venv", ".venv", "__pycache__", ".yarn"))
# More links than this are not followed, and everything is held back.
LINKS = 20_000
# So many names are compared with what texts say, or a text could be made to be compared for ever.
COMPARED = 50_000_000
# A link may lie below a link, which lies below a link.
ROUNDS = 3
SUFFIX = re.compile(r"(?<=[^/])\.[a-z0-9_]{1,12}$")
# What is meant by a folder's name.
INSIDE = ("index", "__init__", "__main__", "action")
# For people: no program runs them, but an assistant may be told by them.
PROSE = (".md", ".mdc", ".rst", ".txt", ".adoc", ".markdown")


def key(path: bytes) -> str:
    """A path as texts are compared with it."""
    return "/".join(spelling.components(path)) if path else ""


class Aliases:
    """The other names that links of the host, and those about to come, give to a path."""

    def __init__(self, tree: Tree) -> None:
        self.leading: dict[str, list[str]] = {}
        self.links: frozenset[bytes] = frozenset()
        self.tops: frozenset[bytes] = frozenset()
        self.many = False
        if tree.host is None or tree.scan is None:
            return
        self.root = tree.host.real
        self.paths = links.Paths(self.root, tree.staying)
        made = (path for path in tree.new if tree.staying(path))
        found = [path for path in dict.fromkeys((*tree.scan.wait().links, *made)) if not _in_store(path)]
        self.many, self.links = len(found) > LINKS, frozenset(found)
        self.tops = frozenset(path.partition(b"/")[0] for path in found)
        for path in () if self.many else found:
            folder, name = split(path)
            for aim in map(key, self.paths.reached(os.path.join(self.root, folder), name)):
                if aim != key(path):
                    self.leading.setdefault(aim, []).append(key(path))

    def of(self, path: bytes) -> list[str]:
        """All names of a path, folded, its own first."""
        found = {key(path): None}
        fresh = list(found)
        for _ in range(ROUNDS if self.leading else 0):
            fresh = [name for each in fresh for name in self._through(each) if name not in found]
            found.update(dict.fromkeys(fresh))
            # As many ways as are followed anywhere: past that nobody can say what this path is called.
            self.many = self.many or len(found) > links.WAYS
            if self.many:
                break
        return list(found)

    def _through(self, name: str) -> Iterator[str]:
        at = len(name)
        while True:
            for link in self.leading.get(name[: max(at, 0)], ()):
                yield link + name[at:] if at > 0 else f"{link}/{name}"
            if at <= 0:
                return
            at = name.rfind("/", 0, at)

    def real(self, place: bytes) -> list[bytes]:
        """Where a path of a text leads, by the links on its way."""
        # Most paths begin in no folder that has one, and are done with.
        if self.many or place.partition(b"/")[0] not in self.tops:
            return [place]
        ends = (at for at in range(1, len(place) + 1) if place[at : at + 1] in (b"/", b""))
        if not any(place[:at] in self.links for at in ends):
            return [place]
        return self.paths.reached(self.root, place)


class Wanted:
    """What is looked for, by what may name it: with and without a suffix; by its end; by its folder."""

    def __init__(self, changes: Iterable[Change], aliases: Aliases) -> None:
        self.exact: dict[str, list[bytes]] = {}
        self.stems: dict[str, list[bytes]] = {}
        self.ends: dict[str, list[tuple[str, bytes]]] = {}
        self.stem_ends: dict[str, list[tuple[str, bytes]]] = {}
        self.left = COMPARED
        self.keys: list[tuple[str, bytes]] = []
        # By their folder: what programs of Python's there import in the place of a module of the same name.
        self.shadowing: dict[str, list[bytes]] = {}
        self.folders: dict[str, list[bytes]] = {}
        # A link stands for all that lies below it.
        self.links: dict[str, list[tuple[str, bytes]]] = {}
        for change in changes:
            for name in aliases.of(change.path):
                self._add(name, change)

    def _add(self, name: str, change: Change) -> None:
        self.keys.append((name, change.path))
        self.exact.setdefault(name, []).append(change.path)
        if not name.endswith(PROSE):
            stem = SUFFIX.sub("", name)
            self.stems.setdefault(stem, []).append(change.path)
            above, _, inner = stem.rpartition("/")
            for each in (stem, above) if inner in INSIDE else (stem,):
                self.stem_ends.setdefault(each.rpartition("/")[2], []).append((each, change.path))
        folder, _, last = name.rpartition("/")
        self.folders.setdefault(folder, []).append(change.path)
        self.ends.setdefault(last, []).append((name, change.path))
        link = change.new is not None and change.new.mode == risky.LINK
        shadow = imports.shadowing(name.split("/"), link=link) if change.new is not None else None
        if shadow is not None:
            self.shadowing.setdefault(shadow, []).append(change.path)
        if link:
            self.links.setdefault(last, []).append((name, change.path))

    def of(self, name: str, *, whole: bool) -> Iterator[bytes]:
        """What a path of a text means; without a slash it is `whole` only with its suffix."""
        yield from self.exact.get(name, ())
        if not whole:
            for stem in (name, *(f"{name}/{inner}" for inner in INSIDE)):
                yield from self.stems.get(stem, ())
        for above in _above(name) if self.links else ():
            yield from (path for link, path in self.links.get(above.rpartition("/")[2], ()) if link == above)

    def ending(self, tail: str, *, whole: bool) -> Iterator[bytes]:
        """What a text means by the end of a path, whatever folder it is taken from; `whole` as above."""
        yield from self._ending(self.ends, tail)
        yield from self._ending(self.stem_ends, tail) if not whole else ()
        for above in _above(tail) if self.links else ():
            yield from self._ending(self.links, above)

    def below(self, folder: str) -> Iterator[bytes]:
        """What is in a folder of such an end, at any depth, and a link that stands for it."""
        inner = f"/{folder}/"
        self.left -= len(self.folders)
        for place, paths in self.folders.items() if self.left >= 0 else ():
            yield from paths if inner in f"/{place}/" else ()
        yield from (path for each in (folder, *_above(folder)) for path in self._ending(self.links, each))

    def modules(self, folder: str) -> Iterator[bytes]:
        """What stands in a folder of such an end for a module that all programs may import."""
        for place, paths in self.shadowing.items():
            yield from paths if f"/{place}".endswith(f"/{folder}") else ()

    def within(self, folder: str) -> Iterator[bytes]:
        """What lies in this very folder, and in none below it."""
        yield from self.folders.get(folder, ())

    def matching(self, pattern: re.Pattern[str]) -> Iterator[bytes]:
        """What a pattern of a shell covers."""
        yield from (path for name, path in self._all() if pattern.search(name))

    def called(self, stems: Sequence[str]) -> Iterator[bytes]:
        """What has one of these names but for its suffix, anywhere."""
        yield from (path for name, path in self._all() if SUFFIX.sub("", name.rpartition("/")[2]) in stems)

    def _all(self) -> list[tuple[str, bytes]]:
        self.left -= len(self.keys)
        return self.keys if self.left >= 0 else []

    def _ending(self, names: dict[str, list[tuple[str, bytes]]], tail: str) -> Iterator[bytes]:
        found = names.get(tail.rpartition("/")[2], [])
        self.left -= len(found)
        for name, path in found if self.left >= 0 else ():
            if f"/{name}".endswith(f"/{tail}"):
                yield path


def _above(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _in_store(path: bytes) -> bool:
    return not STORES.isdisjoint(spelling.components(path)[:-1])
