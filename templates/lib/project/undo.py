"""`undo`: the sandbox's files back to what they were before its last commands. A commit too, so it can be undone."""

from __future__ import annotations

import os
import shlex

from project import begun, commit, left, seen, view, words
from project.failure import Failure
from project.history import began, entered
from project.reverted import APPLIED, Reverted
from project.settings import Settings
from project.writing import Overlay, Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from project.data import Commit
    from project.track import Track


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`undo`."""
    parser = subparsers.add_parser("undo", help="the files back to before the last N commands")
    parser.add_argument("count", nargs="?", type=int, default=1, metavar="N")
    parser.add_argument("--tar", metavar="FILE", help="write a microVM's layer to go back to; change nothing")
    parser.add_argument("--foresee", action="store_true", help="only refuses what cannot be undone now")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Undoes, and says which paths it changed."""
    if args.count < 1:
        raise Failure("there is nothing to undo in that", f"{args.count} commands", "scripts/undo.sh 1", 2)
    track = entered(args.state)
    if args.foresee:
        _refuse_at_work(track.state)
        before(track, args.count)
    elif args.tar:
        _as_tar(track, args.count, args.tar)
    else:
        with commit.Lock(track.state):
            _undo(track, args.count)
    return 0


def _undo(track: Track, count: int) -> None:
    """Nothing is written to the history meanwhile: it would be half of this."""
    _refuse_mounted(track.state)
    _refuse_at_work(track.state)
    # What nobody has committed yet would be lost.
    commit.held(track.state, "outside")
    target, commands = before(track, count)
    wanted = Reverted.between(track, target, track.head())
    undo(track, wanted)
    # The next look at the copy reads what it finds, whatever it remembers.
    seen.read_again(track.state)
    commit.held(track.state, "undo", f"undo {count}")
    _tell(track, wanted, commands, count)


def _tell(track: Track, wanted: Reverted, commands: list[Commit], count: int) -> None:
    head = track.head()
    notes = frozenset(track.notes(head) if head else ())
    lines = [*told(wanted, commands, count), *_left(wanted.left(notes)), *_alone(track, wanted.ignored(notes))]
    project = Settings.load(track.state).project
    if APPLIED in wanted.kept.values() and os.path.exists(os.path.join(project, b".git")):
        git = f"git -C {shlex.quote(words.path(project))} diff"
        lines.append(f"what was applied is in your project: no undo reaches it there, your own git does: {git}")
    if count == 1 and commands[0].kind == "undo":
        lines.append("the last thing done was an undo: what that had taken back is here again")
        more, listed = words.reachable("scripts/undo.sh N"), words.reachable("scripts/changes.sh")
        lines.append(f"to go further back instead: {more}   (each command and each undo that {listed} shows counts)")
    words.show(lines, paged=False)


def told(wanted: Reverted, commands: list[Commit], count: int) -> Iterator[str]:
    """What goes; where commands ran at the same time, which of them go together."""
    paths = wanted.paths()
    yield f"undone: {words.counted(len(paths), 'path')}"
    yield from (f"  {words.path(path)}" for path in paths)
    if len(commands) > count:
        more = words.counted(len(commands) - count, "command")
        yield f"{more} more undone: they ran at the same time, and which of them changed what cannot be told"
        yield from (f"  {words.path(os.fsencode(one.command))}" for one in commands[count:])


def _left(lines: list[str]) -> list[str]:
    return [f"not undone: {words.counted(len(lines), 'path')}", *lines] if lines else []


def _alone(track: Track, ignored: set[bytes]) -> list[str]:
    """What no undo looks at, changed or not; what came along with the entry is in no note."""
    paths = sorted(ignored | set(left.along(track.state)))
    return [
        f"left alone, whatever became of it, since git ignores it, or did at the entry: {left.named(paths)}"
    ] * bool(paths)


def _as_tar(track: Track, count: int, file: str) -> None:
    """Writes the upper layer as it was, for whoever can bring it into the machine."""
    from project import stream

    _refuse_at_work(track.state)
    settings, (target, commands) = Settings.load(track.state), before(track, count)
    wanted = Reverted.between(track, target, track.head())
    layer = wanted.layer(track, target)
    blobs = track.blobs(entry.oid for entry in (change.new for change in layer) if entry)
    with open(file, "xb") as out:
        stream.write(out, layer, blobs, (settings.uid, settings.gid), {**wanted.then.own, **wanted.permissions})
    _tell(track, wanted, commands, count)


def _refuse_at_work(state: str) -> None:
    """A command that still runs would go on from files that are not its own any more, or end with half of its work."""
    running = begun.at_work(state)
    if running:
        what = f"{words.counted(len(running), 'command')} still at work in the sandbox, so nothing is undone"
        why = "\n".join(words.path(os.fsencode(one.words)) for one in running)
        raise Failure(what, why, "scripts/ps.sh   (wait for what it shows, or end it: scripts/kill.sh N)", 4)


def _refuse_mounted(state: str) -> None:
    """While an overlay is mounted, what changes in its layers is not seen through it."""
    if any(view.mounts(state)):
        why = "It would not see what is undone."
        raise Failure("the sandbox has the copy mounted", why, "scripts/stop.sh, then scripts/start.sh", 4)


def before(track: Track, count: int) -> tuple[str | None, list[Commit]]:
    """The commit before the last `count` commands began, and all commands since; what else changed goes as well.

    Commands that ran at the same time go together.
    """
    commits = track.commits()
    starts, end = began(commits), 0
    met: list[Commit] = []
    for place, one in enumerate(commits):
        if place >= end and len(met) >= count:
            break
        if one.kind in ("command", "undo"):
            met.append(one)
            end = max(end, starts[place])
    if len(met) < count:
        had = words.counted(len(met), "command")
        raise Failure(
            "so many commands have not changed anything",
            f"The history has {had}.",
            "scripts/changes.sh   (lists them)",
            2,
        )
    return commits[end].oid if end < len(commits) else None, met


def undo(track: Track, wanted: Reverted) -> None:
    """Gives each path the wanted version, and each folder."""
    settings = Settings.load(track.state)
    overlay = settings.method == "overlay"
    root = settings.open_copy(track.state)
    tree = (Overlay if overlay else Plain)(root, settings, wanted.stays)
    contents = track.blobs(entry.oid for entry in wanted.files.values() if entry)
    try:
        # What goes, first: a file may come where a folder was, and the other way round.
        for path in sorted((path for path, entry in wanted.files.items() if entry is None), reverse=True):
            tree.remove(path)
        for path in sorted((path for path, mode in wanted.folders.items() if mode is None), reverse=True):
            tree.remove_folder(path)
        for path, entry in sorted(wanted.files.items()):
            if entry is not None:
                tree.put(path, entry.mode, contents[entry.oid])
        for path in sorted(path for path, mode in wanted.folders.items() if mode is not None):
            tree.folder(path)
        # The deepest first: once a folder is closed, nobody comes to what is in it.
        for path, mode in sorted(wanted.modes(), reverse=True):
            tree.allow(path, mode)
    finally:
        tree.close()
        os.close(root)
