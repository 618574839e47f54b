"""What somebody who works with the copy of a project is told along the way, by a real sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.engine.test_safe import document, executed, make_project, safe

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import MakeBundle

__all__ = ["safe"]


def test_what_somebody_is_told_along_the_way(safe: MakeBundle, tmp_path: Path) -> None:
    """How the copy is made and why, what waits, what one command changed, and what was brought back, by name."""
    project = make_project(tmp_path / "project")
    bundle = safe()
    (bundle.path / "local").mkdir()
    (bundle.path / "local/project").write_text(f"{project}\n", "utf-8")
    told = [line for step in document(bundle, "plan")["steps"] for line in step["would"] if "copy of" in line]
    how = "overlay (the project lies below, read-only; what changes lies on the disk image)"
    assert told == [f"the copy of {project} is made as {how}"]
    bundle.script("scripts/start.sh")
    executed(bundle, "echo one >one; echo more >>notes.txt")
    executed(bundle, "echo two >two")
    commits = [entry["commit"] for entry in document(bundle, "changes")["commits"]]
    assert bundle.script("scripts/diff.sh", commits[0], "--stat").stdout.split()[:2] == ["A", "two"]
    assert [change["path"] for change in document(bundle, "diff", commits[1])["changes"]] == ["notes.txt", "one"]
    bundle.script("scripts/stop.sh")
    status = bundle.script("scripts/status.sh", check=False).stdout
    assert "method       overlay (" in status
    assert "waiting      3 changes: scripts/review.sh" in status
    assert "result=stopped" in status
    bundle.script("scripts/start.sh")
    review = document(bundle, "review")
    assert len(json.dumps(review)) < 8000
    assert len(json.loads(bundle.script("scripts/review.sh", "--rules").stdout)["rules"]) == review["rules"]["count"]
    brought = bundle.script("scripts/apply.sh", "--approve", review["hash"]).stdout
    assert [line.split() for line in brought.splitlines()[1:4]] == [
        ["changed", "notes.txt"],
        ["added", "one"],
        ["added", "two"],
    ]
    assert "waiting      nothing" in bundle.script("scripts/status.sh").stdout
    bundle.script("scripts/discard.sh", "--yes")
    journal = (bundle.path / ".state/journal.jsonl").read_text("utf-8")
    assert journal.count('"event":"delete-data","step":"-","scope":"all"') == 1
