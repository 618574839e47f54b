"""The host's project moves on while a sandbox works: what the agent had before it is the base of what it made."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from project import limits, look, view
from project.basis import Basis

from tests.unit.copying import Copy, program
from tests.unit.test_project_overlap import Command

Act = Callable[[Copy], None]


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Copy]:
    """An overlay with some files, and an agent that has looked at every one of them."""
    made = Copy(tmp_path)
    made.write("a", "d/x", "d/y", "gone")
    made.enter()
    made.look()
    yield made
    made.hide()
    shutil.rmtree(tmp_path, ignore_errors=True)


def host(script: str) -> Act:
    """What the user does in the project meanwhile."""
    return lambda copy: _shell(script, copy.project)


def agent(script: str) -> Act:
    """One command of the agent's, as connect.sh has it."""

    def act(copy: Copy) -> None:
        looked(copy)
        _shell(script, copy.root)
        copy.commit(script)

    return act


def during(script: str, moves: str, then: str) -> Act:
    """One command of the agent's, in the middle of which the host moves on."""

    def act(copy: Copy) -> None:
        looked(copy)
        _shell(script, copy.root)
        _shell(moves, copy.project)
        _shell(then, copy.root)
        copy.commit(script)

    return act


def beside(script: str, *acts: Act) -> Act:
    """A command that reads first, is at work while these happen, and then does what it does from what it has read."""

    def act(copy: Copy) -> None:
        looked(copy)
        command = Command(copy, "beside")
        had = {path: path.read_text() for path in (copy.root / "a", copy.root / "d/x")}
        for one in acts:
            one(copy)
        for path, text in had.items():
            path.write_text(text)
        command.does(script)
        command.ends()

    return act


def behind(script: str) -> Act:
    """What a process of the agent's does between its commands."""
    return lambda copy: _shell(script, copy.root)


def _shell(script: str, folder: Path) -> None:
    subprocess.run(("bash", "-euc", script), cwd=folder, check=True)


def looked(copy: Copy) -> None:
    """The look before a command, once the clock of the kernel has moved on."""
    _shell("sleep 0.02", copy.state)
    done = program(copy.state, "look")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr


def restarted(copy: Copy) -> None:
    """The sandbox, stopped and started."""
    copy.show()


PULL = "cp a n; echo pulled >>n; mv n a"
# Who does what, then what `apply` makes of it: the files of the project, or why not.
STORIES: dict[str, tuple[tuple[Act, ...], dict[str, str] | str]] = {
    "the host replaces a file": ((host(PULL), agent("echo more >>a")), {"a": "a\npulled\nmore\n"}),
    "the host writes in place": ((host("echo h >>a"), agent("echo more >>a")), {"a": "a\nh\nmore\n"}),
    "in place, time and again": (
        (host("echo h >>a"), agent("true"), host("echo i >>a"), agent("echo more >>a")),
        {"a": "a\nh\ni\nmore\n"},
    ),
    "replaced time and again": (
        (host(PULL), agent("cat a"), host(PULL), agent("cat a"), host(PULL), agent("sed -i 's/^a/A/' a")),
        {"a": "A\npulled\npulled\npulled\n"},
    ),
    "a new file": ((host("echo n >new"), agent("echo more >>new")), {"new": "n\nmore\n"}),
    "a new file where the agent found none": (
        (agent("cat new || true"), host("echo n >new"), agent("echo more >>new")),
        {"new": "n\nmore\n"},
    ),
    "a new folder": ((host("mkdir -p n/m; echo n >n/m/f"), agent("echo more >>n/m/f")), {"n/m/f": "n\nmore\n"}),
    "a folder of the host's is another one": (
        (host("cp -r d e; rm -r d; echo h >>e/x; mv e d"), agent("echo more >>d/x")),
        {"d/x": "d/x\nh\nmore\n"},
    ),
    "the host removes, the agent makes anew": ((host("rm gone"), agent("echo n >gone")), {"gone": "n\n"}),
    "the agent removes what came": ((host("echo n >new; " + PULL), agent("rm new a")), {"new": "", "a": ""}),
    "the agent removes a folder that grew": ((host("echo n >d/new"), agent("rm -r d")), {"d/new": "", "d/x": ""}),
    "a file becomes a link": ((host("ln -sf d/x a"), agent("ln -sf d/y a")), {"a": "d/y\n"}),
    "the host goes on": (
        (host(PULL + "; echo last >>a"), agent("sed -i '1i first' a"), host("echo later >>a")),
        {"a": "first\na\npulled\nlast\nlater\n"},
    ),
    "the sandbox was stopped meanwhile": ((host(PULL), restarted, agent("echo m >>a")), {"a": "a\npulled\nm\n"}),
    "one was touched before, another after": (
        (agent("echo m >>d/y"), host(PULL + "; echo h >>d/y"), agent("echo more >>a")),
        "in the same place",
    ),
    # What nobody can tell is a conflict.
    "the host comes during the command": ((during("cat a", PULL, "echo m >>a"),), "is not known"),
    "the host comes during a later command": (
        (host(PULL), agent("cat a"), during("cat a", PULL, "echo m >>a")),
        "is not known",
    ),
    "the host comes after a process of the agent's": (
        (agent("true"), behind("echo m >>a"), host(PULL), agent("true")),
        "is not known",
    ),
    "in place, after a process of the agent's": (
        (agent("true"), behind("echo m >>a"), host("echo h >>a"), agent("echo n >>a")),
        "is not known",
    ),
    "another command begins meanwhile": (
        (beside("sed -i 's/^/A/' a d/x", host(PULL + "; echo h >>d/x"), agent("true")),),
        "is not known",
    ),
    "another command ends meanwhile, and a third begins": (
        (
            beside(
                "sed -i 's/^/A/' a d/x", agent("true"), host("echo h >>a; echo h >>d/x"), agent("true"), agent("true")
            ),
        ),
        "is not known",
    ),
    "what came before the other command began": (
        (host(PULL), beside("echo m >>a", agent("true"))),
        {"a": "a\npulled\nm\n"},
    ),
    "what comes after the other command has ended": (
        (beside("echo m >>d/y", agent("true")), host("sed -i '1i pulled' gone"), agent("echo more >>gone")),
        {"gone": "pulled\ngone\nmore\n"},
    ),
    "both make it": ((agent("echo m >new"), host("echo h >new")), "new on the host"),
    "the host restores what was there": (
        (host("mv a k; echo other >a"), behind("cat a"), host("mv k a"), agent("echo m >>a")),
        {"a": "a\nm\n"},
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_the_agent_built_on_is_the_base(moving: Copy, story: str) -> None:
    acts, wanted = STORIES[story]
    for act in acts:
        act(moving)
    assert program(moving.state, "review").returncode == 0
    done = program(moving.state, "apply", "--yes")
    if isinstance(wanted, str):
        assert done.returncode == 1, done
        assert wanted.encode() in done.stdout
        return
    assert done.returncode == 0, done
    for path, text in wanted.items():
        file = moving.project / path
        assert (file.read_text() if file.exists() else "") == text
    assert moving.commit() is None
    assert program(moving.state, "apply", "--yes").stdout.startswith(b"there is nothing")


@pytest.mark.parametrize(
    "story",
    [
        "the host replaces a file",
        "the host writes in place",
        "the agent removes a folder that grew",
        "the host removes, the agent makes anew",
        "the host restores what was there",
    ],
)
def test_without_a_way_to_what_is_shown_nothing_of_the_hosts_is_lost(
    moving: Copy, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is what it would be, or a conflict; and what the agent removed of it stays."""
    acts, wanted = STORIES[story]
    monkeypatch.setattr(view.View, "_mounts", lambda _: iter(()))
    monkeypatch.setitem(globals(), "looked", lambda copy: look.quick(["--state", str(copy.state)]))
    for act in acts:
        act(moving)
    assert program(moving.state, "review").returncode == 0
    done = program(moving.state, "apply", "--yes")
    if done.returncode == 0:
        for path, text in dict(wanted).items():
            file = moving.project / path
            assert not text or file.read_text() == text
    else:
        assert b"is not known" in done.stdout, done


def test_a_review_says_where_the_change_is_one_of_a_newer_version(moving: Copy) -> None:
    """So that lines which the agent takes out again, since it wrote from memory, are not overlooked."""
    for act in (host(PULL + "; echo h >>d/x"), agent("echo m >>a; echo m >>d/x; echo m >>d/y")):
        act(moving)
    said = program(moving.state, "review").stdout.decode().splitlines()
    assert {line.split()[1] for line in said if line.endswith("  on your newer version")} == {"a", "d/x"}
    assert program(moving.state, "apply", "--yes").returncode == 0
    agent("echo again >>a")(moving)
    assert b"newer" not in program(moving.state, "review").stdout


def test_a_mount_that_is_told_to_look_again_keeps_its_options(moving: Copy) -> None:
    moving.hide()
    layers = f"lowerdir={moving.state}/disk/masks:{moving.project},upperdir={moving.state}/disk/upper"
    words = ("-o", f"nosuid,nodev,noexec,userxattr,{layers},workdir={moving.state}/disk/work", moving.mount_point)
    subprocess.run(("mount", "-t", "overlay", "overlay", *words), check=True)
    moving.mounted = True

    def mounted() -> list[str]:
        """Others mount what they like meanwhile."""
        return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(moving.project) in line]

    before = mounted()
    moving.look()
    host(PULL)(moving)
    assert moving.look()["a"] == "a\n"
    looked(moving)
    assert moving.look()["a"] == "a\npulled\n"
    assert mounted() == before
    assert len(before) == 1


def test_what_is_left_out_or_ignored_is_none_of_it(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.write("a", ".env")
    (copy.project / ".gitignore").write_text("build/\n*.o\n")
    subprocess.run(("git", "init", "--quiet", copy.project), check=True)
    copy.enter()
    try:
        host("echo more >>.env; mkdir build; echo o >build/o; echo o >a.o; echo n >new; mkdir .git/x")(copy)
        looked(copy)
        assert Basis(str(copy.state)).moved.keys() == {b"new"}
    finally:
        copy.hide()


def test_more_than_is_looked_at_is_all_in_doubt(moving: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATHS", 2)
    behind("echo m >>d/y; echo m >>d/x")(moving)
    look.quick(["--state", str(moving.state)])
    assert Basis(str(moving.state)).early == {b""}
    host("echo h >>a")(moving)
    look.quick(["--state", str(moving.state)])
    behind("echo m >>a")(moving)
    monkeypatch.undo()
    moving.commit()
    assert "base-unknown:a" in moving.noted()


def test_what_a_process_holds_is_not_taken_for_what_is_seen(moving: Copy) -> None:
    """The kernel forgets nothing that is in use, so that name goes on leading to the file of before."""
    with (moving.root / "a").open():
        host(PULL)(moving)
        agent("echo more >>a; sed -i 's/^d/D/' d/x")(moving)
    assert moving.look()["a"] == "a\nmore\n"
    assert moving.noted() == ["base-unknown:a"]
    program(moving.state, "review")
    assert program(moving.state, "apply", "--yes").returncode == 1
    assert program(moving.state, "apply", "--yes", "--except", "a").returncode == 0
    assert (moving.project / "a").read_text() == "a\npulled\n"
