"""`python3 -I -S -B lib/project/__main__.py --state DIR COMMAND ...`; errors come in the bundle's manner."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from project.failure import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
# Started as a folder, Python has put it first; as a file, with -I, it has put nothing there. Python's own modules go
# before whatever lies beside these.
sys.path[: sys.path[0] == HERE] = []
sys.path.append(os.path.dirname(HERE))

# Each command's module has add_parser(subparsers) and run(args) -> exit code. Only the one that is called is imported.
COMMANDS = {
    "enter": "entry",
    "left-out": "left",
    "leave": "leave",
    "look": "look",
    "commit": "commit",
    "log": "history",
    "diff": "history",
    "status": "history",
    "undo": "undo",
    "review": "review",
    "apply": "apply",
}


def main(argv: list[str]) -> int:
    """Runs one command and gives its exit code."""
    from project.failure import Failure, reason

    try:
        code = _run(argv)
        # An output that nobody can write to fails here, and not after the last word.
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    except Failure as failure:
        code = _told(failure)
    except OSError as error:
        code = _told(Failure("this could not be done", reason(error), "mend that, and try again"))
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


def _told(failure: Failure) -> int:
    from project.words import reachable

    lines = [f"gen: {failure.what}"]
    lines += [f"  {line}" for line in failure.why.splitlines()]
    lines += [f"  mend: {reachable(failure.mend)}"] if failure.mend else []
    sys.stderr.write("\n".join(lines) + "\n")
    return failure.code


def _run(argv: list[str]) -> int:
    # Short runs with much in memory and no cycles to find.
    gc.disable()
    _keep_compiled(argv)
    name = next((word for word in argv if word in COMMANDS), "")
    from importlib import import_module

    if name in ("look", "commit"):
        return int(import_module(f"project.{name}").quick(argv))
    import argparse

    parser = argparse.ArgumentParser(prog="project", allow_abbrev=False)
    parser.add_argument("--state", required=True, metavar="DIR", help="the project's part of the bundle's .state")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, module in {name: COMMANDS[name]}.items() if name else COMMANDS.items():
        add = getattr(import_module(f"project.{module}"), "add_parser", None)
        # One that reads its words itself, to be quick, and one module that has several.
        if command not in subparsers.choices:
            add(subparsers) if add else subparsers.add_parser(
                command, help="without more words: before and after each command"
            )
    args = parser.parse_args(argv)
    code: int = args.run(args)
    return code


def _keep_compiled(argv: list[str]) -> None:
    """Lets Python keep what it compiles in the state folder: compiling takes longer than a commit may.

    Whoever has given it another place (`-X pycache_prefix`) has it there.
    """
    if sys.pycache_prefix:
        sys.dont_write_bytecode = False
    elif "--state" in argv[:-1]:
        state = argv[argv.index("--state") + 1]
        if os.path.isdir(state):
            sys.pycache_prefix = os.path.join(os.path.abspath(state), "compiled")
            sys.dont_write_bytecode = False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
