"""What a bundle keeps is its user's alone: state, workspaces, backups and what is kept of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import MakeBundle, bundle_maker
from tests.engine.test_safe import executed, make_project, safe  # noqa: F401 - a fixture

OWN = (".state", "storage", "backups", "local")


def open_to_others(bundle: Path) -> Iterator[str]:
    """Whatever somebody else could read: by its own mode, what is on another filesystem left out."""
    device = bundle.stat().st_dev
    for name in OWN:
        for top, folders, files in os.walk(bundle / name):
            folders[:] = [one for one in folders if (Path(top) / one).lstat().st_dev == device]
            for one in (".", *files):
                path = Path(top) / one
                found = path.lstat()
                # What lies in a folder that nobody else may enter is closed to them, and so is what a link leads to.
                if found.st_mode & 0o077 and stat.S_ISREG(found.st_mode) | stat.S_ISDIR(found.st_mode):
                    yield f"{found.st_mode:o} {path.relative_to(bundle)}"


@pytest.fixture
def ordinary(tmp_path: Path, base_image: str) -> Iterator[MakeBundle]:
    """Bundles whose workspace is a disk image."""
    with bundle_maker(tmp_path, base_image) as make:
        yield make


# The image's own files are no secret, and its build sees them as the image has them.
MEANT = (".state/build",)


def unmeant(bundle: Path) -> list[str]:
    return [line for line in open_to_others(bundle) if not line.split(" ", 1)[1].startswith(MEANT)]


def test_nobody_else_reads_what_a_life_leaves(ordinary: MakeBundle) -> None:
    bundle = ordinary()
    bundle.start()
    bundle.inside("sh", "-c", "echo precious >note")
    bundle.script("scripts/backup.sh")
    assert unmeant(bundle.path) == []
    assert (bundle.path / ".state").stat().st_mode & 0o777 == 0o700
    bundle.rollback("--yes")
    assert list((bundle.path / "storage/kept").iterdir())
    assert unmeant(bundle.path) == []
    # The control: what is open to others is seen.
    (bundle.path / "storage/kept/open").touch(0o644)
    (bundle.path / "storage/kept/open").chmod(0o644)
    assert len(unmeant(bundle.path)) == 1


def test_nobody_else_reads_a_project_by_its_copy(safe: MakeBundle, tmp_path: Path) -> None:  # noqa: F811
    project = make_project(tmp_path / "project")
    project.chmod(0o700)
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(bundle, "mkdir -p new/er && echo more >new/er/file")
    bundle.script("scripts/review.sh")
    bundle.script("scripts/apply.sh", "--yes")
    assert unmeant(bundle.path) == []
    # What comes back has the user's own mask, not that of the state.
    mask = os.umask(0o022)
    os.umask(mask)
    assert (project / "new/er/file").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (project / "new").stat().st_mode & 0o777 == 0o777 & ~mask
    bundle.rollback("--yes")
    assert unmeant(bundle.path) == []


def test_a_bundle_in_its_project_or_around_it_is_refused(safe: MakeBundle, tmp_path: Path) -> None:  # noqa: F811
    bundle = safe()
    for project in (bundle.path.parent, bundle.path / "local"):
        project.mkdir(exist_ok=True)
        done = bundle.script("scripts/start.sh", "--project", str(project), check=False)
        assert done.returncode == 2
        assert "must lie apart" in done.stderr
