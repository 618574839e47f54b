"""What a bundle made is in one engine. Another one, where all of it seems to be gone, is told nothing, nor believed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import Bundle, MakeBundle, inventory, run

if TYPE_CHECKING:
    from tests.engine.private import PrivateEngine

SCRIPTS = (
    "rollback.sh --yes --delete-data", "scripts/start.sh", "scripts/stop.sh", "scripts/recover.sh", "scripts/plan.sh",
    "scripts/status.sh", "scripts/backup.sh", "scripts/resize-volume.sh 300M", "scripts/mount-storage.sh detach",
    "scripts/connect.sh -- true", "test-setup.sh",
)  # fmt: skip


def elsewhere(bundle: Bundle, words: str, **env: str) -> str:
    """What that script says where it is refused, with another engine in its environment."""
    done = run(bundle.path / words.split()[0], *words.split()[1:], check=False, env={**os.environ, **env})
    said = done.stdout + done.stderr
    assert (done.returncode, "result=refused" in said) == (4, True), (words, said)
    assert "not the engine in which this bundle made its sandbox" in said, (words, said)
    return said


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_no_script_acts_on_another_engine(make_bundle: MakeBundle, private_engine: PrivateEngine, state: str) -> None:
    bundle = make_bundle()
    bundle.start()
    if state == "stopped":
        bundle.script("scripts/stop.sh")
    other = private_engine.env["DOCKER_HOST"]
    before, record = inventory(), (bundle.path / ".state/owned").read_text()
    for words in SCRIPTS:
        elsewhere(bundle, words, DOCKER_HOST=other)
    # What may be another one is not waited for, and the client's own default is one as well.
    elsewhere(bundle, "rollback.sh --yes", DOCKER_HOST="unix:///nonexistent.sock")
    run("docker", "context", "create", bundle.name, "--docker", f"host={other}")
    try:
        elsewhere(bundle, "rollback.sh --yes", DOCKER_HOST="", DOCKER_CONTEXT=bundle.name)
    finally:
        run("docker", "context", "rm", "--force", bundle.name)
    assert (bundle.path / ".state/owned").read_text() == record
    assert inventory() - before == {}
    assert bundle.image_file.exists()
    bundle.rollback("--delete-data")
    assert not (bundle.path / ".state/names").exists()


def test_where_the_engine_is_gone_for_good_the_way_on_is_said(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    recorded = bundle.path / ".state/names/engine"
    was = recorded.read_text()
    # Its data are another engine's by now, as after it was installed anew.
    recorded.write_text("another@/gone\nDOCKER_CONTEXT=default\n")
    said = elsewhere(bundle, "scripts/start.sh")
    (way,) = re.findall(r"\(if that engine is gone for good, .*: (rm '.*'), and", said)
    run("bash", "-c", way)
    assert "result=committed" in bundle.start().stdout
    assert recorded.read_text() == was


def test_what_is_left_is_known_with_its_engine(make_bundle: MakeBundle, private_engine: PrivateEngine) -> None:
    """A rollback that cannot end does not forget where it has to go on."""
    bundle = make_bundle()
    bundle.start()
    (image,) = re.findall(r"^GEN_IMAGE_REF=(\S+)", (bundle.path / "lib/settings.sh").read_text(), re.MULTILINE)
    user = run("docker", "create", image, "true").stdout.strip()
    try:
        assert bundle.rollback("--delete-data", check=False).returncode == 3
        elsewhere(bundle, "rollback.sh --yes", DOCKER_HOST=private_engine.env["DOCKER_HOST"])
    finally:
        run("docker", "rm", user)
    bundle.rollback("--delete-data")
    assert not (bundle.path / ".state/names").exists()


def test_a_container_of_ours_is_ours_whatever_its_labels(make_bundle: MakeBundle, base_image: str) -> None:
    """The record decides. What was struck out of it without being removed would be left for ever."""
    bundle = make_bundle()
    bundle.start()
    made = run("docker", "create", "--name", f"{bundle.name}-x", "--label", "gen.instance=x", base_image).stdout.strip()
    with (bundle.path / ".state/owned").open("a") as record:
        record.write(f"container {'0' * 32} {made} {bundle.name}\n")
    bundle.rollback("--delete-data")
    assert run("docker", "inspect", made, check=False).returncode != 0
