"""Files of the project that whoever runs gen may not read: left aside in review and apply alike, and named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.copying import PROGRAM, Copy, copy
from tests.unit.isolated import PYTHON

__all__ = ["copy"]
# Root, who may read what is root's and no more.
PLAIN = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


@pytest.fixture(autouse=True)
def _ordinary() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can be kept from reading a file of its own tree")


def program(copy: Copy, *words: str) -> subprocess.CompletedProcess[str]:
    """The program, of an ordinary user."""
    command = (*PLAIN, *PYTHON, PROGRAM / "__main__.py", "--state", copy.state, *words)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def entered(copy: Copy) -> str:
    """A project with a file of somebody else's."""
    copy.write("a.py", "closed", "shut/x")
    for path, mode in ((copy.project / "closed", 0o600), (copy.project / "shut", 0o700)):
        os.chown(path, 1000, 1000)
        path.chmod(mode)
    done = program(copy, "enter", "--project", str(copy.project), "--sandbox-uid", "0", "--method", copy.method)
    assert done.returncode == 0, done.stderr
    copy.show()
    return done.stdout


@pytest.fixture
def changed(copy: Copy) -> Copy:
    """The agent has replaced it, and edited another one."""
    entered(copy)
    script = "rm -f closed; echo new >closed; echo edited >>a.py"
    subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
    assert program(copy, "commit", "--outside").returncode == 0
    return copy


def test_what_is_not_in_the_copy_or_may_not_be_read_there_is_said(copy: Copy) -> None:
    entered(copy)
    lines = ["left out: 1 unreadable   (.state/project/left-out.json names each)"]
    lines += ["closed: the agent may not read 1 path: closed"]
    if copy.method == "plain":
        lines = [lines[0].replace("1", "2")]
    for words in (("left-out", "--told"), ("status",), ("review", "--stat")):
        shown = program(copy, *words).stdout.splitlines()
        assert [line for line in shown if line.startswith(("left out", "closed"))] == lines, words
    keys = {"schema", "left_out", "secrets", "along", "environments"}
    assert json.loads((copy.state / "left-out.json").read_text()).keys() == keys


def test_it_is_left_aside_and_the_others_come(changed: Copy) -> None:
    shown = program(changed, "review", "--stat").stdout
    changes = shown.partition("left out:")[0]
    assert changes.count("closed") == 1, shown
    never = shown.partition("never brought back")[2].splitlines()[1]
    assert never == "  closed: the project's own version may not be read, so nobody can tell what became of it"
    program(changed, "review")
    done = program(changed, "apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == ["1 path left aside, which never comes back: scripts/review.sh", "  closed"]
    assert (changed.project / "a.py").read_text() == "a.py\nedited\n"
    assert (changed.project / "closed").read_text() == "closed\n"


def test_programs_are_told_the_same(changed: Copy) -> None:
    review = json.loads(program(changed, "review", "--json").stdout)
    assert [(one["path"], bool(one["never"])) for one in review["changes"]] == [("a.py", False), ("closed", True)]
    assert review["summary"]["never"] == 1
    program(changed, "review")
    told = json.loads(program(changed, "apply", "--yes", "--json").stdout)
    assert ([one["path"] for one in told["applied"]], [one["path"] for one in told["never"]]) == (["a.py"], ["closed"])
    assert told["conflicts"] == []


def test_what_the_host_changed_first_is_a_conflict_and_not_called_never(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "overlay")
    copy.write("a")
    copy.enter()
    try:
        (copy.project / "a").write_text("host\n")
        (copy.root / "a").write_text("agent\n")
        copy.commit()
        shown = program(copy, "review", "--stat").stdout
        assert "never brought back" not in shown
        assert "a conflict, unless the project has the same (1)" in shown
    finally:
        copy.hide()
