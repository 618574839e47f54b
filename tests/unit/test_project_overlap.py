"""A command whose changes were looked at before it ended, or that ran beside another, is undone as a whole."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from project.undo import before

from tests.unit.copying import Copy, copy, program

__all__ = ["copy"]
BOOT = Path("/proc/sys/kernel/random/boot_id")


def process(pid: int) -> str:
    """A process as lib/lock.sh names it."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return f"{pid}:{words[19]}:{BOOT.read_text().strip()}"


class Command:
    """A command as scripts/connect.sh writes it down."""

    def __init__(self, copy: Copy, name: str, owner: str = "") -> None:
        self.copy, self.name, self.owner = copy, name, owner or process(os.getpid())
        self.began = copy.track.head() or ""
        self.file = copy.state / f"command.{name}"
        self.write("", "")

    def write(self, code: str, seconds: str) -> None:
        """What is known of it."""
        words = (self.owner, self.began, code, seconds, "sh", "-c", self.name)
        self.file.write_text("".join(f"{word}\0" for word in words))

    def does(self, script: str) -> None:
        """It goes on."""
        subprocess.run(("bash", "-euc", script), cwd=self.copy.root, check=True)

    def ends(self, code: int = 0) -> None:
        """It has ended, and its script looks at the copy."""
        self.write(str(code), "1")
        look(self.copy)


def look(copy: Copy) -> None:
    """What review, apply and the end of any other command do."""
    done = program(copy.state, "commit", "--outside")
    assert done.returncode == 0, done.stderr.decode()


def undo(copy: Copy, count: int = 1) -> list[str]:
    """As the bundle does it."""
    copy.hide()
    done = program(copy.state, "undo", str(count))
    copy.show()
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def logged(copy: Copy) -> list[str]:
    """The log as people see it, without names and times."""
    lines = program(copy.state, "log").stdout.decode().splitlines()
    return [line.split("  ", 2)[2] for line in lines]


def test_a_look_in_the_middle_of_a_command_does_not_part_it(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    first = Command(copy, "1")
    first.does("echo 1 >a")
    first.ends()
    second = Command(copy, "2")
    second.does("echo half >u.txt; echo 2 >a")
    look(copy)
    assert logged(copy) == ["(while 1 command ran)", "sh -c 1  exit 0, 1.0 s"]
    second.does("echo whole >>u.txt")
    second.ends(3)
    assert logged(copy) == ["sh -c 2  exit 3, 1.0 s", "sh -c 1  exit 0, 1.0 s"]
    oid = str(copy.track.head())
    shown = json.loads(program(copy.state, "diff", oid, "--json").stdout)["changes"]
    assert [(one["path"], one["status"]) for one in shown] == [("a", "changed"), ("u.txt", "added")]
    assert [one["old"] for one in shown if one["path"] == "u.txt"] == [None]
    assert undo(copy) == ["undone: 2 paths", "  a", "  u.txt"]
    assert copy.look() == {"a": "1\n"}
    undo(copy)
    assert copy.look()["u.txt"] == "half\nwhole\n"
    undo(copy, 4)
    assert copy.look() == {"a": "a\n"}


def test_a_look_that_saw_all_of_a_command_leaves_it_in_the_log(copy: Copy) -> None:
    copy.enter()
    command = Command(copy, "1")
    command.does("echo whole >u.txt")
    look(copy)
    command.ends()
    assert logged(copy) == ["sh -c 1  exit 0, 1.0 s"]
    undo(copy)
    assert copy.look() == {}


def test_one_that_changes_nothing_is_in_no_log(copy: Copy) -> None:
    copy.enter()
    Command(copy, "1").ends()
    look(copy)
    assert logged(copy) == []
    assert not list(copy.state.glob("command.*"))


def test_commands_that_ran_at_the_same_time_are_undone_together_and_named(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    before_them = Command(copy, "0")
    before_them.does("echo 0 >a")
    before_them.ends()
    long, short = Command(copy, "1"), Command(copy, "2")
    short.does("echo 2 >b")
    long.does("echo half >u.txt")
    short.ends()
    long.does("echo whole >>u.txt")
    long.ends()
    assert logged(copy) == [
        "sh -c 1  exit 0, 1.0 s, with others",
        "sh -c 2  exit 0, 1.0 s  (while this ran as well: sh -c 1)",
        "sh -c 0  exit 0, 1.0 s",
    ]
    assert undo(copy) == [
        "undone: 2 paths",
        "  b",
        "  u.txt",
        "1 command more undone: they ran at the same time, and which of them changed what cannot be told",
        "  sh -c 2",
    ]
    assert copy.look() == {"a": "0\n"}
    undo(copy)
    assert sorted(copy.look()) == ["a", "b", "u.txt"]


def test_while_a_command_is_at_work_nothing_is_undone(copy: Copy) -> None:
    copy.enter()
    first = Command(copy, "1")
    first.does("echo 1 >a")
    first.ends()
    second = Command(copy, "2")
    second.does("echo 2 >a")
    copy.hide()
    for words in (("undo",), ("undo", "--foresee")):
        done = program(copy.state, *words)
        assert (done.returncode, b"1 command still at work in the sandbox" in done.stderr) == (4, True)
        assert b"sh -c 2" in done.stderr
    copy.show()
    assert copy.look() == {"a": "2\n"}
    second.ends()
    undo(copy)
    assert copy.look() == {"a": "1\n"}


@pytest.mark.parametrize("seen", [False, True])
def test_a_command_whose_script_was_killed_is_written_down_without_an_end(copy: Copy, seen: bool) -> None:
    copy.enter()
    with subprocess.Popen(("sleep", "60")) as script:
        command = Command(copy, "1", process(script.pid))
        command.does("echo half >u.txt")
        if seen:
            look(copy)
        script.kill()
        # Not waited for yet: what is left of it is no process that works.
        look(copy)
    assert logged(copy) == ["sh -c 1  its end is not known"]
    shown = json.loads(program(copy.state, "log", "--json").stdout)["commits"]
    assert [(one["kind"], one["exit"]) for one in shown[:1]] == [("command", None)]
    assert not list(copy.state.glob("command.*"))
    undo(copy)
    assert copy.look() == {}


def test_a_look_that_is_killed_writes_no_command_down_twice(copy: Copy) -> None:
    copy.enter()
    command = Command(copy, "1")
    command.does("echo 1 >a")
    look(copy)
    command.ends()
    # It was killed before it took this away.
    command.write("0", "1")
    look(copy)
    assert logged(copy) == ["sh -c 1  exit 0, 1.0 s"]


def test_an_older_history_goes_back_commit_by_commit(copy: Copy) -> None:
    copy.enter()
    for number in range(3):
        (copy.root / "a").write_text(f"{number}\n")
        copy.commit(str(number))
    names = [one.oid for one in copy.track.commits()]
    assert [before(copy.track, count)[0] for count in (1, 2, 3)] == [*names[1:], None]
