"""Undo: the agent's files are what they were before its last commands, and an undo can be undone."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from project.reverted import Reverted
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
    "permissions": (
        "chmod 666 private",
        "chmod 755 a",
        "chmod 600 d/x",
        "chmod 644 a",
        "rm private; echo 1 >private",
    ),
    "permissions of folders": ("chmod 700 d", "chmod 777 shut", "rm -r shut; mkdir shut", "chmod 1777 d"),
    "permissions of what is new": ("umask 77; echo 1 >n; mkdir m; echo 1 >m/o", "chmod 644 n", "rm -r m", "rm n"),
    "a private file under another name": ("mv private public", "chmod 644 public", "mv public private"),
    "empty folders": ("mkdir -p e/f/g", "rmdir e/f/g", "rmdir empty", "mkdir empty", "rm -r e empty"),
    "folders that become empty": ("rm f/g/h", "rmdir f/g", "rm -r d", "mkdir -p d/e", "rm -r d f"),
    "a folder where a link was": ("rm l; mkdir l; echo 1 >l/q", "rm -r l; ln -s d l", "rm l; mkdir l"),
    "set-id bits": ("chmod 4755 run", "chmod 6711 run", "echo 1 >>run"),
    "what holds nothing": ("mkfifo p; rm a; mkfifo a; mkdir -p m/n; mkfifo m/n/o d/q",),
    "folders without end": ("rm -r f/g; echo 1 >f/g", "rm f/g; mkdir f/g; echo 1 >f/g/i", "rm -r f"),
}


@pytest.mark.parametrize("story", STORIES)
def test_each_undo_goes_one_command_further_back(copy: Copy, story: str) -> None:
    copy.write(*FILES, "private", "run", "shut/x")
    for name, mode in (("private", 0o600), ("run", 0o755), ("shut", 0o700), ("d/e", 0o750)):
        (copy.project / name).chmod(mode)
    (copy.project / "empty").mkdir()
    (copy.project / "l").symlink_to("a")
    copy.enter()
    seen = [whole(copy)]
    for script in STORIES[story]:
        subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
        assert copy.commit(script)
        seen.append(whole(copy))
    newest = copy.track.head()
    for count in range(1, len(seen)):
        # Each undo so far was undone: two commits more to go back over.
        undo(copy, 3 * count - 2)
        assert whole(copy) == seen[-1 - count]
        if count < len(seen) - 1:
            undo(copy, 1)
            assert whole(copy) == seen[-1]
            assert copy.track.changes(newest, copy.track.head()) == []
    assert copy.changed() == []


def whole(copy: Copy) -> dict[str, object]:
    """All that the agent sees: kinds, permissions, contents; of set-id bits a copy has none."""
    found: dict[str, object] = {}
    for path in sorted(copy.root.rglob("*")):
        mode = path.lstat().st_mode
        held = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        kept = 0o1777 if stat.S_ISDIR(mode) else 0o777
        found[path.relative_to(copy.root).as_posix()] = (stat.S_IFMT(mode), mode & kept, held)
    return found


def undo(copy: Copy, count: int) -> str:
    """As the bundle does it: the sandbox does not run meanwhile, and what it sees afterwards is what is there."""
    copy.hide()
    done = program(copy.state, "undo", str(count))
    assert done.returncode == 0, done.stderr.decode()
    copy.show()
    return done.stdout.decode()


def test_what_is_not_undone_is_named(copy: Copy) -> None:
    copy.write("sub/f", "run", "x", "old/.git/HEAD")
    copy.enter()
    script = "truncate -s 120M sub/f; echo >>run; chmod 4755 x; mkdir -p q/.git; echo >q/.git/config; mkfifo p"
    subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
    assert copy.commit(script)
    said = undo(copy, 1).splitlines()
    assert said[0] == "undone: 4 paths"
    assert said[1:5] == ["  p", "  q", "  run", "  x"]
    assert said[5:] == [
        "not undone: 2 paths",
        "  q/.git: git's own folder is never touched",
        "  sub/f: larger than what is tracked",
    ]
    assert (copy.root / "x").stat().st_mode & 0o7777 == 0o644
    # The second one says it again.
    (copy.root / "run").write_text("more")
    copy.commit()
    assert undo(copy, 1).splitlines() == ["undone: 1 path", "  run"]


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
        undo_files(copy.track, Reverted.between(copy.track, None, copy.track.head()))
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


def test_an_undo_makes_no_change_of_what_an_agent_only_touched(copy: Copy) -> None:
    """What it has is the project's, whatever its user makes of that: nothing waits, nothing of the user's goes."""
    copy.write("touched", "other")
    copy.enter()
    (copy.root / "touched").touch()
    os.utime(copy.root / "touched", (1, 1))
    copy.commit("touch")
    assert copy.changed() == []
    (copy.project / "touched").write_text("of the user\n")
    (copy.root / "new").write_text("1")
    copy.commit("new")
    assert undo(copy, 1).splitlines() == ["undone: 1 path", "  new"]
    assert copy.changed() == []


@pytest.mark.parametrize("words", [(), ("--ignored",)])
def test_what_is_ignored_is_named_as_left_alone_whether_it_is_new_or_came_along(
    copy: Copy, words: tuple[str, ...]
) -> None:
    """What came along may have changed as well, and nobody knows that of it: it is no path of which so many count."""
    copy.write("a", "y.o", "built/f")
    (copy.project / ".gitignore").write_text("*.o\nbuilt/\n")
    subprocess.run(("git", "init", "-q"), cwd=copy.project, check=True)
    copy.enter(*words)
    script = "mkdir -p built; echo 1 >a; echo 1 >>y.o; echo 1 >>built/f; echo 1 >new.o; mkdir .git; echo 1 >.git/x"
    subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
    copy.commit()
    assert undo(copy, 1).splitlines() == [
        "undone: 1 path",
        "  a",
        "not undone: 1 path",
        "  .git: git's own folder is never touched",
        "left alone, whatever became of it, since git ignores it, or did at the entry: built, new.o, y.o",
    ]
