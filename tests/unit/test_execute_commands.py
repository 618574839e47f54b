"""Every command on a fake bundle: what it starts, what it prints, and the exit code, which is the script's own."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from generator import cli
from generator.cli_options import complete_bundle, complete_profile
from tests.unit.faking import FAILING, events, fake_bundle, gen


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with one fake bundle under ./bundles."""
    fake_bundle(tmp_path / "bundles" / "fake")
    return tmp_path


def test_up_shows_each_step_once_and_what_else_was_said(here: Path) -> None:
    done = gen(here, "up")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == [
        "  ✓ Begin the sandbox (0.0s)",
        "  ✓ Look at the host (holds)",
        "  ✓ Make the image (0.0s)",
        "Starting the sandbox fake",
        "The sandbox fake runs.",
        "gen: result=committed run=x failed_step=-",
    ]


def test_a_failure_is_shown_with_its_log_and_its_exit_code(here: Path) -> None:
    bad = fake_bundle(here / "bad", start=FAILING)
    done = gen(here, "up", str(bad))
    assert done.returncode == 3
    assert done.stderr == "error: step 20-make failed\n"
    assert done.stdout.splitlines() == [
        "  ✗ Make the image (0.0s) log: .state/logs/x/20-make.do.log",
        "  ↩ Make the image (0.0s)",
        "  ! Look at the host (0.0s) could not be undone log: .state/logs/x/10-look.undo.log",
        "gen: result=residue run=x failed_step=20-make",
    ]


def test_json_passes_every_event_on_and_ends_with_the_exit_code(here: Path) -> None:
    bad = fake_bundle(here / "bad", start=FAILING)
    done = gen(here, "up", str(bad), "--json")
    assert done.returncode == 3
    assert events(done.stdout) == [
        "run-started", "verifying", "doing", "failed", "undoing", "undone", "undoing", "left", "run-ended", "exit",
    ]  # fmt: skip
    failed = json.loads(done.stdout.splitlines()[3])
    assert (failed["schema"], failed["step"], failed["log"]) == (1, "20-make", ".state/logs/x/20-make.do.log")
    assert done.stdout.endswith('{"event":"exit","code":3}\n')


def test_quiet_shows_errors_only(here: Path) -> None:
    bad = fake_bundle(here / "bad", start=FAILING)
    done = gen(here, "up", str(bad), "-q")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "error: step 20-make failed\n")


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 70, 130])
@pytest.mark.parametrize("flags", [(), ("--json",), ("-q",)])
def test_the_exit_code_is_the_scripts_own(tmp_path: Path, code: int, flags: tuple[str, ...]) -> None:
    fake_bundle(tmp_path / "b", start=f"exit {code}", status=f"exit {code}")
    assert gen(tmp_path, "up", "b", *flags).returncode == code
    assert gen(tmp_path, "status", "b", *flags).returncode == code


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("down", 0, "ended"),
        ("status", 1, "fake: running"),
        ("recover", 0, "ended"),
        ("test", 1, "not ok 2 - It is safe"),
        ("test --tap", 1, "TAP version 13 --tap"),
        ("test --junit r.xml", 1, "TAP version 13 --junit r.xml"),
        ("rollback", 0, "rollback \n"),
        ("rollback --yes", 0, "rollback --yes\n"),
        ("rollback --yes --delete-data", 0, "rollback --yes --delete-data\n"),
        ("rollback fake --delete-data", 0, "rollback --delete-data\n"),
        ("prune", 0, "prune\n"),
        ("prune fake --yes", 0, "prune --yes\n"),
        ("shell", 7, "<>"),
        ("shell fake", 7, "<>"),
        ("exec fake -- ls -l --help", 7, "<--><ls><-l><--help>"),
        ("exec fake ls -q", 7, "<--><ls><-q>"),
    ],
)
def test_each_command_starts_its_script(here: Path, words: str, code: int, says: str) -> None:
    done = gen(here, *words.split())
    assert (done.returncode, done.stderr) == (code, "")
    assert says in done.stdout


def test_what_goes_into_a_command_is_given_on_and_a_word_is_never_split(here: Path) -> None:
    done = gen(here, "exec", "fake", "--", "sh", "-c", "echo  a; *", "", stdin="input")
    assert (done.returncode, done.stdout) == (7, "<--><sh><-c><echo  a; *><>input")


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("exec -- ls -- -x", "-- ls -- -x"),
        ("exec --timeout 5m -- fake", "--timeout 5m -- fake"),
        ("exec --timeout=5m --detach -- fake", "--timeout 5m --detach -- fake"),
        ("exec fake -- -- x", "-- -- x"),
        ("exec fake git log -- x", "-- git log -- x"),
        ("exec --detach fake -- x", "--detach -- x"),
        ("exec fake --detach -- x", "--detach -- x"),
        ("exec fake --timeout 5m ls --timeout", "--timeout 5m -- ls --timeout"),
    ],
)
def test_what_stands_behind_the_dashes_is_never_a_name(here: Path, words: str, given: str) -> None:
    done = gen(here, *words.split())
    assert (done.returncode, done.stdout) == (7, "".join(f"<{word}>" for word in given.split()))


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("ps", "ps"),
        ("ps fake --json", "ps --json"),
        ("logs 3", "logs 3"),
        ("logs fake 3 -f", "logs --follow 3"),
        ("kill 12", "kill 12"),
        ("kill fake 12", "kill 12"),
    ],
)
def test_a_command_is_looked_at_and_ended_by_its_number(here: Path, words: str, given: str) -> None:
    done = gen(here, *words.split())
    assert (done.returncode, done.stdout) == (6, given + "\n")


def test_status_and_checks_as_json(here: Path) -> None:
    done = gen(here, "status", "--json")
    assert (done.returncode, events(done.stdout)) == (1, ["output", "exit"])
    done = gen(here, "test", "--json")
    checks = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(c["title"], c["result"]) for c in checks if c["event"] == "check"] == [
        ("It runs", "holds"),
        ("It is safe", "does-not-hold"),
    ]
    assert checks[-1] == {"event": "exit", "code": 1}


@pytest.mark.parametrize("words", ["status -q", "test -q", "down -q", "recover -q", "rollback --yes -q"])
def test_quiet_is_quiet_everywhere(here: Path, words: str) -> None:
    done = gen(here, *words.split())
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("up nosuch", 2, "There is no bundle nosuch"),
        ("up --set a=b", 2, "--set changes a profile"),
        ("up fake --profile dev", 2, "not both"),
        ("up --profile nosuch", 2, "nosuch"),
        ("plan nosuch", 2, "There is no bundle nosuch"),
        ("plan fake --profile dev", 2, "not both"),
        ("plan --set a=b", 2, "--set changes a profile"),
        ("exec fake", 2, "gen exec fake -- id"),
        ("exec fake --", 2, "Which command?"),
        ("exec", 2, "gen exec NAME -- id"),
        ("exec --detach", 2, "Which command?"),
        ("exec --", 2, "Which command?"),
        ("kill", 2, "Missing argument"),
        ("kill fake", 2, "the number of a command"),
        ("logs fake 1 2", 2, "the number of a command"),
        ("logs fake -1", 2, "No such option"),
        ("kill fake ²", 2, "the number of a command"),
        ("kill nosuch 1", 2, "There is no bundle nosuch"),
        ("test --tap --json", 2, "two formats"),
        ("log --follow --json", 2, "no --json"),
        ("log --run ../x", 2, "not the id of a run"),
        ("recover broken", 4, "has no scripts/recover.sh"),
        ("shell plain", 2, "plain is not a bundle"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_starts(here: Path, words: str, code: int, says: str) -> None:
    (here / "plain").mkdir()
    (fake_bundle(here / "broken") / "scripts/recover.sh").unlink()
    done = gen(here, *words.split())
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_json_ends_with_the_exit_code_even_when_nothing_was_started(here: Path) -> None:
    done = gen(here, "up", "nosuch", "--json")
    assert (done.returncode, done.stdout) == (2, '{"event":"exit","code":2}\n')
    assert "There is no bundle nosuch" in done.stderr


def test_without_bash_it_says_so(here: Path) -> None:
    for command in ("up", "status"):
        done = gen(here, command, "fake", PATH="/nonexistent")
        assert (done.returncode, done.stdout) == (4, "")
        assert "command -v bash" in done.stderr


def test_up_with_a_profile_writes_its_bundle_first(tmp_path: Path, data_home: Path) -> None:
    # An edited script would be refused by the compiler, and a real one would start a sandbox: bash itself is the fake.
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "bash").write_text('#!/bin/sh\necho "would start $1"\nexit 4\n', "utf-8")
    (bin_ / "bash").chmod(0o755)
    done = gen(tmp_path, "up", "--profile", "dev", "--set", "storage.size=40G", PATH=f"{bin_}:/usr/bin:/bin")
    assert done.returncode == 4
    wrote, started = done.stdout.splitlines()
    home = data_home / "sandboxes" / "dev"
    assert wrote.startswith(f"Wrote {home}: ")
    assert started == f"would start {home}/scripts/start.sh"
    assert "40G" in (home / "README.md").read_text("utf-8")


def test_a_path_of_ones_own_is_seen_from_where_one_is(tmp_path: Path) -> None:
    fake_bundle(tmp_path / "b", test_setup='pwd; printf "%s\\n" "$2"')
    assert gen(tmp_path, "test", "b", "--junit", "r.xml").stdout == f"{tmp_path}\nr.xml\n"


@pytest.mark.parametrize(
    "command", ["up", "plan", "down", "status", "test", "shell", "exec", "log", "recover", "prune", "rollback"]
)
def test_help_reads_like_a_manual(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert cli.main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert "xit code" in out
    assert f"  gen {command}" in out.partition("Examples:")[2] or command == "exec"


def test_names_are_completed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    context = click.Context(cli.gen)
    parameter = click.Argument(["bundle"])
    assert [item.value for item in complete_bundle(context, parameter, "f")] == ["fake"]
    assert [item.type for item in complete_bundle(context, parameter, "x")] == ["dir"]
    assert "dev" in [item.value for item in complete_profile(context, parameter, "d")]
    assert [item.type for item in complete_profile(context, parameter, "./")] == ["file"]


def test_a_shell_completes_a_bundle(here: Path) -> None:
    for command in ("up", "exec", "log"):
        done = gen(here, _GEN_COMPLETE="bash_complete", COMP_WORDS=f"gen {command} fa", COMP_CWORD="2")
        assert done.stdout == "plain,fake\n"


def test_what_is_slow_is_not_imported_to_drive_a_bundle(here: Path) -> None:
    script = "import sys; from generator.cli import main; main(['up', '-q']); main(['log']); print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, cwd=here, check=True)
    assert not {"rich", "pydantic", "jinja2", "docker", "ruamel.yaml", "asyncio"} & set(done.stdout.split())
