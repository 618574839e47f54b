"""The disk image gets another file in its place while the sandbox works on it: what was written since is never lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, loops_and_links, run
from tests.engine.test_safe import make_project

REPLACED = "another file has the name of the workspace's disk image"
TAKEN = "the workspace's disk image was taken away while it was in use"
MEND = "scripts/rescue.sh"


def replace(bundle: Bundle, aside: Path | None = None) -> None:
    """A copy takes its place, as a program that makes files sparse leaves it, or a move to another disk and back."""
    image, copy = bundle.image_file, bundle.path / "copy"
    run("cp", "--archive", "--sparse=always", image, copy)
    if aside:
        image.rename(aside)
    copy.rename(image)


def of(bundle: Bundle) -> list[str]:
    """Its loop devices and its link."""
    mark = (bundle.path / ".state/instance").read_text().strip()
    return [found for found in loops_and_links() if mark in found or str(bundle.path) in found]


def says(bundle: Bundle, what: str, *scripts: tuple[str, int]) -> None:
    for script, code in scripts:
        done = bundle.script(*script.split(), check=False)
        assert done.returncode == code, f"{script}: {done.stdout}{done.stderr}"
        assert what in done.stdout + done.stderr, script
        assert MEND in done.stdout + done.stderr, script


def test_a_replaced_disk_image_is_said_and_brought_back(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    replace(bundle)
    says(bundle, REPLACED, ("scripts/start.sh", 1), ("scripts/status.sh", 1), ("test-setup.sh", 1))
    says(bundle, REPLACED, ("scripts/backup.sh", 4), ("scripts/resize-volume.sh 300M", 4))
    bundle.inside("sh", "-c", "echo day >/workspace/file")
    says(bundle, REPLACED, ("scripts/stop.sh", 3), ("scripts/start.sh", 1))
    bundle.script("scripts/rescue.sh")
    assert len(list((bundle.path / "storage/kept").glob("*-other.img"))) == 1
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "day\n"

    # Another name than ours, so that only what was written down tells.
    replace(bundle, aside=bundle.path / "away")
    bundle.inside("sh", "-c", "echo night >/workspace/file")
    says(bundle, REPLACED, ("scripts/start.sh", 1))
    shutil.rmtree(bundle.path / "storage/kept")
    rolled = bundle.rollback("--yes")
    assert REPLACED in rolled.stdout
    assert of(bundle) == []
    (other,) = (bundle.path / "storage/kept").glob("*-other.img")
    (ours,) = set((bundle.path / "storage/kept").glob("*.img")) - {other}
    assert [run("debugfs", "-R", "cat /file", image).stdout for image in (ours, other)] == ["night\n", "day\n"]
    (bundle.path / "away").unlink()


def test_a_disk_image_that_was_taken_away_is_brought_back(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo day >/workspace/file")
    bundle.image_file.unlink()
    says(bundle, TAKEN, ("scripts/status.sh", 1), ("scripts/stop.sh", 3), ("scripts/start.sh", 1))
    bundle.script("scripts/rescue.sh")
    assert bundle.script("scripts/rescue.sh", check=False).returncode == 4
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "day\n"
    bundle.image_file.unlink()
    bundle.rollback("--yes", "--delete-data")
    assert of(bundle) == []


@pytest.fixture
def safe(tmp_path: Path, base_image: str) -> Iterator[Bundle]:
    project = make_project(tmp_path / "the project")
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        bundle = make()
        bundle.script("scripts/start.sh", "--project", str(project))
        yield bundle


def test_the_disk_of_a_copy_is_brought_back_and_discarded_whole(safe: Bundle) -> None:
    replace(safe)
    safe.inside("sh", "-c", "echo day >new.txt")
    says(safe, REPLACED, ("scripts/status.sh", 1), ("scripts/stop.sh", 3), ("scripts/start.sh", 1))
    safe.script("scripts/rescue.sh")
    safe.start()
    assert safe.inside("cat", "new.txt").stdout == "day\n"
    replace(safe)
    safe.script("scripts/discard.sh", "--yes")
    assert of(safe) == []
