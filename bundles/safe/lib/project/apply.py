"""`apply`: brings what the sandbox changed into the host's project, all of what was said yes to, or nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from project import bring, brought, chosen, closed, conflicts, kinds, limits, looked, merge, review, reviewed, words
from project.failure import Failure, reason
from project.host import Host
from project.modes import Modes
from project.track import Track
from project.verdict import beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from project.chosen import Chosen
    from project.merge import Plan
    from project.reviewed import Reviewed
    from project.verdict import Verdict

LOOK = "scripts/review.sh, then scripts/apply.sh again"
RECOVERED = {
    "undone": "an apply that was cut off before is undone: the project is what it was before it",
    "done": "an apply that was cut off at its end is done",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command line."""
    parser = subparsers.add_parser("apply", help="brings changes into the project", allow_abbrev=False)
    parser.add_argument("--approve", metavar="HASH", help="only what `review` showed with this hash")
    parser.add_argument(
        "--yes", action="store_true", help="does not ask; never covers what is held back, or not reviewed"
    )
    parser.add_argument("--accept", action="append", default=[], metavar="PATH", help="a path that is held back")
    parser.add_argument(
        "--accept-kind", action="append", default=[], metavar="KIND", help="what is held back for this kind alone"
    )
    chosen.add_arguments(parser)
    parser.add_argument("--conflicts", metavar="FOLDER", help="conflicts are written there, each version of each path")
    parser.add_argument("--recover", action="store_true", help="only ends what an apply left that was cut off")
    parser.add_argument("--json", action="store_true", help="one document for programs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Brings it back; gives the exit code: 1 with conflicts, and then nothing is changed."""
    limits.open_files()
    track, root = Track(args.state), reviewed.project(args.state)
    if args.conflicts:
        args.conflicts = os.path.abspath(args.conflicts)
        conflicts.refuse(args.conflicts, root, args.state)
    with bring.opened(args.state) as journal:
        recovered = bring.recover(root, journal, review.moved_on(track))
        if recovered:
            sys.stderr.write(f"gen: {RECOVERED[recovered]}\n")
        if args.recover:
            return 0
        with Host(root) as host:
            found = reviewed.gather(track, host)
            _approved(found, args.approve)
            _seen(track, found, args)
            choice = chosen.choose(args, found)
            if choice.theirs:
                found = reviewed.gather(track, host, theirs=choice.theirs)
            found = _beside(found, args, choice, host)
            wanted = _wanted(found, args, choice)
            plan = _plan(track, host, found, wanted, choice, args.state)
            if plan.conflicts:
                plan = _judged(track, host, plan, wanted, choice, args.state)
            if plan.conflicts and args.conflicts:
                changes = {one.change.path: one.change for one in wanted}
                conflicts.write(args.conflicts, plan.conflicts, changes, track.blob, host)
            elif not plan.conflicts and (wanted or choice.ours):
                _ask(args, plan, wanted, choice, host)
                paths = [*(one.change.path for one in wanted), *sorted(choice.ours)]
                told = {"commit": found.commit, "paths": list(map(_text, paths))}
                closed.keep(track.state, host, plan)
                bring.bring(host, journal, plan, told, review.moved_on(track))
    try:
        (brought.show if args.json else brought.say)(args, found, wanted, choice, plan)
    except OSError as error:
        if plan.conflicts or not (wanted or choice.ours):
            raise
        what = "the changes are in the project, and nobody could be told which"
        raise Failure(what, reason(error), "git status", 3) from None
    return 1 if plan.conflicts else 0


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _approved(found: Reviewed, approved: str | None) -> None:
    if approved is not None and approved != found.hash:
        why = f"It was approved: {words.path(os.fsencode(approved))}\nThere is now: {found.hash or 'nothing'}"
        raise Failure("this is not what was reviewed, so nothing is changed", why, LOOK, 4)


def _seen(track: Track, found: Reviewed, args: argparse.Namespace) -> None:
    """Refuses what nobody has looked at; on a terminal, where nothing was shown yet, shows it."""
    if not found.verdicts:
        return
    unseen = looked.unseen(track, found, approved=args.approve is not None)
    if unseen is None and _terminal(args):
        not_seen = review.look(track, found)
        if not_seen:
            raise Failure(f"{not_seen}, so nothing is changed", "", LOOK, 4)
        looked.remember(track.state, found)
    elif unseen is None:
        raise Failure("nobody has looked at what would come back, so nothing is changed", "", LOOK, 4)
    elif unseen.came or unseen.went:
        came = [f"{one.status.value:8} {words.path(one.path)}" for one in unseen.came]
        why = [*_some("Since the last review, this came", came)]
        why += _some("This was shown with the rest, and would come no longer", list(map(words.path, unseen.went)))
        raise Failure("this is not what was reviewed, so nothing is changed", "\n".join(why), LOOK, 4)


def _some(title: str, lines: Sequence[str]) -> list[str]:
    """The first of many lines below a title; nothing where there is none."""
    more = [f"and {len(lines) - brought.SHOWN} more"] if len(lines) > brought.SHOWN else []
    return [f"{title} ({words.counted(len(lines), 'path')}):", *lines[: brought.SHOWN], *more] if lines else []


def _beside(found: Reviewed, args: argparse.Namespace, choice: Chosen, host: Host) -> Reviewed:
    """The same, where not all of what makes room for another name by going does go."""

    def stays(one: Verdict) -> bool:
        path = one.change.path
        accepted = words.path(path) in args.accept or path in map(os.fsencode, args.accept)
        return path not in choice.coming or one.never is not None or (bool(one.held) and not accepted)

    staying = {one.change.path for one in found.verdicts if one.change.new is None and stays(one)}
    return replace(found, verdicts=beside(found.verdicts, staying, host)) if staying else found


def _wanted(found: Reviewed, args: argparse.Namespace, choice: Chosen) -> list[Verdict]:
    """What is to come back: of what is held back, only what somebody said yes to, one by one."""
    accepted = review.accepted_paths(found, args.accept)
    accepted += [one.change.path for one in kinds.accepted(found, args.accept_kind, accepted, choice.coming)]
    if _terminal(args):
        waiting = [one for one in found.held() if one.change.path in choice.coming and one.change.path not in accepted]
        accepted += _asked(found, waiting, accepted, choice)
    return [one for one in found.wanted(accepted) if one.change.path in choice.coming]


def _asked(found: Reviewed, waiting: Sequence[Verdict], accepted: Sequence[bytes], choice: Chosen) -> list[bytes]:
    """What somebody says yes to: once for several of a kind that may be accepted as a whole, else one by one."""
    said: dict[bytes, bool] = {}

    def ask(each: Iterable[Verdict]) -> None:
        said.update((one.change.path, words.yes(_question(one))) for one in each if one.change.path not in said)

    def ask_together(kind: str) -> None:
        also = [*accepted, *(path for path, yes in said.items() if yes)]
        every = kinds.accepted(found, [kind], also, choice.coming)
        group = [one for one in every if one in waiting and one.change.path not in said]
        if len(group) > 1:
            said.update(dict.fromkeys((one.change.path for one in group), words.yes(kinds.question(kind, group))))

    ask_together("executable")
    # Lock files follow from their manifests, so what becomes of those is known first.
    ask(one for one in waiting if not kinds.only(one, ["lock"]))
    ask_together("lock")
    ask(waiting)
    return [path for path, yes in said.items() if yes]


def _plan(track: Track, host: Host, found: Reviewed, wanted: Sequence[Verdict], choice: Chosen, state: str) -> Plan:
    unknown = {note.path for note in found.notes if note.kind == "base-unknown"} - choice.theirs
    changes = sorted((verdict.change for verdict in wanted), key=lambda change: change.path)
    blob = reviewed.Blobs(track, [change.new for change in changes])
    merger = merge.merger(track.git, os.path.join(state, "apply"))
    own = Modes.of(track.git, found.commit)
    shut = closed.of(changes, host, closed.had(track, found.commit, own), blob, closed.taken(track.state))
    return merge.plan(changes, blob, host, unknown, merger, own, shut)


def _judged(track: Track, host: Host, plan: Plan, wanted: Sequence[Verdict], choice: Chosen, state: str) -> Plan:
    """The plan, with what holds back the sandbox's version of each conflict, and whether that may come whole at all.

    A change may be harmless where what it is a change of, which the host has no longer, is not.
    """
    theirs = choice.theirs | {each.path for each in plan.conflicts}
    found = reviewed.gather(track, host, theirs=theirs)
    coming = {one.change.path for one in wanted}
    judged = {one.change.path: one for one in found.verdicts if one.change.path in coming and not one.never}
    again = _plan(track, host, found, list(judged.values()), replace(choice, theirs=theirs), state)
    able = judged.keys() - {each.path for each in again.conflicts}
    held = {path: one.held for path, one in judged.items()}
    told = (replace(each, held=held.get(each.path, ()), whole=each.path in able) for each in plan.conflicts)
    return replace(plan, conflicts=tuple(told))


def _terminal(args: argparse.Namespace) -> bool:
    return not args.json and sys.stdin.isatty() and sys.stderr.isatty()


def _ask(args: argparse.Namespace, plan: Plan, wanted: Sequence[Verdict], choice: Chosen, host: Host) -> None:
    if args.yes or args.approve is not None:
        return
    if not _terminal(args):
        raise Failure(
            "nobody is there to ask, so nothing is changed",
            "",
            "scripts/apply.sh --approve HASH   (scripts/review.sh prints the hash)",
            4,
        )
    merged = {put.path for put in plan.puts if put.merged}
    for one in wanted:
        mark = "  merged with your own changes" if one.change.path in merged else ""
        mark = "  whole, in the place of yours" if one.change.path in choice.theirs else mark
        sys.stderr.write(f"  {one.change.status.value:8} {words.path(one.change.path)}{mark}\n")
    for path in sorted(choice.ours):
        sys.stderr.write(f"  yours stays  {words.path(path)}\n")
    if not words.yes(f"Bring this into {host.root} ({words.counted(len(wanted), 'path')})?"):
        raise Failure("nothing is changed", "", "", 4)


def _question(verdict: Verdict) -> str:
    reasons = "".join(f"\n    {reason.reason}" for reason in verdict.held)
    return f"{verdict.change.status.value} {words.path(verdict.change.path)} is held back:{reasons}\n  Bring it back?"
