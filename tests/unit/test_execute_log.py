"""What `gen log` tells of a run, from a journal and logs that may be anything."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.execute.bundle import Bundle
from generator.execute.history import last_run, read_journal, run_history
from generator.execute.lock import BOOT, is_at_work
from generator.execute.report import follow, summary
from tests.unit.faking import GEN, RUN, fake_bundle, gen, journal, log

BEGIN = ("begin", "-", "-")
END = ("end", "-", "run")
LATER = "20261122T040000Z-5"


def doing(step: str) -> tuple[str, str, str]:
    return ("doing", step, "-")


def done(step: str) -> tuple[str, str, str]:
    return ("done", step, "-")


def undone(step: str, scope: str = "run") -> tuple[str, str, str]:
    return ("undone", step, scope)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A fake bundle named b in the folder that the commands run in."""
    return fake_bundle(tmp_path / "b")


def shown(bundle: Path, *words: str) -> str:
    """What `gen log` prints."""
    result = gen(bundle.parent, "log", "b", *words)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_a_committed_run(bundle: Path) -> None:
    journal(bundle, BEGIN, doing("20-make"), done("20-make"), ("commit", "-", "-"))
    log(bundle, "10-look.verify.log", [])
    assert shown(bundle) == (
        f"run {RUN}: committed\n"
        "  began 2026-11-22T03:10:01Z, ended 2026-11-22T03:10:04Z\n"
        "  10-look  looked at        Look at the host\n"
        "  20-make  done             Make the image\n"
        f"logs: {bundle}/.state/logs/{RUN}\n"
    )


def test_a_failed_run_shows_the_log_the_hint_and_nothing_that_steers_a_terminal(bundle: Path) -> None:
    journal(
        bundle, BEGIN, doing("10-look"), done("10-look"), doing("20-make"), undone("20-make"), undone("10-look"), END
    )
    lines = [*(f"line {number}" for number in range(40)), "2026-11-22T03:10:01Z \x1b[31mred\x1b[0m\x07"]
    log(bundle, "20-make.do.log", lines)
    text = shown(bundle)
    assert f"run {RUN}: rolled back\n" in text
    assert "It failed at 20-make: Make the image\n  .state/logs/" in text
    assert "  | line 26\n" in text
    assert "  | line 25\n" not in text
    assert "  | \\x1b[31mred\\x1b[0m\\x07\n  mend: df -h\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("records", "outcome", "failed"),
    [
        ((BEGIN, doing("20-make"), done("20-make"), ("commit", "-", "-")), "committed", None),
        ((BEGIN, doing("20-make"), undone("20-make"), END), "rolled back", "20-make"),
        ((BEGIN, doing("10-look"), done("10-look"), undone("10-look"), END), "rolled back", "30-begin"),
        ((BEGIN, doing("20-make")), "open", "20-make"),
        ((("begin", "-", "all"), undone("20-make", "all"), ("end", "-", "all")), "rolled back", None),
        ((), "nothing changed", "30-begin"),
    ],
)
def test_how_a_run_ended(bundle: Path, records: tuple[tuple[str, str, str], ...], outcome: str, failed: str) -> None:
    journal(bundle, *records)
    log(bundle, "30-begin.verify.log", ["cannot tell"])
    data = json.loads(shown(bundle, "--json"))
    assert (data["outcome"], data["failed_step"], data["run"]) == (outcome, failed, RUN)
    assert data["kind"] == ("rollback" if ("begin", "-", "all") in records else "start")


def test_an_open_run_says_what_brings_it_to_its_end(bundle: Path) -> None:
    journal(bundle, BEGIN, doing("20-make"))
    log(bundle, "20-make.do.log", ["half way"])
    text = shown(bundle)
    assert "gen recover b" in text
    # Nothing failed, so what mends a failure of that step is no help.
    assert ("It was cut off at 20-make" in text, "  mend:" in text) == (True, False)
    log(bundle, "20-make.undo.log", ["cannot be removed"])
    assert "It failed at 20-make" in shown(bundle), "its undo was tried: then it had failed"


def test_the_last_run_is_shown_unless_another_is_named(bundle: Path) -> None:
    journal(bundle, BEGIN, doing("20-make"), ("commit", "-", "-"))
    (bundle / ".state/logs/20261122T050000Z-6").mkdir()  # stop.sh leaves an empty one
    log(bundle, "10-look.do.log", ["no engine"], run=LATER)
    (bundle / ".state/logs/last").symlink_to(LATER)
    assert shown(bundle).startswith(f"run {LATER}: nothing changed\n")
    assert shown(bundle, "--run", RUN).startswith(f"run {RUN}: committed\n")


def test_no_run_is_said_so(bundle: Path) -> None:
    result = gen(bundle.parent, "log", "b")
    assert (result.returncode, result.stdout) == (2, "")
    assert "There is no run of b" in result.stderr
    assert "gen up b" in result.stderr
    assert "There is no run x-1 of b" in gen(bundle.parent, "log", "b", "--run", "x-1").stderr


def test_a_damaged_journal_is_counted_and_not_believed(bundle: Path) -> None:
    journal(bundle, BEGIN, doing("20-make"), ("commit", "-", "-"))
    with (bundle / ".state/journal.jsonl").open("ab") as file:
        file.write(b'garbage\n{"run":"../../etc","event":"begin","step":"-","scope":"-","time":"x"}\n\xff\n[]\n{"torn')
    assert "5 lines of the journal cannot be read" in shown(bundle)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.binary(max_size=80), max_size=8))
def test_no_journal_and_no_log_breaks_it(bundle: Path, lines: list[bytes]) -> None:
    journal(bundle, BEGIN, doing("20-make"))
    log(bundle, "20-make.do.log", []).write_bytes(b"\n".join(lines))
    with (bundle / ".state/journal.jsonl").open("ab") as file:
        file.write(b"\n".join(lines))
    found = Bundle(path=bundle, shown="b")
    read = read_journal(found)
    run = last_run(found, read)
    assert run is not None
    for line in summary(found, read, run_history(found, read, run, alive=False)):
        assert line.isprintable() or "\t" in line
    (bundle / ".state/journal.jsonl").unlink()


def lock(bundle: Path, pid: int) -> None:
    """The lock of a run, as the runner makes it."""
    start = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    (bundle / ".state").mkdir(exist_ok=True)
    (bundle / ".state/lock").symlink_to(f"{pid}:{start}:{BOOT.read_text().strip()}")


def test_a_run_is_at_work_while_its_lock_has_a_living_owner(bundle: Path) -> None:
    found = Bundle(path=bundle, shown="b")
    assert not is_at_work(found)
    lock(bundle, os.getpid())
    assert is_at_work(found)
    for owner in (f"{os.getpid()}:1:boot", "999999999:1:boot", "x:y:z", "nonsense"):
        (bundle / ".state/lock").unlink()
        (bundle / ".state/lock").symlink_to(owner)
        assert not is_at_work(found)


def test_following_shows_what_is_written_until_the_run_ends(bundle: Path) -> None:
    found = Bundle(path=bundle, shown="b")
    lock(bundle, os.getpid())
    log(bundle, "10-look.do.log", ["an earlier run"], run="20200101T000000Z-1")
    first = log(bundle, "10-look.do.log", ["from the beginning"])
    pauses = iter((
        lambda: first.open("a").write("half "),
        lambda: first.open("a").write("a line\n\x1b[2J\n"),
        lambda: log(bundle, "20-make.do.log", ["new"]),
        lambda: ((bundle / ".state/lock").unlink(), first.open("a").write("the last\n")),
    ))  # fmt: skip
    assert list(follow(found, RUN, pause=lambda _: next(pauses)())) == [  # type: ignore[func-returns-value]
        "10-look.do | from the beginning",
        "10-look.do | half a line",
        "10-look.do | \\x1b[2J",
        "20-make.do | new",
        "10-look.do | the last",
    ]


def test_following_a_log_that_was_shortened_goes_on_with_its_newest_end(bundle: Path) -> None:
    found = Bundle(path=bundle, shown="b")
    lock(bundle, os.getpid())
    first = log(bundle, "10-look.do.log", ["one", "two " * 100])
    pauses = iter((
        lambda: first.write_text("one\n… bytes are left out\nnew\n"),
        lambda: (bundle / ".state/lock").unlink(),
    ))  # fmt: skip
    shown = list(follow(found, RUN, pause=lambda _: next(pauses)()))  # type: ignore[func-returns-value]
    assert shown[2:] == [
        "10-look.do | …",
        "10-look.do | one",
        "10-look.do | … bytes are left out",
        "10-look.do | new",
    ]


def test_following_ends_with_the_summary(bundle: Path) -> None:
    journal(bundle, BEGIN, doing("20-make"))
    log(bundle, "20-make.do.log", ["at work"])
    with subprocess.Popen(("sleep", "30")) as sleeper:
        lock(bundle, sleeper.pid)
        process = subprocess.Popen((*GEN, "log", "b", "-f"), cwd=bundle.parent, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "20-make.do | at work\n"
        assert f"run {RUN}: under way\n" in shown(bundle)
        sleeper.kill()
        rest = process.stdout.read()
    assert process.wait(600) == 0
    assert rest.startswith(f"run {RUN}: open\n")


BEGUN = {"schema": 1, "time": "2026-11-22T05:00:00Z", "id": "A-1", "event": "begin", "user": "root", "uid": 0,
         "sudo_user": "eve", "tty": None, "parent": "cron", "command": ["sh", "-c", "echo 'a b' \x1b[2J"]}  # fmt: skip
ENDED = {"schema": 1, "time": "2026-11-22T05:00:03Z", "id": "A-1", "event": "end", "code": 3, "seconds": 2}


def audit(bundle: Path, *records: object, name: str = "audit.jsonl") -> None:
    (bundle / ".state").mkdir(exist_ok=True)
    (bundle / ".state" / name).write_text("".join(f"{json.dumps(record)}\n" for record in records))


def test_the_audit_log_is_a_line_a_command(bundle: Path) -> None:
    audit(bundle, BEGUN, ENDED, name="audit-20261122T050000Z-1.jsonl")
    audit(bundle, {**BEGUN, "id": "B-2", "sudo_user": None, "tty": "/dev/pts/1", "command": ["bash", "-l"]})
    assert shown(bundle, "--audit").splitlines() == [
        """2026-11-22T05:00:00Z  eve as root by cron  exit 3 after 2s  sh -c 'echo '"'"'a b'"'"' \\x1b[2J'""",
        "2026-11-22T05:00:00Z  root /dev/pts/1  no end  bash -l",
    ]
    data = json.loads(shown(bundle, "--audit", "--json"))
    assert [(told["id"], told["command"][0], told["code"]) for told in data] == [
        ("A-1", "sh", 3),
        ("B-2", "bash", None),
    ]


def test_the_audit_log_of_nothing_is_empty_and_a_damaged_one_tells_what_it_can(bundle: Path) -> None:
    assert shown(bundle, "--audit") == ""
    audit(bundle, [], 7, "x", {"event": "end", "id": "C"}, {"event": "begin"}, BEGUN)
    with (bundle / ".state/audit.jsonl").open("ab") as file:
        file.write(b'\xff\n{"torn')
    assert "sh -c" in shown(bundle, "--audit")
    assert len(json.loads(shown(bundle, "--audit", "--json"))) == 2


def test_the_audit_log_tells_of_no_run(bundle: Path) -> None:
    for words in (("--audit", "--follow"), ("--audit", "--run", RUN)):
        assert gen(bundle.parent, "log", "b", *words).returncode == 2
    (bundle / ".state/audit.jsonl").mkdir(parents=True)
    result = gen(bundle.parent, "log", "b", "--audit")
    assert (result.returncode, "Only its owner may read it" in result.stderr) == (4, True)
