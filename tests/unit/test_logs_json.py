"""What scripts/logs.sh --json prints: one document, whatever the command printed."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator

from generator.bundle import write_bundle
from generator.schemas import find_schema
from tests.unit.planning import rendered

if TYPE_CHECKING:
    from pathlib import Path

PRINTED = b'2026-11-30T20:00:00Z one\n2026-11-30T20:00:01Z \x1b[31m"two" \xff\n2026-11-30T20:00:01Z \n'


def logs(bundle: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ("bash", bundle / "scripts/logs.sh", *words)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_command_and_what_it_printed_are_one_document(tmp_path: Path) -> None:
    bundle = tmp_path / "b"
    write_bundle(rendered(), bundle)
    folder = bundle / ".state/commands/3"
    folder.mkdir(parents=True)
    (bundle / ".state").chmod(0o700)
    (folder / "words").write_bytes(b"npm\0run it\0")
    (folder / "begun").write_text("2026-11-30T20:00:00Z 1 20261130T200000Z-17 17:1:x detached\n", "ascii")
    (folder / "ended").write_text("2026-11-30T20:00:09Z 3 itself 9\n", "ascii")
    (folder / "log").write_bytes(PRINTED)
    done = logs(bundle, "--json", "3")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    Draft202012Validator(find_schema("output")).validate(document)
    assert document["output"] == ["one", '\\x1b[31m"two" \\xff', ""]
    assert (document["command"]["command"], document["command"]["exit"]) == (["npm", "run it"], 3)
    assert logs(bundle, "--json", "4").returncode == 2
