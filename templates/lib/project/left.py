"""`left-out`: tells what was not taken into the sandbox."""

from __future__ import annotations

import json
import os
import sys

from project import records
from project.host import Blocked, Host
from project.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`left-out`."""
    parser = subparsers.add_parser("left-out", help="list what was not taken")
    parser.add_argument("--lines", action="store_true", help="the paths alone; one with a line break is left out")
    parser.add_argument("--untouched", action="store_true", help="without those that the sandbox itself made meanwhile")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints what was not taken, as left-out.json has it."""
    state = os.path.abspath(args.state)
    settings = Settings.load(state)
    content = records.read(os.path.join(state, "left-out.json"))
    if not args.lines:
        sys.stdout.write(content.decode("ascii"))
        return 0
    paths = [left["path"].encode("utf-8", "surrogateescape") for left in json.loads(content)["left_out"]]
    if args.untouched:
        paths = _untouched(state, settings.method, paths)
    sys.stdout.buffer.write(b"".join(path + b"\n" for path in paths if b"\n" not in path))
    return 0


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
