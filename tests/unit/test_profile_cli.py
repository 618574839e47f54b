"""gen profile list, show, validate and schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from generator.cli_profile import profile_group
from generator.errors import ExitCode
from generator.profile import ProfileErrors, load_profile, profile_schema

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> Result:
    """The command's result; a GenError stays in `exception`, because the main command maps it."""
    return CliRunner().invoke(profile_group, arguments)


def test_list() -> None:
    assert [line.split()[0] for line in run("list").output.splitlines()] == ["dev", "dev-mirror", "safe"]
    assert [entry["name"] for entry in json.loads(run("list", "--json").output)] == ["dev", "dev-mirror", "safe"]


def test_show_says_where_each_value_came_from() -> None:
    lines = run("show", "dev-mirror", "--set", "storage.size=40G").output.splitlines()
    assert "  source: mirror           # templates/profiles/dev-mirror.yaml:10" in lines
    assert "  size: 40G                # --set" in lines
    assert any(line.startswith("  path: /workspace         # templates/profiles/dev.yaml:") for line in lines)


def test_show_says_what_is_a_default(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: box\n")
    assert "  cpus: 2                  # default" in run("show", str(file)).output.splitlines()


@pytest.mark.parametrize(
    "sets",
    [
        ["name=dev"],
        ["description='a: \"b\" # c'", "network.ports=['[::1]:80:80', '9.9.9.9:53:53/udp']", "resources.cpus=0.25"],
        ["agent.version='1.10'", 'image.python="3.11"', "image.node=none", "network.dns=['2620:fe::fe', 9.9.9.9]"],
        ["security.capabilities=[{name: NET_RAW, reason: 'say \"why\": it, is # needed'}]", "description="],
        ["description='null'"],
        ["description='12'"],
        ['description="it\'s [a] {b}, *c &d !e %f @g"'],
        ["description='---'"],
        ["description='  spaces  '"],
        ["description='true'", "build.proxy=http://proxy.example:3128"],
        ["resources.cpus=512.55", "storage.reserve=0.5K"],
    ],
    ids=" ".join,
)
def test_what_show_prints_is_the_same_profile_again(sets: list[str], tmp_path: Path) -> None:
    sets = [text if text != "description=" else "description=''" for text in sets]
    arguments = [word for text in sets for word in ("--set", text)]
    file = tmp_path / "again.yaml"
    file.write_text(run("show", "dev", *arguments).output)
    assert load_profile(file).profile == load_profile("dev", sets).profile


def test_show_as_json() -> None:
    data = json.loads(run("show", "dev", "--set", "name=box", "--json").output)
    assert data["profile"]["storage"]["size"] == "20G"
    assert data["profile"]["build"]["proxy"] is None
    assert data["origins"]["name"] == "--set"
    assert data["origins"]["image.base"]["file"] == "templates/profiles/dev.yaml"
    assert data["origins"]["image.base"]["line"] > 1


def test_validate_says_what_the_profile_makes() -> None:
    result = run("validate", "dev")
    assert result.exit_code == ExitCode.DONE
    assert result.output == ("dev is a valid profile: sandbox dev on ubuntu:24.04, agent aider, workspace of 20G.\n")
    assert json.loads(run("validate", "dev", "--json").output) == {"valid": True, "errors": []}


def test_validate_raises_every_error() -> None:
    result = run("validate", "dev", "--set", "name=B", "--set", "x=1")
    assert isinstance(result.exception, ProfileErrors)
    assert len(result.exception.findings) == 2
    assert result.exception.exit_code == ExitCode.USAGE


def test_validate_as_json_ends_with_the_same_code() -> None:
    result = run("validate", "dev", "--json", "--set", "storage.size=1g")
    assert result.exit_code == ExitCode.USAGE
    assert json.loads(result.output) == {
        "valid": False,
        "errors": [
            {
                "file": "--set",
                "line": 1,
                "column": 14,
                "path": "storage.size",
                "message": "`1g` is not a size",
                "mend": "Write 1G",
            }
        ],
    }


def test_schema() -> None:
    assert json.loads(run("schema").output) == profile_schema()


def test_no_colour_where_nobody_looks() -> None:
    assert "\x1b" not in run("list").output
