"""The command line. Each error says what, why and what mends it; no traceback ever."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from . import build, exec_, layers, probe, snapshot, start
from .failure import Failure
from .machine import Machine

MIB = 1 << 20


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command; its exit code."""
    args = parser().parse_args(words)
    args.state = args.state.absolute()
    try:
        code: int = args.run(args)
        return code
    except Failure as failure:
        tell(failure)
        return failure.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads any more. Python would complain once more when it closes the stream.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return 1
    except OSError as error:
        tell(Failure("the microVM could not be seen to", str(error)))
        return 1


def tell(failure: Failure) -> None:
    """In the bundle's manner."""
    print(f"gen: {failure.what}", file=sys.stderr)
    if failure.why:
        print(f"  {failure.why}", file=sys.stderr)
    if failure.mend:
        print(f"  mend: {failure.mend}", file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """All commands."""
    whole = argparse.ArgumentParser(prog="microvm", description="A sandbox with a kernel of its own, run by QEMU.")
    whole.add_argument("--state", type=Path, required=True, metavar="DIR", help="where all of the machine is kept")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    probe.add_parser(commands)
    build.add_parser(commands)
    start_parser(commands)
    snapshot_parser(commands)
    exec_.add_parser(commands)
    layers.add_parser(commands)
    for name, words, function in (
        ("stop", "end the machine; the workspace stays", stop),
        ("kill", "end the machine at once", kill),
        ("freeze", "stop the processor", lambda args: freeze(args, True)),
        ("thaw", "let the processor go on", lambda args: freeze(args, False)),
        ("discard", "throw the workspace away", discard),
    ):
        commands.add_parser(name, help=words).set_defaults(run=function)
    status_parser = commands.add_parser("status", help="what is known of the machine")
    status_parser.add_argument("--json", action="store_true")
    status_parser.set_defaults(run=status)
    return whole


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
    command.add_argument("--project-tar", type=Path, metavar="FILE", help="the project (tar --format=gnu)")


def start_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`start`."""
    command = commands.add_parser("start", help="bring the machine up")
    shape_arguments(command)
    command.add_argument("--warm", action="store_true", help="from the saved state")
    command.set_defaults(run=run_start)


def snapshot_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`snapshot`."""
    command = commands.add_parser("snapshot", help="save the state of a machine that has just booted")
    shape_arguments(command)
    command.set_defaults(run=run_snapshot)


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
        wanted = start.wanted_of(args, accelerator(args))
        if args.warm:
            snapshot.check(machine, wanted)
            snapshot.prepare_warm(machine, wanted)
        else:
            start.prepare(machine, wanted)
        note = start.start(machine, wanted, warm=args.warm, resume=snapshot.resume if args.warm else None)
    print(f"gen: it runs after {note['seconds']:.2f} s", file=sys.stderr)
    return 0


def run_snapshot(args: argparse.Namespace) -> int:
    """Needs the machine stopped."""
    machine = Machine(args.state)
    with machine.locked():
        machine.refuse_running("a saved state is made of a fresh one")
        machine.kill()
        seconds = snapshot.save(machine, start.wanted_of(args, accelerator(args)))
    print(f"gen: saved after {seconds:.2f} s", file=sys.stderr)
    return 0


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
