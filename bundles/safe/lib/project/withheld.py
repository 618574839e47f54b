"""What the copy was made without, and what may be a secret by now: a link to that gives it another name on the host."""

from __future__ import annotations

import json
import os
import re

from project import records, shapes, spelling
from project.choose import HISTORIES, MANIFEST
from project.host import Blocked, split
from project.secret import LOOKED_INTO, Secrets, content_at
from project.secret_table import SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from project.host import Host
    from project.tree import Tree

    Aims = Mapping[bytes, Collection[bytes]]

# No system follows more links than these on one way.
LINKS = 40
# Folders that an entry leaves out by their names alone; of a nested repository `.git`, which no walk enters.
WHOLE = frozenset((*HISTORIES, b".git", b".state"))


class Withheld:
    """What was left out, and what is called like a secret. What git ignores counts by what is in it: see `look`."""

    def __init__(self, left: Iterable[bytes] = (), more: Iterable[str] = ()) -> None:
        self.names = Secrets(more)
        self.paths: set[str] = set()
        self.above: set[str] = set()
        self._add(left)

    @classmethod
    def of(cls, state: str) -> Withheld:
        """That of a copy."""
        content = records.read(os.path.join(state, "left-out.json"))
        told = json.loads(content) if content else {"left_out": [], "secrets": []}
        names = cls((), set(told["secrets"]) - set(SECRETS))
        left = ((each["path"].encode("utf-8", "surrogateescape"), each["why"]) for each in told["left_out"])
        names._add(path for path, why in left if why != "ignored" or names.called(path))
        return names

    def look(self, tree: Tree, aims: Iterable[bytes]) -> None:
        """Finds out what the host has now of such where links lead: what is ignored was not looked into by an entry,
        and the user goes on meanwhile."""
        if tree.host is None or tree.scan is None:
            return
        aims, scan = set(aims), tree.scan.wait()
        links = _links(tree, scan.links, aims)
        asked = {_key(aim) for each in (aims, *links.values()) for aim in each}
        known: dict[bytes, bool] = {}
        for path in (*scan.files, *(folder + b"/.git" if folder else b".git" for folder in scan.repositories)):
            folder, name = split(path)
            if folder not in known:
                known[folder] = any(way in asked for way in _ways(_key(folder)))
            if known[folder] or _key(path) in asked:
                self._add(self._found(tree, path, name))
        # One may lead out of the project, too, where nothing but the name tells what that is.
        self._add(link for link in links if any(map(self.called, tree.staying(link))))
        self._lead(links)

    def _lead(self, links: Aims) -> None:
        """Lets the links of the host count that lead to such, or by another one."""
        for _ in range(LINKS):
            fresh = [path for path, ways in links.items() if _key(path) not in self.paths and self.meets_any(ways)]
            if not fresh:
                break
            self._add(fresh)

    def _found(self, tree: Tree, path: bytes, name: bytes) -> Iterator[bytes]:
        """What such a file of the host's tells: that it is a secret, or its folder none that is given away."""
        folder = split(path)[0]
        if name == MANIFEST.encode() and folder and shapes.has(shapes.BUNDLE, tree.folders.below(_key(folder))):
            yield folder
        whole = not WHOLE.isdisjoint(path.lower().split(b"/")) or self._in_secret(folder)
        if whole or (tree.host and not self.names.hints.settle(name) and self._is_secret(tree.host, path)):
            yield path

    def _is_secret(self, host: Host, path: bytes) -> bool:
        """Whether an entry would leave a file out. One that cannot be looked into may be anything."""
        above, name = split(path)
        try:
            if self.names.is_secret(path, name):
                return not self.names.is_public(path, name, host.folder(above))
            found = host.look(path)
            suspect = found is not None and self.names.is_suspect(path, name, found.size)
            return suspect and self.names.tells(path, name, content_at(host.folder(above), name, LOOKED_INTO))
        except (OSError, Blocked):
            return True

    def _in_secret(self, folder: bytes) -> bool:
        """Whether one of the folders on the way to a file is called like a secret."""
        ways = (*records.parents(folder), folder)
        return any(self.names.is_secret(way, split(way)[1], folder=True) for way in ways)

    def called(self, path: bytes) -> bool:
        """Whether a file or a folder on the way to a path is called like a secret, or is left out by its name."""
        return self.names.is_secret(path, split(path)[1]) or self._in_secret(path)

    def meets(self, path: bytes) -> bool:
        """Whether a path of the project is one of these, lies in one, or is a folder that has one."""
        key = _key(path)
        return key in self.above or self.called(path) or any(way in self.paths for way in _ways(key))

    def meets_any(self, paths: Iterable[bytes]) -> bool:
        """Whether one of these is."""
        return any(map(self.meets, paths))

    def _add(self, paths: Iterable[bytes]) -> None:
        for key in map(_key, paths):
            self.paths.add(key)
            self.above.update(key[: at.start()] for at in re.finditer("/|^", key))


def _links(tree: Tree, links: Iterable[bytes], aims: Iterable[bytes]) -> Aims:
    """The host's links on the ways that begin at these folders, each with all that it leads to in the project."""
    below: dict[bytes, list[bytes]] = {}
    for link in links:
        for folder in (b"", *records.parents(link), link):
            below.setdefault(folder, []).append(link)
    found: dict[bytes, Collection[bytes]] = {}
    known: set[bytes] = set()
    todo = list(aims)
    while todo:
        folder = todo.pop()
        if folder not in known:
            known.add(folder)
            fresh = [link for link in below.get(folder, ()) if link not in found]
            found.update((link, tree.reached(link)) for link in fresh)
            todo += [aim for link in fresh for aim in found[link]]
    return found


def _ways(key: str) -> Iterator[str]:
    """A path and the folders that it lies in, the project among them."""
    yield ""
    yield from (key[: at.start()] for at in re.finditer("/|$", key))


def _key(path: bytes) -> str:
    return "/".join(spelling.components(path)) if path else ""
