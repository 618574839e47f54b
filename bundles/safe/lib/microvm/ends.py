"""`status`, `stop`, `kill`, `freeze`, `thaw`, `discard`."""

from __future__ import annotations

import argparse
import json

from .machine import Machine


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands that ask for nothing but the folder."""
    for name, words, function in (
        ("stop", "end the machine; the workspace stays", stop),
        ("kill", "end the machine at once", kill),
        ("freeze", "stop the processor", lambda args: freeze(args, True)),
        ("thaw", "let the processor go on", lambda args: freeze(args, False)),
        ("discard", "throw the workspace away", discard),
    ):
        commands.add_parser(name, help=words).set_defaults(run=function)
    command = commands.add_parser("status", help="what is known of the machine")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=status)


def stop(args: argparse.Namespace) -> int:
    """Twice is once."""
    machine = Machine(args.state)
    with machine.locked():
        machine.stop()
    return 0


def kill(args: argparse.Namespace) -> int:
    """Also for what does not stop."""
    machine = Machine(args.state)
    with machine.locked():
        machine.kill()
    return 0


def freeze(args: argparse.Namespace, frozen: bool) -> int:
    """And thaw."""
    Machine(args.state).freeze(frozen)
    return 0


def discard(args: argparse.Namespace) -> int:
    """The workspace goes, the machine's parts stay."""
    machine = Machine(args.state)
    with machine.locked():
        machine.refuse_running("its workspace is in use")
        for name in ("work.img", "work.new", "project.json", "machine.json"):
            (args.state / name).unlink(missing_ok=True)
    return 0


def status(args: argparse.Namespace) -> int:
    """Exit code 0 when it runs, 1 when not."""
    found = Machine(args.state).status()
    print(json.dumps(found) if args.json else found["state"])
    return 0 if found["state"] in ("running", "frozen") else 1
