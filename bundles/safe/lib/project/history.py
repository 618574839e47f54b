"""`log`, `diff` and `status`: what was done to the copy, from the tracking repository."""

from __future__ import annotations

import os
import sys
import time

from project import document, left, words
from project.patch import Patch
from project.settings import Settings
from project.track import Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from project.data import Change, Commit

# Of what waits, a rollback names so many.
NAMED = 5
MARKS = {"added": "A", "changed": "M", "removed": "D"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The three commands."""
    parser = subparsers.add_parser("log", help="the commits, the newest first")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=log)
    parser = subparsers.add_parser("diff", help="what differs between two commits, or since entry")
    about = "an empty A is the entry, an empty B is now; A alone is what that commit changed"
    parser.add_argument("range", nargs="?", metavar="A..B", help=about)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true")
    shape.add_argument("--patch", action="store_true", help="as `git apply` takes it: nothing is escaped")
    shape.add_argument("--stat", action="store_true", help="the paths alone")
    parser.set_defaults(run=diff)
    parser = subparsers.add_parser("status", help="what differs from the project now, and what is noted")
    parser.add_argument("--waiting", action="store_true", help="only what a rollback would take away unapplied")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=status)


def entered(state: str) -> Track:
    """The tracking of a whole copy. Raises Failure when there is none."""
    Settings.load(os.path.abspath(state))
    return Track(state)


def log(args: argparse.Namespace) -> int:
    """Lists the commits."""
    commits = entered(args.state).commits()
    if args.json:
        document.show({"commits": list(map(document.of_commit, commits))})
    else:
        words.show(_lines(commits), paged=True)
    return 0


def began(commits: list[Commit]) -> list[int]:
    """For each commit, the newest first, the place of the one before it began: in between may be changes of its own."""
    places = {one.oid: place for place, one in enumerate(commits)}
    return [
        place + 1 if one.began is None else max(place + 1, places.get(one.began, len(commits)))
        for place, one in enumerate(commits)
    ]


def _lines(commits: list[Commit]) -> Iterator[str]:
    """A line a commit; what looks found while a command ran is the command's, once that has ended."""
    reach, before = 0, began(commits)
    for place, one in enumerate(commits):
        if one.kind == "moment" and place < reach:
            continue
        together = ""
        if one.kind == "command":
            within = commits[place + 1 : before[place]]
            others = place < reach or any(each.kind == "command" for each in within)
            # It may name them itself.
            together = ", with others" if others and not one.beside else ""
            reach = max(reach, before[place])
        yield _commit_line(one) + together


def diff(args: argparse.Namespace) -> int:
    """Shows what differs."""
    track = entered(args.state)
    old, new = between(track, args.range)
    changes = track.changes(old, new)
    if args.json:
        document.show({"from": old, "to": new, "changes": list(map(document.of_change, changes))})
    elif args.stat:
        words.show(_stat(changes), paged=True)
    elif changes:
        with Patch(track.git.repo, changes) as patch:
            if args.patch:
                sys.stdout.buffer.write(patch.text())
            else:
                words.show((words.line(line) for line in patch.shown().splitlines()), paged=True)
    return 0


def status(args: argparse.Namespace) -> int:
    """Shows how the copy is made and how much of it changed."""
    track = entered(args.state)
    settings = Settings.load(track.state)
    head = track.head()
    changes = track.changes(None, head)
    if args.waiting:
        words.show(_waiting(changes), paged=False)
        return 0
    notes = track.notes(head) if head else []
    if args.json:
        told = {"project": document.named(settings.project), "method": settings.method, "head": head}
        found = {"changes": list(map(document.of_change, changes)), "notes": list(map(document.of_note, notes))}
        document.show(told | found)
        return 0
    lines = [f"project: {settings.shown()}", f"method: {settings.told()}"]
    waits = f"{words.counted(len(changes), 'change')}: scripts/review.sh" if changes else "nothing"
    lines += [f"waiting: {waits}", *left.told(track.state, settings)]
    lines += list(_stat(changes))
    lines += [f"{note.kind}: {words.path(note.path)}" for note in notes]
    words.show(lines, paged=True)
    return 0


def _waiting(changes: list[Change]) -> Iterator[str]:
    if changes:
        waits = "1 change waits" if len(changes) == 1 else f"{len(changes)} changes wait"
        yield f"{waits} and nobody has applied it: {words.reachable('scripts/review.sh')} shows all of it"
        yield from (f"  {line}" for line in list(_stat(changes))[:NAMED])
        if len(changes) > NAMED:
            yield f"  and {len(changes) - NAMED} more"


def between(track: Track, text: str | None) -> tuple[str | None, str | None]:
    """The two states that A..B names, or the one commit A; None is the state at entry."""
    if not text:
        return None, track.head()
    first, dots, last = text.partition("..")
    if not dots:
        return track.before(first), track.resolve(first)
    return (track.resolve(first) if first else None), (track.resolve(last) if last else track.head())


def _stat(changes: list[Change]) -> Iterator[str]:
    for change in changes:
        entry = change.new or change.old
        yield f"{MARKS[change.status.value]}  {words.path(change.path)}  {words.size(entry.size if entry else 0)}"


def _commit_line(commit: Commit) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(commit.time))
    shown = words.path(commit.command.encode("utf-8", "surrogateescape"))
    what = {
        "outside": "(outside a command)",
        "moment": f"(while {words.counted(commit.running, 'command')} ran)",
        "applied": "(applied)",
        "undo": f"(undo) {shown}",
    }.get(commit.kind, shown)
    ended = "its end is not known" if commit.code is None else f"exit {commit.code}, {commit.seconds:.1f} s"
    line = f"{commit.oid[:12]}  {when}  {what}  {ended if commit.kind == 'command' else ''}".rstrip()
    others = "; ".join(words.path(command.encode("utf-8", "surrogateescape")) for command in commit.beside)
    return line + (f"  (while this ran as well: {others})" if others else "")
