"""Whatever happens to the project while apply is at work: it ends in a defined way, and nobody's work is lost."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from project import disk, record, swap
from project.failure import Failure

from tests.unit.applying import Versions, apply, make, recover, snapshot
from tests.unit.test_apply_crash import HOST, MEMORY, VERSIONS, difference, ground, outcomes

__all__ = ["ground"]

BASE = {"d/f": "old\n", "gone/f": "g\n", "k": "k\n"}
AFTER = {"d/f": "new\n", "d/new": "n\n", "fresh/x": "x\n", "k": "k\n"}
SMALL = Versions(BASE, AFTER)


@pytest.fixture
def small() -> Iterator[tuple[Path, Path]]:
    """A small project, and a state folder."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        project, state = Path(folder, "project"), Path(folder, "state")
        make(project, BASE)
        yield project, state


def quietly(path: Path, text: str) -> None:
    """Writes to a file, and sets its time of modification back."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def to_link(project: Path) -> None:
    """A folder becomes a link to another place."""
    (project / "d").rename(project / "d.away")
    (project / "d").symlink_to(make(project.parent / "outside", {"f": "outside\n"}))


Act = Callable[[Path], object]

# What somebody does on the host after apply has planned, before it moves.
MEANWHILE: dict[str, Act] = {
    "writes to a file that is replaced": lambda project: (project / "d/f").write_text("mine\n"),
    "writes the same length, and sets the time back": lambda project: quietly(project / "d/f", "own\n"),
    "replaces it": lambda project: (project / "k").rename(project / "d/f"),
    "removes it": lambda project: (project / "d/f").unlink(),
    "makes the file that is about to come": lambda project: (project / "d/new").write_text("mine\n"),
    "makes the folder that is about to come": lambda project: make(project / "fresh", {"mine": "m\n"}),
    "makes a file in a folder that goes": lambda project: (project / "gone/mine").write_text("m\n"),
    "writes to a file that goes": lambda project: (project / "gone/f").write_text("mine\n"),
    "makes the folder a link": to_link,
    "makes the file a named pipe": lambda project: ((project / "d/f").unlink(), os.mkfifo(project / "d/f")),
    "makes a folder of it": lambda project: ((project / "d/f").unlink(), make(project / "d/f", {"mine": "m\n"})),
}


def stays_as_they_left_it(small: tuple[Path, Path], act: Act, phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody acts when the journal has said that it is in this phase: apply fails, and all is as they left it."""
    project, state = small
    write = record.Journal.write
    theirs: dict[str, object] = {}

    def meanwhile(self: record.Journal, what: record.Record) -> None:
        write(self, what)
        if what.phase == phase and not theirs:
            act(project)
            theirs.update(snapshot(project))

    monkeypatch.setattr(record.Journal, "write", meanwhile)
    with pytest.raises(Failure) as failure:
        apply(project, state, SMALL)
    assert failure.value.code == 1
    assert "nothing is changed by it" in failure.value.what
    assert snapshot(project) == {path: value for path, value in theirs.items() if not path.startswith(".gen-apply-")}
    assert theirs


@pytest.mark.parametrize("act", MEANWHILE.values(), ids=MEANWHILE)
def test_what_happens_on_the_host_meanwhile_stays(
    small: tuple[Path, Path], act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays_as_they_left_it(small, act, record.MOVING, monkeypatch)


def test_a_folder_that_was_moved_away_is_not_made_anew(
    small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stays_as_they_left_it(small, lambda project: (project / "d").rename(project / "away"), record.STAGING, monkeypatch)


def test_control_without_the_second_look_the_users_work_is_lost(
    small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the moves is what holds: without it a write in between goes away with the old file."""
    write = record.Journal.write

    def meanwhile(self: record.Journal, what: record.Record) -> None:
        write(self, what)
        if what.phase == record.MOVING:
            (small[0] / "d/f").write_text("mine\n")

    monkeypatch.setattr(record.Journal, "write", meanwhile)
    monkeypatch.setattr("project.host.Seen.same", lambda *_: True)
    monkeypatch.setattr("project.host.Seen.__eq__", lambda *_: True)
    apply(*small, SMALL)
    assert (small[0] / "d/f").read_text() == "new\n"


def test_a_write_through_an_open_descriptor_is_noticed(
    small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = swap.Swap._verify
    with (small[0] / "d/f").open("a") as opened:

        def late(self: swap.Swap, old: int) -> None:
            opened.write("mine\n")
            opened.flush()
            verify(self, old)

        monkeypatch.setattr(swap.Swap, "_verify", late)
        with pytest.raises(Failure):
            apply(*small, SMALL)
    assert (small[0] / "d/f").read_text() == "old\nmine\n"


def test_what_was_written_to_the_new_file_is_kept(small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at its end, then the user edits what apply had put: it is named, and not thrown away."""
    monkeypatch.setattr(swap.Swap, "_verify", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    back = swap.Swap.back
    monkeypatch.setattr(swap.Swap, "back", lambda _: [b"d/f"])
    with pytest.raises(Failure):
        apply(*small, SMALL)
    (small[0] / "d/f").write_text("edited\n")
    monkeypatch.setattr(swap.Swap, "back", back)
    monkeypatch.setattr(swap, "PAUSE", 0)
    with pytest.raises(Failure) as failure:
        recover(*small)
    assert failure.value.code == 3
    assert "d/f" in failure.value.why
    kept = [path.read_text() for path in small[0].glob(".gen-apply-*/*/*") if path.is_file()]
    assert "edited\n" in kept


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("call", ["write", "mkdir", "link", "rename", "fsync", "fchmod"])
def test_a_call_that_fails_changes_nothing(ground: tuple[Path, Path], call: str, code: int, monkeypatch) -> None:
    """Each call in turn fails once, from the first to the last."""
    old, new, _ = outcomes(ground)
    original = getattr(os, call)
    failed = 0
    for number in range(1, 60, 4):
        for folder in ground:
            shutil.rmtree(folder)
        make(ground[0], HOST)
        count = 0

        def failing(*args: object, at: int = number, **named: object) -> object:
            nonlocal count
            count += 1
            if count == at:
                raise OSError(code, os.strerror(code))
            return original(*args, **named)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, failing)
            with suppress(Failure, OSError):
                apply(*ground, VERSIONS)
        failed += count >= number
        recover(*ground)
        after = snapshot(ground[0])
        assert after in (old, new), f"{call} {number}: {difference(old, new, after)}"
        if count < number:
            break
    assert failed


def test_a_second_name_of_a_file_keeps_the_old_content(small: tuple[Path, Path]) -> None:
    os.link(small[0] / "d/f", small[0] / "second")
    apply(*small, SMALL)
    assert (small[0] / "d/f").read_text() == "new\n"
    assert (small[0] / "second").read_text() == "old\n"


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_is_no_file_is_a_conflict_and_never_waited_for(small: tuple[Path, Path], kind: str) -> None:
    import socket

    (small[0] / "d/f").unlink()
    if kind == "pipe":
        os.mkfifo(small[0] / "d/f")
    else:
        place = os.open(small[0] / "d", os.O_RDONLY)
        socket.socket(socket.AF_UNIX).bind(f"/proc/self/fd/{place}/f")
        os.close(place)
    before = snapshot(small[0])
    assert [conflict.path for conflict in apply(*small, SMALL).conflicts] == [b"d/f"]
    assert snapshot(small[0]) == before


def test_a_project_that_is_another_one_by_now(small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap.Swap, "back", lambda _: [b"d/f"])
    monkeypatch.setattr(disk, "remove", lambda *_: None)
    monkeypatch.setattr(swap.Swap, "forward", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(Failure):
        apply(*small, SMALL)
    small[0].rename(small[0].with_name("elsewhere"))
    make(small[0], BASE)
    with pytest.raises(Failure) as failure:
        recover(*small)
    assert failure.value.code == 3


def test_a_journal_that_cannot_be_read_is_said(small: tuple[Path, Path]) -> None:
    make(small[1] / "apply", {"journal.json": '{"schema": 1'})
    with pytest.raises(Failure) as failure:
        recover(*small)
    assert failure.value.code == 3
    assert "old" in failure.value.why


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """Paths that are no UTF-8 too."""
    journal = record.Journal(str(tmp_path))
    with (tmp_path / "x").open("w") as file:
        from project.host import seen

        status = seen(os.fstat(file.fileno()))
    moved = record.Moved(b"\xff/a\nb", status, 7, "digest")
    wanted = record.Record(
        ".gen-apply-1", record.MOVING, (1, 2), (moved,), (replace(moved, path=b"x"),), {"a": ["\udcff"]}
    )
    journal.write(wanted)
    assert journal.read() == wanted
    journal.clear()
    assert journal.read() is None
    journal.close()


@pytest.mark.parametrize("what", ["tests.unit.applying.no_more", "project.record.Journal.clear"])
def test_what_follows_the_last_move_is_done_later_when_it_cannot_be_done_now(
    small: tuple[Path, Path], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full when all is in the project: it says that it is there, and the next one does the rest."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    project, state = small
    with monkeypatch.context() as patch:
        patch.setattr(what, full)
        with pytest.raises(Failure) as failure:
            apply(project, state, SMALL)
    assert (failure.value.code, failure.value.what.startswith("the changes are in the project")) == (3, True)
    assert "No space left on device" in failure.value.why
    assert (project / "d/f").read_text() == "new\n"
    assert recover(project, state) == "done"
