"""Apply killed anywhere: after the next command the project is wholly the old tree, or wholly the new one."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from project import bring, disk, record, swap
from project.failure import Failure

from tests.unit.applying import Link, Versions, apply, in_child, make, recover, snapshot

BASE = {
    "kept.txt": "kept\n",
    "changed.txt": "one\ntwo\nthree\n",
    "mode.sh": "echo\n",
    "gone/only.txt": "x\n",
    "gone/deep/er.txt": "y\n",
    "file-to-folder": "f\n",
    "folder-to-file/a": "a\n",
    "folder-to-file/b/c": "c\n",
    "link": Link("kept.txt"),
    "link-to-folder": Link("gone"),
    "part/stays.txt": "s\n",
    "part/goes.txt": "g\n",
}
SANDBOX = {
    "kept.txt": "kept\n",
    "changed.txt": "one\ntwo\nTHREE\n",
    "mode.sh": ("echo\n", 0o755),
    "file-to-folder/now/a": "in\n",
    "folder-to-file": "a file\n",
    "link": Link("changed.txt"),
    "link-to-folder/real": "r\n",
    "part/stays.txt": "s\n",
    "new/folder/with/x": "x\n",
    "new/folder/run": ("run\n", 0o755),
    "new/link": Link("folder/run"),
    "top.txt": "t\n",
}
# The user worked on: the first line of a file that the sandbox changed at its end.
HOST = {**BASE, "changed.txt": "ONE\ntwo\nthree\n", "own.txt": "mine\n"}
VERSIONS = Versions(BASE, SANDBOX)


# A filesystem in memory, where there is one: what is synced there a thousand times takes no time.
MEMORY = next((place for place in ("/dev/shm",) if os.access(place, os.W_OK)), None)  # noqa: S108


# One of so many calls is struck: all of them take minutes (GEN_TEST_EVERY=1), and `make faults` strikes a real apply.
EVERY = int(os.environ.get("GEN_TEST_EVERY", "3"))


@pytest.fixture
def ground() -> Iterator[tuple[Path, Path]]:
    """A project, and a state folder, both fresh."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        project, state = Path(folder, "project"), Path(folder, "state")
        make(project, HOST)
        yield project, state


def fresh(project: Path, state: Path) -> None:
    """The project as it was."""
    for folder in (project, state):
        shutil.rmtree(folder, ignore_errors=True)
    make(project, HOST)


def outcomes(ground: tuple[Path, Path]) -> tuple[dict[str, object], dict[str, object], int]:
    """The old tree, the new one, and how many calls to the system lie between."""
    project, state = ground
    old = snapshot(project)
    _, calls = in_child(lambda: apply(project, state, VERSIONS))
    new = snapshot(project)
    assert calls > 100
    assert old != new
    return old, new, calls


def test_the_new_tree_is_what_was_asked_for(ground: tuple[Path, Path]) -> None:
    _, new, _ = outcomes(ground)
    assert new["changed.txt"][2] == b"ONE\ntwo\nTHREE\n"  # type: ignore[index]
    assert new["own.txt"][2] == b"mine\n"  # type: ignore[index]
    assert {name: value[0] for name, value in new.items()} == {  # type: ignore[index]
        **dict.fromkeys(("kept.txt", "changed.txt", "mode.sh", "own.txt", "folder-to-file", "top.txt"), "file"),
        **dict.fromkeys(("file-to-folder", "file-to-folder/now", "link-to-folder", "part"), "folder"),
        **dict.fromkeys(("new", "new/folder", "new/folder/with"), "folder"),
        **dict.fromkeys(("file-to-folder/now/a", "link-to-folder/real", "part/stays.txt"), "file"),
        **dict.fromkeys(("new/folder/with/x", "new/folder/run"), "file"),
        **dict.fromkeys(("link", "new/link"), "link"),
    }


def test_killed_before_a_call_it_is_the_old_tree_or_the_new_one(ground: tuple[Path, Path]) -> None:
    old, new, calls = outcomes(ground)
    seen = {"old": 0, "new": 0}
    for number in range(1 + calls % EVERY, calls + 1, EVERY):
        fresh(*ground)
        killed, _ = in_child(lambda: apply(*ground, VERSIONS), kill_at=number)
        assert killed
        recover(*ground)
        after = snapshot(ground[0])
        assert after in (old, new), f"killed before call {number} of {calls}: {difference(old, new, after)}"
        seen["old" if after == old else "new"] += 1
        assert recover(*ground) is None
    assert min(seen.values()) > 0


def test_killed_again_while_it_recovers_it_still_is(ground: tuple[Path, Path]) -> None:
    old, new, calls = outcomes(ground)
    struck = 0
    for number in range(5, calls, 16 * EVERY):
        again = 0
        while again is not None:
            fresh(*ground)
            in_child(lambda: apply(*ground, VERSIONS), kill_at=number)
            again += 7
            killed, _ = in_child(lambda: recover(*ground), kill_at=again)
            struck += killed
            recover(*ground)
            after = snapshot(ground[0])
            assert after in (old, new), f"killed at {number}, then at {again}: {difference(old, new, after)}"
            if not killed:
                break
    assert struck > 10


def difference(old: dict[str, object], new: dict[str, object], after: dict[str, object]) -> str:
    """What is neither old nor new."""
    odd = [key for key in after if after[key] not in (old.get(key), new.get(key))]
    missing = [key for key in old.keys() & new.keys() if key not in after]
    return f"odd {odd}, missing {missing}; neither tree as a whole"


def broken_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that says that all is done before anything was moved."""
    write = record.Journal.write

    def early(self: record.Journal, what: record.Record) -> None:
        write(self, replace(what, phase=record.DONE) if what.phase == record.MOVING else what)

    monkeypatch.setattr(record.Journal, "write", early)


def broken_forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that forgets the last thing that was taken."""
    write = record.Journal.write

    def forgetful(self: record.Journal, what: record.Record) -> None:
        write(self, replace(what, takes=what.takes[:-1]) if what.phase == record.MOVING else what)

    monkeypatch.setattr(record.Journal, "write", forgetful)


def broken_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    """An undo that does nothing."""
    monkeypatch.setattr(swap.Swap, "back", lambda _: [])


@pytest.mark.parametrize("broken", [broken_early, broken_forgetful, broken_swap])
def test_control_a_broken_journal_is_caught(ground: tuple[Path, Path], broken, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, calls = outcomes(ground)
    broken(monkeypatch)
    monkeypatch.setattr(swap, "PAUSE", 0)
    for number in range(calls, 0, -3):
        fresh(*ground)
        in_child(lambda: apply(*ground, VERSIONS), kill_at=number)
        with contextlib.suppress(Failure):
            recover(*ground)
        if snapshot(ground[0]) not in (old, new):
            return
    pytest.fail("after every kill it was the old tree or the new one")


@pytest.mark.parametrize("each", [True, False], ids=["each file synced", "the whole filesystem synced"])
def test_all_is_durable_before_the_journal_says_so(
    ground: tuple[Path, Path], each: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is renamed was synced before, and the record that all is done comes after the folders were."""
    order: list[str] = []
    fsync, whole, write = os.fsync, disk.whole, record.Journal.write
    monkeypatch.setattr(disk, "one_by_one", lambda _: each)
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("sync"), fsync(fd))[1])
    monkeypatch.setattr(disk, "whole", lambda fd: (order.append("sync"), whole(fd))[1])
    monkeypatch.setattr(
        record.Journal, "write", lambda self, what: (order.append(what.phase), write(self, what), order.append("-"))[1]
    )
    apply(*ground, VERSIONS)
    plain = [word for word in order if word != "-"]
    staged = order[order.index("-") + 1 : order.index("moving")]
    moved = order[order.index("moving") : order.index("done")]
    assert [word for word in plain if word != "sync"] == ["staging", "moving", "done"]
    assert "sync" in staged
    assert "sync" in moved[moved.index("-") :]


def test_one_at_a_time(ground: tuple[Path, Path]) -> None:
    with bring.opened(str(ground[1])), pytest.raises(Failure) as refused:
        apply(*ground, VERSIONS)
    assert refused.value.code == 4
