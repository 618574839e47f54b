"""What is to be done with each change: brought back, held back for an explicit yes, or never brought back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from project import general, locks, mentions, packages, risky, shapes, spelling, steering
from project.risky import Reason
from project.tree import Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from project.data import Change
    from project.host import Host
    from project.scan import Scan
    from project.tree import Blob
    from project.withheld import Withheld

    Found = Mapping[bytes, Sequence[Reason]]
    Judge = Callable[[Sequence[Change], Tree], Found]

LEAVES = Reason("link", "a symbolic link that leads out of the project, or into its .git")
SECRET = Reason(
    "secret", "a link to what the copy was made without, or to what may be a secret by now, or to a folder with such"
)
CASE = Reason(
    "case", "another name beside it differs only in case, or in what nobody sees: some hosts keep one of them"
)


@dataclass(frozen=True)
class Verdict:
    """One change: `never` wins over `held`; with neither it is brought back."""

    change: Change
    held: tuple[Reason, ...] = ()
    never: Reason | None = None


def judge(
    changes: Sequence[Change],
    blob: Blob,
    host: Host | None,
    scan: Scan | None = None,
    withheld: Withheld | None = None,
) -> list[Verdict]:
    """A verdict a change, in their order. Without a host, only what the changes themselves tell is known."""
    tree = Tree(changes, blob, host, scan, withheld)
    never = _gathered(NEVER, changes, tree)
    held = _gathered(HELD, changes, tree)
    now = _from_host(changes, tree)
    # Most often the host has what the sandbox began with, and all of it was said.
    for path, reasons in (_gathered(COMPARING, now, tree) if now != list(changes) else {}).items():
        held[path] = list(dict.fromkeys((*held.get(path, ()), *reasons)))
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


def by_mode(changes: Sequence[Change], tree: Tree) -> Found:
    """Held back: what becomes executable, by its own mode or as a link to what may be executed."""
    return _told((change.path, risky.by_mode(change, tree.executable(change.path))) for change in changes)


def to_secrets(changes: Sequence[Change], tree: Tree) -> Found:
    """Held back: a new link to what may hold a secret, or to a folder that has it: it gives that another name."""
    aims = {each.path: tree.aims(each.path) for each in changes if each.new and each.new.mode == risky.LINK}
    if tree.withheld is None or not aims:
        return {}
    tree.withheld.look(tree, (aim for each in aims.values() for aim in each))
    return {path: [SECRET] for path, each in aims.items() if tree.withheld.meets_any(each)}


def colliding(changes: Sequence[Change], tree: Tree) -> Found:
    """Held back: a new name that some filesystem takes for another one's."""
    return {path: [CASE] for path in _collisions(changes, tree.host)}


# Each tells of some paths why; one knows nothing of the others. The first reason of what never comes back is shown.
NEVER: tuple[Judge, ...] = (by_path, leaving, shapes.never)
HELD: tuple[Judge, ...] = (
    by_name,
    by_mode,
    packages.held,
    locks.held,
    general.held,
    shapes.held,
    colliding,
    to_secrets,
    steering.held,
    mentions.held,
)


# These look at what a change makes of what was there: that is the sandbox's base, and what the host has by now.
COMPARING: tuple[Judge, ...] = (packages.held, locks.held)


def _from_host(changes: Sequence[Change], tree: Tree) -> list[Change]:
    """The changes, with those that are compared as changes to what the host has."""

    def compared(path: bytes) -> bool:
        return packages.is_package(path) or bool(locks.follows(path))

    return [tree.from_host(each) if compared(each.path) else each for each in changes]


def _told(reasons: Iterable[tuple[bytes, Sequence[Reason]]]) -> Found:
    return {path: list(why) for path, why in reasons if why}


def _steps(path: bytes) -> list[tuple[bytes, bytes]]:
    """Each folder on the way to a path, with the name that is taken in it."""
    parts = path.split(b"/")
    return [(b"/".join(parts[:depth]), part) for depth, part in enumerate(parts)]


def beside(verdicts: Sequence[Verdict], staying: Collection[bytes], host: Host) -> list[Verdict]:
    """The verdicts where some removals do not come: what another name was to make room for is beside it then."""
    found = _collisions([one.change for one in verdicts], host, staying)
    return [
        replace(one, held=(*one.held, CASE)) if one.change.path in found and CASE not in one.held else one
        for one in verdicts
    ]


def _collisions(changes: Sequence[Change], host: Host | None, staying: Collection[bytes] = ()) -> set[bytes]:
    """The paths that are new under a name that a filesystem which folds case takes for another one's."""
    gone = {change.path for change in changes if change.new is None and change.path not in staying}
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
