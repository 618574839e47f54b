"""What a look is: what a terminal shows, what its reader says was seen, and what a pipe's reader took."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.unit.isolated import PYTHON
from tests.unit.test_apply_seen import Asked, refused, tracked
from tests.unit.tracking import LIB, Tracked

__all__ = ["tracked"]

# A pager, how many rows the terminal has, what is answered where it asks, and whether that was a look.
LOOKS = [
    ("true", 0, None, False),
    ("sleep 0.3", 0, None, False),
    ("cat", 5, None, True),
    ("none-such", 5, None, True),
    # All of it is on the screen, so that no pager is started.
    ("head -1", 50, None, True),
    ("head -1", 5, b"\n", False),
    ("head -1", 0, b"n\n", False),
    ("sh -c 'sleep 1; cat'", 5, b"y\n", True),
    ("sh -c cat", 5, b"\x04", False),
]


@pytest.mark.parametrize(("pager", "rows", "answer", "taken"), LOOKS)
def test_a_pager_that_need_not_have_shown_it_is_no_look(
    tracked: Tracked, pager: str, rows: int, answer: bytes | None, taken: bool
) -> None:
    asked = Asked(tracked, "review", rows, PAGER=pager)
    if answer:
        asked.until(b"Was all of it seen? [y/N] ")
        assert asked.answer(answer) == 0
    else:
        asked.until(b"(never)")
        assert asked.process.wait() == 0
    assert (b"[y/N]" in asked.shown) == (answer is not None)
    assert (b"does not take it for reviewed" in asked.shown) != taken
    assert (tracked.run("apply", "--yes", check=False).returncode == 0) == taken


@pytest.mark.parametrize(
    ("reader", "taken"),
    [("cat >/dev/null", True), ("sleep 3", False), ("true", False), ("{ read -r x; sleep 0.3; cat; }", True)],
)
def test_of_a_pipe_it_counts_what_its_reader_took(tracked: Tracked, reader: str, taken: bool) -> None:
    command = (*map(str, PYTHON), str(LIB), "--state", str(tracked.state), "review")
    script = f"{{ sleep 0.1; {shlex.join(command)}; }} | {reader}"
    done = subprocess.run(("bash", "-c", script), capture_output=True, text=True, check=False)
    assert ("does not take it for reviewed" in done.stderr) != taken
    assert (tracked.run("apply", "--yes", check=False).returncode == 0) == taken


def test_what_nobody_reads_is_no_look_and_a_file_is_one(tracked: Tracked, tmp_path: Path) -> None:
    command = (*PYTHON, LIB, "--state", tracked.state, "review")
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    assert done.stderr == b"gen: the review went where nobody reads it, so that apply does not take it for reviewed\n"
    refused(tracked, "--yes")
    with (tmp_path / "kept").open("wb") as out:
        subprocess.run(command, stdout=out, check=True)
    assert tracked.run("apply", "--yes").returncode == 0


def test_on_a_terminal_nothing_comes_of_which_somebody_says_that_they_have_not_seen_it(tracked: Tracked) -> None:
    asked = Asked(tracked, rows=5, PAGER="sh -c cat")
    asked.until(b"Was all of it seen? [y/N] ")
    assert asked.answer(b"n\n") == 4
    assert (tracked.project / "a").read_text() == "old\n"
