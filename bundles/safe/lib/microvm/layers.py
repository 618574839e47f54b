"""`changes` and `put`: the upper layer of the workspace as a tar, out of the guest and into it."""

from __future__ import annotations

import argparse
from typing import Any

from .channel import Streams, Words
from .exec_ import to
from .failure import Failure
from .machine import Machine

MOST, LARGEST = 2 << 30, 100 << 20
SECONDS = 600.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`changes` and `put`."""
    out = commands.add_parser("changes", help="write the workspace's upper layer as a tar on standard output")
    out.add_argument("--most", type=int, default=MOST, metavar="BYTES", help="fail when there is more")
    out.add_argument("--largest", type=int, default=LARGEST, metavar="BYTES", help="larger files are only named")
    out.add_argument("--still", action="store_true", help="of one moment: what would be written meanwhile waits")
    out.set_defaults(run=changes)
    back = commands.add_parser("put", help="replace the workspace's upper layer by a tar on standard input")
    back.set_defaults(run=put)


def changes(args: argparse.Namespace) -> int:
    """Fails, with a part of it written, when the guest sends more than it may."""
    seen, write = 0, to(1)

    def bounded(data: bytes) -> None:
        nonlocal seen
        seen += len(data)
        # The guest counts as well; but it is the guest.
        if seen > args.most + (1 << 20):
            raise Failure("the changes are too many", f"more than {args.most} bytes", "changes --most BYTES")
        write(data)

    request = {"do": "changes", "most": args.most, "largest": args.largest, "still": args.still}
    return asked(args, request, Streams(bounded, to(2)))


def put(args: argparse.Namespace) -> int:
    """All of it or nothing."""
    return asked(args, {"do": "put"}, Streams(to(1), to(2), input=0))


def asked(args: argparse.Namespace, request: dict[str, Any], streams: Streams) -> int:
    """Does it, within bounds."""
    streams.errors = said = Words()
    machine = Machine(args.state)
    with machine.channel() as channel:
        outcome = channel.ask(request, streams, SECONDS)
    if outcome["code"] != 0:
        why = str(said) or outcome["error"]
        raise Failure(f"the guest's agent could not do it ({request['do']})", why)
    return 0
