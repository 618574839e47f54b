"""What the sandbox that runs really works on is asked of the kernel: the link and the record may say otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, run
from tests.engine.test_replaced import MEND, REPLACED, replace
from tests.engine.test_safe import make_project

ELSEWHERE = "the sandbox that runs does not work on its disk image"
STILL = "the engine shows something else than the workspace's disk"


def said(bundle: Bundle, script: str) -> tuple[int, str]:
    done = bundle.script(*script.split(), check=False)
    return done.returncode, done.stdout + done.stderr


def holds(bundle: Bundle) -> None:
    """The control: nothing is said where nothing is wrong."""
    for script in ("scripts/start.sh", "scripts/status.sh", "scripts/plan.sh", "test-setup.sh"):
        code, words = said(bundle, script)
        assert (code, ELSEWHERE in words, STILL in words) == (0, False, False), f"{script}: {words}"


@contextmanager
def with_its_volume(bundle: Bundle) -> Iterator[str]:
    """A container of somebody else's that has the volume too."""
    volume = bundle.inspect("{{range .Mounts}}{{.Name}}{{end}}")
    name = f"{bundle.name}-theirs"
    run(
        "docker",
        "run",
        "--detach",
        "--name",
        name,
        "--volume",
        f"{volume}:/x",
        bundle.inspect("{{.Image}}"),
        "sleep",
        "600",
    )
    try:
        yield name
    finally:
        run("docker", "rm", "--force", name)


@pytest.fixture(params=["its own disk", "overlay", "plain"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path, base_image: str) -> Iterator[Bundle]:
    """A sandbox that runs, with each kind of workspace."""
    if request.param == "its own disk":
        with bundle_maker(tmp_path, base_image) as make:
            made = make()
            made.start()
            yield made
        return
    project = make_project(tmp_path / "the project")
    sets = ("isolation=docker", f"project.method={request.param}")
    with bundle_maker(tmp_path, base_image, *sets, profile="safe") as make:
        made = make()
        made.script("scripts/start.sh", "--project", str(project))
        yield made


def test_what_the_engine_shows_of_an_earlier_disk_is_not_worked_on(bundle: Bundle) -> None:
    holds(bundle)
    bundle.inside("sh", "-c", "echo day >file; sync")
    with with_its_volume(bundle) as theirs:
        bundle.script("scripts/stop.sh")
        # The same file is taken up again.
        bundle.start()
        bundle.script("scripts/stop.sh")
        replace(bundle)
        code, words = said(bundle, "scripts/start.sh")
        assert (code, STILL in words, f"docker stop {theirs}" in words) == (1, True, True), words
    bundle.start()
    assert bundle.inside("cat", "file").stdout == "day\n"
    holds(bundle)


def on_another_disk(bundle: Bundle, image: Path) -> str:
    """The sandbox works on that file, as after its loop device's number became another disk's. The device."""
    run("docker", "stop", "--time", "1", bundle.name)
    device = run("losetup", "--find", "--show", image).stdout.strip()
    run("ln", "-sfn", device, bundle.device)
    run("docker", "start", bundle.name)
    return device


@pytest.mark.parametrize("isolation", ["docker", "gvisor"])
def test_a_sandbox_on_another_disk_is_said_by_all_that_look(
    make_bundle: MakeBundle, tmp_path: Path, isolation: str
) -> None:
    bundle = make_bundle(f"isolation={isolation}", "network.mode=none")
    bundle.start()
    holds(bundle)
    image = tmp_path / "their disk.img"
    run("cp", "--sparse=always", bundle.image_file, image)
    device = on_another_disk(bundle, image)
    try:
        for script, code in (("scripts/status.sh", 1), ("scripts/plan.sh", 4), ("scripts/start.sh", 1),
                             ("test-setup.sh", 1), ("scripts/backup.sh", 4), ("scripts/resize-volume.sh 300M", 4),
                             ("scripts/rescue.sh", 4)):  # fmt: skip
            got, words = said(bundle, script)
            assert (got, ELSEWHERE in words, f"{device}, which has {image}" in words) == (code, True, True), (
                f"{script}: {words}"
            )
        bundle.inside("sh", "-c", "echo work >/workspace/there; sync")
        # What is said to mend it does.
        assert ELSEWHERE in bundle.script("scripts/stop.sh").stdout
        bundle.start()
        holds(bundle)
        assert bundle.inside("ls", "/workspace/there", check=False).returncode != 0
    finally:
        run("docker", "stop", "--time", "1", bundle.name, check=False)
        run("losetup", "--detach", device)
    assert run("debugfs", "-R", "cat /there", image).stdout == "work\n"


def test_a_file_without_a_name_that_only_the_sandbox_has_is_brought_back(make_bundle: MakeBundle) -> None:
    """Neither the link nor the record tells, and the kernel would let it go with the sandbox."""
    bundle = make_bundle()
    bundle.start()
    run("losetup", "--detach", bundle.device.resolve())
    (bundle.path / ".state/attached").unlink()
    bundle.device.unlink()
    replace(bundle)
    bundle.inside("sh", "-c", "echo day >/workspace/file")
    for script, code in (
        ("scripts/status.sh", 1),
        ("scripts/start.sh", 1),
        ("scripts/backup.sh", 4),
        ("scripts/stop.sh", 3),
    ):
        got, words = said(bundle, script)
        assert (got, REPLACED in words, MEND in words) == (code, True, True), f"{script}: {words}"
    bundle.script("scripts/rescue.sh")
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "day\n"
    holds(bundle)


def test_a_folder_of_the_engines_in_the_disks_place_is_no_workspace(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo day >/workspace/file")
    folder = run(
        "docker",
        "volume",
        "inspect",
        "--format",
        "{{.Mountpoint}}",
        bundle.inspect("{{range .Mounts}}{{.Name}}{{end}}"),
    ).stdout.strip()
    with with_its_volume(bundle) as theirs:
        bundle.script("scripts/stop.sh")
        run("umount", folder)
        code, words = said(bundle, "scripts/start.sh")
        assert (code, STILL in words, f"docker stop {theirs}, then " in words) == (1, True, True), words
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "day\n"
    holds(bundle)


def test_a_rollback_keeps_what_only_the_sandbox_has(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    run("losetup", "--detach", bundle.device.resolve())
    (bundle.path / ".state/attached").unlink()
    bundle.device.unlink()
    replace(bundle)
    bundle.inside("sh", "-c", "echo night >/workspace/file")
    bundle.rollback("--yes")
    (other,) = (bundle.path / "storage/kept").glob("*-other.img")
    (ours,) = set((bundle.path / "storage/kept").glob("*.img")) - {other}
    assert run("debugfs", "-R", "cat /file", ours).stdout == "night\n"


def test_what_an_override_mounts_there_is_no_workspace_of_ours(tmp_path: Path, base_image: str) -> None:
    """Its owner may do so, and no start stands in the way of it; but no check says then that the workspace is right."""
    with bundle_maker(tmp_path, base_image) as make:
        made = make()
        (made.path / "local").mkdir()
        other = tmp_path / "other"
        other.mkdir()
        other.chmod(0o777)
        mounted = {"type": "bind", "source": str(other), "target": "/workspace"}
        override = {"services": {"sandbox": {"volumes": [mounted]}}}
        (made.path / "local/compose.override.yaml").write_text(json.dumps(override))
        made.start()
        code, words = said(made, "test-setup.sh --tap")
        assert code == 1
        assert any(line.startswith("not ok") and "its own ext4 filesystem" in line for line in words.splitlines()), (
            words
        )
        assert ELSEWHERE in words
