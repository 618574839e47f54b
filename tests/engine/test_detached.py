"""A command that lives on after its caller: with a number, a log and an end, at the latest the sandbox's."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Bundle, bundle_maker, run, until
from tests.engine.test_leash import LOOP, goes_on, running, ticks, told
from tests.engine.test_safe import make_project

CHILDREN = f"setsid sh -c '{LOOP}' & trap '' TERM HUP INT; {LOOP}"
HOSTILE = (
    r"printf '\033]0;title\007\302\233\342\200\256\nerror: a line of its own\n\n'; "
    "sleep 1; echo err >&2; sleep 1; printf 'no end'"
)


def detached(bundle: Bundle, command: str, *options: str) -> int:
    """The number of that line of a shell, which goes on by itself."""
    script = "scripts/exec.sh" if (bundle.path / "scripts/exec.sh").exists() else "scripts/connect.sh"
    done = bundle.script(script, *options, "--detach", "--", "bash", "-c", command)
    number = int(done.stdout)
    assert f"scripts/logs.sh {number}" in done.stderr
    return number


def listed(bundle: Bundle) -> dict[int, dict[str, Any]]:
    found = json.loads(bundle.script("scripts/ps.sh", "--json").stdout)
    return {command["number"]: command for command in found["commands"]}


def seen(bundle: Bundle, number: int) -> tuple[str, int | None, str | None]:
    """How it is, and how it ended."""
    command = listed(bundle)[number]
    return command["state"], command["exit"], command["ended_by"]


def ended(bundle: Bundle, number: int) -> tuple[int | None, str | None]:
    until(lambda: seen(bundle, number)[0] == "ended")
    return seen(bundle, number)[1:]


def sees_to_what_is_detached(bundle: Bundle) -> None:
    """It goes on, is seen, and ends in each way there is. The sandbox runs afterwards."""
    told(bundle, "rm -f ticks")
    number = detached(bundle, CHILDREN)
    until(lambda: ticks(bundle) > 0)
    assert goes_on(bundle)
    assert seen(bundle, number) == ("running", None, None)
    bundle.script("scripts/kill.sh", str(number))
    assert seen(bundle, number) == ("ended", 143, "signal")
    assert not goes_on(bundle)

    assert ended(bundle, detached(bundle, "sleep 100", "--timeout", "1s")) == (124, "time")
    assert ended(bundle, detached(bundle, "exit 7")) == (7, "itself")

    number = detached(bundle, CHILDREN)
    until(lambda: goes_on(bundle))
    bundle.script("scripts/stop.sh")
    assert seen(bundle, number) == ("ended", 143, "sandbox")
    bundle.start()
    assert not goes_on(bundle)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Bundle]:
    """One for the tests of this file."""
    with running(tmp_path_factory.mktemp("detached"), base_image, "docker") as bundle:
        yield bundle


def test_it_goes_on_is_seen_and_ends(sandbox: Bundle) -> None:
    sees_to_what_is_detached(sandbox)


def test_of_a_paused_sandbox_no_end_is_claimed(sandbox: Bundle) -> None:
    told(sandbox, "rm -f ticks")
    number = detached(sandbox, LOOP)
    until(lambda: ticks(sandbox) > 0)
    run("docker", "pause", sandbox.name)
    refused = sandbox.script("scripts/kill.sh", str(number), check=False)
    run("docker", "unpause", sandbox.name)
    assert (refused.returncode, "may still run" in refused.stderr) == (1, True)
    assert goes_on(sandbox)
    sandbox.script("scripts/kill.sh", str(number))
    assert not goes_on(sandbox)


def test_under_gvisor_it_does_so_as_well(tmp_path: Path, base_image: str) -> None:
    with running(tmp_path, base_image, "gvisor") as bundle:
        sees_to_what_is_detached(bundle)


def test_what_it_prints_is_kept_and_steers_nothing(sandbox: Bundle) -> None:
    number = detached(sandbox, f"{HOSTILE}; sleep 2")
    followed = sandbox.script("scripts/logs.sh", "--follow", str(number)).stdout
    assert followed == sandbox.script("scripts/logs.sh", str(number)).stdout
    lines = [r"\x1b]0;title\x07\x9b\xe2\x80\xae", "error: a line of its own", "", "err", "no end"]
    assert followed.split("\n") == [*lines, ""]
    command = "printf '\x1b[31m'\n: second line"
    number = detached(sandbox, command)
    table = sandbox.script("scripts/ps.sh").stdout
    assert "\x1b" not in table
    assert r"\x1b[31m" in table
    assert r"\x0a: second line" in table
    assert listed(sandbox)[number]["command"] == ["bash", "-c", command]


def test_of_much_the_beginning_and_the_end_are_kept(sandbox: Bundle) -> None:
    number = detached(sandbox, "echo first; head -c 9000000 /dev/zero | tr '\\0' x; yes | head -n 300000; echo last")
    until(lambda: seen(sandbox, number)[0] == "ended")
    log = sandbox.path / f".state/commands/{number}/log"
    assert log.stat().st_size < 5 << 20
    shown = sandbox.script("scripts/logs.sh", str(number)).stdout.splitlines()
    assert (shown[0], shown[-1]) == ("first", "last")
    assert any("bytes are left out here" in line for line in shown)


def test_what_is_refused_is_said_to_the_caller(sandbox: Bundle, tmp_path: Path) -> None:
    script = "scripts/connect.sh"
    for options in (["--detach"], ["--detach", "--"]):
        assert sandbox.script(script, *options, check=False).returncode == 2
    wrong: list[list[str]] = [["99999"], ["x"], [""], [], ["-1"], ["../1"]]
    for words in wrong:
        for name in ("logs", "kill"):
            assert sandbox.script(f"scripts/{name}.sh", *words, check=False).returncode == 2
    # Nothing that cannot be written down is begun.
    audit = sandbox.path / ".state/audit.jsonl"
    audit.rename(tmp_path / "audit")
    audit.mkdir()
    try:
        done = sandbox.script(script, "--detach", "--", "touch", "/workspace/begun", check=False)
    finally:
        audit.rmdir()
        (tmp_path / "audit").rename(audit)
    assert (done.returncode, done.stdout) == (4, "")
    assert "cannot be written down" in done.stderr
    assert done.stderr.count("gen: result=refused") == 1
    assert told(sandbox, "ls begun") == ""


def test_the_numbers_of_others_and_files_of_the_agents_mean_nothing(sandbox: Bundle) -> None:
    """What ps says comes from this host; a mark in the sandbox that is somebody else's reaches nobody here."""
    number = detached(sandbox, "sleep 1000")
    mark = listed(sandbox)[number]["id"]
    told(sandbox, f"mkdir -p .state/commands/77; echo x >.state/commands/77/begun; GEN_COMMAND={mark} setsid sleep 5 &")
    assert 77 not in listed(sandbox)
    sandbox.script("scripts/kill.sh", str(number))
    assert seen(sandbox, number) == ("ended", 143, "signal")


def test_one_that_nobody_waits_for_any_more_is_lost_and_can_be_ended(sandbox: Bundle) -> None:
    told(sandbox, "rm -f ticks")
    number = detached(sandbox, CHILDREN)
    until(lambda: ticks(sandbox) > 0)
    begun = (sandbox.path / f".state/commands/{number}/begun").read_text().split()
    os.kill(int(begun[3].split(":")[0]), signal.SIGKILL)
    until(lambda: seen(sandbox, number)[0] == "lost")
    assert goes_on(sandbox)
    sandbox.script("scripts/kill.sh", str(number))
    assert seen(sandbox, number) == ("ended", None, "signal")
    assert not goes_on(sandbox)


def test_a_sandbox_that_ends_by_itself_ends_them(sandbox: Bundle) -> None:
    number = detached(sandbox, "sleep 1000")
    run("docker", "kill", sandbox.name)
    assert ended(sandbox, number)[1] == "sandbox"
    sandbox.start()


def test_those_that_have_ended_go_one_day_and_no_number_comes_again(sandbox: Bundle) -> None:
    first = detached(sandbox, "exit 0")
    for _ in range(25):
        last = detached(sandbox, "exit 0")
    ended(sandbox, last)
    assert detached(sandbox, "exit 0") == last + 1
    assert first not in listed(sandbox)
    assert len(list((sandbox.path / ".state/commands").iterdir())) < 50


def test_an_attached_one_is_listed_and_can_be_ended_too(sandbox: Bundle) -> None:
    from tests.engine.test_leash import begun

    client = begun(sandbox, "--", "bash", "-c", LOOP)
    (number,) = (number for number, command in listed(sandbox).items() if command["how"] == "attached")
    sandbox.script("scripts/kill.sh", str(number))
    client.communicate(timeout=600)
    assert client.returncode == 143
    assert number not in listed(sandbox)


def commits(bundle: Bundle) -> list[tuple[str | None, list[str]]]:
    """Command and what ran beside it, oldest first."""
    found = json.loads(bundle.script("scripts/changes.sh", "--json").stdout)["commits"]
    return [(commit["command"], commit["beside"]) for commit in reversed(found)]


def test_in_a_copy_it_has_a_commit_of_its_own_and_what_is_shared_is_said(tmp_path: Path, base_image: str) -> None:
    tmp_path.chmod(0o755)
    project = make_project(tmp_path / "project")
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        bundle = make()
        bundle.script("scripts/start.sh", "--project", str(project))
        long = "echo 1 >one; until [ -e go ]; do sleep 0.1; done; sleep 2; echo 2 >two"
        number = detached(bundle, long)
        until(lambda: told(bundle, "ls one") != "")
        bundle.script("scripts/exec.sh", "--", "touch", "short")
        bundle.script("scripts/exec.sh", "--", "touch", "go")
        ended(bundle, number)
        bundle.script("scripts/exec.sh", "--", "touch", "alone")
        shown = f"bash -c '{long}'"
        assert commits(bundle) == [
            ("sh -c 'ls one'", [shown]),
            ("touch short", [shown]),
            ("touch go", [shown]),
            (shown, []),
            ("touch alone", []),
        ]
        assert f"(while this ran as well: {shown})" in bundle.script("scripts/changes.sh").stdout
        # As long as one runs, nobody can tell what the last one changed.
        number = detached(bundle, "sleep 1000")
        refused = bundle.script("scripts/undo.sh", check=False)
        assert (refused.returncode, f"scripts/kill.sh {number}" in refused.stderr) == (4, True)
        bundle.script("scripts/kill.sh", str(number))
        bundle.script("scripts/undo.sh")
        # What it changed until a stop is its own as well.
        long = "echo 3 >three; sleep 1000"
        detached(bundle, long)
        upper = bundle.path / ".state/project/disk/upper"
        until((upper / "three").exists)
        bundle.script("scripts/stop.sh")
        assert commits(bundle)[-1] == (f"bash -c '{long}'", [])
