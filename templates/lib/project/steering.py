"""What leads on the host to a path of the project: links whose name steers something, and what git's files name.

All of it is looked for in the project as it is now: what .gitignore names, what nobody tracks and what an earlier apply
has brought count as well as what was there at entry.
"""

from __future__ import annotations

import os

from project import links, risky, shapes, spelling, words
from project.outside import Outside
from project.risky import Reason
from project.scan import MOST, Scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from project.data import Change
    from project.gitnames import Named
    from project.host import Host
    from project.tree import Tree

MANY = Reason("link", f"the project has more than {MOST} names, so not all that may lead to it was looked at")
# Folders in them that are links are the project's own packages, which its own code imports.
STORES = frozenset(("node_modules", "site-packages"))


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: what something that steers leads to, by links or by name."""
    if tree.host is None or tree.scan is None or not changes:
        return {}
    scan = tree.scan.wait()
    if scan.many:
        return {change.path: [MANY] for change in changes}
    aims = Aims(tree, tree.host, scan)
    found = ((change.path, aims.of(change.path)) for change in changes)
    return {path: reasons for path, reasons in found if reasons}


class Aims:
    """The paths that something leads to, folded, each with why: a path itself, or all that is below it."""

    def __init__(self, tree: Tree, host: Host, scan: Scan) -> None:
        self.tree, self.root = tree, host.real
        self.paths = links.Paths(host.real, tree.staying)
        self.exact: dict[str, list[Reason]] = {}
        self.below: dict[str, list[Reason]] = {}
        made = (path for path in tree.new if tree.staying(path))
        self.links = {path: _key(path) for path in dict.fromkeys((*scan.links, *made))}
        self.waiting: list[tuple[str, Reason]] = []
        self.shapes = shapes.Known(tree.folders)
        self.outside = Outside(host.real)
        for path in self.links:
            self._add_link(path)
        for (base, name, shown), reasons in self.outside.of_home():
            self._add_names(base, name, reasons, words.path(shown))
        self._add_named(tree.git)
        self._follow()

    def of(self, path: bytes) -> list[Reason]:
        """Why a path is held back."""
        key = _key(path)
        found = list(self.exact.get(key, ()))
        while True:
            found += self.below.get(key, ())
            if not key:
                return list(dict.fromkeys(found))
            key = key.rpartition("/")[0]

    def _add_link(self, path: bytes) -> None:
        # What a link in a shape leads to is as much a part of it: a repository's objects may lie anywhere.
        reasons = risky.by_name(path) or self.shapes.covering(path)
        if reasons and not (_in_store(path) and self._is_package(path)):
            folder, _, name = path.rpartition(b"/")
            base = os.path.join(self.root, folder)
            self._add_names(base, name, reasons, words.path(path))
            # A folder elsewhere that it leads to may have links that lead in again.
            for here, each, shown in self.outside.below(base, name, path) if self._leads_out(path) else ():
                self._add_names(here, each, reasons, words.path(shown))

    def _leads_out(self, path: bytes) -> bool:
        """Whether a link of the host's leads to somewhere else."""
        real = os.path.realpath(os.path.join(self.root, path))
        return path not in self.tree.new and not real.startswith(self.root + b"/")

    def _is_package(self, path: bytes) -> bool:
        """Whether a link in a store of packages leads to a folder."""
        return os.path.isdir(os.path.join(self.root, path))

    def _add_names(self, base: bytes, path: bytes, reasons: Sequence[Reason], by: str) -> None:
        for aim in self.paths.reached(base, path) if reasons else ():
            self._add(aim, Reason(reasons[0].kind, f"{by} leads to it: {reasons[0].reason}"))

    def _add(self, aim: bytes, reason: Reason) -> None:
        found = self.below.setdefault(_key(aim), [])
        if not found:
            self.waiting.append((_key(aim), reason))
        if reason not in found:
            found.append(reason)

    def _follow(self) -> None:
        """What is below an aim steers as well, so that the links there lead on."""
        while self.waiting:
            key, reason = self.waiting.pop()
            for path, folded in self.links.items():
                if folded != key and (not key or folded.startswith(key + "/")):
                    folder, _, name = path.rpartition(b"/")
                    for aim in self.paths.reached(os.path.join(self.root, folder), name):
                        self._add(aim, reason)

    def _add_named(self, names: Iterable[Named]) -> None:
        # Most words of a hook are no path of the project, and not worth the way.
        of_interest = {spelling.folded(path.rpartition(b"/")[2]) for path in (*self.tree.new, *self.links)}
        of_interest |= {spelling.folded(change.path.rpartition(b"/")[2]) for change in self.tree.changes}
        for one in names:
            if not one.below and of_interest.isdisjoint(spelling.components(one.path)):
                continue
            reason = Reason(one.kind, f"named by {one.by}")
            for aim in self.paths.reached(one.base, one.path):
                if one.below and aim:
                    self._add(aim, reason)
                elif reason not in self.exact.setdefault(_key(aim), []):
                    self.exact[_key(aim)].append(reason)


def _key(path: bytes) -> str:
    return "/".join(spelling.components(path)) if path else ""


def _in_store(path: bytes) -> bool:
    return not STORES.isdisjoint(spelling.components(path)[:-1])
