"""What of the changes an apply is about: all, or what was named; and whose version of it counts."""

from __future__ import annotations

import os
from dataclasses import dataclass

from project import reviewed, words
from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterable

    from project.reviewed import Reviewed

# Each has its own idea of what becomes of a path, so that no path can be meant by two of them.
EACH = ("ours", "theirs", "except")


@dataclass(frozen=True)
class Chosen:
    """`coming` may come back, of it `theirs` whole; of `ours` the host's stays, and the sandbox's waits no longer."""

    coming: frozenset[bytes]
    ours: frozenset[bytes] = frozenset()
    theirs: frozenset[bytes] = frozenset()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that name paths; a folder stands for all that is below it."""

    def add(name: str, about: str) -> None:
        parser.add_argument(f"--{name}", action="append", default=[], metavar="PATH", help=about)

    add("only", "nothing but this path")
    add("except", "all but this path, which stays and waits")
    add("ours", "the host's version of this path stays, and the sandbox's waits no longer")
    add("theirs", "the sandbox's version of this path comes whole, whatever the host has")


def choose(args: argparse.Namespace, found: Reviewed) -> Chosen:
    """The choice. Raises Failure where two options say different things of a path, or one names none."""
    every = [verdict.change.path for verdict in found.verdicts]
    named = {option: _named(args, option, every) for option in ("only", *EACH)}
    for number, one in enumerate(EACH):
        for other in EACH[number + 1 :]:
            _apart(named, one, other)
    ours, theirs, left = (frozenset(named[option]) for option in EACH)
    only = frozenset(named["only"] if args.only else every)
    if args.only and not only - left:
        raise Failure("--except leaves nothing of what --only names", "", "name one of them", 2)
    for path in sorted(theirs - only):
        raise Failure(f"--theirs names {words.path(path)}, and --only does not", "", "name it with both", 2)
    for word in args.accept:
        if any(os.fsencode(word) == path or words.path(path) == word for path in left | ours):
            shown = words.path(os.fsencode(word))
            raise Failure(f"--accept brings {shown}, and another option does not", "", "name it with one of them", 2)
    return Chosen(only - left - ours, ours, theirs)


def _named(args: argparse.Namespace, option: str, every: Iterable[bytes]) -> set[bytes]:
    matched = reviewed.match(getattr(args, option), every)
    for word, hits in matched.items():
        if not hits:
            raise Failure(
                f"{words.path(os.fsencode(word))} was not changed in the sandbox",
                "",
                "scripts/review.sh   (shows what was changed)",
                2,
            )
    return {path for hits in matched.values() for path in hits}


def _apart(named: dict[str, set[bytes]], one: str, other: str) -> None:
    both: Collection[bytes] = named[one] & named[other]
    if both:
        shown = "\n".join(map(words.path, sorted(both)[:20]))
        raise Failure(f"--{one} and --{other} name the same", shown, "name each path with one of them", 2)
