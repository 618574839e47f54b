"""The built-in profile as it is, on a base image from a mirror, with its assistant; and an assistant from npm."""

from __future__ import annotations

import os
import re
import secrets
import signal
import time
from pathlib import Path

from tests.engine.conftest import MakeBundle, generate, inventory, launch, run

ON_A_SMALL_DISK = "storage.overcommit=true"
"""Otherwise each would need room for all that the workspace may hold."""


def test_the_dev_profile_without_a_registry(tmp_path: Path) -> None:
    name = f"gt-{secrets.token_hex(4)}"
    before = inventory()
    bundle = generate(tmp_path / "dev", name, ON_A_SMALL_DISK)
    try:
        bundle.start()
        bundle.script("test-setup.sh")
        # For the same mirror it is the same to the byte.
        assert made_anew(tmp_path / "another") == layers(name)
        assert bundle.inside("which", "aider").stdout == "/usr/local/bin/aider\n"
        # What the original plan's sudo was for, without a capability and without a way to be root.
        bundle.inside("bash", "-c", "sudo apt-get update && sudo apt-get install -y jq")
        assert bundle.inside("jq", "--raw-output", ".answer", "/dev/stdin", check=False).returncode == 0
        assert bundle.inside("id", "-u").stdout == "1000\n"
        assert bundle.inside("sudo", "id", check=False).returncode == 1
        # The packages survive a stop and a start.
        bundle.script("scripts/stop.sh")
        bundle.start()
        bundle.inside("jq", "--version")
    finally:
        bundle.rollback("--delete-data")
    assert (inventory() - before) == {}


def made_anew(folder: Path) -> str:
    """The layers of another bundle's base image, made from nothing and taken away again."""
    name = f"gt-{secrets.token_hex(4)}"
    bundle = generate(folder, name, ON_A_SMALL_DISK)
    step = bundle.path / "steps" / "30-base-image"
    prior = bundle.path / ".state" / "prior"  # the runner's work, which is not here
    prior.parent.mkdir(mode=0o700)
    prior.mkdir()
    env = {**os.environ, "GEN_PRIOR": str(prior)}
    run("bash", step / "do.sh", env=env)
    found = layers(name)
    run("bash", step / "undo.sh", env=env)
    assert not run("docker", "images", "--quiet", base_of(name)).stdout
    return found


def base_of(name: str) -> str:
    return f"gen-{name}-base:debian-bookworm"


def layers(name: str) -> str:
    """The digests of a bundle's base image."""
    return run("docker", "image", "inspect", "--format", "{{.RootFS.Layers}}", base_of(name)).stdout


def test_a_base_image_that_is_killed_in_the_making_leaves_nothing(tmp_path: Path) -> None:
    """As root, the kernel's filesystems are mounted in the half-made tree: nobody else sees that, and the tree goes."""
    name = f"gt-{secrets.token_hex(4)}"
    bundle = generate(tmp_path / "with space", name, ON_A_SMALL_DISK)
    before = inventory()
    workshop = bundle.path / ".state" / "mirror"
    with launch(bundle) as process:
        deadline = time.monotonic() + 600
        while not list(workshop.glob("*/usr/bin/dpkg")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        # What a person's `rm -rf .state` would reach now is the tree, and nothing of this host.
        assert str(workshop).replace(" ", "\\040") not in Path("/proc/self/mountinfo").read_text("utf-8")
        process.communicate(timeout=600)
    recovered = bundle.script("scripts/recover.sh")
    assert re.search("This host is what it was before the run|Of this run nothing is left", recovered.stdout)
    assert not workshop.exists()
    assert (inventory() - before) == {}


def test_a_base_image_of_nothing_is_not_kept_for_its_name(tmp_path: Path) -> None:
    """It is what a killed making once left, when the journal that would undo it is gone."""
    name = f"gt-{secrets.token_hex(4)}"
    bundle = generate(tmp_path / "box", name, ON_A_SMALL_DISK)
    run("bash", "-c", f"tar --create --files-from /dev/null | docker import - {base_of(name)}")
    try:
        done = bundle.script("scripts/start.sh", check=False)
        assert done.returncode == 1
        assert "that this bundle did not bring, and it is " in done.stderr
        assert f"docker rmi '{base_of(name)}'" in done.stderr
        # It is somebody else's: it stays.
        assert run("docker", "images", "--quiet", base_of(name)).stdout
    finally:
        run("docker", "rmi", base_of(name))
        bundle.rollback("--delete-data")


def test_an_assistant_that_comes_by_npm(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("agent.name=codex", "image.node=22")
    bundle.start()
    bundle.script("test-setup.sh")
    assert bundle.inside("which", "codex").stdout == "/usr/local/bin/codex\n"
