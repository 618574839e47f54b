"""What of a project is taken into its copy, and what never is: the same by an overlay and by a plain copy."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from project import records

from tests.unit.applying import make
from tests.unit.copying import PROGRAM, Copy, copy, git, program
from tests.unit.isolated import PYTHON

__all__ = ["copy"]


def left(copy: Copy) -> dict[str, str]:
    """What left-out.json says: path, why."""
    told = json.loads((copy.state / "left-out.json").read_text())
    return {found["path"]: found["why"] for found in told["left_out"]}


def test_what_git_would_take_and_no_secret(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.write("src/a", "src/deep/b", "untracked", "node_modules/x/n", "src/a.o", "tracked.o", ".env", "src/id_rsa")
    (copy.project / ".gitignore").write_text("node_modules/\n*.o\n")
    (copy.project / "link").symlink_to("/etc/passwd")
    os.mkfifo(copy.project / "pipe")
    git(copy.project, "init", "-q")
    git(copy.project, "add", "src")
    git(copy.project, "add", "-f", "tracked.o", ".env", "src/id_rsa")
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's name is short, a test's folder is not.
        monkeypatch.chdir(copy.project)
        server.bind("sock")
        said = copy.enter()
    assert sorted(copy.look()) == [".gitignore", "link", "src/a", "src/deep/b", "tracked.o", "untracked"]
    assert left(copy) == {
        ".git": "git",
        ".env": "secret",
        "src/id_rsa": "secret",
        "node_modules": "ignored",
        "src/a.o": "ignored",
        "pipe": "special",
        "sock": "special",
    }
    assert "left out (secret): .env, src/id_rsa" in said
    assert copy.commit() is None
    lines = program(copy.state, "left-out", "--lines").stdout.decode().split()
    assert lines == [".env", ".git", "node_modules", "pipe", "sock", "src/a.o", "src/id_rsa"]


def test_what_is_asked_for_is_taken(copy: Copy) -> None:
    copy.write("a", "build/b", ".env", "keep.pem", "plans.txt")
    (copy.project / ".gitignore").write_text("build/\n")
    git(copy.project, "init", "-q")
    copy.enter("--ignored", "--git", "--keep", "keep.pem", "--secret", "plans*")
    assert sorted(name for name in copy.look() if not name.startswith(".git/")) == [
        *(".gitignore", "a", "build/b", "keep.pem"),
    ]
    # The agent may use git, and none of that ever comes back.
    assert git(copy.root, "status", "--porcelain").splitlines()
    (copy.root / ".git" / "config").write_text("[core]\n\tfsmonitor = evil\n")
    copy.commit()
    assert copy.changed() == []


def untouched(copy: Copy) -> list[str]:
    """What was left out and, if it stands in the copy, came there by the entry."""
    return program(copy.state, "left-out", "--lines", "--untouched").stdout.decode().split()


def test_what_the_sandbox_makes_is_not_held_against_the_entry(copy: Copy) -> None:
    copy.write("a", "build/x", "src/.env", "src/b")
    (copy.project / ".gitignore").write_text("build/\n")
    copy.enter()
    if copy.method == "overlay":
        assert untouched(copy) == ["build", "src/.env"]
    make(copy.root, {"build/own": "x\n", "src/.env": "MINE=1\n"})
    assert untouched(copy) == []


def test_control_what_the_entry_copied_is_held_against_it(copy: Copy) -> None:
    copy.method = "plain"
    copy.write("a", "build/x", ".env")
    (copy.project / ".gitignore").write_text("build/\n")
    copy.enter()
    records.write(str(copy.state / "copied.list"), records.join([(b".env", b""), (b"a", b""), (b"build/x", b"")]))
    assert untouched(copy) == [".env", "build"]


def test_a_bundle_and_its_state_are_not_taken_in(copy: Copy) -> None:
    copy.write("bundles/a/MANIFEST.sha256", "bundles/a/scripts/start.sh", "bundles/a/local/env", "bundles/README")
    copy.write("old/.state/journal.jsonl", "old/.state/x", "own/MANIFEST.sha256", "own/scripts/lint.sh", "x/.state/y")
    copy.enter()
    assert left(copy) == {"bundles/a": "bundle", "old/.state": "bundle"}
    assert sorted(copy.look()) == ["bundles/README", "own/MANIFEST.sha256", "own/scripts/lint.sh", "x/.state/y"]


def test_a_project_that_is_a_bundle_is_refused(copy: Copy) -> None:
    copy.write("MANIFEST.sha256", "lib/runner.sh", "src/a")
    done = program(copy.state, "enter", "--project", copy.project, "--sandbox-uid", "0", "--method", copy.method)
    assert done.returncode == 4
    assert b"is a bundle of gen" in done.stderr


def test_a_worktree_and_submodules_by_their_own_rules(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / ".gitignore").write_text("*.log\n")
    git(other, "init", "-q")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "x")
    copy.write("a")
    copy.project.rmdir() if not any(copy.project.iterdir()) else shutil.rmtree(copy.project)
    git(other, "worktree", "add", "-q", str(copy.project))
    git(copy.project, "submodule", "add", "-q", str(other), "sub")
    copy.write("b", "b.log", "sub/c", "sub/c.log", "nested/d", "nested/d.log", "nested/e.tmp")
    git(copy.project / "nested", "init", "-q")
    (copy.project / "nested/.gitignore").write_text("*.tmp\n")
    copy.enter()
    assert sorted(copy.look()) == [
        *(".gitignore", ".gitmodules", "b", "nested/.gitignore", "nested/d", "nested/d.log", "sub/.gitignore", "sub/c"),
    ]
    assert {path for path, why in left(copy).items() if why == "git"} == {".git", "sub/.git", "nested/.git"}


PLACES = {
    "no repository, and its .gitignore counts": ("", {"a", ".gitignore", "sub/b"}),
    "no commit yet": ("git init -q", {"a", ".gitignore", "sub/b"}),
    "sha256": (
        "git init -q --object-format=sha256 && git add . && git add -f x.o",
        {"a", ".gitignore", "sub/b", "x.o"},
    ),
    "a split index": (
        "git init -q && git add a && git update-index --split-index && git add -f x.o",
        {"a", ".gitignore", "sub/b", "x.o"},
    ),
    "a broken .git": ("mkdir .git && echo x >.git/HEAD", {"a", ".gitignore", "sub/b"}),
    "a .git file that leads nowhere": ("echo 'gitdir: /nonexistent' >.git", {"a", ".gitignore", "sub/b"}),
    "signing": (
        "git init -q && git config commit.gpgSign true && git config gpg.program false",
        {"a", ".gitignore", "sub/b"},
    ),
    "in a folder of another repository": ("git -C .. init -q && echo sub >../.gitignore", {"a", ".gitignore"}),
    "in a folder that another repository ignores": (
        "git -C .. init -q && echo '*' >../.gitignore",
        {"a", ".gitignore", "sub/b"},
    ),
    "info/exclude": ("git init -q && echo sub >.git/info/exclude", {"a", ".gitignore"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_whatever_git_makes_of_the_place(copy: Copy, place: str) -> None:
    script, seen = PLACES[place]
    copy.write("a", "sub/b", "x.o")
    (copy.project / ".gitignore").write_text("*.o\n")
    subprocess.run(("bash", "-euc", script), cwd=copy.project, check=True)
    copy.enter()
    assert set(copy.look()) == seen
    assert not list(copy.state.glob("select*"))


def test_the_user_s_own_list_of_what_is_ignored_counts(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ignore").write_text("*.mine\n")
    (tmp_path / "gitconfig").write_text(f"[core]\n\texcludesFile = {tmp_path}/ignore\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    copy.write("a", "a.mine")
    git(copy.project, "init", "-q")
    copy.enter()
    assert sorted(copy.look()) == ["a"]


def test_the_project_s_git_configuration_never_runs(copy: Copy, tmp_path: Path) -> None:
    copy.write("a", "b")
    marker = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\n")
    evil.chmod(0o755)
    git(copy.project, "init", "-q")
    git(copy.project, "add", "a")
    (tmp_path / "included").write_text(f"[core]\n\tfsmonitor = {evil}\n")
    (copy.project / ".gitattributes").write_text("* filter=evil diff=evil\n")
    with (copy.project / ".git/config").open("a") as config:
        config.write(f"[include]\n\tpath = {tmp_path}/included\n[core]\n\thooksPath = {tmp_path}\n")
        config.write(f'[filter "evil"]\n\tclean = {evil}\n[diff "evil"]\n\ttextconv = {evil}\n')
    copy.enter()
    (copy.root / "a").write_text("1\n")
    copy.commit()
    for words in (("diff",), ("diff", "--patch"), ("log",), ("status",), ("leave",)):
        copy.hide()
        assert program(copy.state, *words).returncode == 0
    assert not marker.exists()
    # What anybody else's git does there.
    git(copy.project, "status")
    assert marker.exists()


def test_names_of_every_kind(copy: Copy) -> None:
    odd = (b"a b", b"-rf", b"new\nline", b"\x1b[31m", b"\xff\xfe", b'"q"', b"\\slash", b"tab\t", b" lead", b"\xc3\xa9")
    names = sorted(map(os.fsdecode, odd), key=os.fsencode)
    for name in names:
        folder = copy.project / f"d{name}"
        folder.mkdir()
        (folder / name).write_text(name, errors="surrogateescape")
        (folder / f"{name}.pem").write_text("secret")
    git(copy.project, "init", "-q")
    said = copy.enter()
    assert sorted(copy.look(), key=os.fsencode) == [f"d{name}/{name}" for name in names]
    assert "\x1b" not in said
    for name in names:
        (copy.root / f"d{name}" / name).write_text("more")
    copy.commit()
    assert copy.changed() == [f"~d{name}/{name}" for name in names]


# What is left out twice, or lies below what is: (files, of them what is ignored by a rule, what is left out and why).
TWICE = {
    "a folder that ignores itself": ({"sub/.gitignore": "*\n", "sub/x": ""}, {"sub": "ignored"}),
    "one in a tracked folder": ({"t/a": "", "t/c/.gitignore": "*\n", "t/c/d/e": ""}, {"t/c": "ignored"}),
    "one in another": ({"s/.gitignore": "*\n", "s/i/.gitignore": "*\n", "s/i/x": ""}, {"s": "ignored"}),
    "a secret below an ignored folder": ({".gitignore": "b/\n", "b/.env": "", "b/.ssh/k": ""}, {"b": "ignored"}),
    "ignored files in a folder of secrets": ({".gitignore": "*.log\n", ".ssh/x.log": ""}, {".ssh": "secret"}),
    "an ignored folder of secrets": ({".ssh/.gitignore": "*\n", ".ssh/x": ""}, {".ssh": "secret"}),
    "ignored files in a bundle": (
        {".gitignore": "*.o\n", "b/MANIFEST.sha256": "", "b/scripts/start.sh": "", "b/x.o": "", "b/.state/journal": ""},
        {"b": "bundle"},
    ),
    "a repository that ignores itself": (
        {"n/.gitignore": "*\n", "n/.git/HEAD": "ref: x\n", "n/x": ""},
        {"n": "ignored"},
    ),
    "odd names": ({"\udcff\n/.gitignore": "*\n", "\udcff\n/\\ ": "", 'q"/a': ""}, {"\udcff\n": "ignored"}),
}


@pytest.mark.parametrize("case", TWICE)
@pytest.mark.parametrize("tracked", [False, True])
def test_what_lies_below_something_left_out_is_out_with_it(copy: Copy, case: str, tracked: bool) -> None:
    files, expected = TWICE[case]
    make(copy.project, {"a": "a\n", **files})
    if tracked:
        git(copy.project, "init", "-q")
        git(copy.project, "add", "a", *(name for name in files if name == "t/a"))
    copy.enter()
    found = {path: why for path, why in left(copy).items() if path != ".git"}
    assert found == expected
    assert not [path for path in copy.look() if path.split("/")[0] in expected or path.startswith("t/c")]
    assert copy.commit() is None


@pytest.mark.parametrize("tracked", [False, True])
def test_a_folder_that_may_not_be_read_is_left_out_wherever_the_walk_comes_to_it(copy: Copy, tracked: bool) -> None:
    """Its owner could open it again, and so could an agent with the owner's number."""
    copy.write("a", "shut/.env")
    if tracked:
        git(copy.project, "init", "-q")
        git(copy.project, "add", "-A", "-f")
    (copy.project / "shut").chmod(0)
    ordinary = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", *PYTHON, PROGRAM / "__main__.py")
    words = ("--state", copy.state, "enter", "--project", copy.project, "--sandbox-uid", "0", "--method", copy.method)
    done = subprocess.run((*ordinary, *words), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert left(copy)["shut"] == "unreadable"


ROOM = (
    # what .gitignore names; the size of the disk; whether the copy fits
    ("", 8 << 20, False),
    ("", 64 << 20, True),
    ("large\n", 8 << 20, True),
)


@pytest.mark.parametrize(("ignored", "room", "fits"), ROOM)
def test_a_project_that_the_disk_cannot_hold_is_foreseen(tmp_path: Path, ignored: str, room: int, fits: bool) -> None:
    copy = Copy(tmp_path, "plain")
    copy.write("src/a")
    (copy.project / "large").write_bytes(os.urandom(12 << 20))
    (copy.project / ".gitignore").write_text(ignored)
    git(copy.project, "init", "-q")
    words = ("--project", copy.project, "--sandbox-uid", "0", "--method", "plain", "--foresee", "--room", str(room))
    done = program(copy.state, "enter", *words)
    assert (done.returncode == 0) is fits
    if not fits:
        assert b"the project is too large for the sandbox's disk: 12M are to be copied, and it has 8M" in done.stderr
        assert done.stderr.rstrip().endswith(b"mend: 1G")
    # A sparse file takes what it has.
    (copy.project / "large").write_bytes(b"")
    os.truncate(copy.project / "large", 1 << 33)
    assert program(copy.state, "enter", *words).returncode == 0
