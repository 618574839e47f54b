"""The workspace: a real limit, sparse, resizable, saved and brought back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, inventory, run

# Names and kinds of files that a careless archive loses.
FILL = r"""
set -e
cd /workspace
mkdir -p deep/er "with space" .hidden
for n in 1 2 3; do head -c 300000 /dev/urandom > "deep/file $n"; done
printf 'new\nline' > "$(printf 'name\nwith a line break')"
ln -s ../elsewhere deep/dangling
ln "deep/file 1" deep/hard
touch -d 2001-02-03 old
chmod 0750 deep/er
truncate -s 50M sparse
echo end >> sparse
mkfifo pipe
"""
DIGEST = r"""
cd /workspace
find . \( -path ./lost+found -o -path ./.home \) -prune -o ! -name . \
    -printf '%y %m %U %G %n %l %s %T@ %p\0' | sort -z | sha256sum
find . -path ./lost+found -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
"""


def digest(bundle: Bundle) -> str:
    return bundle.inside("bash", "-c", DIGEST).stdout


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_the_limit_is_real_and_costs_the_host_nothing_more(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("storage.size=128M")
    bundle.start()
    full = bundle.inside("dd", "if=/dev/zero", "of=/workspace/big", "bs=1M", "count=400", check=False)
    assert full.returncode != 0
    assert "No space left on device" in full.stderr
    assert bundle.image_file.stat().st_size == 128 << 20
    assert allocated(bundle.image_file) <= 130 << 20
    bundle.inside("rm", "/workspace/big")
    bundle.inside("sh", "-c", "echo works again > /workspace/small")


def test_twenty_gigabytes_take_a_few_megabytes(make_bundle: MakeBundle) -> None:
    # On a disk with less room than that, too.
    bundle = make_bundle("storage.size=20G", "storage.overcommit=true")
    bundle.start()
    assert bundle.image_file.stat().st_size == 20 << 30
    assert allocated(bundle.image_file) < 8 << 20
    report = bundle.script("scripts/mount-storage.sh", "report").stdout
    assert "apparent:   20G" in report


def the_kernel_lets_the_engine_resize(base_image: str) -> bool:
    """Resizing a mounted filesystem takes CAP_SYS_RESOURCE (24), which a daemon in a container or a VM may lack."""
    status = run("docker", "run", "--rm", "--privileged", base_image, "cat", "/proc/self/status").stdout
    (bounding,) = (line.split()[1] for line in status.splitlines() if line.startswith("CapBnd"))
    return bool(int(bounding, 16) & 1 << 24)


def test_growing_while_it_runs_loses_nothing(make_bundle: MakeBundle, base_image: str) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("bash", "-c", FILL)
    before, container, started = digest(bundle), bundle.inspect("{{.Id}}"), bundle.inspect("{{.State.StartedAt}}")
    resized = bundle.script("scripts/resize-volume.sh", "1")
    assert bundle.image_file.stat().st_size == 1 << 30
    size = int(bundle.inside("df", "-k", "--output=size", "/workspace").stdout.splitlines()[1])
    assert size > 900 << 10
    assert digest(bundle) == before
    assert bundle.inspect("{{.Id}}") == container
    went_on = bundle.inspect("{{.State.StartedAt}}") == started
    assert went_on is the_kernel_lets_the_engine_resize(base_image)
    assert went_on is ("is stopped for it" not in resized.stdout), "what is done is said"
    bundle.script("test-setup.sh")


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_shrinking_loses_nothing(make_bundle: MakeBundle, state: str) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("bash", "-c", FILL)
    before, loops = digest(bundle), inventory().loops
    if state == "stopped":
        bundle.script("scripts/stop.sh")
        bundle.script("scripts/resize-volume.sh", "1")
        assert len(inventory().loops) == len(loops) - 2, "what was not attached before is not attached after"
    bundle.script("scripts/resize-volume.sh", "200M")
    assert bundle.image_file.stat().st_size == 200 << 20
    bundle.start()
    assert digest(bundle) == before
    bundle.script("test-setup.sh")


REFUSED = (
    ("64M", 4, "cannot be made smaller than what is in it"),
    ("900T", 4, "not enough free space"),
    ("0", 2, "not a size"),
    ("-5", 2, "not a size"),
    ("4x", 2, "not a size"),
    ("$(id)", 2, "not a size"),
)


def test_a_size_that_cannot_be_is_refused_before_anything_is_touched(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("dd", "if=/dev/urandom", "of=/workspace/data", "bs=1M", "count=100")
    bundle.script("scripts/stop.sh")
    before = bundle.image_file.stat()
    for size, code, message in REFUSED:
        done = bundle.script("scripts/resize-volume.sh", size, check=False)
        assert (done.returncode, message in done.stderr) == (code, True), f"{size}: {done.stderr}"
        after = bundle.image_file.stat()
        assert (after.st_size, after.st_ino, after.st_mtime_ns) == (before.st_size, before.st_ino, before.st_mtime_ns)


def test_backup_and_restore_by_checksum(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("bash", "-c", FILL)
    before = digest(bundle)
    saved = bundle.script("scripts/backup.sh").stdout
    (archive,) = (bundle.path / "backups").glob("*.tar.gz")
    assert str(archive) in saved
    run("sha256sum", "-c", f"{archive.name}.sha256", cwd=archive.parent)
    assert allocated(archive) < 5 << 20, "sparse files stay small"
    assert bundle.inspect("{{.State.Status}} {{.State.Health.Status}}") == "running healthy"

    bundle.inside("bash", "-c", "cd /workspace && rm -rf deep old && echo other > sparse")
    assert digest(bundle) != before, "the drill would notice a difference"
    restored = bundle.script("scripts/restore.sh", str(archive))
    assert digest(bundle) == before
    assert "storage/kept/" in restored.stdout
    bundle.script("test-setup.sh")


def test_a_damaged_backup_is_refused(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo here > /workspace/file")
    bundle.script("scripts/backup.sh")
    (archive,) = (bundle.path / "backups").glob("*.tar.gz")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    done = bundle.script("scripts/restore.sh", str(archive), check=False)
    assert (done.returncode, "damaged" in done.stderr) == (4, True)
    assert bundle.inside("cat", "/workspace/file").stdout == "here\n"


def test_the_workspace_comes_back_on_whatever_loop_device(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo mine > /workspace/file")
    other = tmp_path / "other.img"
    run("truncate", "-s", "16M", other)

    def taken() -> Path | None:
        """The number that the workspace had, in somebody else's hands: ours, unless another test was faster."""
        device = bundle.device.readlink()
        bundle.script("scripts/stop.sh")
        if run("losetup", device, other, check=False).returncode == 0:
            return device
        bundle.start()
        return None

    device = next(filter(None, (taken() for _ in range(10))))
    try:
        bundle.start()
        assert bundle.device.readlink() != device
        assert bundle.inside("cat", "/workspace/file").stdout == "mine\n"
    finally:
        run("losetup", "--detach", device)


def test_a_reboot_is_mended_by_start(make_bundle: MakeBundle) -> None:
    """After a reboot the container is stopped, and the loop device and the link in /dev are gone.

    Whatever tries to start the container then, the engine too, finds nothing to mount: nobody else's device.
    """
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo mine > /workspace/file")
    run("docker", "kill", bundle.name)
    run("losetup", "--detach", bundle.device.readlink())
    bundle.device.unlink()
    assert run("docker", "start", bundle.name, check=False).returncode != 0
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "mine\n"
    bundle.script("test-setup.sh")


def test_too_little_space_is_seen_before_anything_is_made(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("storage.size=16T")
    before = inventory()
    done = bundle.start(check=False)
    assert done.returncode == 1
    assert "not enough free space" in done.stdout + done.stderr
    assert (inventory() - before) == {}
    assert not (bundle.path / "storage").exists()


def test_overcommit_is_the_profiles_choice(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("storage.size=1T", "storage.overcommit=true")
    bundle.start()
    assert bundle.image_file.stat().st_size == 1 << 40
    assert (
        subprocess.run(["du", "-m", bundle.image_file], capture_output=True, text=True, check=True)
        .stdout.split()[0]
        .isdigit()
    )
    assert allocated(bundle.image_file) < 200 << 20
