"""One machine for all tests that leave it as they found it; without QEMU they are skipped, or fail in CI."""

import shutil
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.conftest import engine_required
from tests.microvm.machines import SIZES, Vm, build, machine

NEEDED = ("qemu-system-x86_64", "mmdebstrap")


@pytest.fixture(scope="session", autouse=True)
def qemu() -> None:
    """QEMU, and what makes a root file system."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        report = pytest.fail if engine_required() else pytest.skip
        report(f"missing: {', '.join(missing)}; tools/microvm.sh ensure")


def project_tar(path: Path) -> Path:
    """A small project: what the tests expect in the workspace at the start."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in (
            ("kept", b"kept\n"),
            ("gone", b"gone\n"),
            ("below/deep/file", b"deep\n"),
            ("edited", b"old\n"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    path.chmod(0o644)
    return path


@pytest.fixture(scope="session")
def built(qemu: None) -> Iterator[Vm]:
    """A machine's folder with everything for a start, and a saved state."""
    with machine() as vm:
        build(vm)
        project_tar(vm.folder / "project.tar")
        vm.run("snapshot", *SIZES)
        yield vm


@pytest.fixture
def vm(built: Vm) -> Vm:
    """The machine, running; begun from its saved state when the last test ended it."""
    if built.status()["state"] != "running":
        built.run("start", "--warm", *SIZES, "--project-tar", built.folder / "project.tar")
    return built


@pytest.fixture
def fresh(vm: Vm) -> Vm:
    """The machine with the workspace as it was at the start."""
    vm.put_nothing()
    return vm
