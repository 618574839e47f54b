"""How a project's copy is made and taken away: whole or not at all, and nothing besides."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.copying import PROGRAM, Copy, copy, git, program
from tests.unit.isolated import PYTHON

__all__ = ["copy"]


def test_a_plain_copy_is_the_project_but_for_its_bits(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "plain")
    copy.write("a", "tool", "d/e/f")
    os.utime(copy.project / "a", (1, 2))
    (copy.project / "tool").chmod(0o6755)
    (copy.project / "d").chmod(0o750)
    os.utime(copy.project / "d", (1, 3))
    with (copy.project / "sparse").open("wb") as stream:
        stream.truncate(1 << 40)
        stream.seek(1 << 30)
        stream.write(b"data")
    done = program(copy.state, "enter", "--project", copy.project, "--sandbox-uid", "1234")
    assert done.returncode == 0, done.stderr
    found = {name: (copy.root / name).stat() for name in ("a", "tool", "d", "sparse")}
    assert (found["a"].st_mtime, found["tool"].st_mode & 0o7777, found["d"].st_mode & 0o7777) == (2, 0o755, 0o750)
    assert (found["d"].st_mtime, found["sparse"].st_size, found["sparse"].st_blocks < 100) == (3, 1 << 40, True)
    assert {(status.st_uid, status.st_gid) for status in found.values()} == {(1234, 1234)}
    assert json.loads((copy.state / "settings.json").read_text())["method"] == "plain"


def test_why_there_is_no_overlay_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    copy = Copy(folder)
    for words, why in ((("--sandbox-uid", "0"), b"mount options"), (("--sandbox-uid", "7"), b"mount options")):
        done = program(copy.state, "enter", "--project", copy.project, "--method", "overlay", *words)
        assert (done.returncode, why in done.stderr) == (4, True)
        assert not (copy.state / "settings.json").exists()


def test_a_second_entry_is_refused(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    done = program(copy.state, "enter", "--project", copy.project, "--sandbox-uid", "0")
    assert (done.returncode, done.stderr[:44]) == (4, b"gen: there is a copy of a project here already"[:44])


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("method", ["overlay", "plain"])
def test_an_entry_that_is_cut_off_is_never_taken_for_whole(tmp_path: Path, method: str) -> None:
    """It is killed when it has opened so many twelfths of what it opens."""
    copy = Copy(tmp_path, method)
    copy.write(*(f"d{number % 7}/f{number}" for number in range(300)), "x.o", "d1/y.o")
    (copy.project / ".gitignore").write_text("*.o\n")
    command = (*PYTHON, PROGRAM / "__main__.py", "--state", copy.state, "enter", "--project")
    words = (*command, copy.project, "--sandbox-uid", "0", "--method", method)
    cut, trace = 0, tmp_path / "trace"
    for _ in range(2):
        # The first one compiles the program.
        program(copy.state, "leave", "--delete")
        subprocess.run(("strace", "-o", trace, "-e", "trace=openat", *words), check=True, capture_output=True)
    opened = len(trace.read_text().splitlines())
    for part in range(1, 12):
        program(copy.state, "leave", "--delete")
        kill = f"inject=openat:signal=KILL:when={opened * part // 12}"
        ended = subprocess.run(("strace", "-o", trace, "-e", kill, *words), check=False, capture_output=True)
        assert ended.returncode == -signal.SIGKILL
        if (copy.state / "settings.json").exists():
            continue
        cut += 1
        assert program(copy.state, "status").returncode == 2
        subprocess.run(words, check=True, capture_output=True)
        try:
            copy.show()
            assert len(copy.look()) == 301
            assert copy.commit() is None
        finally:
            copy.hide()
    assert cut > 5


def test_leave_takes_all_of_it_and_nothing_else(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x").write_text("the host's\n")
    copy.write("a", "d/e")
    copy.enter()
    subprocess.run(
        ("bash", "-euc", f"ln -s {outside} l; rm -r d; ln -s {outside} d; mkdir -p u/v; echo >u/v/w; chmod 0 u/v u"),
        cwd=copy.root,
        check=True,
    )
    copy.commit()
    copy.hide()
    (copy.state / "disk" / "somebody's").write_text("x")
    done = program(copy.state, "leave")
    assert done.returncode == 0
    assert b"the history of what was changed stays: track-1.git, track-1.patch" in done.stdout
    kept = ["disk", "track-1.git", "track-1.patch"]
    assert sorted(path.name for path in copy.state.iterdir() if path.name != "compiled") == kept
    assert [path.name for path in (copy.state / "disk").iterdir()] == ["somebody's"]
    assert (outside / "x").read_text() == "the host's\n"
    assert (copy.project / "d" / "e").read_text() == "d/e\n"
    # The next copy has a history of its own; that of the first one is kept beside it.
    copy.enter()
    assert copy.changed() == []
    assert "d/e" in git(copy.state / "track-1.git", "log", "-p", "sandbox")
    # What was not applied can be brought into the next copy.
    git(copy.root, "apply", "--stat", str(copy.state / "track-1.patch"))
    copy.hide()
    # Without any change there is nothing to keep.
    assert b"stays: track-1.git, track-1.patch\n" in program(copy.state, "leave").stdout
    copy.enter()
    copy.hide()
    (copy.state / "disk" / "somebody's").unlink()
    done = program(copy.state, "leave", "--delete")
    assert done.returncode == 0
    # What an earlier one has left is no part of this one.
    assert done.stdout.endswith(b"\nthe history of what was changed stays: track-1.git, track-1.patch\n")
    assert sorted(path.name for path in copy.state.iterdir() if path.name != "compiled") == kept[1:]


def test_what_python_compiles_is_kept_in_the_state_and_goes_with_it(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "plain")
    copy.write("a")
    as_a_bundle_does = (sys.executable, "-I", "-S", "-B", PROGRAM / "__main__.py", "--state", copy.state)
    for words in (("enter", "--project", copy.project, "--sandbox-uid", "0", "--method", "plain"), ("commit",)):
        subprocess.run((*as_a_bundle_does, *words), check=True, capture_output=True)
    assert list((copy.state / "compiled").rglob("commit.*.pyc"))
    subprocess.run((*as_a_bundle_does, "leave", "--delete"), check=True, capture_output=True)
    assert not list((copy.state / "compiled").rglob("commit.*.pyc"))
    assert not list(PROGRAM.rglob("*.pyc"))


def test_what_only_root_can_remove_is_named_with_its_mend(tmp_path: Path) -> None:
    """A script of the bundle removes it as root first; whoever has no such helper is told what to do."""
    copy = Copy(tmp_path, "overlay")
    copy.write("a")
    copy.enter()
    copy.hide()
    (copy.state / "disk/work/work/deep").mkdir(parents=True)
    os.chown(copy.state / "disk/work/work", 1234, 1234)
    (copy.state / "disk/work/work").chmod(0)
    ordinary = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", *PYTHON, PROGRAM / "__main__.py")
    done = subprocess.run((*ordinary, "--state", copy.state, "leave"), capture_output=True, text=True, check=False)
    assert (done.returncode, f"mend: sudo rm -r {copy.state}/disk/work/work" in done.stderr) == (1, True), done.stderr


def test_of_a_project_that_was_moved_what_waits_is_kept(copy: Copy) -> None:
    """Its mend says so: a rollback keeps it as a patch, though the project is not there."""
    copy.write("a")
    copy.enter()
    (copy.root / "a").write_text("new\n")
    assert copy.commit() is not None
    copy.hide()
    copy.project.rename(copy.project.with_name("moved"))
    done = program(copy.state, "apply", "--yes")
    assert (done.returncode, b"mend: mv FOLDER " in done.stderr) == (1, True), done.stderr
    assert program(copy.state, "leave").returncode == 0
    assert b"+new" in (copy.state / "track-1.patch").read_bytes()
