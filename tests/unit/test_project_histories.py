"""With `project.history: true` git works in the copy; where it could not, its folder is left out, with the reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.copying import Copy, copy, git
from tests.unit.test_project_entry import left

__all__ = ["copy"]


def repository(folder: Path, *words: str) -> Path:
    """One with two commits, a second branch, a tag and something that is kept aside."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", *words)
    for name in ("a", "b"):
        (folder / name).write_text(f"{name}\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", f"adds {name}")
    git(folder, "tag", "v1")
    git(folder, "branch", "other")
    return folder


def worktree(copy: Copy, home: Path) -> None:
    """The project is a linked worktree of a repository, on a branch of its own, with a commit and a change."""
    copy.project.rmdir()
    git(home, "worktree", "add", "-q", "-b", "topic", str(copy.project))
    (copy.project / "c").write_text("c\n")
    git(copy.project, "add", "c")
    git(copy.project, "commit", "-qm", "adds c")
    (copy.project / "a").write_text("changed\n")


def digest(folder: Path) -> str:
    """Of all that is in a folder, with its times."""
    found = sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found.update(f"{path} {status.st_mode} {status.st_mtime_ns} {status.st_size}".encode())
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


@pytest.mark.parametrize("how", ["loose", "packed", "bare", "with its own settings"])
def test_a_linked_worktree_has_a_git_folder_of_its_own(copy: Copy, tmp_path: Path, how: str) -> None:
    home = repository(tmp_path / "home")
    if how == "bare":
        git(tmp_path, "clone", "-q", "--bare", str(home), "home.git")
        home = tmp_path / "home.git"
    worktree(copy, home)
    if how == "packed":
        git(home, "gc", "-q")
        git(home, "pack-refs", "--all")
    if how == "with its own settings":
        git(home, "config", "extensions.worktreeConfig", "true")
        git(copy.project, "config", "--worktree", "core.worktree", str(copy.project))
        git(copy.project, "config", "--worktree", "test.word", "mine")
    (copy.project / "c").write_text("staged\n")
    git(copy.project, "add", "c")
    before = digest(home)
    copy.enter("--git")
    inside = copy.root
    assert (inside / ".git").is_dir()
    assert git(inside, "log", "--format=%s").split("\n")[:3] == ["adds c", "adds b", "adds a"]
    assert git(inside, "rev-parse", "--abbrev-ref", "HEAD") == "topic\n"
    assert git(inside, "status", "--porcelain") == " M a\nM  c\n"
    assert git(inside, "rev-parse", "v1", "other") == git(home, "rev-parse", "v1", "other")
    assert git(inside, "fsck", "--no-dangling") == ""
    if how == "with its own settings":
        assert git(inside, "config", "test.word") == "mine\n"
    # The agent commits, and the repository of the host knows nothing of it.
    git(inside, "commit", "-qam", "by the agent")
    assert git(inside, "log", "-1", "--format=%s") == "by the agent\n"
    assert "by the agent" not in git(home, "log", "--all", "--format=%s")
    assert digest(home) == before
    copy.commit()
    assert copy.changed() == []
    assert git(copy.project, "status", "--porcelain") == " M a\nM  c\n"


def test_a_submodule_whose_folder_is_in_the_project_works(copy: Copy, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    shutil.rmtree(copy.project)
    repository(copy.project)
    git(copy.project, "submodule", "--quiet", "add", str(other), "sub")
    copy.enter("--git")
    assert git(copy.root / "sub", "log", "-1", "--format=%s") == "adds b\n"
    assert left(copy) == {}


def borrowed(copy: Copy, home: Path) -> None:
    copy.project.rmdir()
    git(home.parent, "clone", "-q", "--shared", str(home), str(copy.project))


def foreign_worktree(copy: Copy, home: Path) -> None:
    """A file that names the metadata of a worktree which is somewhere else."""
    git(home, "worktree", "add", "-q", "-b", "topic", str(home.parent / "elsewhere"))
    (copy.project / ".git").write_text(f"gitdir: {home}/.git/worktrees/elsewhere\n")


def named(copy: Copy, home: Path) -> None:
    (copy.project / ".git").write_text(f"gitdir: {home}/.git\n")


def link(copy: Copy, home: Path) -> None:
    (copy.project / ".git").symlink_to(home / ".git")


def nowhere(copy: Copy, home: Path) -> None:
    (copy.project / ".git").write_text("gitdir: ../nowhere\n")


@pytest.mark.parametrize("made", [borrowed, foreign_worktree, named, link, nowhere])
def test_what_would_not_work_is_left_out_and_said(
    copy: Copy, tmp_path: Path, made: Callable[[Copy, Path], None]
) -> None:
    home = repository(tmp_path / "home")
    made(copy, home)
    said = copy.enter("--git")
    assert not os.path.lexists(copy.root / ".git")
    assert left(copy) == {".git": "elsewhere"}
    assert "left out (git, whose history is in another repository): .git" in said
