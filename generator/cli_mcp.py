"""The command `gen mcp`: the bundles of a folder as tools for an assistant."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from generator.errors import ExitCode, GenError


@click.command("mcp")
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="FOLDER",
    help="Serve the bundles below this folder; the current one by default.",
)
def mcp_command(root: Path) -> int:
    """Serve the bundles below a folder to an assistant, by the Model Context Protocol over standard input and output.

    An assistant starts this by itself, once it is told to: docs/mcp.md says how. The tools are list_bundles, plan,
    start, step_status, logs, verify, status, rollback and recover; each does what the command of that name does. When
    the assistant takes a call back or goes away, the run is ended in order: what it did is undone.

    \b
    Exit codes:
      0  the assistant closed the connection
      2  wrong arguments
      4  the package mcp is not installed
      128 + n  ended by signal n, after what was at work had ended

    \b
    Examples:
      gen mcp --root ~/sandboxes
      claude mcp add gen -- gen mcp --root ~/sandboxes
    """
    if find_spec("mcp") is None:
        raise GenError(
            "gen mcp needs the package mcp, which is not installed",
            details="It is an extra of gen",
            resolution="pip install 'gen-sandbox[mcp]'   (in a clone: pip install '.[mcp]')",
            exit_code=ExitCode.REFUSED,
        )
    if sys.stdin.isatty():
        raise click.UsageError("An assistant starts this and speaks to it; there is nothing to type. See docs/mcp.md.")
    from generator.mcp_server import serve

    serve(root)
    return ExitCode.DONE
