"""`exec`: a command in the guest as if it ran here: its input, its two outputs, its signals, its exit code."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from typing import Any

from . import wire
from .channel import Streams
from .failure import USAGE, Failure
from .machine import WAIT, Machine

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
GIVEN_UP = 3
"""So many of these signals, and the command is left to its agent, which ends it."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`exec`."""
    parser = commands.add_parser("exec", help="run a command in the machine")
    parser.add_argument("--tty", action="store_true", help="with a terminal")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="end it after so long (exit code 124)")
    parser.add_argument("--wait", type=float, default=WAIT, metavar="SECONDS", help="for a free place")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--cwd", default="/workspace", metavar="DIR")
    parser.add_argument("command", nargs="+", metavar="CMD")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The exit code of the command."""
    machine = Machine(args.state)
    machine.running()
    note = machine.note()
    environment = dict(pair.split("=", 1) for pair in args.env if "=" in pair)
    if len(environment) != len(args.env):
        raise Failure("--env takes NAME=VALUE", "", "--env NAME=VALUE", USAGE)
    request: dict[str, Any] = {
        "do": "exec", "argv": args.command, "uid": note["uid"], "gid": note["gid"], "env": environment, "cwd": args.cwd,
    }  # fmt: skip
    with machine.channel(args.wait) as channel, signals(args.tty) as streams:
        if args.tty:
            request["size"] = size()
        outcome = channel.ask(request, streams, args.timeout)
    if outcome.get("error"):
        raise Failure("the command did not start", outcome["error"], code=126)
    code: int = outcome["code"]
    return code


def to(end: int) -> Any:
    """A function that writes all of it there."""

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(end, data) :]

    return write


@contextlib.contextmanager
def signals(terminal: bool) -> Iterator[Streams]:
    """Our own three streams, with signals led to the command; a terminal of ours passes every key on."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    count = 0

    def on_signal(number: int) -> bytes | None:
        nonlocal count
        if number == signal.SIGWINCH:
            return wire.encode(wire.SIZE, b"%d %d" % size())
        count += 1
        if count >= GIVEN_UP:
            raise KeyboardInterrupt
        return wire.encode(wire.SIGNAL, b"%d" % number)

    numbers = (*PASSED_ON, *((signal.SIGWINCH,) if terminal else ()))
    old = {number: signal.signal(number, lambda *_: None) for number in numbers}
    wake = signal.set_wakeup_fd(write)
    try:
        with raw() if terminal and os.isatty(0) else contextlib.nullcontext():
            yield Streams(to(1), to(2), input=0, signals=read, on_signal=on_signal)
    finally:
        signal.set_wakeup_fd(wake)
        for number, handler in old.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


@contextlib.contextmanager
def raw() -> Iterator[None]:
    """The terminal gives every key as it is, and is put back afterwards."""
    before = termios.tcgetattr(0)
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def size() -> tuple[int, int]:
    """Rows and columns of our terminal."""
    with contextlib.suppress(OSError):
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(sys.stdin.fileno(), termios.TIOCGWINSZ, b"\0" * 8))
        if rows and columns:
            return rows, columns
    return 24, 80
