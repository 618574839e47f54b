"""What comes back into the project, what does not, and that nothing of the user's own work is ever lost."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.applying import Link, Tree, make, snapshot
from tests.unit.isolated import PYTHON
from tests.unit.tracking import LIB, Done, Tracked

TEXT = "".join(f"line {number}\n" for number in range(20))
ABOVE, BELOW, BOTH = TEXT.replace("line 2\n", "ours\n"), TEXT.replace("line 18\n", "theirs\n"), None
BOTH = ABOVE.replace("line 18\n", "theirs\n")
RUN = ("echo\n", 0o755)
PLAIN = ("echo\n", 0o644)
NONE = object()

# What a path was at entry, what the sandbox made of it, what the host has now, and what comes of it: a version, or a
# conflict. `a` is the path where the version is not a tree.
MERGES = {
    "changed there": ("a", "b", "a", "b"),
    "new there": (NONE, "b", NONE, "b"),
    "removed there": ("a", NONE, "a", NONE),
    "changed on both sides to the same": ("a", "b", "b", "b"),
    "new on both sides, the same": (NONE, "b", "b", "b"),
    "removed on both sides": ("a", NONE, NONE, NONE),
    "text, in two places": (TEXT, BELOW, ABOVE, BOTH),
    "text, in the same place": (TEXT, TEXT.replace("line 2\n", "theirs\n"), ABOVE, "conflict"),
    "no line break at the end": ("a\nb\nc\nd", "a\nb\nc\nD", "A\nb\nc\nd", "A\nb\nc\nD"),
    "binary": (b"\0a", b"\0b", b"\0c", "conflict"),
    "new on both sides, not the same": (NONE, "b", "c", "conflict"),
    "removed there, changed here": ("a", NONE, "c", "conflict"),
    "changed there, removed here": ("a", "b", NONE, "conflict"),
    "the mode here, the text there": (PLAIN, ("more\n", 0o644), RUN, ("more\n", 0o755)),
    "the mode there, the text here": (RUN, PLAIN, ("more\n", 0o755), ("more\n", 0o644)),
    "a private file stays private": (("a", 0o600), "b", ("a", 0o600), ("b", 0o600)),
    "a set-id bit does not stay on new content": (("a", 0o4755), ("b", 0o755), ("a", 0o4755), ("b", 0o755)),
    "a link": (Link("x"), Link("y"), Link("x"), Link("y")),
    "a link on both sides": (Link("x"), Link("y"), Link("z"), "conflict"),
    "a file becomes a link": ("a", Link("y"), "a", Link("y")),
    "a file becomes a link, changed here": ("a", Link("y"), "c", "conflict"),
    "a link becomes a file": (Link("x"), "b", Link("x"), "b"),
    "a file becomes a folder": ("a", {"a/b": "b"}, "a", {"a/b": "b"}),
    "a file becomes a folder, changed here": ("a", {"a/b": "b"}, "c", "conflict"),
    "a folder becomes a file": ({"a/b": "b", "a/c/d": "d"}, "a", {"a/b": "b", "a/c/d": "d"}, "a"),
    "a folder becomes a file, with the user's in it": ({"a/b": "b"}, "a", {"a/b": "b", "a/mine": "m"}, "conflict"),
    "a folder becomes a link": (
        {"a/b": "b", "z/b": "b"}, {"a": Link("z"), "z/b": "b"}, None, {"a": Link("z"), "z/b": "b"}
    ),
    "a link becomes a folder": ({"a": Link("z"), "z/b": "b"}, {"a/n": "n", "z/b": "b"}, None, {"a/n": "n", "z/b": "b"}),
    "a folder on the host where a file was": ("a", "b", {"a/x": "x"}, "conflict"),
    "a folder of the host is a link by now": ({"a/b": "b"}, {"a/b": "c"}, {"a": Link("z"), "z/b": "b"}, "conflict"),
    "new in a folder that is a link by now": (
        {"a/b": "b"}, {"a/b": "b", "a/n": "n"}, {"a": Link("z"), "z/b": "b"}, "conflict"
    ),
    "an emptied folder goes": ({"a/b": "b", "k": "k"}, {"k": "k"}, None, {"k": "k"}),
    "an emptied folder with the user's in it stays": (
        {"a/b": "b", "k": "k"}, {"k": "k"}, {"a/b": "b", "a/mine": "m", "k": "k"}, {"a/mine": "m", "k": "k"}
    ),
    "one conflict holds back all": (
        {"a": "a", "b": "b"}, {"a": "A", "b": "B"}, {"a": "a", "b": "C"}, "conflict"
    ),
    "names of all sorts": (
        {}, {"-rf": "x", "a b": "x", "new\nline": "x", "esc\x1b[0m": "x", "\udcff": "x", '"q"': "x", "*": "x"},
        None, {"-rf": "x", "a b": "x", "new\nline": "x", "esc\x1b[0m": "x", "\udcff": "x", '"q"': "x", "*": "x"},
    ),
    "a deep new folder": ({}, {"n/e/w/" * 20 + "x": "x"}, None, {"n/e/w/" * 20 + "x": "x"}),
}  # fmt: skip


def tree(version: object) -> Tree:
    """A version of the path `a`, or a whole tree."""
    if isinstance(version, dict):
        return version
    return {} if version is NONE else {"a": version}  # type: ignore[dict-item]


@pytest.mark.parametrize(("base", "sandbox", "host", "outcome"), MERGES.values(), ids=MERGES)
def test_three_versions_become_one(
    tmp_path: Path, base: object, sandbox: object, host: object, outcome: object
) -> None:
    tracked = Tracked(tmp_path, tree(base), host=None if host is None else tree(host))
    tracked.commit(tree(sandbox))
    before = snapshot(tracked.project)
    done = apply(tracked)
    if outcome == "conflict":
        assert done.returncode == 1
        assert json.loads(done.stdout)["conflicts"]
        assert snapshot(tracked.project) == before
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert snapshot(tracked.project) == snapshot(make(tmp_path / "outcome", tree(outcome)))


def apply(tracked: Tracked, *words: str, accept_all: bool = True) -> Done:
    """`apply --json --yes` of what was reviewed, with all that is held back accepted one by one."""
    tracked.run("review")
    changes = tracked.review()["changes"]
    held = [change["path"] for change in changes if change["held"]] if accept_all else []
    accepted = [f"--accept={path}" for path in held]
    return tracked.run("apply", "--json", "--yes", *accepted, *words, check=False)


@pytest.mark.parametrize(("host", "code"), [("a", 1), ("b", 0)])
def test_without_a_known_base_only_the_same_is_no_conflict(tmp_path: Path, host: str, code: int) -> None:
    tracked = Tracked(tmp_path, {"x": "a"}, host={"x": host})
    tracked.commit({"x": "b"}, unknown=["x"])
    assert apply(tracked).returncode == code
    assert (tracked.project / "x").read_text() == host


SANDBOX = {
    "src/a.py": "new\n",
    ".envrc": "evil\n",
    "sub/.vscode/tasks.json": "{}",
    "run": RUN,
    "leaves": Link("../x"),
    "Makefile": "all:\n",
}
HELD = {".envrc", "sub/.vscode/tasks.json", "run", "Makefile"}


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    """A project in which an agent did what it may and what it may not."""
    tracked = Tracked(tmp_path, {"src/a.py": "old\n", "src/b.py": "b\n"})
    tracked.commit(SANDBOX | {"src/b.py": "b\n"}, notes=[("dev", "device")])
    tracked.run("review")
    return tracked


def files(tracked: Tracked) -> set[str]:
    """The files of the project."""
    return {path for path, value in snapshot(tracked.project).items() if value[0] != "folder"}  # type: ignore[index]


def test_yes_never_covers_what_is_held_back(tracked: Tracked) -> None:
    document = json.loads(tracked.run("apply", "--yes", "--json").stdout)
    assert files(tracked) == {"src/a.py", "src/b.py"}
    assert (tracked.project / "src/a.py").read_text() == "new\n"
    assert {each["path"] for each in document["held"]} == HELD
    assert [each["path"] for each in document["never"]] == ["leaves"]
    # The control: accepted, they do come.
    assert apply(tracked).returncode == 0
    assert files(tracked) == {"src/a.py", "src/b.py", *HELD}


def test_what_is_accepted_comes_one_by_one(tracked: Tracked) -> None:
    tracked.run("apply", "--yes", "--accept", ".envrc")
    assert files(tracked) == {"src/a.py", "src/b.py", ".envrc"}


@pytest.mark.parametrize("path", ["sub", "sub/.vscode", "src/a.py", "leaves", "nothing", "*"])
def test_only_a_held_back_path_itself_can_be_accepted(tracked: Tracked, path: str) -> None:
    before = snapshot(tracked.project)
    assert tracked.run("apply", "--yes", "--accept", path, check=False).returncode == 2
    assert snapshot(tracked.project) == before


def test_only_takes_paths_and_folders(tracked: Tracked) -> None:
    tracked.run("apply", "--yes", "--only", "sub/", "--accept", "sub/.vscode/tasks.json", "--accept", "run")
    assert files(tracked) == {"src/a.py", "src/b.py", "sub/.vscode/tasks.json"}
    assert tracked.run("apply", "--yes", "--only", "nothing", check=False).returncode == 2


def test_only_what_was_reviewed_is_approved(tracked: Tracked) -> None:
    reviewed = str(tracked.review()["hash"])
    before = snapshot(tracked.project)
    tracked.commit({**SANDBOX, "src/b.py": "later\n"})
    done = tracked.run("apply", "--approve", reviewed, check=False)
    assert done.returncode == 4
    assert "not what was reviewed" in done.stderr
    assert snapshot(tracked.project) == before
    assert tracked.run("apply", "--approve", str(tracked.review()["hash"])).returncode == 0
    assert (tracked.project / "src/b.py").read_text() == "later\n"


def test_nobody_to_ask_means_no(tracked: Tracked) -> None:
    before = snapshot(tracked.project)
    assert tracked.run("apply", check=False).returncode == 4
    assert snapshot(tracked.project) == before


ANSWERS = (
    # answers to: .envrc, Makefile, run, tasks.json, and all of it; what comes, the exit code
    ("y\nn\nyes\n\ny\n", {".envrc", "run"}, 0),
    ("n\nn\nn\nn\ny\n", set(), 0),
    ("y\ny\ny\ny\nn\n", None, 4),
    ("", None, 4),
)


@pytest.mark.parametrize(("answers", "come", "code"), ANSWERS)
def test_on_a_terminal_each_is_asked_for(tracked: Tracked, answers: str, come: set[str] | None, code: int) -> None:
    told = on_a_terminal(tracked, answers, "apply")
    assert told[0] == code
    assert told[1].count("Bring it back?") == len(HELD)
    assert files(tracked) == ({"src/b.py", "src/a.py", *come} if come is not None else {"src/a.py", "src/b.py"})
    assert (tracked.project / "src/a.py").read_text() == ("old\n" if come is None else "new\n")


def on_a_terminal(tracked: Tracked, answers: str, *words: str) -> tuple[int, str]:
    """The exit code and what was printed on a terminal on which somebody types these answers."""
    import pty

    parent, child = pty.openpty()
    command = (*PYTHON, LIB, "--state", tracked.state, *words)
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env={**os.environ, "PAGER": "cat"})
    os.close(child)
    os.write(parent, answers.encode() + b"\x04" * 9)
    shown = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        shown += part
    os.close(parent)
    return process.wait(), shown.decode()


def test_what_was_applied_is_not_shown_again(tracked: Tracked) -> None:
    apply(tracked)
    document = tracked.review()
    assert [change["path"] for change in document["changes"]] == ["leaves"]


def test_the_projects_git_is_never_touched(tracked: Tracked) -> None:
    git = make(tracked.project / ".git", {"config": "[core]\n", "hooks/x": RUN})
    before = snapshot(git)
    tracked.commit({**SANDBOX, "src/b.py": "b\n", ".GIT/config": "evil", "sub/git~1/hooks/x": "evil"})
    assert apply(tracked).returncode == 0
    assert snapshot(git) == before
    assert not (tracked.project / ".GIT").exists()
    assert not (tracked.project / "sub/git~1").exists()


def test_new_files_have_the_projects_owner_and_mode(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"old": ("o\n", 0o640)})
    if os.geteuid() == 0:
        os.chown(tracked.project, 1234, 2345)
        os.chown(tracked.project / "old", 11, 22)
    owner = tracked.project.stat()
    kept = (tracked.project / "old").stat()
    tracked.commit({"old": "n\n", "new/x": "x", "new/run": RUN, "new/l": Link("x")})
    old = os.umask(0o027)
    try:
        assert apply(tracked).returncode == 0
    finally:
        os.umask(old)
    for name, mode in (("new", 0o750), ("new/x", 0o640), ("new/run", 0o750), ("new/l", 0o777)):
        status = (tracked.project / name).lstat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (owner.st_uid, owner.st_gid, mode), name
    status = (tracked.project / "old").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (kept.st_uid, kept.st_gid, 0o640)


def test_it_is_started_as_a_bundle_does(tracked: Tracked) -> None:
    assert tracked.start("apply", "--approve", "wrong").returncode == 4
    assert tracked.start("apply", "--accept", "wrong", "--yes").returncode == 2
    done = tracked.start("apply", "--approve", str(tracked.review()["hash"]))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 path brought back, 0 of them merged")
    assert tracked.start("apply", "--recover").returncode == 0


def test_a_thousand_files_come_at_once(tmp_path: Path) -> None:
    base = {f"d{number % 7}/f{number}": f"{number}\n" for number in range(1000)}
    tracked = Tracked(tmp_path, base)
    sandbox = {path: text + "more\n" for path, text in base.items()}
    tracked.commit(sandbox)
    assert apply(tracked).returncode == 0
    assert snapshot(tracked.project) == snapshot(make(tmp_path / "outcome", sandbox))


def test_a_tree_as_deep_as_git_goes_comes_back_and_goes_again(tmp_path: Path) -> None:
    deep = "d/" * 1800 + "x"
    tracked = Tracked(tmp_path, {"k": "k"})
    try:
        tracked.commit({"k": "k", deep: "x"})
        assert apply(tracked).returncode == 0
        there = subprocess.run(
            ("find", ".", "-name", "x"), cwd=tracked.project, capture_output=True, text=True, check=True
        )
        assert there.stdout.strip() == f"./{deep}"
        tracked.base = {"k": "k", deep: "x"}
        tracked.commit({"k": "k"})
        assert apply(tracked).returncode == 0
        assert sorted(path.name for path in tracked.project.iterdir()) == ["k"]
    finally:
        subprocess.run(("rm", "-rf", tracked.project), check=True)
