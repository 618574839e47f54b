"""What is to be done with each change: brought back, held back for an explicit yes, or never brought back."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace

from project import links, risky, spelling, words
from project.host import Blocked, Host, parents, split
from project.risky import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from project.data import Change, Entry

    Blob = Callable[[str], bytes]

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
LARGEST = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """One change: `never` wins over `held`; with neither it is brought back."""

    change: Change
    held: tuple[Reason, ...] = ()
    never: Reason | None = None


def judge(changes: Sequence[Change], blob: Blob, host: Host | None, own_links: Iterable[bytes] = ()) -> list[Verdict]:
    """A verdict a change, in their order. Without a host, only what the changes themselves tell is known.

    `own_links` are the project's own symbolic links: where one has a name of the table, what it leads to is held back.
    """
    links_to = _Links(changes, blob, host)
    bare, collisions = _bare(changes, host), _collisions(changes, host)
    led_to = _led_to(own_links, host)
    verdicts = [_one(change, blob, links_to, bare, collisions) for change in changes]
    return [_by_link(verdict, led_to) for verdict in verdicts] if led_to else verdicts


def _led_to(own_links: Iterable[bytes], host: Host | None) -> dict[bytes, Reason]:
    """What the project's own links with a name of the table lead to, by the link's text."""
    found: dict[bytes, Reason] = {}
    for path in own_links if host else ():
        reasons, target = risky.by_name(path), host.link(path) if host else None
        if reasons and target is not None:
            aim = os.path.normpath(os.path.join(split(path)[0], target))
            found[aim] = Reason(reasons[0].kind, f"{words.path(path)} leads to it: {reasons[0].reason}")
    return found


def _by_link(verdict: Verdict, led_to: dict[bytes, Reason]) -> Verdict:
    path = verdict.change.path
    reasons = [led_to[each] for each in (path, *parents(path)) if each in led_to]
    return replace(verdict, held=(*verdict.held, *reasons)) if reasons and not verdict.never else verdict


def _one(change: Change, blob: Blob, links_to: _Links, bare: set[str], collisions: set[bytes]) -> Verdict:
    path, new = change.path, change.new
    never = risky.never(path, new.mode if new else None)
    if never is None and new is not None and new.mode == risky.LINK and links_to.leaves(path):
        never = LEAVES
    if never is not None:
        return Verdict(change, never=never)
    held = [*risky.by_name(path), *risky.by_mode(change)]
    if spelling.folded(split(path)[1]) == "package.json" and _installs(change, blob):
        held.append(INSTALLS)
    parts = spelling.components(path)
    if bare and any("/".join(parts[:depth]) in bare for depth in range(len(parts))):
        held.append(risky.BARE)
    if path in collisions:
        held.append(CASE)
    return Verdict(change, tuple(held))


class _Links:
    """The links that there are, on the host or in the changes."""

    def __init__(self, changes: Sequence[Change], blob: Blob, host: Host | None) -> None:
        fresh = ((change.path, change.new) for change in changes if change.new and change.new.mode == risky.LINK)
        self.made = {path: blob(new.oid) if new.size <= links.LONGEST else b"" for path, new in fresh}
        self.host = host

    def leaves(self, path: bytes) -> bool:
        """Whether the new link at a path may leave the project."""
        return links.leaves(path, self.made[path], self.targets)

    def targets(self, path: bytes) -> list[bytes]:
        """Where links at a path lead: the host's, and the one that is about to be there."""
        there = self.host.link(path) if self.host else None
        made = self.made.get(path)
        return [target for target in (there, made) if target is not None]


def _steps(path: bytes) -> list[tuple[bytes, bytes]]:
    """Each folder on the way to a path, with the name that is taken in it."""
    parts = path.split(b"/")
    return [(b"/".join(parts[:depth]), part) for depth, part in enumerate(parts)]


def _bare(changes: Sequence[Change], host: Host | None) -> set[str]:
    """The folded folders that git would take for a repository, once the changes and what the host has are together."""
    there = [change.path for change in changes if change.new]
    if host is not None:
        # Sorted, so that each is looked up in one that is open.
        for folder in sorted({b"", *(folder for change in changes for folder in parents(change.path))}):
            if any(_is(host, folder, name) for name in (b"HEAD", b"objects")):
                there += [b"/".join((folder, name)) for name in host.names(folder)]
    return risky.bare_repositories(path.lstrip(b"/") for path in there)


def _is(host: Host, folder: bytes, name: bytes) -> bool:
    try:
        return host.look(b"/".join((folder, name)) if folder else name) is not None
    except Blocked:
        return False


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
