"""What `apply` says at its end: what came back, and what did not and why."""

from __future__ import annotations

import os
import shlex

from project import conflicts, document, reviewed, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from project.chosen import Chosen
    from project.merge import Plan
    from project.reviewed import Reviewed
    from project.verdict import Verdict

# Of many paths, so many are named.
SHOWN = 50


def show(args: argparse.Namespace, found: Reviewed, wanted: Sequence[Verdict], choice: Chosen, plan: Plan) -> None:
    """One document for programs."""
    merged = {put.path for put in plan.puts if put.merged}
    told: dict[str, Any] = {
        "hash": found.hash,
        "applied": [] if plan.conflicts else [document.named(verdict.change.path) for verdict in wanted],
        "merged": [] if plan.conflicts else [document.named(path) for path in sorted(merged)],
        "dropped": [] if plan.conflicts else [document.named(path) for path in sorted(choice.ours)],
        "conflicts": [conflicts.document_of(one) for one in plan.conflicts],
        "written": document.named(os.fsencode(args.conflicts)) if plan.conflicts and args.conflicts else None,
        "held": [document.named(verdict.change.path) for verdict in _left(found, wanted, choice)],
        "never": [document.named(verdict.change.path) for verdict in found.never()],
    }
    document.show(told)


def say(args: argparse.Namespace, found: Reviewed, wanted: Sequence[Verdict], choice: Chosen, plan: Plan) -> None:
    """For people."""
    out = []
    if plan.conflicts:
        out.append(f"{words.counted(len(plan.conflicts), 'conflict')}: nothing is changed")
        for one in plan.conflicts:
            out += [f"  {words.path(one.path)}: {one.why}", *(f"    {line}" for line in conflicts.held(one))]
        root = reviewed.project(args.state)
        folder = args.conflicts
        out += conflicts.told(folder, plan.conflicts, root) if folder else conflicts.mends(plan.conflicts)
    elif not wanted and not choice.ours:
        out.append("there is nothing to bring back")
    elif wanted:
        merged = sum(put.merged for put in plan.puts)
        out.append(f"{words.counted(len(wanted), 'path')} brought back, {merged} of them merged with your own changes")
        out += _named(wanted, {put.path for put in plan.puts if put.merged})
    if choice.ours and not plan.conflicts:
        out.append(
            f"{words.counted(len(choice.ours), 'path')} stay yours: what the sandbox made of them waits no longer"
        )
        out += [f"  {words.path(path)}" for path in sorted(choice.ours)[:SHOWN]]
    if left := _left(found, wanted, choice):
        first = shlex.quote(words.path(left[0].change.path))
        way = words.reachable(f"scripts/apply.sh --accept {first}")
        out.append(f"{words.counted(len(left), 'path')} still held back, to be accepted one by one: {way}")
        out += [f"  {words.path(verdict.change.path)}" for verdict in left]
    if never := found.never():
        look = words.reachable("scripts/review.sh")
        out.append(f"{words.counted(len(never), 'path')} left aside, which never comes back: {look}")
        out += [f"  {words.path(verdict.change.path)}" for verdict in never[:SHOWN]]
    words.show(out, paged=False)


def _left(found: Reviewed, wanted: Sequence[Verdict], choice: Chosen) -> list[Verdict]:
    settled = {verdict.change.path for verdict in wanted} | choice.ours
    return [verdict for verdict in found.held() if verdict.change.path not in settled]


def _named(wanted: Sequence[Verdict], merged: set[bytes]) -> list[str]:
    """What came back, by name; of very many the first."""
    lines = []
    for one in wanted[:SHOWN]:
        how = ", merged" if one.change.path in merged else ""
        lines.append(f"  {one.change.status.value:8} {words.path(one.change.path)}{how}")
    return lines + (
        [f"  and {len(wanted) - SHOWN} more: {words.reachable('scripts/changes.sh, then scripts/diff.sh')}"]
        if len(wanted) > SHOWN
        else []
    )
