"""Where projects and bundles may lie."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.engine.conftest import bundle_maker, inventory, run


def test_a_path_that_is_not_utf_8_works_or_is_refused_before_anything_is_made(tmp_path: Path, base_image: str) -> None:
    """An engine is told of UTF-8 only: a project is copied file by file then, and a bundle lies elsewhere."""
    strange = os.fsdecode(b"caf\xe9")
    (project := tmp_path / strange).mkdir()
    run("chown", "1000:1000", project)
    before = inventory()
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        bundle = make()
        bundle.script("scripts/start.sh", "--project", str(project))
        assert json.loads((bundle.path / ".state/project/settings.json").read_text())["method"] == "plain"
        bundle.script("scripts/exec.sh", "--", "sh", "-c", "echo new >new")
        bundle.script("scripts/review.sh")
        bundle.script("scripts/apply.sh", "--yes")
        assert (project / "new").read_text() == "new\n"
        lost = make(where=f"{strange}-bundle")
        refused = lost.script("scripts/start.sh", "--project", str(project), check=False)
        assert refused.returncode == 1
        assert "the folder's path is not UTF-8" in refused.stderr
        bundle.rollback("--delete-data")
        assert (inventory() - before) == {}
