"""The command `gen`: finds the command that was asked for, and maps every error to a message and an exit code."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from generator import __version__
from generator.cli_output import say, say_lines, styled
from generator.errors import ExitCode, GenError
from generator.missing import told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# We use no plugins of pydantic, and looking for some reads the metadata of every package that is installed: a tenth of
# the time that the command takes.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

INTERRUPTED = 130
INTERNAL = 70

# Imported when they are asked for: the command must start quickly.
_COMMANDS = {
    "bundle": "generator.cli_bundle:bundle_command",
    "profile": "generator.cli_profile:profile_group",
    "up": "generator.cli_run:up_command",
    "plan": "generator.cli_plan:plan_command",
    "down": "generator.cli_run:down_command",
    "status": "generator.cli_run:status_command",
    "test": "generator.cli_run:test_command",
    "shell": "generator.cli_exec:shell_command",
    "exec": "generator.cli_exec:exec_command",
    "ps": "generator.cli_exec:ps_command",
    "logs": "generator.cli_exec:logs_command",
    "kill": "generator.cli_exec:kill_command",
    "log": "generator.cli_log:log_command",
    "review": "generator.cli_project:review_command",
    "diff": "generator.cli_project:diff_command",
    "undo": "generator.cli_project:undo_command",
    "apply": "generator.cli_project:apply_command",
    "discard": "generator.cli_project:discard_command",
    "recover": "generator.cli_run:recover_command",
    "prune": "generator.cli_run:prune_command",
    "rollback": "generator.cli_run:rollback_command",
    "trust": "generator.cli_trust:trust_command",
    "doctor": "generator.cli_doctor:doctor_command",
    "mcp": "generator.cli_mcp:mcp_command",
    "schema": "generator.cli_schema:schema_command",
    "completion": "generator.cli_completion:completion_command",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        return cast("click.Command", getattr(import_module(module), name))


@click.group("gen", cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gen")
@click.pass_context
def gen(context: click.Context) -> None:
    """From one profile to a complete, readable bundle that runs a verified sandbox for a coding agent.

    Exit codes: 0 done; 1 failed, and nothing is left of it; 2 usage or profile error; 3 failed, and something is left;
    4 refused (edited files, drift, a folder that is not ours); 70 a fault of gen; 130 interrupted.
    """
    context.color = _colour()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code. Every error ends as a message on stderr, never as a traceback."""
    try:
        code = gen.main(args=arguments, prog_name="gen", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except GenError as error:
        _say(error.brief, error.details, error.resolution)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted", None, None)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ImportError as error:
        _say(*told(error))
        return ExitCode.USAGE
    except Exception as error:  # the last wall: what nobody foresaw is a fault of gen
        return _internal(error)
    return code if isinstance(code, int) else 0


def _colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _say(brief: str, details: str | None, resolution: str | None) -> None:
    say(styled("gen: error: ", fg="red", bold=True), brief, err=True)
    for part in (details, resolution):
        if part:
            say_lines(part, err=True)


def _show(error: click.ClickException) -> None:
    """What click says of wrong arguments, which may be words that somebody else made up."""
    text = io.StringIO()
    error.show(text)
    say_lines(text.getvalue(), err=True)


def _internal(error: Exception) -> int:
    # A newline in the message would look like another line of ours.
    brief = f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"
    try:
        where = f"The full trace is in {_save_trace(error)}"
    except OSError as problem:
        where = f"The full trace could not be saved: {problem.strerror}"
    _say(brief, where, "This is a fault of gen. Please report it with that file")
    return INTERNAL


def _save_trace(error: Exception) -> Path:
    import platform
    import time
    import traceback
    from pathlib import Path

    state = os.environ.get("XDG_STATE_HOME") or ""
    folder = (Path(state) if state.startswith("/") else Path.home() / ".local/state") / "gen"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    trace = "".join(traceback.format_exception(error))
    # A trace may hold what was worked on: nobody else may read it at any moment, and no link is written through.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(f"gen {__version__}, Python {platform.python_version()}\n{trace}")
    return file
