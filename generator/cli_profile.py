"""The commands `gen profile list | show | validate | schema`. Errors are raised; the main command maps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from generator.cli_output import say, say_json, say_lines, styled
from generator.errors import ExitCode
from generator.profile import ProfileErrors, load_profile, profile_names, profile_schema

if TYPE_CHECKING:
    from generator.profile import Finding, LoadedProfile

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_SET = click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one value: storage.size=40G.")


@click.group("profile")
def profile_group() -> None:
    """Look at profiles: what sandbox somebody wants."""


@profile_group.command("list")
@_JSON
def list_profiles(as_json: bool) -> None:
    """List the built-in profiles."""
    profiles = [(name, load_profile(name).profile.description) for name in profile_names()]
    if as_json:
        say_json([{"name": name, "description": description} for name, description in profiles])
        return
    width = max(len(name) for name, _ in profiles)
    for name, description in profiles:
        say(styled(f"{name:<{width}}", bold=True), f"  {description}")


@profile_group.command("show")
@click.argument("name", metavar="NAME|FILE")
@_SET
@_JSON
def show_profile(name: str, sets: tuple[str, ...], as_json: bool) -> None:
    """Show a profile as it comes out, after extends and --set, and where each value came from."""
    from generator.profile_show import as_data, as_yaml

    loaded = load_profile(name, sets)
    if as_json:
        say_json(as_data(loaded))
    else:
        say_lines(as_yaml(loaded))


@profile_group.command("validate")
@click.argument("file", metavar="FILE|NAME")
@_SET
@_JSON
@click.pass_context
def validate_profile(context: click.Context, file: str, sets: tuple[str, ...], as_json: bool) -> None:
    """Check a profile, and say everything that is wrong with it at once."""
    try:
        loaded = load_profile(file, sets)
    except ProfileErrors as errors:
        if not as_json:
            raise
        say_json({"valid": False, "errors": [_finding(finding) for finding in errors.findings]})
        context.exit(ExitCode.USAGE)
    if as_json:
        say_json({"valid": True, "errors": []})
    else:
        say(_summary(file, loaded))


@profile_group.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of a profile, for editors."""
    say_json(profile_schema())


def _summary(file: str, loaded: LoadedProfile) -> str:
    profile = loaded.profile
    what = f"sandbox {profile.name} on {profile.image.base}, agent {profile.agent.name}"
    return f"{file} is a valid profile: {what}, workspace of {profile.storage.size!s}."


def _finding(finding: Finding) -> dict[str, Any]:
    mark = finding.mark
    place = {"file": mark.source.name, "line": mark.line, "column": mark.column, "path": finding.path}
    return {**place, "message": finding.what, "mend": finding.mend}
