"""Kinds of what is held back that one yes may cover: those of which nothing runs before somebody asks for it."""

from __future__ import annotations

import os

from project import locks, words
from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from project.reviewed import Reviewed
    from project.verdict import Verdict

# What a yes to each means. Of every other kind something may run by itself, so that each path is looked at.
TOGETHER = {
    "lock": "The next installation fetches what they say. The manifest of each asks for something else, and comes back "
    "with it; none names a host, or a file, that it did not name before.",
    "executable": "They can be executed, and could not before.",
}


def accepted(
    found: Reviewed, kinds: Iterable[str], also: Iterable[bytes] = (), chosen: Collection[bytes] | None = None
) -> list[Verdict]:
    """What is held back for nothing but these kinds; of lock files, those whose manifests come back, too.

    `also` is what is accepted path by path, and only what is `chosen` comes back.
    """
    wanted = frozenset(kinds)
    for kind in sorted(wanted - TOGETHER.keys()):
        shown = words.line(os.fsencode(kind))
        why = f"One yes covers these kinds: {', '.join(TOGETHER)}. Of any other, something may run by itself."
        raise Failure(
            f"{shown} is no kind that is accepted as a whole", why, "scripts/apply.sh --accept PATH   (one by one)", 2
        )
    coming = {path for path in (one.change.path for one in found.wanted(also)) if chosen is None or path in chosen}
    return [
        one for one in found.held() if only(one, wanted) and (one.change.path in coming or _follows(one, found, coming))
    ]


def only(verdict: Verdict, kinds: Iterable[str]) -> bool:
    """Whether it is held back for nothing but these kinds."""
    return {reason.kind for reason in verdict.held} <= set(kinds)


def _follows(verdict: Verdict, found: Reviewed, coming: set[bytes]) -> bool:
    """Whether all manifests that a lock file may follow from come back with it: it says what those ask for."""
    changes = [one.change for one in found.verdicts]
    return all(each.path in coming for each in locks.manifests(verdict.change.path, changes))


def question(kind: str, verdicts: Iterable[Verdict]) -> str:
    """What is asked once for all of a kind."""
    shown = [f"  {one.change.status.value} {words.path(one.change.path)}" for one in verdicts]
    head = f"{words.counted(len(shown), 'path')} of kind {kind} held back:"
    return "\n".join((head, *shown, f"    {TOGETHER[kind]}", "  Bring all of them back?"))
