"""A tree that an agent made to hurt whoever reads it: never followed, never waited for, nothing lost, and in bounds."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import layer, limits, making

from tests.unit.copying import Copy, copy, program

__all__ = ["copy"]

# Swaps a folder for a link and back as fast as it can.
SWAPPER = """
import os, sys
target, place, aside, link = sys.argv[1:]
os.symlink(target, link)
while True:
    os.rename(place, aside); os.rename(link, place)
    os.rename(place, link); os.rename(aside, place)
"""


@pytest.fixture
def swapping(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder `d/deep` in the copy that is at times a link to a folder outside; gives the outside."""
    outside = tmp_path_factory.mktemp("outside")
    for number in range(40):
        (outside / f"f{number}").write_text("the host's secret\n")
    copy.write(*(f"d/deep/f{number}" for number in range(40)))
    copy.enter()
    for number in range(40):
        (copy.root / f"d/deep/f{number}").write_text(f"agent {number}\n")
    # In the layer itself: what the overlay would make of the renames comes to the same there.
    place = copy.state / "disk" / ("upper" if copy.method == "overlay" else "tree") / "d"
    words = (sys.executable, "-c", SWAPPER, outside, place / "deep", place / "aside", place / "link")
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    yield outside
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_folder_that_is_swapped_for_a_link_leads_nowhere(copy: Copy, swapping: Path) -> None:
    stored = set()
    for _ in range(25):
        commit = program(copy.state, "commit", "--thorough").stdout.decode().strip()
        if commit:
            changes = copy.track.changes(None, commit)
            stored |= set(copy.track.blobs(change.new.oid for change in changes if change.new).values())
    assert b"the host's secret\n" not in stored
    assert b"agent 1\n" in stored
    # The control: who reads by path is led out. Otherwise there was no race to win.
    place = copy.state / "disk" / ("upper" if copy.method == "overlay" else "tree") / "d" / "deep"
    end = time.monotonic() + 600
    naive = set()
    while time.monotonic() < end and b"the host's secret\n" not in naive:
        for number in range(40):
            try:
                naive.add((place / f"f{number}").read_bytes())
            except OSError:
                continue
    assert b"the host's secret\n" in naive


def test_leave_removes_nothing_through_a_link_that_is_swapped_in(copy: Copy, swapping: Path) -> None:
    copy.hide()
    for _ in range(5):
        if program(copy.state, "leave").returncode == 0:
            break
    assert len(list(swapping.iterdir())) == 40


def test_a_path_longer_than_the_longest(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    deep(copy.root, 60)
    copy.commit()
    (change,) = copy.track.changes(None, copy.track.head())
    assert len(change.path) > 6000
    assert copy.track.blob(change.new.oid) == b"deep\n"
    copy.hide()
    # What is only in the history comes back to where it was, and goes again with the copy.
    for _ in range(2):
        assert program(copy.state, "undo").returncode == 0
    assert copy.changed() == ["+" + os.fsdecode(change.path)]
    assert program(copy.state, "leave").returncode == 0


def deep(root: Path, depth: int) -> None:
    """A file so deep that no path leads to it; by descriptors."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("n" * 100, dir_fd=here)
        below = os.open("n" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with os.fdopen(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=here), "w") as stream:
        stream.write("deep\n")
    os.close(here)


def test_deeper_than_git_can_is_noted(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    script = "import os\nfor _ in range(2500):\n os.mkdir('d'); os.chdir('d')\nopen('f', 'w')"
    subprocess.run((sys.executable, "-c", script), cwd=copy.root, check=True)
    copy.commit()
    assert [note.split(":")[0] for note in copy.noted()] == ["deep"]
    assert copy.changed() == []
    copy.hide()
    assert program(copy.state, "leave").returncode == 0


def test_many_files(tmp_path: Path) -> None:
    """How long they take is for `make bench` to say."""
    copy = Copy(tmp_path, "plain")
    copy.write("a")
    copy.enter()
    for number in range(20):
        folder = copy.root / f"d{number}"
        folder.mkdir()
        for name in range(1000):
            (folder / str(name)).touch()
    assert program(copy.state, "commit").stdout
    assert len(copy.track.changes(None, copy.track.head())) == 20_000
    assert copy.commit() is None
    assert program(copy.state, "leave").returncode == 0


def test_more_paths_than_the_limit_are_noted_and_nothing_is_taken_for_removed(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.write("a")
    copy.enter()
    for number in range(30):
        (copy.root / f"z{number}").write_text("x")
    copy.commit()
    known = copy.changed()
    monkeypatch.setattr(limits, "PATHS", 10)
    monkeypatch.setattr(limits, "COMMIT_BYTES", 100)
    (copy.root / "large").write_bytes(b"x" * 200)
    copy.commit()
    assert copy.changed() == known
    assert "many:" in copy.noted()


def test_what_cannot_be_read_stays_what_it_was(copy: Copy) -> None:
    """By an ordinary user: root reads everything."""
    copy.write("d/a", "b", "c")
    copy.project.chmod(0o755)
    copy.enter()
    (copy.root / "d" / "a").write_text("1\n")
    (copy.root / "b").write_text("1\n")
    copy.commit()
    known = copy.changed()
    give(copy.state)
    (copy.root / "d").chmod(0)
    (copy.root / "b").chmod(0)
    for folder in (copy.state.parent, copy.state.parent.parent, copy.state.parent.parent.parent):
        folder.chmod(0o755)
    assert as_nobody(copy) == 0
    assert copy.changed() == known
    assert copy.noted() == ["unreadable:b", "unreadable:d"]


def as_nobody(copy: Copy) -> int:
    """Commits as an ordinary user, who may not read where this Python lies: in a child that has it all loaded."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        copy.track.commit_outside(thorough=True)
        os._exit(0)
    finally:
        os._exit(1)


def give(folder: Path) -> None:
    """Gives a tree to nobody."""
    subprocess.run(("chown", "-R", "--no-dereference", "65534:65534", folder), check=True)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(layer.Unread, match="gone"):
        layer.read_at(folder, b"f")
    source = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(layer.Unread, match="special"):
        making.copy_file(source, b"f", folder, 0, 0)
    os.close(folder)
    os.close(source)


def test_a_file_that_is_written_while_it_is_read_is_read_again(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    writer = subprocess.Popen(
        (sys.executable, "-c", "n = 0\nwhile True:\n n += 1\n open('a', 'w').write(f'{n}\\n' * 5000)"), cwd=copy.root
    )
    for _ in range(10):
        program(copy.state, "commit")
    writer.kill()
    writer.wait()
    (copy.root / "a").write_text("last\n")
    copy.commit()
    (change,) = copy.track.changes(None, copy.track.head())
    assert copy.track.blob(change.new.oid) == b"last\n"
    shutil.rmtree(copy.root / "a", ignore_errors=True)
