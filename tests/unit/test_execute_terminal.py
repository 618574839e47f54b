"""What a person sees on a terminal, and what the terminal's keys do."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.faking import FAILING, GEN, fake_bundle, gen
from tests.unit.terminals import Terminal

COLOUR = re.compile(rb"\x1b\[[0-9;]*m")

# A script that undoes on a signal, as the runner does, and says which signals it got.
INTERRUPTIBLE = """\
trap 'echo "got INT" >>"$0.log"; undo' INT
trap 'echo "got TERM" >>"$0.log"; undo' TERM
trap 'echo "got HUP" >>"$0.log"; undo' HUP
undo() {
    trap 'echo again >>"$0.log"' INT TERM HUP
    emit failed 20-make; emit undoing 20-make
    sleep 1
    emit undone 20-make; emit run-ended - ',"result":"rolled-back"'
    echo 'gen: result=rolled-back run=x failed_step=20-make'
    echo over >>"$0.log"
    exit 1
}
emit run-started -
emit verifying 20-make; emit doing 20-make
echo working
for _ in $(seq 300); do sleep 0.1; done
"""


def log_of(bundle: Path) -> list[str]:
    """What the interruptible script wrote down."""
    return (bundle / "scripts/start.sh.log").read_text("utf-8").splitlines()


def wait_for_file(path: Path, text: str) -> None:
    for _ in range(200):
        if path.is_file() and text in path.read_text("utf-8"):
            return
        time.sleep(0.05)
    pytest.fail(f"{path} never held {text}")


def last_screen(terminal: Terminal) -> list[str]:
    """The list as it stands in the end."""
    lines = [line.rstrip() for line in terminal.shown.splitlines()]
    ends = [number for number, line in enumerate(lines) if re.search(r" after [0-9.]+s$", line)]
    return lines[ends[-1] - 3 : ends[-1] + 1]


def test_the_list_of_steps_stays_with_its_times(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b")
    terminal = Terminal(tmp_path, "up", "b")
    assert terminal.end() == 0
    shown = last_screen(terminal)
    assert [line.split("  ")[0] for line in shown[:3]] == [
        "✓ Look at the host",
        "✓ Make the image",
        "✓ Begin the sandbox",
    ]
    assert shown[0].endswith("holds")
    assert re.fullmatch(r"committed after [0-9.]+s", shown[3])
    # The last words come after the list.
    assert terminal.shown.rindex("committed after ") < terminal.shown.index("The sandbox fake runs.")
    assert "gen: result=" not in terminal.shown
    assert COLOUR.search(terminal.output)
    assert terminal.output.count(b"\x1b[?25l") == terminal.output.count(b"\x1b[?25h") == 1


def test_no_color_leaves_out_every_colour_and_not_the_list(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", start=FAILING)
    terminal = Terminal(tmp_path, "up", "b", NO_COLOR="1")
    assert terminal.end() == 3
    assert not COLOUR.search(terminal.output)
    assert "error: step 20-make failed" in terminal.shown
    assert re.search(r"! Look at the host +left", terminal.shown)
    assert re.search(r"residue after", terminal.shown)


def test_a_step_at_work_is_shown_with_its_time_and_the_bar(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", start="emit run-started -; emit kept 10-look; emit doing 20-make; sleep 3")
    terminal = Terminal(tmp_path, "up", "b")
    terminal.wait_for("1/3 1.")
    terminal.wait_for("1/3 2.")
    assert re.search(r"Make the image +1\.[0-9]s", terminal.shown)
    assert re.search(r"· Begin the sandbox", terminal.shown)
    assert terminal.end() == 0


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b")
    terminal = Terminal(tmp_path, "up", "b", TERM="dumb")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.output
    assert "✓ Make the image (" in terminal.shown


def test_a_narrow_terminal_cuts_titles_and_nothing_else(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", start=FAILING)
    terminal = Terminal(tmp_path, "up", "b", columns=20)
    assert terminal.end() == 3
    assert "residue after" in terminal.shown


def test_json_on_a_terminal_is_json(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b")
    terminal = Terminal(tmp_path, "up", "b", "--json")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.output
    assert terminal.shown.endswith('{"event":"exit","code":0}\n')


def test_a_script_cannot_steer_the_terminal_through_the_list(tmp_path: Path) -> None:
    fake_bundle(
        tmp_path / "b", start="""emit run-started -; printf '\\033]0;evil\\007[bold]x[/]\\n'; emit 'done' 20-make"""
    )
    terminal = Terminal(tmp_path, "up", "b")
    terminal.end()
    assert b"\x1b]0;" not in terminal.output
    assert "\\x1b]0;evil\\x07[bold]x[/]" in terminal.shown


def test_rollback_asks_on_a_terminal_and_the_answer_is_the_scripts(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b")
    terminal = Terminal(tmp_path, "rollback", "b")
    terminal.wait_for("Go on?")
    terminal.type(b"yes\n")
    assert terminal.end() == 0
    assert "said yes" in terminal.shown


def test_rollback_asks_nothing_when_it_was_told_yes(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b")
    terminal = Terminal(tmp_path, "rollback", "b", "--yes", "--delete-data")
    assert terminal.end() == 0
    assert "rollback --yes --delete-data" in terminal.shown
    assert "Go on?" not in terminal.shown


@pytest.mark.parametrize("flag", ["--json", "-q"])
def test_rollback_does_not_take_a_missing_question_for_a_yes(tmp_path: Path, flag: str) -> None:
    fake_bundle(tmp_path / "b")
    terminal = Terminal(tmp_path, "rollback", "b", flag)
    assert terminal.end() == 2
    assert "add --yes if you mean it" in terminal.shown
    assert "rollback b" not in terminal.shown


def test_rollback_without_any_standard_input_asks_nothing(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b")
    words = ("bash", "-c", 'exec "$@" <&-', "-", *GEN, "rollback", "b")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "rollback \n", "")


def test_a_shell_has_the_terminal(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", connect='[ -t 0 ] && [ -t 1 ] && read -r line && echo "heard $line"; exit 5')
    terminal = Terminal(tmp_path, "shell", "b")
    terminal.type(b"words\n")
    assert terminal.end() == 5
    assert "heard words" in terminal.shown


def test_ctrl_c_is_passed_on_once_and_the_rollback_is_waited_for(tmp_path: Path) -> None:
    bundle = fake_bundle(tmp_path / "b", start=INTERRUPTIBLE)
    terminal = Terminal(tmp_path, "up", "b")
    terminal.wait_for("working")
    terminal.type(b"\x03")
    terminal.wait_for("SIGINT was passed on to the script")
    terminal.type(b"\x03")
    terminal.wait_for("still waiting")
    assert terminal.end() == 1
    assert log_of(bundle) == ["got INT", "over"]
    assert re.search(r"✗ Make the image +failed, undone", terminal.shown)
    assert "rolled-back after" in terminal.shown


def test_a_terminal_that_goes_away_rolls_back(tmp_path: Path) -> None:
    bundle = fake_bundle(tmp_path / "b", start=INTERRUPTIBLE)
    terminal = Terminal(tmp_path, "up", "b")
    terminal.wait_for("working")
    terminal.hang_up()
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 1
    assert log_of(bundle) == ["got HUP", "over"]


def started(here: Path, *words: str, **options: object) -> subprocess.Popen[str]:
    """The command at work, when its script is."""
    process = subprocess.Popen(
        (*GEN, *words), cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )  # type: ignore[call-overload]
    assert process.stdout is not None
    while "working" not in process.stdout.readline():
        assert process.poll() is None
    return process


def test_a_signal_that_gen_gets_is_passed_on(tmp_path: Path) -> None:
    bundle = fake_bundle(tmp_path / "b", start=INTERRUPTIBLE)
    process = started(tmp_path, "up", "b")
    process.terminate()
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "result=rolled-back" in out
    assert "SIGTERM was passed on" in errors
    assert log_of(bundle) == ["got TERM", "over"]


def test_when_gen_is_killed_the_script_goes_on_to_its_end(tmp_path: Path) -> None:
    body = "emit run-started -; echo working; sleep 1; echo more; emit 'done' 20-make; echo over >\"$0.log\""
    bundle = fake_bundle(tmp_path / "b", start=f"trap '' PIPE\n{body}")
    process = started(tmp_path, "up", "b")
    process.kill()
    process.communicate(timeout=600)
    wait_for_file(bundle / "scripts/start.sh.log", "over")


def test_a_script_that_is_killed_is_told_of_with_the_mend(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", start="emit run-started -; emit doing 20-make; kill -9 $$")
    done = gen(tmp_path, "up", "b")
    assert done.returncode == 137
    assert "killed (SIGKILL)" in done.stderr
    assert "gen recover b" in done.stderr


def test_what_the_script_left_behind_is_not_waited_for(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", start=f"sleep 3600 & echo $! >'{tmp_path}/left'; echo over")
    done = gen(tmp_path, "up", "b")
    assert (done.returncode, done.stdout) == (0, "over\n")
    os.kill(int((tmp_path / "left").read_text("ascii")), signal.SIGKILL)


def test_a_reader_that_goes_away_does_not_end_the_run(tmp_path: Path) -> None:
    body = (
        "emit run-started -; for i in 1 2 3 4 5; do echo line; emit 'done' 20-make; sleep 0.1; done; touch \"$0.log\""
    )
    bundle = fake_bundle(tmp_path / "b", start=f"trap '' PIPE\n{body}; exit 3")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run((*GEN, "up", "b"), stdout=write, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (3, b"")
    assert (bundle / "scripts/start.sh.log").is_file()


def test_a_flood_of_output_and_garbage_loses_no_line_and_no_event(tmp_path: Path) -> None:
    flood = """\
    head -c 300000 /dev/urandom >>"$GEN_EVENTS"; echo >>"$GEN_EVENTS"
    emit run-started -
    for i in $(seq 20000); do echo "line $i"; done
    emit 'done' 20-make
    printf 'no end'
    """
    fake_bundle(tmp_path / "b", start=flood)
    done = gen(tmp_path, "up", "b")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("line ")] == [f"line {number}" for number in range(1, 20001)]
    assert "  ✓ Make the image" in lines
    assert lines[-1] == "no end"


def test_a_script_that_takes_the_events_away_is_still_shown(tmp_path: Path) -> None:
    fake_bundle(
        tmp_path / "b", start='rm -f "$GEN_EVENTS"; emit run-started -; echo "  ✓ as the script says it"; exit 1'
    )
    done = gen(tmp_path, "up", "b")
    assert (done.returncode, done.stdout) == (1, "  ✓ as the script says it\n")
