"""`gen plan` and `gen up --approve` on a fake bundle: what is asked of its scripts, and how the answer is shown."""

import json
from pathlib import Path

import pytest

from generator.execute.plan import read_plan
from tests.unit.faking import PLAN, fake_bundle, gen
from tests.unit.terminals import Terminal

REASONS = (
    '{"step":"10-look","what":"no mirror \\u001b[31m answers","fix":"name another one","owner_only":true},'
    '{"step":null,"what":"the disk is full","fix":"df -h","owner_only":false}'
)
MOVED = '{"kind":"container","id":"c0ffee","state":"running","name":"fake","new_name":"fake-aside-1"}'
# What a bundle of today tells besides.
TODAY = (
    PLAN.replace('"schema":1', f'"schema":2,"blocked":[],"moves":[{MOVED}],"aside":[{MOVED}],"names":[]')
    .replace('"says":["[bold]not there"]', '"says":[],"would":["the image trusts 3 certificates"]')
    .replace('"state":"kept"', '"state":"may","would":[]')
)
BLOCKED = TODAY.replace('"blocked":[]', f'"blocked":[{REASONS}]') + "exit 4\n"
STOPPED = (
    f"""echo '{{"schema":2,"name":"fake","hash":null,"open_run":null,"undo_first":[],"blocked":[{REASONS}],"""
    """"moves":[],"aside":[],"names":[],"steps":[],"rollback":null}'\nexit 4\n"""
)
UNKNOWN = PLAN.replace('"state":"do"', '"state":"unknown"') + "echo 'error: the engine is silent' >&2\nexit 4\n"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with one fake bundle under ./bundles."""
    fake_bundle(tmp_path / "bundles" / "fake")
    return tmp_path


def test_without_a_terminal_the_script_speaks_for_itself(here: Path) -> None:
    done = gen(here, "plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the plan \ngen: result=ok run=- failed_step=-\n"
    assert gen(here, "plan", "-q").stdout == ""


def test_json_is_the_scripts_own_document_and_nothing_else(here: Path) -> None:
    done = gen(here, "plan", "fake", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["hash"] == "a1" * 32
    assert gen(here, "plan", "--json", "-q").stdout == ""


def test_what_cannot_be_known_is_shown_and_refused(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", plan=UNKNOWN)
    done = gen(tmp_path, "plan", "b", "--json")
    assert (done.returncode, done.stderr) == (4, "error: the engine is silent\n")
    assert json.loads(done.stdout)["steps"][1]["state"] == "unknown"
    terminal = Terminal(tmp_path, "plan", "b")
    assert terminal.end() == 4
    assert "? unknown" in terminal.shown
    assert "--approve" not in terminal.shown


def shown(folder: Path, plan: str) -> tuple[int, str]:
    """What a terminal shows of a plan, in words, and the exit code."""
    fake_bundle(folder / "b", plan=plan)
    terminal = Terminal(folder, "plan", "b")
    code = terminal.end()
    assert b"\x1b[31m answers" not in terminal.output
    return code, " ".join(terminal.shown.split())


def test_what_may_be_done_and_what_stands_aside_is_shown(tmp_path: Path) -> None:
    code, words = shown(tmp_path, TODAY)
    assert code == 0
    assert "~ may Look at the host only if it is needed: that is decided on the way" in words
    assert "here: the image trusts 3 certificates" in words
    assert "container fake is not ours: called fake-aside-1 until gen rollback" in words
    assert "--approve" in words


@pytest.mark.parametrize("plan", [BLOCKED, STOPPED])
def test_what_stops_a_start_is_shown_with_who_may_decide(tmp_path: Path, plan: str) -> None:
    code, words = shown(tmp_path, plan)
    assert code == 4
    assert (
        "A start would stop here, and only the owner of this machine may decide: no mirror \\x1b[31m answers "
        "mend: name another one"
    ) in words
    assert "A start would stop here: the disk is full mend: df -h" in words
    assert "--approve" not in words


def test_on_a_terminal_there_is_a_table(here: Path) -> None:
    terminal = Terminal(here, "plan")
    assert terminal.end() == 0
    shown = " ".join(terminal.shown.split())
    for words in (
        "The last run (x-1) was interrupted. First is undone: 20-make",
        "✓ kept Look at the host nothing: it holds",
        "engine: the image",
        # What a script says is text: neither markup of the table nor orders to the terminal.
        "Make the \\x1b[31mimage",
        "[bold]not there",
        "the workspace, 1.0 MiB in storage/w.img: kept, and lost only with --delete-data",
        "git in /workspace/r: 2 files changed, an unknown number of commits in no remote",
        f"gen up fake --approve {'a1' * 32}",
    ):
        assert words in shown
    assert b"\x1b[31m" not in terminal.output


def test_no_color_takes_the_colours_away(here: Path) -> None:
    plain, coloured = Terminal(here, "plan", NO_COLOR="1"), Terminal(here, "plan")
    plain.end(), coloured.end()
    assert b"\x1b[32m" in coloured.output
    assert b"\x1b[32m" not in plain.output


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"steps":1,"rollback":2}', '{"name":"x","steps":[{}],"rollback":{}}']
)
def test_what_is_no_plan_is_none(text: str) -> None:
    assert read_plan(text) is None


def test_a_document_that_gen_does_not_know_is_shown_as_it_is(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", plan="echo '{\"schema\":3}'")
    terminal = Terminal(tmp_path, "plan", "b")
    assert terminal.end() == 0
    assert terminal.shown.strip() == '{"schema":3}'


def test_up_hands_the_approval_to_the_script(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", start='echo "start <$*>"')
    assert gen(tmp_path, "up", "b", "--approve", "a b").stdout == "start <--approve a b>\n"
    assert gen(tmp_path, "up", "b").stdout == "start <>\n"


def test_a_profile_is_written_and_nothing_is_started(tmp_path: Path, data_home: Path) -> None:
    # Bash itself is the fake: a real script would ask an engine.
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "bash").write_text('#!/bin/sh\necho "would run $*"\n', "utf-8")
    (bin_ / "bash").chmod(0o755)
    done = gen(tmp_path, "plan", "--profile", "dev", PATH=f"{bin_}:/usr/bin:/bin")
    assert done.returncode == 0
    wrote, ran = done.stdout.splitlines()
    home = data_home / "sandboxes" / "dev"
    assert wrote.startswith(f"Wrote {home}: ")
    assert ran == f"would run {home}/scripts/plan.sh"
