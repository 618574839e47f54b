"""A program that holds the disk of a workspace when it is to be taken away is named at once, with what frees it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, run, until
from tests.engine.test_safe import make_project

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a mount namespace of its own")


@pytest.fixture
def bundle(tmp_path: Path, base_image: str) -> Iterator[Bundle]:
    """A sandbox that runs on a copy of a project."""
    project = make_project(tmp_path / "the project")
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        made = make(where="the bundle")
        made.script("scripts/start.sh", "--project", str(project))
        yield made


@contextmanager
def beside(*command: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program of somebody else's that runs meanwhile."""
    with subprocess.Popen(command, cwd=cwd) as program:
        try:
            yield program
        finally:
            program.kill()


def mounts_of_its_own() -> tuple[str, ...]:
    # A name that would begin a line and colour it: a program may give itself any.
    named = "open('/proc/self/comm', 'w').write('e vil\\033[31m'); import time; time.sleep(300)"
    return ("unshare", "--mount", "--propagation", "private", "python3", "-c", named)


def going(bundle: Bundle) -> list[str]:
    found = run("losetup", "--noheadings", "--raw", "--output", "NAME", "--associated", bundle.image_file).stdout
    return found.split()


def without_sudo(command: str) -> list[str]:
    """A command that was said, as root runs it who has no sudo."""
    return shlex.split(command.removeprefix("sudo ").partition("   (")[0])


def test_a_mount_namespace_is_named_and_its_command_frees_the_device(bundle: Bundle) -> None:
    with beside(*mounts_of_its_own()) as holder:
        until(lambda: own_mounts(holder))
        stopped = bundle.script("scripts/stop.sh")
        assert f"process {holder.pid} (e_vil\\x1b[31m) has it mounted" in stopped.stdout
        assert "its loop device is free" not in stopped.stdout
        (device,) = going(bundle)
        assert f"{device} goes by itself" in stopped.stdout

        told = run("gen", "doctor", bundle.path, check=False).stdout
        assert f"{device}, which has a workspace, was detached" in told
        assert f"process {holder.pid} has it mounted" in told

        (mend,) = (line for line in stopped.stdout.splitlines() if line.startswith("To free it at once: "))
        run(*without_sudo(mend.removeprefix("To free it at once: ")))
        until(lambda: not going(bundle))


def own_mounts(holder: subprocess.Popen[bytes]) -> bool:
    """Whether it has them by now, and its name."""
    of = Path("/proc", str(holder.pid))
    return (of / "ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink() and (of / "comm").read_text().startswith(
        "e vil"
    )


def test_what_still_holds_it_is_no_hindrance_for_the_next_start(bundle: Bundle) -> None:
    bundle.inside("touch", "/workspace/kept")
    with beside(*mounts_of_its_own()) as holder:
        until(lambda: own_mounts(holder))
        bundle.script("scripts/stop.sh")
        bundle.start()
        bundle.inside("ls", "/workspace/kept")
        assert "was detached and is still in use" not in run("gen", "doctor", bundle.path, check=False).stdout
    stopped = bundle.script("scripts/stop.sh")
    assert "its loop device is free" in stopped.stdout
    assert going(bundle) == []


def test_a_program_that_works_in_it_is_named(bundle: Bundle) -> None:
    with beside("sleep", "300", cwd=bundle.path / ".state/project/disk") as holder:
        stopped = bundle.script("scripts/stop.sh", check=False)
        assert stopped.returncode == 3
        assert f"process {holder.pid} (sleep) has a file of it open, or works in a folder of it" in stopped.stderr
        assert f"mend: sudo kill {holder.pid} " in stopped.stderr
    bundle.script("scripts/stop.sh")
    assert going(bundle) == []


def test_what_a_person_mounted_is_named(bundle: Bundle, tmp_path: Path) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    run("mount", bundle.device, place)
    try:
        stopped = bundle.script("scripts/stop.sh")
        assert f"it is mounted at '{place}'" in stopped.stdout
        (mend,) = (line for line in stopped.stdout.splitlines() if line.startswith("To free it at once: "))
        run(*without_sudo(mend.removeprefix("To free it at once: ")))
        until(lambda: not going(bundle))
    finally:
        run("umount", place, check=False)


def test_a_rollback_leaves_them_nothing_to_hold(make_bundle: MakeBundle) -> None:
    """The kernel takes a mount out of every namespace whose folder is removed, and the volume's folder goes."""
    bundle = make_bundle()
    bundle.start()
    with beside(*mounts_of_its_own()) as holder:
        until(lambda: own_mounts(holder))
        bundle.rollback("--delete-data")
        assert holder.poll() is None
        assert str(bundle.path) not in run("losetup", "--list").stdout


def test_a_device_that_was_to_go_stays_as_long_as_the_sandbox_uses_it(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """A person mounts the disk image, which makes a device that goes by itself; its number would be another disk's."""
    bundle = make_bundle()
    bundle.start()
    bundle.script("scripts/stop.sh")
    look = tmp_path / "look"
    look.mkdir()
    run("mount", "-o", "loop", bundle.image_file, look)
    bundle.start()
    run("umount", look)
    (device,) = going(bundle)
    assert Path(f"/sys/block/{device.removeprefix('/dev/')}/loop/autoclear").read_text() == "0\n"
    run("docker", "stop", "--time", "1", bundle.name)
    assert going(bundle) == [device]
    run("docker", "start", bundle.name)
    assert bundle.inside("cat", "/proc/self/mountinfo").stdout.count(f" {device} ") <= 1
    bundle.script("scripts/stop.sh")
    assert going(bundle) == []


def test_no_disk_is_rescued_from_under_another_container(make_bundle: MakeBundle) -> None:
    """It might write to the old one meanwhile, and the engine would go on showing that."""
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo work > /workspace/file; sync")
    volume = bundle.inspect("{{range .Mounts}}{{.Name}}{{end}}")
    other = run("docker", "run", "--detach", "--volume", f"{volume}:/x", bundle.inspect("{{.Image}}"), "sleep", "600")
    try:
        image = bundle.image_file
        run("cp", "--sparse=always", image, f"{image}.copy")
        Path(f"{image}.copy").rename(image)
        refused = bundle.script("scripts/rescue.sh", check=False)
        assert refused.returncode == 1
        assert "the container " in refused.stderr
        assert "docker stop " in refused.stderr
    finally:
        run("docker", "rm", "--force", other.stdout.strip())
    bundle.script("scripts/rescue.sh")
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "work\n"
