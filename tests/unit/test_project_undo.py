"""Undo: the agent's files are what they were before its last commands, and an undo can be undone."""

import subprocess
from pathlib import Path

import pytest
from project.undo import undo as undo_files

from tests.unit.copying import Copy, copy, program

__all__ = ["copy"]
FILES = ("a", "d/x", "d/y", "d/e/z", "f/g/h")

# One command after the other. After them all, each undo of one more must give what was there before it.
STORIES = {
    "contents": ("echo 1 >a", "echo 2 >a", "echo 3 >a"),
    "a removed folder": ("rm -r d", "echo 1 >d"),
    "a removed file, then its folder": ("rm d/y", "rm -r d", "mkdir d; echo 1 >d/x"),
    "a new tree": ("mkdir -p n/m; echo 1 >n/m/o", "rm -r n; echo 1 >n", "rm n; mkdir n; echo 2 >n/p"),
    "a renamed folder": ("mv d q", "echo 1 >>q/x", "mv q d"),
    "links and modes": ("ln -sf /etc/passwd a", "rm a; cp d/x a; chmod 755 a", "rm -r f; ln -s d f"),
    "odd names": ("echo 1 >$'-\\n\\xff'", "mv -- $'-\\n\\xff' '\"'", "rm -- '\"'"),
    "a folder over a file": ("rm a; mkdir -p a/b; echo 1 >a/b/c", "rm -r a", "echo 2 >a"),
    "folders without end": ("rm -r f/g; echo 1 >f/g", "rm f/g; mkdir f/g; echo 1 >f/g/i", "rm -r f"),
}


@pytest.mark.parametrize("story", STORIES)
def test_each_undo_goes_one_command_further_back(copy: Copy, story: str) -> None:
    copy.write(*FILES)
    copy.enter()
    seen = [copy.look()]
    for script in STORIES[story]:
        subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
        assert copy.commit(script)
        seen.append(copy.look())
    newest = copy.track.head()
    for count in range(1, len(seen)):
        # Each undo so far was undone: two commits more to go back over.
        undo(copy, 3 * count - 2)
        assert copy.look() == seen[-1 - count]
        if count < len(seen) - 1:
            undo(copy, 1)
            assert copy.look() == seen[-1]
            assert copy.track.changes(newest, copy.track.head()) == []
    assert copy.changed() == []


def undo(copy: Copy, count: int) -> None:
    """As the bundle does it: the sandbox does not run meanwhile, and what it sees afterwards is what is there."""
    copy.hide()
    done = program(copy.state, "undo", str(count))
    assert done.returncode == 0, done.stderr.decode()
    copy.show()


def test_what_was_never_committed_goes_too_and_is_kept_in_the_history(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    (copy.root / "a").write_text("command\n")
    copy.commit()
    (copy.root / "a").write_text("outside\n")
    undo(copy, 1)
    assert copy.look() == {"a": "a\n"}
    assert [commit.kind for commit in copy.track.commits()] == ["undo", "outside", "command"]
    undo(copy, 1)
    assert copy.look() == {"a": "outside\n"}


def test_a_mounted_overlay_is_not_changed_behind_its_back(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "overlay")
    copy.write("a")
    copy.enter()
    try:
        (copy.root / "a").write_text("agent\n")
        copy.commit()
        done = program(copy.state, "undo")
        assert (done.returncode, copy.look()) == (4, {"a": "agent\n"})
        assert b"gen: the sandbox has the copy mounted" in done.stderr
        # Without that, this is what would be seen.
        undo_files(copy.track, {b"a": copy.track.changes(None, copy.track.head())[0].old})
        assert copy.look() == {"a": "agent\n"}
        copy.show()
        assert copy.look() == {"a": "a\n"}
    finally:
        copy.hide()


def test_the_project_s_own_version_comes_back_even_when_the_host_changed_it_since(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    (copy.root / "a").write_text("agent\n")
    copy.commit()
    (copy.project / "a").write_text("host\n")
    undo(copy, 1)
    assert copy.look() == {"a": "a\n"}
    assert (copy.project / "a").read_text() == "host\n"


def test_nothing_is_written_through_a_link_that_stands_in_the_way(
    copy: Copy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x").write_text("the host's\n")
    copy.write(*FILES)
    copy.enter()
    subprocess.run(("bash", "-euc", f"rm -r d; ln -s {outside} d"), cwd=copy.root, check=True)
    copy.commit()
    undo(copy, 1)
    assert (outside / "x").read_text() == "the host's\n"
    assert copy.look()["d/x"] == "d/x\n"
