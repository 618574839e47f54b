"""The command line. Each error says what, why and what mends it; no traceback ever."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .failure import Failure

# Each module has add_parser(commands). Only the one that is called is imported: a command in the guest should not wait.
COMMANDS = {
    "probe": "probe",
    "build": "build",
    "start": "starting",
    "snapshot": "starting",
    "exec": "exec_",
    "changes": "layers",
    "put": "layers",
    **dict.fromkeys(("status", "stop", "kill", "freeze", "thaw", "discard"), "ends"),
    "firecracker": "firecracker",
}


def main(words: Sequence[str]) -> int:
    """Runs a command; its exit code."""
    args = parser(words).parse_args(words)
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
    if failure.others:
        print(f"machine> {failure.others}", file=sys.stderr)
    print(f"gen: {failure.what}", file=sys.stderr)
    if failure.why:
        print(f"  {failure.why}", file=sys.stderr)
    if failure.mend:
        print(f"  mend: {failure.mend}", file=sys.stderr)


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The command that the words name; all commands when they name none."""
    whole = argparse.ArgumentParser(prog="microvm", description="A sandbox with a kernel of its own, run by QEMU.")
    whole.add_argument("--state", type=Path, required=True, metavar="DIR", help="where all of the machine is kept")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    # `--state DIR COMMAND`, in one of its two spellings.
    place = 2 if words[:1] == ["--state"] else 1
    named = [COMMANDS[word] for word in words[place : place + 1] if word in COMMANDS]
    modules = named or list(dict.fromkeys(COMMANDS.values()))
    for module in modules:
        importlib.import_module(f"microvm.{module}").add_parser(commands)
    return whole
