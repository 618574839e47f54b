"""`review`: a summary, what is held back and why, what never comes back, then the difference."""

from __future__ import annotations

import os
import sys

from project import bring, document, left, limits, looked, reviewed, rules, words
from project.failure import Failure
from project.host import Host
from project.patch import Patch
from project.settings import Settings
from project.track import Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

    from project.data import Change
    from project.patch import Told
    from project.reviewed import Reviewed
    from project.verdict import Verdict

NEWER = "  on your newer version"
# What a person would read; the rest is in `--patch FILE`.
LARGEST, ALL = 1 << 20, 64 << 20


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command line."""
    parser = subparsers.add_parser("review", help="shows what the sandbox changed", allow_abbrev=False)
    parser.add_argument("range", nargs="?", default="", metavar="COMMIT..COMMIT")
    parser.add_argument("--rules", action="store_true", help="the table of what is held back, and nothing else")
    parser.add_argument("--json", action="store_true", help="one document for programs")
    parser.add_argument("--stat", action="store_true", help="the summary alone")
    parser.add_argument("--patch", metavar="FILE", help="also writes what apply would bring back, for `git apply`")
    parser.add_argument("--accept", action="append", default=[], metavar="PATH", help="takes a held-back path along")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Shows it; gives the exit code."""
    if args.rules:
        document.show({**rules.reference(), "rules": rules.listed()})
        return 0
    limits.open_files()
    track = Track(args.state)
    root = reviewed.project(args.state)
    with bring.opened(args.state) as journal:
        bring.recover(root, journal, moved_on(track))
    old, new = _range(track, args.range)
    host = _host(root)
    try:
        found = reviewed.gather(track, host, old, new)
    finally:
        if host is not None:
            host.__exit__(None, None, None)
    if args.patch:
        _write(args.patch, track, found, args.accept)
    if args.json:
        document.show(reviewed.as_json(found, told(track, found)))
        return 0
    # Whoever saw no content has not looked: neither at a summary, or a document, nor at a part.
    if args.range or args.stat:
        words.show(_lines(track, found, whole=not args.range, difference=not args.stat), paged=True)
        return 0
    unseen = look(track, found)
    if unseen:
        sys.stderr.write(f"gen: {unseen}, so that apply does not take it for reviewed\n")
    else:
        looked.remember(track.state, found)
    return 0


def look(track: Track, found: Reviewed) -> str:
    """Shows all of it to people; gives why that was no look at it, or nothing."""
    unseen = words.look(_lines(track, found))
    return unseen and f"the review {unseen}"


def _lines(track: Track, found: Reviewed, *, whole: bool = True, difference: bool = True) -> list[str]:
    paint = words.Paint(words.coloured(sys.stdout))
    of_git = told(track, found)
    taken = left.told(track.state, Settings.load(track.state)) if whole else ()
    return [*_summary(found, of_git, paint, whole), *taken, *(_diff(track, found, paint) if difference else [])]


def told(track: Track, found: Reviewed) -> dict[bytes, Told]:
    """What git says of what may come back: lines, and the old names of what was renamed."""
    with Patch(track.git.repo, found.offered(), found.apart) as patch:
        return patch.told()


def moved_on(track: Track) -> bring.Finish:
    """What follows an apply: the applied versions are the sandbox's new base."""

    def finish(told: Mapping[str, object]) -> None:
        # Only loaded when something was applied.
        from project.rebase import rebase

        paths = [path.encode("utf-8", "surrogateescape") for path in told["paths"]]  # type: ignore[attr-defined]
        rebase(track, str(told["commit"]), paths)

    return finish


def _host(root: bytes) -> Host | None:
    """The project, which may be away: then less is known."""
    try:
        return Host(root)
    except Failure:
        return None


def _range(track: Track, text: str) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    old, dots, new = text.partition("..")
    if not dots:
        return track.before(old), track.resolve(old)
    return track.resolve(old) if old else None, track.resolve(new) if new else None


def _write(file: str, track: Track, found: Reviewed, accept: list[str]) -> None:
    accepted = accepted_paths(found, accept)
    wanted = [verdict.change for verdict in found.wanted(accepted)]
    with Patch(track.git.repo, wanted, found.apart) as patch:
        text = patch.text()
    try:
        with open(file, "wb") as out:
            out.write(text)
    except OSError as error:
        raise Failure("the patch cannot be written", f"{error.strerror}", "name another file", 2) from None
    left = len(found.verdicts) - len(wanted)
    sys.stderr.write(f"{words.counted(len(wanted), 'change')} in the patch, {left} held back or never brought back\n")


def accepted_paths(found: Reviewed, accept: list[str]) -> list[bytes]:
    """The held-back paths that are named, each by itself: a folder does not stand for what is below it."""
    held = {verdict.change.path for verdict in found.held()}
    accepted = []
    for word in accept:
        # One word names one path: as it is shown, or else as it is.
        exact = [path for path in held if words.path(path) == word] or [
            path for path in held if path == os.fsencode(word)
        ]
        if not exact:
            shown = words.path(os.fsencode(word))
            raise Failure(
                f"{shown} is not held back",
                "",
                "scripts/review.sh   (shows what is; a folder is accepted file by file)",
                2,
            )
        accepted += exact
    return accepted


def _summary(found: Reviewed, told: Mapping[bytes, Told], paint: words.Paint, whole: bool) -> Iterator[str]:
    if not found.verdicts and not found.notes:
        yield "Nothing was changed."
        return
    counts = reviewed.as_json(found, told)["summary"]
    parts = [f"{counts[key]} {key}" for key in ("added", "changed", "removed", "renamed") if counts[key]]
    parts += [f"{words.counted(counts['modes'], 'mode')} changed"] if counts["modes"] else []
    yield paint("head", f"{words.counted(len(found.verdicts), 'path')}: {', '.join(parts) or 'none'}")
    if whole:
        yield f"hash {found.hash}"
    yield from _section("held", "held back: could run or steer something on this machine", held(found), paint)
    yield from _section("never", "never brought back", never(found), paint)
    doubtful = (f"{words.path(note.path)}: {reviewed.why(note)}" for note in found.doubtful())
    yield from _section("held", "a conflict, unless the project has the same", doubtful, paint)
    yield ""
    for verdict in found.verdicts:
        if not verdict.never:
            yield _line(verdict, told, paint) + (NEWER if verdict.change.path in found.newer else "")
    yield ""


def _section(kind: str, title: str, lines: Iterable[str], paint: words.Paint) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield ""
        yield paint(kind, f"{title} ({len(lines)})")
        yield from (f"  {line}" for line in lines)


def held(found: Reviewed) -> Iterator[str]:
    """A line for each path that is held back."""
    for verdict in found.held():
        reasons = "; ".join(reason.reason for reason in verdict.held)
        yield f"{verdict.change.status.value:8} {words.path(verdict.change.path)}\n             {reasons}"


def never(found: Reviewed) -> Iterator[str]:
    """A line for each path that never comes back, and each note."""
    for verdict in found.never():
        if verdict.never is not None:
            yield f"{words.path(verdict.change.path)}: {verdict.never.reason}"
    for note in found.never_notes():
        below = f" ({words.counted(note.count, 'file')}, {words.size(note.size)})" if note.count > 1 else ""
        yield f"{words.path(note.path)}{below}: {reviewed.why(note)}"


def _line(verdict: Verdict, told: Mapping[bytes, Told], paint: words.Paint) -> str:
    change = verdict.change
    one = told.get(change.path)
    status, name = change.status.value, words.path(change.path)
    if one is None:
        # The old path of a renamed one.
        return f"{status:8} {name}"
    if one.source is not None:
        status, name = "renamed", f"{words.path(one.source)} -> {name} ({one.similarity}%)"
    sizes = [words.size(entry.size) if entry else "none" for entry in (change.old, change.new)]
    lines = f"+{one.added} -{one.removed}" if one.added is not None else f"binary, {' -> '.join(sizes)}"
    modes = (
        f", mode {change.old.mode:o} -> {change.new.mode:o}" if _modes(verdict) and change.old and change.new else ""
    )
    mark = paint("held", "  held back") if verdict.held else ""
    return f"{status:8} {name}  {lines}{modes}{mark}"


def _modes(verdict: Verdict) -> bool:
    old, new = verdict.change.old, verdict.change.new
    return bool(old and new and old.mode != new.mode)


def _diff(track: Track, found: Reviewed, paint: words.Paint) -> Iterator[str]:
    shown: list[Change] = []
    left: list[Change] = []
    total = 0
    for verdict in found.verdicts:
        if verdict.never:
            continue
        size = sum(entry.size for entry in (verdict.change.old, verdict.change.new) if entry)
        fits = size <= LARGEST and total + size <= ALL
        total += size if fits else 0
        (shown if fits else left).append(verdict.change)
    with Patch(track.git.repo, shown, found.apart) as patch:
        yield from _painted(patch.shown().split(b"\n")[:-1], paint)
    if left:
        way = words.reachable("scripts/review.sh --patch FILE")
        yield paint("held", f"not shown here, too large: {words.counted(len(left), 'path')}; {way}")
        yield from (f"  {words.path(change.path)}" for change in left)


def _painted(lines: list[bytes], paint: words.Paint) -> Iterator[str]:
    """Coloured by what a line is, which what it begins with does not tell: a removed `-- x` looks like a head."""
    old = new = 0
    for raw in lines:
        text = words.line(raw)
        if raw.startswith(b"@@") and old <= 0 and new <= 0:
            old, new = _lengths(raw)
            yield paint("hunk", text)
        elif old > 0 or new > 0:
            old -= raw[:1] in (b" ", b"-")
            new -= raw[:1] in (b" ", b"+")
            yield paint("added" if raw[:1] == b"+" else "removed", text) if raw[:1] in (b"+", b"-") else text
        else:
            yield text if raw.startswith(b"\\") else paint("head", text)


def _lengths(hunk: bytes) -> tuple[int, int]:
    """How many lines of either side a hunk has: `@@ -1,2 +3 @@`."""
    old, new = (part[1:].partition(b",") for part in hunk.split(b" ")[1:3])
    return int(old[2] or 1), int(new[2] or 1)
