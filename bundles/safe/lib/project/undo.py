"""`undo`: the sandbox's files back to what they were before its last commands. A commit too, so it can be undone."""

from __future__ import annotations

import os

from project import commit, seen, view, words
from project.failure import Failure
from project.history import entered
from project.layer import FOLDER
from project.modes import Modes
from project.reverted import Reverted
from project.settings import Settings
from project.writing import Overlay, Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from project.track import Track


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`undo`."""
    parser = subparsers.add_parser("undo", help="the files back to before the last N commands")
    parser.add_argument("count", nargs="?", type=int, default=1, metavar="N")
    parser.add_argument("--tar", metavar="FILE", help="write a microVM's layer to go back to; change nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Undoes, and says which paths it changed."""
    if args.count < 1:
        raise Failure("there is nothing to undo in that", f"{args.count} commands", "undo 1", 2)
    track = entered(args.state)
    if args.tar:
        return _as_tar(track, args.count, args.tar)
    _refuse_mounted(track.state)
    # What nobody has committed yet would be lost.
    track.commit_outside()
    wanted = Reverted.between(track, before(track, args.count), track.head())
    undo(track, wanted)
    # The next look at the copy reads what it finds, whatever it remembers.
    seen.forget(track.state)
    commit.make(track.state, "undo", f"undo {args.count}")
    paths, left = wanted.paths(), wanted.left(track)
    said = [f"undone: {words.counted(len(paths), 'path')}", *(f"  {words.path(path)}" for path in paths)]
    said += [f"not undone: {words.counted(len(left), 'path')}", *left] if left else []
    words.show(said, paged=False)
    return 0


def _as_tar(track: Track, count: int, file: str) -> int:
    """Writes the upper layer as it was, for whoever can bring it into the machine."""
    from project import stream

    target, settings = before(track, count), Settings.load(track.state)
    changes = track.changes(None, target) if target else []
    blobs = track.blobs(change.new.oid for change in changes if change.new)
    with open(file, "xb") as out:
        stream.write(out, changes, dict(blobs), (settings.uid, settings.gid), Modes.of(track.git, target).own)
    words.show([f"undone: {words.counted(len(track.changes(target, track.head())), 'path')}"], paged=False)
    return 0


def _refuse_mounted(state: str) -> None:
    """While an overlay is mounted, what changes in its layers is not seen through it."""
    if any(view.mounts(state)):
        why = "It would not see what is undone."
        raise Failure("the sandbox has the copy mounted", why, "stop the sandbox first", 4)


def before(track: Track, count: int) -> str | None:
    """The commit before the last `count` commands; what changed outside of commands since then goes as well."""
    commits = track.commits()
    places = [number for number, one in enumerate(commits) if one.kind not in ("outside", "applied")]
    if len(places) < count:
        had = words.counted(len(places), "command")
        raise Failure("so many commands have not changed anything", f"The history has {had}.", "see `log`", 2)
    place = places[count - 1] + 1
    return commits[place].oid if place < len(commits) else None


def undo(track: Track, wanted: Reverted) -> None:
    """Gives each path the wanted version, and each folder."""
    settings = Settings.load(track.state)
    overlay = settings.method == "overlay"
    place = os.path.join(track.state, "disk", "upper" if overlay else "tree")
    root = os.open(place, FOLDER)
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
