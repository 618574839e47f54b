"""What comes back is what somebody has looked at: the last review, and nothing that came into the copy since."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from project import looked

from tests.unit.applying import make, snapshot
from tests.unit.isolated import PYTHON
from tests.unit.tracking import LIB, Tracked

BASE = {"a": "old\n", "b": "old\n", "c": "old\n"}
SHOWN = {**BASE, "a": "new\n", "b": "new\n"}
LATER = {**SHOWN, "a": "new\nunseen\n", "d\x1b[2J": "unseen\n"}


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    """A project, and a change that nobody has looked at."""
    tracked = Tracked(tmp_path, BASE)
    tracked.commit(SHOWN)
    return tracked


def refused(tracked: Tracked, *words: str) -> str:
    """That an apply changes nothing; gives what it said."""
    before = snapshot(tracked.project)
    done = tracked.run("apply", *words, check=False)
    assert (done.returncode, snapshot(tracked.project)) == (4, before)
    return done.stderr


@pytest.mark.parametrize("words", [(), ("--yes",), ("--yes", "--json"), ("--yes", "--only", "a")])
def test_what_nobody_looked_at_does_not_come(tracked: Tracked, words: tuple[str, ...]) -> None:
    assert "nobody has looked" in refused(tracked, *words)


@pytest.mark.parametrize("words", [("--yes",), ("--yes", "--only", "b"), ("--yes", "--json"), ()])
def test_what_came_since_does_not_come_and_is_named(tracked: Tracked, words: tuple[str, ...]) -> None:
    tracked.run("review")
    tracked.commit(LATER)
    said = refused(tracked, *words)
    assert "not what was reviewed" in said
    assert "this came (2 paths):\nchanged  a\nadded    d\\x1b[2J\n" in said


def test_control_without_that_look_the_unseen_line_comes(tracked: Tracked, monkeypatch: pytest.MonkeyPatch) -> None:
    tracked.run("review")
    tracked.commit(LATER)
    monkeypatch.setattr(looked, "unseen", lambda *_, **__: looked.Unseen())
    tracked.run("apply", "--yes")
    assert (tracked.project / "a").read_text() == "new\nunseen\n"


@pytest.mark.parametrize("words", [(), ("--patch", "/dev/null")])
def test_what_was_shown_comes(tracked: Tracked, words: tuple[str, ...]) -> None:
    tracked.run("review", *words)
    assert tracked.run("apply", "--yes").returncode == 0
    assert (tracked.project / "a").read_text() == "new\n"


def test_what_was_approved_by_its_hash_needs_no_other_review(tracked: Tracked) -> None:
    approved = str(tracked.review()["hash"])
    assert not (tracked.state / looked.SHOWN).exists()
    assert tracked.run("apply", "--approve", approved).returncode == 0


@pytest.mark.parametrize("words", [("HEAD~1..HEAD",), ("--stat",), ("--json",), ("HEAD", "--json")])
@pytest.mark.parametrize("first", [True, False])
def test_a_part_of_it_is_no_review(tracked: Tracked, words: tuple[str, ...], first: bool) -> None:
    if first:
        tracked.run("review")
    tracked.commit(LATER)
    tracked.run("review", *words)
    refused(tracked, "--yes")


def test_the_rest_of_what_was_shown_comes_later(tracked: Tracked) -> None:
    tracked.run("review")
    tracked.run("apply", "--yes", "--only", "a")
    assert tracked.run("apply", "--yes").returncode == 0
    assert (tracked.project / "b").read_text() == "new\n"


def test_what_is_again_as_it_was_shown_comes(tracked: Tracked) -> None:
    tracked.run("review")
    tracked.commit(LATER)
    tracked.commit(SHOWN)
    assert tracked.run("apply", "--yes").returncode == 0


def test_a_removal_that_came_since_counts(tracked: Tracked) -> None:
    tracked.run("review")
    tracked.commit({name: text for name, text in SHOWN.items() if name != "c"})
    assert "removed  c" in refused(tracked, "--yes")


@pytest.mark.parametrize("words", [("--yes",), ("--yes", "--only", "b")])
def test_a_part_that_was_taken_back_counts(tracked: Tracked, words: tuple[str, ...]) -> None:
    """Nobody has seen the rest without it: a check that goes, and who makes up for it, belong together."""
    tracked.commit({**SHOWN, "d": "new\n"})
    tracked.run("review")
    tracked.commit({**BASE, "b": "new\n", "d": "new\n"})
    assert "This was shown with the rest, and would come no longer (1 path):\na\n" in refused(tracked, *words)
    tracked.run("review")
    assert tracked.run("apply", *words).returncode == 0


@pytest.mark.parametrize("left", [{"a": "old\n", "b": "old\n"}, {**BASE, "d": "new\n"}])
def test_a_removal_or_an_addition_that_was_taken_back_counts(tmp_path: Path, left: dict[str, str]) -> None:
    tracked = Tracked(tmp_path, BASE)
    tracked.commit({"a": "old\n", "b": "old\n", "d": "new\n"})
    tracked.run("review")
    tracked.commit(left)
    assert "would come no longer (1 path)" in refused(tracked, "--yes")


def test_what_was_refused_or_brought_is_not_missed(tracked: Tracked) -> None:
    tracked.commit({"a": "new\n", "b": "new\n", "d": "new\n"})
    tracked.run("review")
    tracked.run("apply", "--yes", "--only", "a", "--ours", "c")
    assert tracked.run("apply", "--yes", "--only", "d").returncode == 0
    assert tracked.run("apply", "--yes").returncode == 0
    assert snapshot(tracked.project).keys() == {*BASE, "d"}


def test_what_is_approved_by_the_hash_of_a_look_is_what_that_showed(tmp_path: Path) -> None:
    """What never came back then may come by now, since its user has moved something: the hash is the same."""
    tracked = Tracked(tmp_path, BASE)
    tracked.commit({**BASE, "pkg/mod.py": "evil\n"})
    make(tracked.project, {"pkg/MANIFEST.sha256": "x\n", "pkg/plan.json": "{}\n"})
    said = tracked.run("review").stdout
    approved = str(tracked.review()["hash"])
    assert "+evil" not in said
    for name in ("MANIFEST.sha256", "plan.json"):
        (tracked.project / "pkg" / name).unlink()
    assert "added    pkg/mod.py" in refused(tracked, "--approve", approved)


LONG = {**BASE, "a": "".join(f"line {number}\n" for number in range(20_000)), "z": "evil\n"}


def test_a_review_that_nobody_read_to_its_end_is_none(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, BASE)
    tracked.commit(LONG)
    command = (*PYTHON, LIB, "--state", tracked.state, "review")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert said == b"gen: the review was closed before its end, so that apply does not take it for reviewed\n"
    refused(tracked, "--yes")
    tracked.run("review")
    assert tracked.run("apply", "--yes").returncode == 0


def test_on_a_terminal_nothing_comes_of_which_the_pager_showed_nothing(tracked: Tracked) -> None:
    asked = Asked(tracked, PAGER="true")
    asked.until(b"(never)")
    assert asked.process.wait() == 4
    assert (tracked.project / "a").read_text() == "old\n"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"hash": "x", "commit": "--all"}', '{"hash": "x", "commit": "0123"}']
)
def test_a_record_that_says_nothing_is_none(tracked: Tracked, content: str) -> None:
    (tracked.state / looked.SHOWN).write_text(content)
    refused(tracked, "--yes")


def test_where_nothing_came_nothing_has_to_be_looked_at(tmp_path: Path) -> None:
    assert Tracked(tmp_path, BASE).run("apply", "--yes").stdout == "there is nothing to bring back\n"


class Asked:
    """A command on a terminal, `apply` up to its question."""

    def __init__(self, tracked: Tracked, command: str = "apply", rows: int = 0, **environment: str) -> None:
        import pty

        self.parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80 if rows else 0, 0, 0))
        words = (*PYTHON, LIB, "--state", tracked.state, command)
        given = {**os.environ, "PAGER": "cat", **environment}
        self.process = subprocess.Popen(words, stdin=child, stdout=child, stderr=child, env=given)
        os.close(child)
        self.shown = b""

    def until(self, text: bytes) -> None:
        """Reads until that is written, or to the end."""
        while text not in self.shown:
            try:
                self.shown += os.read(self.parent, 65536) or b"(the end)" + text
            except OSError:
                return

    def answer(self, text: bytes) -> int:
        """Types it; gives the exit code."""
        os.write(self.parent, text)
        self.until(b"(never)")
        os.close(self.parent)
        return self.process.wait()


def test_on_a_terminal_the_review_is_shown_and_then_asked_for(tracked: Tracked) -> None:
    asked = Asked(tracked)
    asked.until(b"[y/N]")
    assert b"+new" in asked.shown
    assert b"  changed  a\r\n  changed  b\r\nBring this into" in asked.shown
    assert asked.answer(b"y\n") == 0
    assert (tracked.project / "a").read_text() == "new\n"


def test_on_a_terminal_too_what_came_since_is_refused(tracked: Tracked) -> None:
    tracked.run("review")
    tracked.commit(LATER)
    assert Asked(tracked).answer(b"y\n") == 4
    assert (tracked.project / "a").read_text() == "old\n"


def test_what_comes_while_the_question_waits_does_not_come_along(tracked: Tracked) -> None:
    asked = Asked(tracked)
    asked.until(b"[y/N]")
    tracked.commit(LATER)
    assert asked.answer(b"y\n") == 0
    assert snapshot(tracked.project).keys() == BASE.keys()
    assert (tracked.project / "a").read_text() == "new\n"
    assert "unseen" not in (tracked.project / "a").read_text()


def test_what_never_came_back_then_was_not_seen_when_it_may(tmp_path: Path) -> None:
    """Of what has the shape of a bundle a review shows the names alone."""
    tracked = Tracked(tmp_path, BASE)
    bundle = {"pkg/mod.py": "evil\n", "pkg/MANIFEST.sha256": "x\n", "pkg/plan.json": "{}\n"}
    tracked.commit({**BASE, **bundle})
    assert "+evil" not in tracked.run("review").stdout
    tracked.commit({**BASE, "pkg/mod.py": "evil\n"})
    assert "this came (1 path):\nadded    pkg/mod.py\n" in refused(tracked, "--yes")
    assert "+evil" in tracked.run("review").stdout
    tracked.run("apply", "--yes")
    assert (tracked.project / "pkg/mod.py").read_text() == "evil\n"


def test_a_file_that_is_too_large_to_be_shown_hides_no_other(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, BASE)
    tracked.commit({**BASE, "a/large": "x" * (65 << 20), "b/small": "seen\n"})
    said = tracked.run("review").stdout
    assert "+seen" in said
    assert "not shown here, too large: 1 path" in said
