"""The profile `safe` rolled back: what waits is named before the question, and what is kept can be used."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
from pathlib import Path

from tests.engine.conftest import Bundle, MakeBundle, run
from tests.engine.test_safe import document, executed, make_project, safe

__all__ = ["safe"]


def asked(bundle: Bundle, answer: bytes) -> str:
    """What rollback.sh says on a terminal where somebody answers."""
    master, terminal = pty.openpty()
    with subprocess.Popen((bundle.path / "rollback.sh",), stdin=terminal, stdout=terminal, stderr=terminal) as script:
        os.close(terminal)
        os.write(master, answer)
        said = b""
        try:
            while part := os.read(master, 65536):
                said += part
        except OSError:
            pass
        os.close(master)
    assert script.returncode == 4
    return said.decode()


def test_what_waits_is_named_and_what_is_kept_can_be_brought_over(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    started = bundle.script("scripts/start.sh", "--project", str(project)).stdout
    assert "left out:   1 git's own, 1 ignored, 1 secret" in started, started
    executed(bundle, "echo more >>notes.txt; echo new >new.txt")

    question = asked(bundle, b"n\n")
    assert "2 changes wait" in question.partition("Go on?")[0], question
    assert "notes.txt" in question
    said = bundle.rollback("--yes").stdout
    assert "2 changes wait" in said
    (shown,) = (line.partition("copy: ")[2] for line in said.splitlines() if "what was changed in the copy" in line)
    assert shown.startswith("git --git-dir=")
    (patch,) = (bundle.path / ".state/project").glob("*.patch")
    assert f"exec.sh -- git apply <'{patch}'" in said

    bundle.start()
    assert "+more" in run(*shlex.split(shown)).stdout
    with patch.open() as stream:
        words = (bundle.path / "scripts/exec.sh", "--", "git", "apply")
        assert subprocess.run(words, stdin=stream, check=False).returncode == 0
    changes = document(bundle, "review")["changes"]
    assert [(one["path"], one["status"]) for one in changes] == [("new.txt", "added"), ("notes.txt", "changed")]
    bundle.script("scripts/discard.sh", "--yes")


def test_where_nothing_was_changed_no_history_is_named(safe: MakeBundle, tmp_path: Path) -> None:
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(make_project(tmp_path / "project")))
    said = bundle.rollback("--yes").stdout
    assert "What waits" not in said
    assert "git --git-dir" not in said
    assert not list((bundle.path / ".state/project").glob("track*"))


def test_that_the_project_went_is_said_by_whatever_looks(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(bundle, "echo more >>notes.txt")

    def said_by(*words: str) -> bool:
        done = bundle.script(*words, check=False)
        return f"the project is not there any more: {project}" in done.stdout + done.stderr

    looks = (("scripts/status.sh",), ("scripts/plan.sh",), ("scripts/start.sh",), ("scripts/review.sh", "--stat"))
    project.rename(tmp_path / "moved")
    assert [words for words in looks if not said_by(*words)] == []
    (tmp_path / "moved").rename(project)
    assert [words for words in looks if said_by(*words)] == []
