"""The assistants: each file is what it must be, and a wrong one says so."""

from __future__ import annotations

import re

import pytest

from generator.agents import agent_names, load_agent, read_agent
from generator.errors import ExitCode, GenError
from generator.profile_facts import NODE_MAJORS
from generator.profile_values import variable
from generator.resources import templates

CODEX = (templates() / "agents" / "codex.yaml").read_text()


def test_the_agents_there_are() -> None:
    assert agent_names() == ("aider", "claude-code", "codex", "gemini-cli", "none", "opencode")


@pytest.mark.parametrize("name", agent_names())
def test_each_agent_can_be_installed_and_pinned(name: str) -> None:
    agent = load_agent(name)
    assert agent.name == name
    assert agent.title
    assert agent.description
    assert re.fullmatch(r"[a-z]+", agent.command)
    assert agent.version_command[0] == agent.command
    assert [variable(key) for key in agent.env] == sorted(agent.env)
    assert agent.requires.node in (None, *NODE_MAJORS)
    if agent.install.kind != "none":
        assert re.fullmatch(r"(@[a-z0-9-]+/)?[a-z0-9-]+", agent.install.package or "")
        assert re.fullmatch(r"\d+\.\d+\.\d+", agent.install.version or "")
    assert (agent.install.kind == "npm") == (agent.requires.node is not None)


def test_an_agent_that_there_is_not() -> None:
    with pytest.raises(GenError) as caught:
        load_agent("codx")
    assert str(caught.value).splitlines() == [
        "There is no agent called `codx`",
        "Did you mean codex?",
        "Write one of aider, claude-code, codex, gemini-cli, none, opencode for agent.name.",
    ]
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "title:",
            "titel:",
            ["1:1: title: is missing. Add it.", "3:8: titel: is not a key that is known here. Did you mean title?"],
        ),
        ("title: Codex", "title: 5", ["3:8: title: is not what it must be. Write text."]),
        ("title: Codex", 'title: ""', ["3:8: title: is not what it must be. Write text."]),
        ('"0.169.0"', "0.1", ["8:12: install.version: is not what it must be. Write text or nothing."]),
        ("node: 18", "node: true", ["10:9: requires.node: is not what it must be. Write a whole number or nothing."]),
        ("[codex, --version]", "codex", ["14:18: version_command: is not what it must be. Write a list of text."]),
        ("[codex, --version]", "[codex, 1]", ["14:18: version_command: is not what it must be. Write a list of text."]),
        ("kind: npm", "kind: gem", ["6:9: install.kind: is not known. Write pip, npm or none."]),
        (
            "kind: npm",
            "kind: none",
            ["6:9: install.kind: does not fit package and version. Give both for pip and npm, and neither for none."],
        ),
        ("name: codex", "name: kodex", ["2:7: name: is not the name of the file. Write codex."]),
        ("name: codex", "name: *x", ["2:7: name: is an alias (*x). Write the value out."]),
        (
            "  node: 18",
            "  node: 18\n  node: 20",
            ["11:3: requires.node: is given twice (first in line 10). Keep one of the two."],
        ),
    ],
)  # fmt: skip
def test_a_wrong_file(old: str, new: str, expected: list[str]) -> None:
    assert old in CODEX
    with pytest.raises(GenError) as caught:
        read_agent(CODEX.replace(old, new).encode(), "codex")
    details = str(caught.value.details).splitlines()
    assert {f"templates/agents/codex.yaml:{line}" for line in expected} <= set(details)
    assert caught.value.resolution == "Mend templates/agents/codex.yaml."


@pytest.mark.parametrize("data", [b"", b"[]", b"a", b"\xff", b"- - - 1", b"install: 1\nrequires: []\n"])
def test_a_file_that_is_something_else(data: bytes) -> None:
    with pytest.raises(GenError):
        read_agent(data, "codex")
