"""The command `gen schema`: the formats that programs may rely on."""

from __future__ import annotations

import click

from generator.cli_output import say, say_json, styled
from generator.schemas import find_schema, schema_names, schema_title


@click.command("schema")
@click.argument("name", required=False, type=click.Choice(schema_names()), metavar="[NAME]")
def schema_command(name: str | None) -> None:
    """Print the JSON Schema of what a bundle holds or its runner writes; without a name, list them.

    Each bundle has them too, in its folder schemas/. That of a profile is printed by gen profile schema.

    \b
    Exit codes:
      0  printed
      2  wrong arguments

    \b
    Examples:
      gen schema
      gen schema event
    """
    if name is not None:
        say_json(find_schema(name))
        return
    width = max(map(len, schema_names()))
    for known in schema_names():
        say(styled(f"{known:<{width}}", bold=True), f"  {schema_title(known)}")
