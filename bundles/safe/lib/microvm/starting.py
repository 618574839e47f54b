"""`start` and `snapshot`: what their words mean, and in which order things are done."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from . import build, probe, snapshot, start
from .failure import Failure
from .machine import Machine

MIB = 1 << 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`start` and `snapshot`."""
    command = commands.add_parser("start", help="bring the machine up")
    shape_arguments(command)
    command.add_argument(
        "--warm", nargs="?", const="always", choices=("always", "auto"), default="never",
        help="from the saved state; with `auto` only where there is one that fits",
    )  # fmt: skip
    command.set_defaults(run=run_start)
    command = commands.add_parser("snapshot", help="save the state of a machine that has just booted")
    shape_arguments(command)
    command.set_defaults(run=run_snapshot)


def shape_arguments(command: argparse.ArgumentParser) -> None:
    """What a machine is made of; a saved state is only of use to the same."""
    command.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto")
    command.add_argument("--memory", type=int, default=512 * MIB, metavar="BYTES")
    command.add_argument("--cpus", type=int, default=1, metavar="N")
    command.add_argument("--network", choices=("none", "user"), default="none")
    command.add_argument("--system", type=int, default=1024 * MIB, metavar="BYTES", help="disk for changes to the root")
    command.add_argument("--disk", type=int, default=4096 * MIB, metavar="BYTES", help="disk for the workspace")
    command.add_argument("--pids", type=int, default=512, metavar="N", help="processes and threads at a time")
    command.add_argument("--uid", type=int, default=1000)
    command.add_argument("--gid", type=int, default=1000)
    command.add_argument("--hostname", default="sandbox")
    command.add_argument("--readonly-root", action="store_true", help="only the workspace and --tmpfs can be written")
    command.add_argument("--tmpfs", action="append", default=[], metavar="PATH=BYTES", help="a folder in memory")
    command.add_argument("--project-tar", type=Path, metavar="FILE", help="the project (tar --format=gnu)")


def accelerator(args: argparse.Namespace) -> str:
    """The one that was asked for, or the best one that works. Never a silent choice."""
    if args.accel != "auto":
        return str(args.accel)
    finding = probe.probe(args.state)
    if finding.accel == "none":
        raise Failure("no microVM can be started", finding.why, "sudo apt-get install qemu-system-x86")
    print(f"gen: {finding.accel}: {finding.why}; {finding.cost}", file=sys.stderr)
    return finding.accel


def run_start(args: argparse.Namespace) -> int:
    """A machine that runs already is left as it is."""
    machine = Machine(args.state)
    with machine.locked():
        build.note_of(args.state)
        if machine.process() and machine.note().get("ready"):
            print("gen: it runs already", file=sys.stderr)
            return 0
        machine.kill()
        note = brought_up(machine, start.wanted_of(args, accelerator(args)), args.warm)
    print(f"gen: it runs after {note['seconds']:.2f} s", file=sys.stderr)
    return 0


def brought_up(machine: Machine, wanted: start.Wanted, warm: str) -> dict[str, Any]:
    """From the saved state where that is asked for; with `auto` by booting, when there is none that can be used."""
    if warm != "never":
        try:
            snapshot.check(machine, wanted)
            snapshot.prepare_warm(machine, wanted)
            return start.start(machine, wanted, warm=True, resume=snapshot.resume)
        except Failure as failure:
            if warm == "always":
                raise
            print(f"gen: it boots: {failure.what}; {failure.why}", file=sys.stderr)
    start.prepare(machine, wanted)
    return start.start(machine, wanted)


def run_snapshot(args: argparse.Namespace) -> int:
    """Needs the machine stopped."""
    machine = Machine(args.state)
    with machine.locked():
        machine.refuse_running("a saved state is made of a fresh one")
        machine.kill()
        seconds = snapshot.save(machine, start.wanted_of(args, accelerator(args)))
    print(f"gen: saved after {seconds:.2f} s", file=sys.stderr)
    return 0
