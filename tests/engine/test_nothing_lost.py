"""What is there and is not what a step makes is never made again, taken for ours or saved in our name.

Each race is run in the very moment between a look and what follows it: a line is put there that does what somebody
else would.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, run
from tests.engine.theirs import image_name


@pytest.fixture
def foreign() -> Iterator[list[tuple[str, ...]]]:
    """How what somebody else makes is taken away at the end."""
    made: list[tuple[str, ...]] = []
    yield made
    for words in made:
        run("docker", *words, check=False)


def put_before(bundle: Bundle, path: str, line: str, what: str) -> str:
    """Somebody does this right before that line of a script. The text that was there."""
    text = (bundle.path / path).read_text()
    assert text.count(line) == 1, line
    return bundle.rewrite(path, text.replace(line, f"{what}\n{line}"))


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def cut(image: Path) -> None:
    with image.open("r+b") as file:
        file.truncate(image.stat().st_size - (1 << 20))


def test_a_damaged_disk_image_is_left_alone(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo precious >/workspace/file; sync")
    bundle.script("scripts/stop.sh")
    image, size = bundle.image_file, bundle.image_file.stat().st_size
    cut(image)
    before = digest(image)
    plan = bundle.script("scripts/plan.sh", check=False)
    assert plan.returncode == 4
    for words in ("is damaged, so it is left alone", f"truncate -s {size}", "e2fsck", "restore.sh", "storage/kept"):
        assert words in plan.stdout, words
    assert bundle.start(check=False).returncode != 0
    assert digest(image) == before
    assert bundle.script("scripts/backup.sh", check=False).returncode == 4
    assert not list((bundle.path / "backups").glob("*"))
    # As it says.
    run("truncate", "-s", str(size), image)
    run("e2fsck", "-f", "-y", image, check=False)
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "precious\n"

    bundle.script("scripts/stop.sh")
    kept = image.rename(tmp_path / "kept.img")
    for make in (Path.touch, lambda path: path.symlink_to("nowhere")):
        make(image)
        assert bundle.start(check=False).returncode != 0
        assert image.is_symlink() or image.stat().st_size == 0
        image.unlink()
    kept.rename(image)
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "precious\n"


def test_a_damaged_disk_image_is_not_restored(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo here >/workspace/file; sync")
    damaged = tmp_path / "cut.img"
    run("cp", "--sparse=always", bundle.image_file, damaged)
    cut(damaged)
    done = bundle.script("scripts/restore.sh", str(damaged), check=False)
    assert (done.returncode, "is damaged" in done.stderr) == (4, True), done.stderr
    assert bundle.inside("cat", "/workspace/file").stdout == "here\n"
    assert not (bundle.path / "storage/kept").exists()


def test_a_disk_image_that_came_meanwhile_stays(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    line = 'mkdir -p "$STORAGE"'
    was = put_before(bundle, "steps/50-storage/do.sh", line, f'{line}; [ -e "$IMAGE" ] || echo theirs >"$IMAGE"')
    assert bundle.start(check=False).returncode != 0
    assert bundle.image_file.read_text() == "theirs\n"
    bundle.image_file.unlink()
    bundle.rewrite("steps/50-storage/do.sh", was)
    bundle.script("scripts/recover.sh")


def test_a_volume_that_came_meanwhile_stays(make_bundle: MakeBundle, foreign: list[tuple[str, ...]]) -> None:
    bundle = make_bundle()
    name = f"{bundle.name}-workspace"
    foreign.append(("volume", "rm", name))
    line = '    own volume "$name" || return 1\n'
    was = put_before(bundle, "lib/storage.sh", line, '    command docker volume create "$name" >/dev/null')
    done = bundle.start(check=False)
    assert done.returncode != 0
    (volume,) = json.loads(run("docker", "volume", "inspect", name).stdout)
    assert not volume["Labels"]
    bundle.rewrite("lib/storage.sh", was)
    bundle.start()
    assert bundle.inspect("{{range .Mounts}}{{.Name}} {{end}}").split() == [f"{name}-2"]
    bundle.rollback("--yes", "--delete-data")
    assert run("docker", "volume", "inspect", name).returncode == 0


def test_a_name_of_the_image_that_was_given_meanwhile_stays(
    make_bundle: MakeBundle, base_image: str, foreign: list[tuple[str, ...]]
) -> None:
    bundle = make_bundle()
    theirs = run("docker", "image", "inspect", "--format", "{{.Id}}", base_image).stdout
    foreign.append(("rmi", image_name(bundle)))
    was = put_before(
        bundle, "steps/40-image/do.sh", 'owned "$TOKEN" "$id"\n', f'command docker tag {base_image} "$GEN_IMAGE_REF"'
    )
    assert bundle.start(check=False).returncode != 0
    assert run("docker", "image", "inspect", "--format", "{{.Id}}", image_name(bundle)).stdout == theirs
    # The next one sets it aside, and gives it back.
    bundle.rewrite("steps/40-image/do.sh", was)
    bundle.start()
    bundle.rollback("--yes", "--delete-data")
    assert run("docker", "image", "inspect", "--format", "{{.Id}}", image_name(bundle)).stdout == theirs


def test_a_base_image_that_somebody_brought_while_ours_did_not_come_stays(
    make_bundle: MakeBundle, base_image: str, foreign: list[tuple[str, ...]]
) -> None:
    name = "127.0.0.1:9/gen-test-theirs:1"
    bundle = make_bundle(f"image.base={name}")
    foreign.append(("rmi", name))
    bundle.rewrite("steps/10-preflight/verify.sh", "exit 0\n")
    theirs = f'command docker tag {base_image} "$GEN_BASE_REF"'
    put_before(bundle, "steps/30-base-image/do.sh", "case $GEN_IMAGE_SOURCE in", theirs)
    done = bundle.start(check=False)
    assert done.returncode != 0
    assert "30-base-image" in done.stdout + done.stderr
    assert run("docker", "images", "--quiet", name).stdout


def test_nothing_but_the_workspace_is_saved_as_the_workspace(
    make_bundle: MakeBundle, base_image: str, foreign: list[tuple[str, ...]]
) -> None:
    bundle = make_bundle()
    name = f"{bundle.name}-workspace"
    bundle.start()
    bundle.inside("sh", "-c", "echo precious >/workspace/file; sync")
    bundle.script("scripts/backup.sh")
    (archive,) = (bundle.path / "backups").glob("*.tar.gz")
    with tarfile.open(archive) as saved:
        assert "./file" in saved.getnames()
    for file in (bundle.path / "backups").iterdir():
        file.unlink()
    bundle.script("scripts/stop.sh")
    run("docker", "rm", bundle.name)
    run("docker", "volume", "rm", name)
    gone = bundle.script("scripts/backup.sh", check=False)
    assert (gone.returncode, "scripts/start.sh" in gone.stderr) == (4, True), gone.stderr
    assert not run("docker", "volume", "ls", "--quiet", "--filter", f"name={name}").stdout, "none is made by asking"

    foreign.append(("volume", "rm", name))
    run("docker", "run", "--rm", "--volume", f"{name}:/x", base_image, "sh", "-c", "echo theirs >/x/theirs")
    for believed in (False, True):
        if believed:
            # What is mounted is looked at as well.
            text = (bundle.path / "lib/storage.sh").read_text()
            bundle.rewrite("lib/storage.sh", f"{text}volume_is_ours() {{ :; }}\n")
        assert bundle.script("scripts/backup.sh", check=False).returncode in (1, 4)
        assert not list((bundle.path / "backups").glob("*.tar.gz*")), believed
    assert "used:" in bundle.script("scripts/mount-storage.sh", "report").stdout


def test_somebody_who_only_looks_at_the_disk_image_goes_on_looking(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo mine >/workspace/file")
    bundle.script("scripts/stop.sh")
    device = run("losetup", "--read-only", "--find", "--show", bundle.image_file).stdout.strip()
    try:
        bundle.start()
        assert str(bundle.device.readlink()) != device
        assert bundle.inside("cat", "/workspace/file").stdout == "mine\n"
        bundle.rollback("--yes", "--delete-data")
        assert run("losetup", device).stdout
    finally:
        run("losetup", "--detach", device, check=False)
