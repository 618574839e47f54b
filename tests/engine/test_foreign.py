"""Whose an object is, only our own record says: not a label, which what is made from ours inherits, and not a name.

Each test has its control: what an earlier version went by does match somebody else's object, so the probe would see a
breach.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import MakeBundle, inventory, run
from tests.engine.theirs import AS_IT_WAS, Theirs, facts, image_name, instance, labelled


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    made = Theirs()
    yield made
    made.end()


@contextlib.contextmanager
def looped(image: Path) -> Iterator[str]:
    device = run("losetup", "--find", "--show", image).stdout.strip()
    yield device
    run("losetup", "--detach", device, check=False)


def attached() -> dict[str, str]:
    listed = json.loads(run("losetup", "--list", "--json").stdout or '{"loopdevices": []}')
    return {row["name"]: row["back-file"] for row in listed["loopdevices"]}


def test_what_was_made_from_ours_is_not_ours(make_bundle: MakeBundle, theirs: Theirs, tmp_path: Path) -> None:
    bundle = make_bundle()
    before = inventory()
    bundle.start()
    (context := tmp_path / "context").mkdir()
    of_ours, committed = theirs.container(image_name(bundle)), theirs.commit(bundle.name)
    of_committed, stopped = theirs.container(committed), theirs.container(committed, start=False)
    child = theirs.child(image_name(bundle), context)
    of_child = theirs.container(child)
    assert {of_ours, of_committed, stopped, of_child} < labelled(bundle), "by the label all of them would be ours"
    assert {committed, child} < labelled(bundle, "images"), "and these"
    there = facts(of_ours, of_committed, stopped, of_child)

    done = bundle.rollback("--yes", check=False)
    assert facts(of_ours, of_committed, stopped, of_child) == there
    assert {committed, child} < set(run("docker", "images", "--quiet", "--no-trunc").stdout.split())
    assert done.returncode == 3, "its image is in use"
    assert AS_IT_WAS not in done.stdout
    assert f"{theirs.name}-0" in done.stdout + done.stderr, "and by whom is said"

    run("docker", "rm", "--force", of_ours)
    done = bundle.rollback("--yes", "--delete-data")
    assert AS_IT_WAS in done.stdout
    assert facts(of_committed, stopped, of_child) == there[1:]
    theirs.end()
    assert (inventory() - before) == {}


def test_compose_adopts_no_container_of_somebody_else(make_bundle: MakeBundle, theirs: Theirs) -> None:
    bundle = make_bundle()
    bundle.start()
    project = bundle.inspect('{{index .Config.Labels "com.docker.compose.project"}}')
    stopped = theirs.container(theirs.commit(bundle.name), start=False)
    there = facts(stopped)
    run("docker", "rm", "--force", bundle.name)
    compose = ("docker", "compose", "--project-name", project, "--file", bundle.path / "compose.yaml", "--dry-run")
    tried = run(*compose, "up", "--detach", "--no-build", check=False)
    assert f"{theirs.name}-1" in tried.stdout + tried.stderr, "under the same project it would take that one"
    bundle.start()
    assert facts(stopped) == there
    bundle.rollback("--yes", "--delete-data")
    assert facts(stopped) == there


def test_helpers_run_from_no_image_that_only_bears_our_name(
    make_bundle: MakeBundle, theirs: Theirs, tmp_path: Path
) -> None:
    """Neither under our tag, nor, with that gone, as the newest one that bears our label."""
    bundle = make_bundle()
    bundle.start()
    proof = bundle.path / "storage/proof"
    (lie := tmp_path / "lie").write_text(f"#!/bin/sh\nid >{proof}\n")
    lie.chmod(0o755)
    run("docker", "cp", lie, f"{bundle.name}:/usr/sbin/dumpe2fs")
    run("docker", "stop", "--time", "0", bundle.name)
    theirs.commit(bundle.name, image_name(bundle))
    mount = f"type=bind,source={bundle.path}/storage,target={bundle.path}/storage"
    control = ("docker", "run", "--rm", "--network", "none", "--user", "0:0", "--mount", mount)
    run(*control, "--entrypoint", "dumpe2fs", image_name(bundle))
    assert proof.read_text().startswith("uid=0"), "by the tag the helper would be theirs"
    proof.unlink()
    assert bundle.script("scripts/mount-storage.sh", "report").returncode == 0
    assert not proof.exists()
    run("docker", "tag", image_name(bundle), f"{theirs.name}:kept")
    theirs.made.append(("rmi", f"{theirs.name}:kept"))
    run("docker", "rmi", image_name(bundle))
    assert bundle.script("scripts/mount-storage.sh", "report").returncode == 0
    assert not proof.exists()
    # The sandbox is not made from it either: it is set aside, and ours is built again.
    run("docker", "tag", f"{theirs.name}:kept", image_name(bundle))
    before = inventory()
    run("docker", "rm", "--force", bundle.name)
    bundle.start()
    assert bundle.inside("dumpe2fs", "-V").returncode == 0
    assert not proof.exists()
    bundle.rollback("--yes", "--delete-data")
    theirs_now = run("docker", "image", "inspect", "--format", "{{.Id}}", image_name(bundle)).stdout
    assert theirs_now == run("docker", "image", "inspect", "--format", "{{.Id}}", f"{theirs.name}:kept").stdout
    assert f"{image_name(bundle)}" in " ".join(before.images)


def test_a_person_s_loop_device_of_the_same_file_name_stays(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.start()
    (copy := tmp_path / "copy" / bundle.image_file.name).parent.mkdir()
    shutil.copyfile(bundle.image_file, copy)
    with looped(copy) as device:
        named = run("bash", "-c", f". {bundle.path}/lib/loop.sh; named_loops {copy.name}").stdout.split()
        assert device in named, "by its last name it would be ours"
        bundle.script("scripts/stop.sh")
        assert attached().get(device) == str(copy)
        assert not bundle.device.is_symlink()
        bundle.start()
        done = bundle.rollback("--yes", "--delete-data")
        assert AS_IT_WAS in done.stdout
        assert attached().get(device) == str(copy)


def test_what_somebody_uses_stays_and_is_said(make_bundle: MakeBundle, theirs: Theirs, base_image: str) -> None:
    bundle = make_bundle()
    bundle.start()
    mount = ("--network", f"{bundle.name}-network", "--volume", f"{bundle.name}-workspace:/data")
    foreign = theirs.container(base_image, *mount, start=False)
    there = facts(foreign)
    done = bundle.rollback("--yes", check=False)
    assert (done.returncode, facts(foreign)) == (3, there)
    assert AS_IT_WAS not in done.stdout
    assert theirs.name in done.stdout + done.stderr
    theirs.end()
    assert AS_IT_WAS in bundle.rollback("--yes", "--delete-data").stdout


@pytest.mark.parametrize("kind", ["volume", "network"])
def test_a_label_makes_no_volume_or_network_ours(make_bundle: MakeBundle, kind: str) -> None:
    bundle = make_bundle()
    bundle.start()
    name = f"{bundle.name}-{'workspace' if kind == 'volume' else 'network'}"
    template = "{{json .Labels}}"
    labels = json.loads(run("docker", kind, "inspect", "--format", template, name).stdout)
    words = [word for label, value in labels.items() for word in ("--label", f"{label}={value}")]
    theirs = f"{name}-theirs"
    run("docker", kind, "create", *words, theirs)
    try:
        found = run("docker", kind, "ls", "--quiet", "--filter", f"label=gen.instance={instance(bundle)}").stdout
        assert len(found.split()) == 2, "by the label both would be ours"
        bundle.rollback("--yes", "--delete-data")
        assert run("docker", kind, "inspect", theirs).returncode == 0
    finally:
        run("docker", kind, "rm", theirs, check=False)


def test_a_container_of_our_name_that_is_not_ours_is_told_nothing(
    make_bundle: MakeBundle, theirs: Theirs, base_image: str
) -> None:
    """Scripts act on the container that was made here, whoever has its name by now."""
    bundle = make_bundle()
    bundle.start()
    committed = theirs.commit(bundle.name)
    run("docker", "rm", "--force", bundle.name)
    foreign = theirs.container(committed)
    run("docker", "rename", foreign, bundle.name)
    theirs.made.append(("rm", "--force", foreign))
    there = facts(foreign)
    for words in (
        "stop.sh",
        "resize-volume.sh 300M",
        "backup.sh",
        "mount-storage.sh report",
        "connect.sh -- touch /workspace/x",
    ):
        bundle.script(f"scripts/{words.split()[0]}", *words.split()[1:], check=False)
        assert facts(foreign) == there, words
    assert run("docker", "diff", foreign).stdout == ""
    bundle.start()
    assert facts(bundle.name) != there
    bundle.rollback("--yes", "--delete-data")
    assert facts(foreign) == there
