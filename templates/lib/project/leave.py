"""`leave`: takes away all that `enter` made and the sandbox wrote; the history stays, unless told otherwise.

What was kept of an earlier copy always stays.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys

from project import limits, making, records
from project.layer import FOLDER
from project.patch import Patch
from project.track import Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

# The settings go first: without them, nothing counts as a copy.
FILES = (
    "settings.json",
    "settings.list",
    "base.list",
    "moved.list",
    "host.list",
    "copied.list",
    "left-out.json",
    "closed.list",
    "taken.list",
    "folders.list",
    "seen.list",
    "modes.list",
    "ignored.list",
    "reviewed.json",
    "lock",
)
FOLDERS = ("upper", "work", "masks", "tree")
# Of an earlier copy: what was changed in it, and what of that was not applied.
KEPT = re.compile(r"track-[0-9]+[.](git|patch)")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`leave`."""
    parser = subparsers.add_parser("leave", help="remove the copy")
    parser.add_argument("--delete", action="store_true", help="remove the history of what was changed as well")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Removes the copy and says so."""
    state = os.path.abspath(args.state)
    if not os.path.isdir(state):
        sys.stdout.write("there is no copy of a project\n")
        return 0
    count = remove(state, history=args.delete)
    set_aside(state)
    _remove_empty(os.path.join(state, "disk"))
    kept = [name for name in sorted(os.listdir(state)) if name.startswith("track")]
    sys.stdout.write(f"the copy of the project is removed: {count} files and folders\n")
    if kept:
        sys.stdout.write(f"the history of what was changed stays: {', '.join(kept)}\n")
    return 0


def set_aside(state: str) -> None:
    """The history gets the name that it keeps, and beside it lies what was not applied, for `git apply`."""
    track = Track(state)
    if not os.path.exists(track.git.repo):
        return
    if track.head() is None:
        shutil.rmtree(track.git.repo)
        return
    number = 1
    while os.path.lexists(os.path.join(state, f"track-{number}.git")):
        number += 1
    changes = track.changes(None, track.head())
    if changes:
        with Patch(track.git.repo, changes) as patch:
            records.write(os.path.join(state, f"track-{number}.patch"), patch.text(), durable=True)
    os.rename(track.git.repo, os.path.join(state, f"track-{number}.git"))


def remove(state: str, history: bool) -> int:
    """Removes everything of an entry, whole or cut off, and nothing else; gives how many entries of trees went."""
    limits.open_files()
    count = 0
    for name in FILES:
        for ending in ("", ".new"):
            if os.path.lexists(os.path.join(state, name + ending)):
                os.unlink(os.path.join(state, name + ending))
    disk = os.path.join(state, "disk")
    for name in FOLDERS:
        count += _remove_tree(os.path.join(disk, name))
    for name in os.listdir(state):
        if name.startswith(("held", "command.")):
            os.unlink(os.path.join(state, name))
        elif KEPT.fullmatch(name) or (name.startswith("track") and not history):
            continue
        elif name.startswith("track") and not os.path.isdir(os.path.join(state, name)):
            os.unlink(os.path.join(state, name))
        elif name.startswith(("select", "track")) or name in ("compiled", "ignore.git"):
            shutil.rmtree(os.path.join(state, name))
    return count


def _remove_empty(folder: str) -> None:
    """A disk image that is mounted there is not ours to take away, nor is what lies on it."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            raise


def _remove_tree(path: str) -> int:
    try:
        folder = os.open(path, FOLDER)
    except FileNotFoundError:
        return 0
    try:
        count = making.clear(folder)
    finally:
        os.close(folder)
    os.rmdir(path)
    return count
