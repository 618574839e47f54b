"""Which project a bundle is tied to: that of a copy which is there, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from generator.errors import GenError
from generator.execute import registry
from generator.execute.bundle import find_bundle
from tests.unit.faking import copied, fake_bundle, gen, named

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("project", ["/", "."])
def test_a_project_that_was_only_named_claims_no_folder(
    tmp_path: Path, data_home: Path, monkeypatch: pytest.MonkeyPatch, project: str
) -> None:
    """`/` in local/project made every bundle below it be refused."""
    monkeypatch.setenv("HOME", str(tmp_path))
    mine = fake_bundle(data_home / "sandboxes" / "mine")
    named(mine, tmp_path / project)
    for words in (("bundle", "--profile", "dev"), ("bundle", "--profile", "safe", "--out", "other")):
        done = gen(tmp_path, *words)
        assert done.returncode == 0, done.stderr


def test_a_sandbox_that_was_thrown_away_is_in_nobody_s_way(tmp_path: Path, data_home: Path) -> None:
    project = tmp_path / "repo"
    project.mkdir()
    gone, now = (fake_bundle(data_home / "sandboxes" / name) for name in ("gone", "now"))
    for folder in (gone, now):
        named(folder, project)
        (folder / "plan.json").write_text('{"name": "box"}', "ascii")
        registry.register(folder)
    for here, given in ((tmp_path, "box"), (project, None)):
        # Where none has a copy, a name is asked for.
        with pytest.raises(GenError, match="There are several"):
            find_bundle(given, here)
    copied(now, project)
    for here, given in ((tmp_path, "box"), (project, None)):
        assert find_bundle(given, here).path == now


def test_of_a_project_that_was_moved_the_way_back_is_told(tmp_path: Path, data_home: Path) -> None:
    assert gen(tmp_path, "bundle", "--profile", "safe", "--out", "box").returncode == 0
    old, new = tmp_path / "old one", tmp_path / "new"
    new.mkdir()
    copied(tmp_path / "box", old)
    done = gen(tmp_path, "up", "--profile", "safe", "--out", "box", "--project", "new")
    assert done.returncode == 2
    assert f"It has a copy of {old}, which is not there any more" in done.stderr
    assert f"mv {new} '{old}'" in done.stderr
    assert "gen rollback" in done.stderr
