"""Lock files: which of them say no more than what their manifests ask for, as far as that can be told."""

from __future__ import annotations

import re

from project import risky, spelling
from project.host import split
from project.risky import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from project.data import Change, Entry
    from project.tree import Tree

LARGEST = 16 << 20
ALONE = Reason("packages", "no manifest that it follows from has changed with it")
UNREAD = Reason("packages", "it is too large, or no file, so the hosts in it are not compared")
ADDRESS = re.compile(rb"[a-z][a-z0-9+.-]*://(?:[^\s/@\"']*@)?([^\s/:\"'#?]+)|\bgit@([^\s:/]+):", re.IGNORECASE)


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back as packages are, too: a lock file that changes by itself, or names a host that it did not name."""
    locks = [change for change in changes if change.new and follows(change.path)]
    found: dict[bytes, list[Reason]] = {}
    for change in locks:
        alone = [] if _manifest_changed(change.path, changes) else [ALONE]
        if why := [*alone, *_hosts(change, tree)]:
            found[change.path] = why
    return found


def looked_into(changes: Sequence[Change]) -> list[Entry]:
    """What of the changes is read."""
    locks = (change for change in changes if change.new and follows(change.path))
    return [entry for change in locks for entry in (change.old, change.new) if entry and entry.size <= LARGEST]


def follows(path: bytes) -> tuple[str, ...]:
    """The patterns of the manifests that a lock file follows from; none where it is no lock file."""
    folded = spelling.folded(split(path)[1])
    if not any(reason.kind == "lock" for reason in risky.of_component(folded)):
        return ()
    rules = risky.rules_of(folded)
    return next((rule.follows for rule in rules if rule.kind == "lock"), ())


def _manifest_changed(path: bytes, changes: Sequence[Change]) -> bool:
    """Whether a manifest beside a lock file changes, or one below it: of a workspace, which has one lock file."""
    folder, patterns = split(path)[0], [pattern.split("*") for pattern in follows(path)]
    for change in changes:
        below = not folder or change.path.startswith(folder + b"/")
        if change.new and below and any(_is(spelling.folded(split(change.path)[1]), each) for each in patterns):
            return True
    return False


def _is(name: str, parts: list[str]) -> bool:
    return name == parts[0] if len(parts) == 1 else risky.matches(parts, name)


def _hosts(change: Change, tree: Tree) -> list[Reason]:
    """Why the hosts in a lock file are worth a look."""
    old, new = (_named(entry, tree) for entry in (change.old, change.new))
    if old is None or new is None:
        return [UNREAD]
    fresh = sorted(new - old) if change.old else []
    # It is text from inside, and is not shown: the difference has it, escaped.
    return [Reason("packages", f"it names {len(fresh)} host(s) that it did not name before")] if fresh else []


def _named(entry: Entry | None, tree: Tree) -> set[bytes] | None:
    if entry is None:
        return set()
    if entry.mode not in risky.FILES or entry.size > LARGEST:
        return None
    return {(one or two).lower() for one, two in ADDRESS.findall(tree.blob(entry.oid))}
