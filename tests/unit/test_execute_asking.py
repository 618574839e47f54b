"""Programs that are asked something, processes that are looked for by name, and a view that remembers."""

import os
import time
from pathlib import Path

import pytest

from generator.execute.lock import BOOT, process_lives
from generator.execute.process import Answer, ask
from generator.execute.recorder import MOST_LINES, Recorder


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("sh", "-c", "echo out; echo errors >&2; exit 3"), Answer(code=3, text="out\nerrors\n")),
        (("printf", "\\377"), Answer(code=0, text="\ufffd")),
        (("no-such-program-anywhere",), Answer(code=127, text="No such file or directory")),
        (("cat",), Answer(code=0, text="")),
    ],
)
def test_what_a_program_says(words: tuple[str, ...], answer: Answer) -> None:
    assert ask(*words, limit=600) == answer


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    # The child holds the pipe: who waits for its end waits for the child.
    script = f"sleep 3600 & echo $! >'{tmp_path}/child'; wait"
    assert ask("sh", "-c", script, limit=0.5) == Answer(code=124, text="")
    child = Path("/proc") / (tmp_path / "child").read_text("ascii").strip() / "stat"
    end = time.monotonic() + 600
    while child.exists() and child.read_text("ascii").rpartition(")")[2].split()[0] not in "ZX":
        assert time.monotonic() < end, "the child was left alive"


def test_a_process_lives_only_under_its_whole_name() -> None:
    start = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19]
    boot = BOOT.read_text("ascii").strip()
    assert process_lives(f"{os.getpid()}:{start}:{boot}")
    for other in (
        f"{os.getpid()}:{start}:before",
        f"{os.getpid()}:1:{boot}",
        f"999999:{start}:{boot}",
        "x",
        "",
        "../1:2:3",
    ):
        assert not process_lives(other)


def test_a_recorder_keeps_the_end_and_no_more() -> None:
    recorder = Recorder()
    for number in range(MOST_LINES * 3):
        recorder.line("stdout", str(number))
        recorder.line("stderr", str(number))
    recorder.notice("waiting")
    assert (len(recorder.lines), len(recorder.errors)) == (MOST_LINES, MOST_LINES)
    assert (recorder.lines[-1], recorder.errors[-1]) == (str(MOST_LINES * 3 - 1), "gen: waiting")
    assert recorder.last("failed") is None
