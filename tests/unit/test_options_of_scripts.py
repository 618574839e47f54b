"""Whoever has gen can do what a script of the bundle can: each option that its usage names is the command's as well."""

from __future__ import annotations

import re
from importlib import import_module

import click
import pytest

from generator.cli import _COMMANDS
from generator.resources import templates

FILES = templates() / "files"
# The command of each script. What has none is for somebody who stands in the bundle's folder.
COMMAND_OF = {
    "rollback.sh": "rollback",
    "test-setup.sh": "test",
    "scripts/changes.sh": "log",
    "scripts/connect.sh": "exec",
    "scripts/start.sh": "up",
    "scripts/stop.sh": "down",
    **{f"scripts/{name}.sh": name for name in ("apply", "diff", "discard", "exec", "kill", "logs", "plan")},
    **{f"scripts/{name}.sh": name for name in ("prune", "ps", "recover", "review", "status", "undo")},
}
NONE = {f"scripts/{name}.sh" for name in ("backup", "mount-storage", "rescue", "resize-volume", "restore")}


def options_of_script(path: str) -> set[str]:
    """Those in its usage, which stands before the first empty line of its comment."""
    text = (FILES / path).read_text("utf-8").partition("# usage:")[2].partition("\n#\n")[0]
    return set(re.findall(r"--[a-z][a-z-]*", text)) - {"--help"}


def options_of_command(name: str) -> set[str]:
    module, _, variable = _COMMANDS[name].partition(":")
    command: click.Command = getattr(import_module(module), variable)
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


@pytest.mark.parametrize(("script", "command"), COMMAND_OF.items())
def test_the_command_has_what_the_script_has(script: str, command: str) -> None:
    assert options_of_script(script) <= options_of_command(command)


def test_each_script_has_a_command_or_is_named_here() -> None:
    scripts = {path.relative_to(FILES).as_posix() for path in (*FILES.glob("*.sh"), *FILES.glob("scripts/*.sh"))}
    assert scripts == {*COMMAND_OF, *NONE}


def test_the_control_options_are_found() -> None:
    assert options_of_script("scripts/apply.sh") >= {"--approve", "--accept-kind", "--conflicts", "--recover"}
    assert options_of_script("scripts/plan.sh") == {"--json", "--project"}
