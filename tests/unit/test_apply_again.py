"""A copy that lives on after an apply: by an overlay and by a plain copy, a review shows only what is new."""

import shutil
import subprocess
from pathlib import Path

import pytest
from project.rebase import rebase

from tests.unit.applying import snapshot
from tests.unit.copying import Copy, copy, program

__all__ = ["copy"]
WORK = """
echo more >>a
rm d/x
echo n >new
mkdir -p n/m; echo n >n/m/f
rm -r e; echo e >e
echo w >.envrc
"""


def agent(script: str, root: Path) -> None:
    """What an agent does in the copy."""
    subprocess.run(("bash", "-euc", script), cwd=root, check=True)


def brought(copy: Copy) -> "subprocess.CompletedProcess[bytes]":
    """A review, and an apply of what it showed."""
    program(copy.state, "review")
    return program(copy.state, "apply", "--yes")


@pytest.fixture
def applied(copy: Copy) -> Copy:
    """A copy of which all came back but one held-back file."""
    copy.write("a", "b", "d/x", "d/y", "e/f")
    copy.enter()
    agent(WORK, copy.root)
    copy.commit(WORK)
    done = brought(copy)
    assert done.returncode == 0, done.stderr.decode()
    return copy


def test_all_but_what_is_held_back_is_in_the_project(applied: Copy) -> None:
    assert sorted(snapshot(applied.project)) == ["a", "b", "d", "d/y", "e", "n", "n/m", "n/m/f", "new"]
    assert (applied.project / "a").read_text() == "a\nmore\n"
    assert applied.changed() == ["+.envrc"]


def test_only_what_comes_later_is_shown(applied: Copy) -> None:
    assert applied.commit("nothing") is None
    agent("echo again >>a; echo b >>b; rm new; mkdir -p d; echo x >d/x", applied.root)
    applied.commit("later")
    assert applied.changed() == ["+.envrc", "~a", "~b", "+d/x", "-new"]
    (applied.state / "seen.list").unlink()
    applied.commit("nothing, and nothing remembered")
    assert applied.changed() == ["+.envrc", "~a", "~b", "+d/x", "-new"]
    assert applied.noted() == []
    assert brought(applied).returncode == 0
    assert applied.changed() == ["+.envrc"]
    assert (applied.project / "a").read_text() == "a\nmore\nagain\n"


def test_what_was_applied_is_no_change_between_commits(applied: Copy) -> None:
    first = applied.track.commits()[-1].oid
    assert applied.changed(first, applied.track.head()) == []
    agent("echo again >>a; echo b >>b", applied.root)
    applied.commit("later")
    assert applied.changed(first, applied.track.head()) == ["~a", "~b"]
    assert [commit.kind for commit in applied.track.commits()] == ["command", "applied", "command"]


def test_the_users_later_work_is_merged_with_the_sandboxs(applied: Copy) -> None:
    (applied.project / "a").write_text("mine\na\nmore\n")
    agent("echo again >>a", applied.root)
    applied.commit("later")
    done = brought(applied)
    assert (applied.project / "a").read_text() in ("mine\na\nmore\nagain\n", "mine\na\nmore\n")
    assert done.returncode == (0 if "again" in (applied.project / "a").read_text() else 1)


def test_an_undo_counts_commands_only(applied: Copy) -> None:
    agent("echo again >>a", applied.root)
    applied.commit("later")
    applied.hide()
    done = program(applied.state, "undo", "1")
    assert done.returncode == 0, done.stderr.decode()
    applied.show()
    assert (applied.root / "a").read_text() == "a\nmore\n"
    assert applied.changed() == ["+.envrc"]


def test_an_apply_that_was_cut_off_before_the_base_moved_is_ended(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    agent("echo more >>a", copy.root)
    copy.commit("more")
    track = copy.state / "track.git"
    away = copy.state / "away"
    whole = shutil.copytree(track, away)
    brought(copy)
    # As if it had been killed before the base was moved: the same call once more comes to the same.
    shutil.rmtree(track)
    whole.rename(track)
    (copy.state / "seen.list").unlink()
    for _ in range(2):
        rebase(copy.track, str(copy.track.head()), [b"a"])
        assert copy.changed() == []
    assert copy.commit("nothing") is None
