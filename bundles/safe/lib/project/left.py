"""`left-out`: tells what was not taken into the sandbox."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys

from project import modes, records, words
from project.host import Blocked, Host
from project.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any

# What the sandbox's user may not read.
CLOSED = "closed.list"
# So many paths are named.
NAMED = 5
# Why something is left out, where the word alone does not say it.
TOLD = {
    "git": "git's own",
    "history": "of other version control",
    "elsewhere": "git's, whose history is in another repository",
    "deep": "too deep",
    "mount": "on another filesystem",
    "bundle": "of gen's own",
    "changing": "gone meanwhile",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`left-out`."""
    parser = subparsers.add_parser("left-out", help="list what was not taken")
    parser.add_argument("--lines", action="store_true", help="the paths alone; one with a line break is left out")
    parser.add_argument("--untouched", action="store_true", help="without those that the sandbox itself made meanwhile")
    parser.add_argument("--told", action="store_true", help="counted by kind; and what nobody there may read")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints what was not taken, as left-out.json has it."""
    state = os.path.abspath(args.state)
    settings = Settings.load(state)
    content = records.read(os.path.join(state, "left-out.json"))
    if args.told:
        words.show(told(state, settings), paged=False)
        return 0
    if not args.lines:
        sys.stdout.write(content.decode("ascii"))
        return 0
    paths = [left["path"].encode("utf-8", "surrogateescape") for left in json.loads(content)["left_out"]]
    if args.untouched:
        paths = _untouched(state, settings.method, paths)
    sys.stdout.buffer.write(b"".join(path + b"\n" for path in paths if b"\n" not in path))
    return 0


def told(state: str, settings: Settings) -> Iterator[str]:
    """What was not taken, counted by kind; what was, and the agent may not read, by name."""
    listed = _listed(state)
    kinds = [left["why"] for left in listed["left_out"]]
    if kinds:
        counts = ", ".join(f"{kinds.count(kind)} {TOLD.get(kind, kind)}" for kind in sorted(set(kinds)))
        yield f"left out: {counts}   (.state/project/left-out.json names each)"
    found = along(state)
    if found:
        what = "git ignored it when the copy was made, so what becomes of it stays in the sandbox"
        yield f"along: {named(found)}: {what}"
    if listed["environments"]:
        found = [path.encode("utf-8", "surrogateescape") for path in listed["environments"]]
        # No mend can give back what was installed: that may need a network, or a folder of wheels.
        mend = words.reachable(f"scripts/exec.sh -- python3 -m venv --clear {shlex.quote(words.path(found[0]))}")
        what = f"{named(found)} names this machine's paths"
        yield f"no use: {what}; make it anew in the sandbox, and install again: {mend}"
    closed = _closed(state, settings) if settings.method == "overlay" else []
    if closed:
        yield f"closed: the agent may not read {words.counted(len(closed), 'path')}: {named(closed)}"


def _listed(state: str) -> dict[str, list[Any]]:
    content = records.read(os.path.join(state, "left-out.json"))
    return json.loads(content) if content else {"left_out": [], "along": [], "environments": []}


def along(state: str) -> list[bytes]:
    """What git ignored at the entry and was taken along."""
    return [path.encode("utf-8", "surrogateescape") for path in _listed(state)["along"]]


def named(paths: list[bytes]) -> str:
    """The first of them."""
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(map(words.path, paths[:NAMED])) + more


def _closed(state: str, settings: Settings) -> list[bytes]:
    """What lies below an overlay and its user may not read, as it was when this was asked for the first time.

    An entry looks at no file (ADR 18), so this is asked after it, once.
    """
    place = os.path.join(state, CLOSED)
    content = records.read(place)
    if not content:
        found = sorted(_looked_for(state, settings))
        content = records.join((path, b"") for path in found)
        records.write(place, content)
    return [path for path, _ in records.split(content)[1]]


def _looked_for(state: str, settings: Settings) -> Iterator[bytes]:
    shut: set[bytes] = set()
    for path in sorted(modes.entered(state)):
        if not records.within(path, shut) and _shut(settings, path, 0o5):
            shut.add(path)
    yield from shut
    for path, _ in records.split(records.read(os.path.join(state, "base.list")))[1]:
        if not records.within(path, shut) and _shut(settings, path, 0o4):
            yield path


def _shut(settings: Settings, path: bytes, bits: int) -> bool:
    """Whether the permissions of a file or a folder lack these for the sandbox's user."""
    try:
        found = os.lstat(os.path.join(settings.project, path))
    except OSError:
        return False
    if stat.S_ISLNK(found.st_mode):
        return False
    shift = 6 if found.st_uid == settings.uid else 3 if found.st_gid == settings.gid else 0
    return found.st_mode >> shift & bits != bits


def _untouched(state: str, method: str, paths: list[bytes]) -> list[bytes]:
    """Those that, if they stand in the copy, came there by the entry: the sandbox wrote nothing there."""
    if method != "overlay":
        copied = records.Records.load(os.path.join(state, "copied.list"))
        return [path for path in paths if copied.find(path) is not None or any(True for _ in copied.below(path))]
    with Host(os.fsencode(os.path.join(state, "disk", "upper"))) as upper:
        return [path for path in paths if not _stands(upper, path)]


def _stands(upper: Host, path: bytes) -> bool:
    try:
        return upper.look(path) is not None
    except Blocked:
        # The sandbox made a link or a file of a folder that the path is in.
        return True
