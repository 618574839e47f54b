"""What programs are told of a copy fits the published schemas, whatever the agent called its files."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from generator.schemas import find_schema
from tests.unit.copying import PROGRAM, Copy, copy, git, program
from tests.unit.isolated import PYTHON

__all__ = ["copy"]

ODD = b"odd\n\x1b[2J\xff"


def asked(copy: Copy, schema: str, *words: str, code: int = 0) -> Any:
    """What the program prints with --json: it fits its schema, and is ASCII."""
    done = program(copy.state, *words, "--json")
    assert done.returncode == code, done.stderr.decode()
    found = json.loads(done.stdout.decode("ascii"))
    Draft202012Validator(find_schema(schema)).validate(found)
    assert not Draft202012Validator(find_schema(schema)).is_valid(found | {"unheard": "of"})
    return found


@pytest.fixture
def worked_on(copy: Copy) -> Copy:
    """A copy in which something of each kind has happened."""
    copy.write("kept", "gone", "moved", "mine", "run")
    (copy.project / "moved").write_text("".join(f"{number}\n" for number in range(50)))
    git(copy.project, "init", "-q")
    copy.enter()
    root = copy.root
    (root / "kept").write_bytes(b"\0\1\2")
    (root / "gone").unlink()
    (root / "elsewhere").write_text((root / "moved").read_text() + "more\n")
    (root / "moved").unlink()
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("/etc/passwd")
    (root / ".envrc").write_text("evil\n")
    (root / os.fsdecode(ODD)).write_text("odd\n")
    os.mkfifo(root / "pipe")
    assert copy.commit("make it \x1b[2J so")
    (root / "mine").write_text("theirs\n")
    assert copy.commit()
    return copy


def test_review_and_apply(worked_on: Copy) -> None:
    found = asked(worked_on, "review", "review")
    changes = {change["path"]: change for change in found["changes"]}
    assert changes["elsewhere"]["renamed_from"] == {"path": "moved"}
    assert changes["kept"]["lines"] is None
    assert changes["gone"]["new"] is None
    assert changes["link"]["never"]
    assert [reason["kind"] for reason in changes[".envrc"]["held"]]
    (odd,) = (change for change in found["changes"] if "base64" in change)
    assert (base64.b64decode(odd["base64"]), odd["path"]) == (ODD, r"odd\n\x1b[2J\xff")
    assert [note["kind"] for note in found["notes"]] == ["fifo"]
    (worked_on.project / "mine").write_text("my own\n")
    program(worked_on.state, "review")
    refused = asked(worked_on, "apply", "apply", code=1)
    assert [one["path"] for one in refused["conflicts"]] == ["mine"]
    assert refused["applied"] == []
    worked_on.hide()
    applied = asked(worked_on, "apply", "apply", "--approve", found["hash"], "--only", "kept", "--only", "elsewhere")
    assert [one["path"] for one in applied["applied"]] == ["elsewhere", "kept"]
    assert {".envrc"} <= {one["path"] for one in applied["held"]}


@pytest.mark.parametrize("words", [("review",), ("review", "--json"), ("log",), ("log", "--json")])
def test_an_output_that_is_full_is_said(worked_on: Copy, words: tuple[str, ...]) -> None:
    done = into_full(worked_on, *words)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "gen: this could not be done")
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_after_an_apply_a_full_output_does_not_mean_that_nothing_changed(
    worked_on: Copy, words: tuple[str, ...]
) -> None:
    worked_on.hide()
    program(worked_on.state, "review")
    done = into_full(worked_on, "apply", "--yes", "--only", "kept", *words)
    assert (worked_on.project / "kept").read_bytes() == b"\0\1\2"
    assert (done.returncode, "the changes are in the project" in done.stderr) == (3, True)


def into_full(copy: Copy, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the program with an output that takes nothing."""
    command = (*PYTHON, PROGRAM / "__main__.py", "--state", copy.state, *words)
    with Path("/dev/full").open("w") as full:
        return subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=600)


def test_the_history(worked_on: Copy) -> None:
    last, first = asked(worked_on, "commits", "log")["commits"]
    assert (first["kind"], first["command"], first["exit"]) == ("command", "make it \x1b[2J so", 0)
    found = asked(worked_on, "changes", "diff", f"{first['commit']}..{last['commit']}")
    assert [change["path"] for change in found["changes"]] == ["mine"]
    whole = asked(worked_on, "changes", "diff")
    assert whole["from"] is None
    assert {"path": r"odd\n\x1b[2J\xff", "base64": base64.b64encode(ODD).decode()}.items() <= next(
        change for change in whole["changes"] if "base64" in change
    ).items()
