"""The command `gen completion`: completion for a shell."""

from __future__ import annotations

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

from generator.cli_output import say_lines

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), required=False, metavar="[SHELL]")
@click.pass_context
def completion_command(context: click.Context, shell: str | None) -> None:
    """Print completion for a shell: bash, zsh or fish (the one in $SHELL by default).

    For bash: eval "$(gen completion bash)"
    """
    name = shell or PurePath(os.environ.get("SHELL", "")).name
    completion = get_completion_class(name) if name in SHELLS else None
    if completion is None:
        raise click.UsageError(f"Which shell? Name one of {', '.join(SHELLS)}.", context)
    say_lines(completion(context.find_root().command, {}, "gen", "_GEN_COMPLETE").source())
