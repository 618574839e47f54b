"""What is to be done with each change: brought back, held back for an explicit yes, or never brought back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from project import risky, shapes, spelling, steering
from project.host import Host, split
from project.risky import Reason
from project.tree import LARGEST, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from project.data import Change, Entry
    from project.scan import Scan
    from project.tree import Blob

    Found = Mapping[bytes, Sequence[Reason]]
    Judge = Callable[[Sequence[Change], Tree], Found]

LEAVES = Reason("link", "a symbolic link that leads out of the project, or into its .git")
CASE = Reason(
    "case", "another name beside it differs only in case, or in what nobody sees: some hosts keep one of them"
)
INSTALLS = Reason("packages", "what an installation fetches, or runs by itself, changes in it")
# What package.json says about a package to people and to those who import it; all else steers an installation.
TELLS = frozenset(
    re.findall(
        r"\w+",
        "name version description keywords homepage bugs license author contributors maintainers funding repository "
        "files main module types typings exports sideEffects private",
    )
)


@dataclass(frozen=True)
class Verdict:
    """One change: `never` wins over `held`; with neither it is brought back."""

    change: Change
    held: tuple[Reason, ...] = ()
    never: Reason | None = None


def judge(changes: Sequence[Change], blob: Blob, host: Host | None, scan: Scan | None = None) -> list[Verdict]:
    """A verdict a change, in their order. Without a host, only what the changes themselves tell is known."""
    tree = Tree(changes, blob, host, scan)
    never = _gathered(NEVER, changes, tree)
    held = _gathered(HELD, changes, tree)
    return [
        Verdict(change, never=never[change.path][0])
        if change.path in never
        else Verdict(change, tuple(held.get(change.path, ())))
        for change in changes
    ]


def _gathered(judges: Iterable[Judge], changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """What all judges say, by path."""
    found: dict[bytes, list[Reason]] = {}
    for one in judges:
        for path, reasons in one(changes, tree).items():
            found.setdefault(path, []).extend(reasons)
    return found


def by_path(changes: Sequence[Change], _: Tree) -> Found:
    """Never: what no path, and no kind of file, may be."""
    reasons = ((change.path, risky.never(change.path, change.new.mode if change.new else None)) for change in changes)
    return {path: [reason] for path, reason in reasons if reason}


def leaving(changes: Sequence[Change], tree: Tree) -> Found:
    """Never: a new link that may lead out of the project."""
    return {change.path: [LEAVES] for change in changes if tree.leaves(change.path)}


def by_name(changes: Sequence[Change], _: Tree) -> Found:
    """Held back: what the table names."""
    return _told((change.path, risky.by_name(change.path)) for change in changes)


def by_mode(changes: Sequence[Change], _: Tree) -> Found:
    """Held back: what becomes executable."""
    return _told((change.path, risky.by_mode(change)) for change in changes)


def installing(changes: Sequence[Change], tree: Tree) -> Found:
    """Held back: a package.json that changes in what an installation does."""
    packages = [each for each in changes if spelling.folded(split(each.path)[1]) == "package.json"]
    return {change.path: [INSTALLS] for change in packages if _installs(change, tree.blob)}


def colliding(changes: Sequence[Change], tree: Tree) -> Found:
    """Held back: a new name that some filesystem takes for another one's."""
    return {path: [CASE] for path in _collisions(changes, tree.host)}


# Each tells of some paths why; one knows nothing of the others. The first reason of what never comes back is shown.
NEVER: tuple[Judge, ...] = (by_path, leaving, shapes.never)
HELD: tuple[Judge, ...] = (by_name, by_mode, installing, shapes.held, colliding, steering.held)


def _told(reasons: Iterable[tuple[bytes, Sequence[Reason]]]) -> Found:
    return {path: list(why) for path, why in reasons if why}


def _steps(path: bytes) -> list[tuple[bytes, bytes]]:
    """Each folder on the way to a path, with the name that is taken in it."""
    parts = path.split(b"/")
    return [(b"/".join(parts[:depth]), part) for depth, part in enumerate(parts)]


def _collisions(changes: Sequence[Change], host: Host | None) -> set[bytes]:
    """The paths that are new under a name that a filesystem which folds case takes for another one's."""
    gone = {change.path for change in changes if change.new is None}
    known: dict[bytes, dict[str, set[bytes]]] = {}

    def add(folder: bytes, name: bytes) -> None:
        known.setdefault(folder, {}).setdefault(spelling.compared(name), set()).add(name)

    fresh = [change.path for change in changes if change.old is None and change.new is not None]
    for path in fresh:
        for folder, name in _steps(path):
            if folder not in known:
                for other in host.names(folder) if host else []:
                    if (b"/".join((folder, other)) if folder else other) not in gone:
                        add(folder, other)
            add(folder, name)
    return {p for p in fresh if any(len(known[folder][spelling.compared(name)]) > 1 for folder, name in _steps(p))}


def _installs(change: Change, blob: Blob) -> bool:
    """Whether package.json changes in what an installation does; where it cannot be read, it may."""
    old, new = _package(change.old, blob), _package(change.new, blob)
    return old is None or new is None or old != new


def _package(entry: Entry | None, blob: Blob) -> dict[str, Any] | None:
    if entry is None:
        return {}
    if entry.mode not in risky.FILES or entry.size > LARGEST:
        return None
    try:
        package = json.loads(blob(entry.oid))
    except (ValueError, RecursionError):
        return None
    if not isinstance(package, dict):
        return None
    scripts = package.get("scripts", {})
    if not isinstance(scripts, dict):
        return None
    by_itself = {name: text for name, text in scripts.items() if _by_itself(name)}
    steering = {key: value for key, value in package.items() if key not in TELLS and key != "scripts"}
    return {**steering, **({"scripts": by_itself} if by_itself else {})}


def _by_itself(script: str) -> bool:
    """Whether npm runs a script without being asked for it by name."""
    return script.startswith(("pre", "post")) or script in (
        "install",
        "uninstall",
        "prepare",
        "publish",
        "dependencies",
    )
