"""The disk becomes full in the first run: what could not be written is not there, and with room again all goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import SMALL, Bundle, generate, inventory, on_base, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")

#   the last step that begins before it is full, or none
MOMENTS = ("", "50-storage")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own."""
    (folder := tmp_path / "small").mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=96M", "tmpfs", folder)
    yield folder
    run("umount", "--lazy", folder)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    filler.write(b"\0" * size)
            except OSError:
                continue


def start_and_fill(bundle: Bundle, step: str) -> int:
    if not step:
        fill(bundle.path.parent)
    none = subprocess.DEVNULL
    with subprocess.Popen([bundle.path / "scripts/start.sh"], stdout=none, stderr=none) as start:
        while step and start.poll() is None:
            if list(bundle.path.glob(f".state/logs/*/{step}.verify.log")):
                fill(bundle.path.parent)
                break
        return start.wait()


@pytest.mark.parametrize("step", MOMENTS)
def test_what_a_full_disk_cut_short_is_mended_by_room(small: Path, base_image: str, step: str) -> None:
    before = inventory()
    sets = ("storage.size=64M", "storage.reserve=1M")
    bundle = generate(small / "bundle", "gt-full", *SMALL, *on_base(base_image), *sets)
    assert start_and_fill(bundle, step) != 0
    words = [bundle.path / ".state" / name for name in ("instance", "token")]
    assert all(len(word.read_text()) in (16, 32) for word in words if word.exists())
    (small / "filler").unlink()
    bundle.script("scripts/recover.sh")
    assert (inventory() - before) == {}
    bundle.start()
    bundle.rollback("--yes", "--delete-data")
    assert (inventory() - before) == {}
