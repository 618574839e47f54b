"""The profile `safe` while commands run: what was looked at in the middle, what is stopped, and what is undone then."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.engine.conftest import Bundle, MakeBundle, run, until
from tests.engine.test_safe import document, executed, make_project, safe

__all__ = ["safe"]
LOOKS = ("changes", "diff", "review")


def begun(bundle: Bundle, command: str) -> subprocess.Popen[str]:
    """A command that runs meanwhile."""
    words = (bundle.path / "scripts/exec.sh", "--", "sh", "-c", command)
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)


def refused(bundle: Bundle, *words: str, says: str, mend: str) -> None:
    """It changes nothing and says why, and what mends that."""
    done = bundle.script(*words, check=False)
    mend = f"mend: '{bundle.path}'/{mend}"
    assert (done.returncode, says in done.stderr, mend in done.stderr) == (4, True, True), done.stderr
    assert ".state" not in done.stderr


def test_an_undo_goes_back_to_before_a_command_that_was_looked_at(safe: MakeBundle, tmp_path: Path) -> None:
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(make_project(tmp_path / "project")))
    executed(bundle, "echo first >first.txt")
    command = begun(bundle, "echo half >u.txt; until [ -e go ]; do sleep 0.1; done; echo whole >>u.txt; rm go")
    until(lambda: bundle.inside("grep", "half", "u.txt", check=False).returncode == 0)
    for look in ("scripts/review.sh", "scripts/changes.sh"):
        shown = bundle.script(look, *(("--stat",) if "review" in look else ())).stdout
    assert "(while 1 command ran)" in shown.splitlines()[0]
    refused(bundle, "scripts/undo.sh", says="a command still runs", mend="scripts/kill.sh")
    bundle.inside("touch", "go")
    assert command.wait(600) == 0
    log = bundle.script("scripts/changes.sh").stdout.splitlines()
    assert len(log) == 2, log
    newest = document(bundle, "changes")["commits"][0]["commit"]
    assert "+half\n+whole\n" in bundle.script("scripts/diff.sh", newest).stdout
    assert bundle.script("scripts/undo.sh").stdout == "undone: 1 path\n  u.txt\n"
    assert executed(bundle, "ls *.txt").split() == ["first.txt", "notes.txt", "untracked.txt"]


def test_a_stopped_sandbox_says_that_it_does_not_run(safe: MakeBundle, tmp_path: Path) -> None:
    bundle = safe()
    project = make_project(tmp_path / "project")
    bundle.script("scripts/start.sh", "--project", str(project))
    command = begun(bundle, "echo more >>notes.txt; sleep 50")
    until(lambda: bundle.inside("grep", "more", "notes.txt", check=False).returncode == 0)
    bundle.script("scripts/stop.sh")
    _, errors = command.communicate(timeout=600)
    # A stop ends what runs first, and what it changed is written down as its own.
    assert command.returncode == 143
    assert "No such file" not in errors

    for words in (("scripts/undo.sh",), ("scripts/exec.sh", "--", "true")):
        refused(bundle, *words, says=f"the sandbox {bundle.name} does not run", mend="scripts/start.sh")
    for look in LOOKS:
        done = bundle.script(f"scripts/{look}.sh")
        assert "does not run" in done.stderr, done.stderr
    bundle.script("scripts/apply.sh", "--yes")
    assert (project / "notes.txt").read_text().endswith("more\n")

    bundle.start()
    assert [entry["kind"] for entry in document(bundle, "changes")["commits"]] == ["applied", "command"]
    assert "exit 143" in bundle.script("scripts/changes.sh").stdout

    bundle.script("scripts/discard.sh", "--yes")
    for words in (("scripts/undo.sh",), *((f"scripts/{look}.sh",) for look in LOOKS), ("scripts/apply.sh", "--yes")):
        refused(bundle, *words, says="there is no copy of a project", mend="scripts/start.sh --project PATH")
    refused(bundle, "scripts/exec.sh", "--", "true", says="does not run", mend="scripts/start.sh")


def test_a_command_whose_script_was_killed_is_told_of(safe: MakeBundle, tmp_path: Path) -> None:
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(make_project(tmp_path / "project")))
    command = begun(bundle, "echo half >u.txt; sleep 5; echo whole >>u.txt")
    until(lambda: bundle.inside("grep", "half", "u.txt", check=False).returncode == 0)
    command.kill()
    command.wait()
    # The next one begins with what it left.
    executed(bundle, "echo next >next.txt")
    time.sleep(5)
    log = bundle.script("scripts/changes.sh").stdout
    assert "its end is not known" in log.splitlines()[-1], log
    assert bundle.script("scripts/undo.sh", "2").stdout.splitlines()[1:] == ["  next.txt", "  u.txt"]
    assert not list((bundle.path / ".state/project").glob("command.*"))
    assert run("docker", "inspect", "--format", "{{.State.Status}}", bundle.name).stdout == "running\n"
