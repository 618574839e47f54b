"""What a command began is found and ended from this host; a folder with the same files stands for the control group."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.test_law_shell import TEMPLATES

# What a command leaves: a program, and one that does not want to end.
LOOPS = ("sleep 60", "trap '' TERM; while :; do sleep 0.1; done")
END = """BUNDLE=$1 STATE=$2; . "$1/lib/leash.sh" 2>/dev/null; . "$1/lib/frozen.sh"
exec sh -c "$FREEZE$OUTSIDE$LEASH" leash the-mark 1 "$2" """


def ended(group: Path) -> int:
    return subprocess.run(["bash", "-c", END, "end", TEMPLATES, group], check=False, timeout=600).returncode


@pytest.fixture
def group(tmp_path: Path) -> Path:
    (tmp_path / "freezer.state").write_text("THAWED\n")
    return tmp_path


def test_what_bears_the_mark_ends_and_nothing_else(group: Path) -> None:
    env = {**os.environ, "GEN_COMMAND": "the-mark"}
    marked = [subprocess.Popen(["sh", "-c", loop], env=env) for loop in LOOPS]
    other = subprocess.Popen(["sleep", "60"], env={**env, "GEN_COMMAND": "the-mark-of-another"})
    beyond = subprocess.Popen(["sleep", "60"], env=env)
    try:
        (group / "cgroup.procs").write_text("".join(f"{one.pid}\n" for one in (*marked, other)))
        assert ended(group) == 0
        assert all(one.wait(timeout=600) < 0 for one in marked)
        assert (other.poll(), beyond.poll()) == (None, None)
        assert (group / "freezer.state").read_text() == "THAWED\n"
    finally:
        for one in (*marked, other, beyond):
            one.kill()
            one.wait()


def test_a_sandbox_that_is_paused_stays_so(group: Path) -> None:
    (group / "freezer.state").write_text("FROZEN\n")
    assert ended(group) == 1
    assert (group / "freezer.state").read_text() == "FROZEN\n"


def test_what_cannot_be_asked_is_no_answer(tmp_path: Path) -> None:
    assert ended(tmp_path / "none") == 1
