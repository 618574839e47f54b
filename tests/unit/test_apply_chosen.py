"""What is to become of each path: all but some, the host's version, the sandbox's whole; and conflicts in a folder."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.applying import Link, Tree, make, snapshot
from tests.unit.tracking import Tracked

BASE: Tree = {"a": "1\n2\n3\n", "b": "old\n", "d/x": "old\n", "d/y": "old\n", "gone": "old\n", "left": "old\n"}
HOST: Tree = {**BASE, "a": "1\nhost\n3\n", "d/x": "host\n", "left": "host\n"}
SANDBOX: dict[str, Any] = {**BASE, "a": "1\nagent\n3\n", "b": "new\n", "d/x": "agent\n", "d/y": "new\n", "k": "new\n"}
del SANDBOX["left"]
CLASHING = {"a", "d/x", "left"}


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    """A reviewed change with three conflicts, a and d/x of both and one that the sandbox removed."""
    tracked = Tracked(tmp_path, BASE, HOST)
    tracked.commit(SANDBOX)
    tracked.run("review")
    return tracked


def applied(tracked: Tracked, *words: str, code: int = 0) -> dict[str, Any]:
    done = tracked.run("apply", "--yes", "--json", *words, check=False)
    assert done.returncode == code, done
    return dict(json.loads(done.stdout))


def paths(document: dict[str, Any], key: str) -> set[str]:
    return {each["path"] for each in document[key]}


def stands(tracked: Tracked) -> dict[str, str]:
    files = (path for path in tracked.project.rglob("*") if path.is_file())
    return {path.relative_to(tracked.project).as_posix(): path.read_text() for path in files}


def test_a_conflict_names_what_ends_it(tracked: Tracked) -> None:
    before = snapshot(tracked.project)
    assert paths(applied(tracked, code=1), "conflicts") == CLASHING
    said = tracked.run("apply", "--yes", check=False).stdout
    for option in ("--except a", "--ours a", "--theirs a", "--conflicts FOLDER"):
        assert f"scripts/apply.sh {option}" in said
    assert snapshot(tracked.project) == before


def test_all_but_some_come_and_those_wait(tracked: Tracked) -> None:
    told = applied(tracked, "--except", "a", "--except", "d", "--except", "left")
    assert paths(told, "applied") == {"b", "k"}
    assert stands(tracked) == {**HOST, "b": "new\n", "k": "new\n"}
    assert {each["path"] for each in tracked.review()["changes"]} == {"a", "d/x", "d/y", "left"}


def test_the_hosts_stays_and_the_sandboxs_waits_no_longer(tracked: Tracked) -> None:
    told = applied(tracked, "--ours", "a", "--ours", "left", "--only", "d/y")
    assert (paths(told, "dropped"), paths(told, "applied")) == ({"a", "left"}, {"d/y"})
    assert stands(tracked) == {**HOST, "d/y": "new\n"}
    assert {each["path"] for each in tracked.review()["changes"]} == {"b", "d/x", "k"}
    # What the sandbox does to it later counts from what it has, and is merged with the host's.
    tracked.commit({**SANDBOX, "a": "1\nagent\n3\nlater\n"}, based={**BASE, "a": "1\nagent\n3\n"})
    tracked.run("review")
    applied(tracked, "--only", "a")
    assert stands(tracked)["a"] == "1\nhost\n3\nlater\n"


def test_nothing_but_the_hosts(tracked: Tracked) -> None:
    assert paths(applied(tracked, "--ours", "a", "--only", "a"), "dropped") == {"a"}
    assert stands(tracked) == HOST
    assert "a" not in {each["path"] for each in tracked.review()["changes"]}


def test_the_sandboxs_comes_whole(tracked: Tracked) -> None:
    told = applied(tracked, *(f"--theirs={path}" for path in CLASHING))
    assert (paths(told, "conflicts"), paths(told, "merged")) == (set(), set())
    assert stands(tracked) == SANDBOX
    assert tracked.review()["changes"] == []


def test_a_version_that_nobody_knows_comes_whole_too(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"a": "old"}, {"a": "host"})
    tracked.commit({"a": "agent"}, unknown=["a"])
    tracked.run("review")
    applied(tracked, code=1)
    applied(tracked, "--theirs", "a")
    assert stands(tracked) == {"a": "agent"}


def test_a_folder_of_the_hosts_is_never_replaced_whole(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"a": "old"}, {"a/mine": "host"})
    tracked.commit({"a": "agent"})
    tracked.run("review")
    assert paths(applied(tracked, "--theirs", "a", code=1), "conflicts") == {"a"}
    assert stands(tracked) == {"a/mine": "host"}


def test_what_comes_whole_is_judged_against_what_the_host_has(tmp_path: Path) -> None:
    """The host took a script out of package.json, which the agent left in: over the host's it is a new one."""
    evil = {"scripts": {"postinstall": "./x"}}
    base, host, sandbox = ({"package.json": json.dumps(each)} for each in ({**evil, "name": "a"}, {"name": "h"}, evil))
    tracked = Tracked(tmp_path, base, host)
    tracked.commit(sandbox)
    tracked.run("review")
    told = applied(tracked, "--theirs", "package.json")
    assert (paths(told, "held"), stands(tracked)) == ({"package.json"}, host)
    applied(tracked, "--theirs", "package.json", "--accept", "package.json")
    assert stands(tracked) == sandbox


def test_one_yes_for_a_lock_file_needs_its_manifest_to_come(tmp_path: Path) -> None:
    base = {"go.mod": "module a\n", "go.sum": ""}
    tracked = Tracked(tmp_path, base)
    tracked.commit({"go.mod": "module a\nrequire b v1.0.0\n", "go.sum": "b v1.0.0 h1:x=\n"})
    tracked.run("review")
    for other in (("--only", "go.sum", "--accept", "go.mod"), ("--except", "go.mod")):
        assert paths(applied(tracked, "--accept-kind", "lock", *other), "applied") == set()
    assert paths(applied(tracked, "--accept-kind", "lock", "--accept", "go.mod"), "applied") == {"go.mod", "go.sum"}


@pytest.mark.parametrize(
    "words",
    [
        ("--ours", "a", "--theirs", "a"),
        ("--ours", "d", "--except", "d/x"),
        ("--theirs", "d/x", "--except", "d"),
        ("--only", "a", "--except", "a"),
        ("--only", "a", "--theirs", "b"),
        ("--ours", "nothing"),
        ("--except", "nothing"),
        ("--theirs", "nothing"),
    ],
)
def test_options_that_contradict_each_other_are_refused(tracked: Tracked, words: tuple[str, ...]) -> None:
    before = snapshot(tracked.project)
    assert tracked.run("apply", "--yes", *words, check=False).returncode == 2
    assert snapshot(tracked.project) == before


def test_what_is_accepted_and_left_is_refused(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {})
    tracked.commit({".envrc": "x\n"})
    tracked.run("review")
    for option in ("--except", "--ours"):
        done = tracked.run("apply", "--yes", "--accept", ".envrc", option, ".envrc", check=False)
        assert done.returncode == 2
    # One that is refused for good is not asked for again.
    told = applied(tracked, "--ours", ".envrc")
    assert (paths(told, "dropped"), paths(told, "held")) == ({".envrc"}, set())
    assert tracked.review()["changes"] == []


def test_the_conflicts_are_a_folder_in_which_gits_tools_work(tracked: Tracked, tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    told = applied(tracked, "--conflicts", str(folder), code=1)
    assert told["written"]["path"] == str(folder)
    assert (folder / "base/a").read_text() == BASE["a"]
    assert (folder / "ours/a").read_text() == HOST["a"]
    assert (folder / "theirs/a").read_text() == SANDBOX["a"]
    marked = "1\n<<<<<<< yours\nhost\n||||||| before\n2\n=======\nagent\n>>>>>>> the sandbox's\n3\n"
    assert (folder / "merged/a").read_text() == marked
    assert (folder / "merged/left").read_text() == "host\n"
    assert not (folder / "theirs/left").exists()

    def git(*words: str, answers: str = "") -> str:
        tool = ("-c", "mergetool.t.cmd=cat $BASE $LOCAL $REMOTE >$MERGED", "-c", "mergetool.t.trustExitCode=true")
        command = ("git", "-C", folder / "merged", *tool, *words)
        done = subprocess.run(command, input=answers, capture_output=True, text=True, check=True)
        return done.stdout

    assert git("diff", "--name-only", "--diff-filter=U").split() == sorted(CLASHING)
    git("mergetool", "--no-prompt", "--tool=t", "a", "d/x")
    assert (folder / "merged/a").read_text() == "".join(str(tree["a"]) for tree in (BASE, HOST, SANDBOX))
    assert git("diff", "--name-only", "--diff-filter=U").split() == ["left"]


def test_the_commands_that_are_printed_end_the_conflicts(tracked: Tracked, tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    said = tracked.run("apply", "--yes", "--conflicts", folder, check=False).stdout
    for path in CLASHING:
        (folder / "merged" / path).write_text("settled\n")
    lines = [line.split("    (")[0].strip() for line in said.splitlines()]
    for line in lines:
        if line.startswith("cp "):
            subprocess.run(shlex.split(line), check=True)
    (last,) = (shlex.split(line) for line in lines if line.startswith("scripts/apply.sh --ours"))
    tracked.run("apply", *last[1:], "--yes")
    assert stands(tracked) == {**SANDBOX, **dict.fromkeys(CLASHING, "settled\n")}
    assert tracked.review()["changes"] == []


def test_no_version_in_the_folder_leads_anywhere(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"l": Link("a"), "b\x1b": b"\0old"}, {"l": Link("b"), "b\x1b": b"\0host"})
    tracked.commit({"l": Link("c"), "b\x1b": b"\0agent"})
    tracked.run("review")
    folder = tmp_path / "out"
    applied(tracked, "--conflicts", str(folder), code=1)
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert (folder / "theirs/l").read_text() == "c"
    assert (folder / "merged/b\x1b").read_bytes() == b"\0host"


def test_the_folder_is_new_and_not_in_the_project(tracked: Tracked, tmp_path: Path) -> None:
    make(tmp_path / "there", {})
    (tmp_path / "link").symlink_to(tracked.project)
    before = snapshot(tracked.project)
    inside = (tracked.project / "new", tmp_path / "link" / "new", tracked.state / "new")
    for folder in (tmp_path / "there", *inside, tmp_path / "none" / "below"):
        assert tracked.run("apply", "--yes", "--conflicts", folder, check=False).returncode == 2
    assert (snapshot(tracked.project), list((tmp_path / "there").iterdir())) == (before, [])
    # Without a conflict there is none.
    applied(tracked, "--only", "b", "--conflicts", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


HOLDS = json.dumps({"name": "x", "description": "d", "scripts": {"postinstall": "node a.js"}}, indent=1)


def clashing(tmp_path: Path) -> Tracked:
    """Its user has taken away what the agent changed in a harmless way; and a folder stands where a file is to come."""
    tracked = Tracked(tmp_path, {"package.json": HOLDS, "a": "x\n"}, {"a": "h\n", "d/mine": "x\n"})
    tracked.commit({"package.json": HOLDS.replace('"d"', '"dd"'), "a": "y\n", "d": "x\n"})
    tracked.run("review")
    return tracked


def test_a_conflict_says_what_would_hold_the_sandboxs_version_back(tmp_path: Path) -> None:
    tracked = clashing(tmp_path)
    why = "what an installation fetches, or runs by itself, changes in it"
    told = {each["path"]: each for each in applied(tracked, code=1)["conflicts"]}
    assert told["package.json"]["held"][0]["reason"] == why
    assert told["a"]["held"] == told["d"]["held"] == []
    folder = tmp_path / "out"
    for words in ((), ("--conflicts", folder)):
        said = tracked.run("apply", "--yes", *words, check=False).stdout
        assert f"\n    held back, if the sandbox's comes whole: {why}; " in said
    copies = [line.split("/")[-1] for line in said.splitlines() if line.startswith("    cp ")]
    assert copies == ["a"]
    assert f"    look at package.json yourself; held back, if the sandbox's comes whole: {why}; " in said


def test_the_whole_is_offered_where_it_can_come_and_with_what_it_needs(tmp_path: Path) -> None:
    tracked = clashing(tmp_path)
    told = {each["path"]: each["theirs"] for each in applied(tracked, code=1)["conflicts"]}
    assert told == {"a": True, "d": False, "package.json": True}

    def offered(*words: str) -> list[str]:
        said = tracked.run("apply", "--yes", *words, check=False).stdout.splitlines()
        told = [line.partition("   (the sandbox's")[0].partition("scripts/apply.sh ") for line in said]
        return [words for _, _, words in told if words.startswith("--theirs")]

    assert offered("--only", "d") == []
    assert offered("--except", "a") == ["--theirs package.json --accept package.json"]
    assert offered() == ["--theirs a"]
    told = applied(tracked, "--except", "d", "--theirs", "a", "--theirs", "package.json", "--accept", "package.json")
    assert stands(tracked) == {"a": "y\n", "d/mine": "x\n", "package.json": HOLDS.replace('"d"', '"dd"')}


def test_nothing_whole_is_offered_through_a_link(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {}, {"notes": Link("../elsewhere")})
    make(tmp_path / "elsewhere", {})
    tracked.commit({"notes/x": "agent\n"})
    tracked.run("review")
    assert applied(tracked, code=1)["conflicts"][0]["theirs"] is False
    assert "--theirs" not in tracked.run("apply", "--yes", check=False).stdout


@pytest.mark.parametrize("words", [("--except", "src/a.py"), ("--ours", "src/a.py"), ("--only", "src/A.py"), ()])
def test_a_name_makes_room_for_another_only_where_it_goes(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Some hosts keep only one of two names that differ in case."""
    tracked = Tracked(tmp_path, {"src/a.py": "x\n", "other": "x\n"})
    tracked.commit({"src/A.py": "x\n", "other": "y\n"})
    tracked.run("review")
    told = applied(tracked, *words)
    assert paths(told, "held") == ({"src/A.py"} if words else set())
    assert stands(tracked).keys() == {"src/a.py" if words else "src/A.py", "other"}
    if words:
        applied(tracked, "--only", "src/A.py", "--accept", "src/A.py")
        assert stands(tracked).keys() == {"src/a.py", "src/A.py", "other"}


def test_a_name_may_be_accepted_together_with_the_one_that_it_replaces(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"Makefile": "x\n"})
    tracked.commit({"MAKEFILE": "x\n"})
    tracked.run("review")
    applied(tracked, "--accept", "MAKEFILE", "--accept", "Makefile")
    assert stands(tracked) == {"MAKEFILE": "x\n"}
