"""Every check is able to fail on a microVM too: the machine is weakened on purpose, on either side of its wall."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Bundle, bundle_maker, inventory, run, until
from tests.engine.test_checks import failing
from tests.engine.test_detached import sees_to_what_is_detached
from tests.engine.test_leash import sees_to_its_ends
from tests.engine.test_safe import make_project

pytestmark = pytest.mark.skipif(not shutil.which("qemu-system-x86_64"), reason="there is no QEMU")

QEMU, AGENT, WORKSPACE, SHELL = (
    "lib/microvm/qemu.py", "lib/microvm/guest/requests.py", "lib/microvm/guest/workspace.py", "lib/machine.sh",
)  # fmt: skip
OTHER = "the machine that runs does not work on its disk image"
SHARE = '"-virtfs", "local,path=/etc,mount_tag=host,security_model=none,readonly=on"'

# What is replaced by what, in which file; and the checks that must not hold then. Of one check only the first of its
# assertions is seen at a time, so its others are in another machine. What the agent in the guest does is in the first,
# and stays: with another agent the machine is built anew.
WEAKENED = {
    "around the guest and inside": (
        {
            (QEMU, "    if shape.network:\n"): "    if True:\n",
            (QEMU, '"user,id=net,ipv6=off"'): '"user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:0-:80"',
            (QEMU, 'f"{shape.memory >> 20}M"'): 'f"{shape.memory >> 19}M"',
            (QEMU, '"-display", "none"'): f'"-display", "none", {SHARE}',
            (QEMU, '"-sandbox", SANDBOX'): '"-sandbox", "off"',
            (AGENT, "kernel.give_up_rights(uid, gid)"): "os.setgid(gid); os.setuid(uid)",
            (WORKSPACE, '    kernel.mount("workspace", PLACE, "overlay", options)\n'): "    os.chmod(PLACE, 0o777)\n",
        },
        {"no-network", "ports", "limits", "host-filesystem", "seccomp", "capabilities", "no-new-privileges", "copy"},
    ),
    "another user, and more processors": (
        {
            (SHELL, '--uid "$GEN_UID"'): "--uid 1234",
            (QEMU, '"-smp", str(shape.cpus)'): '"-smp", str(shape.cpus + 1)',
        },
        # Who answers is not who should: the first check asks that too.
        {"running", "user", "limits"},
    ),
    "more processes, more memory for files, and a root that can be written": (
        {
            (SHELL, '--pids "$GEN_PIDS"'): "--pids 4000",
            (SHELL, "rooms+=(--readonly-root "): "rooms+=(",
            (SHELL, '--tmpfs "/tmp=$GEN_TMPFS_BYTES"'): '--tmpfs "/tmp=$((GEN_TMPFS_BYTES * 2))"',
        },
        {"limits", "root-filesystem", "temporary"},
    ),
}


def weaken(bundle: Bundle, changes: dict[tuple[str, str], str]) -> dict[str, str]:
    """Replaces text in files of the bundle; gives each file's own."""
    own: dict[str, str] = {}
    for (path, old), new in changes.items():
        text = (bundle.path / path).read_text()
        assert old in text, f"{path} no longer holds {old!r}"
        own.setdefault(path, text)
        bundle.rewrite(path, text.replace(old, new))
    return own


def machine(bundle: Bundle) -> Any:
    """What is noted of the machine that runs."""
    return json.loads((bundle.path / ".state/microvm/machine.json").read_text())


@pytest.fixture
def bundle(tmp_path: Path, base_image: str) -> Iterator[Bundle]:
    """A bundle with a copy of a small project, in a microVM."""
    with bundle_maker(tmp_path, base_image, "isolation=microvm", profile="safe") as make:
        made = make()
        (made.path / "local").mkdir()
        (made.path / "local/project").write_text(f"{make_project(tmp_path / 'project')}\n")
        yield made


def test_a_weakened_microvm_is_caught_and_a_command_in_one_ends_and_goes_on(bundle: Bundle) -> None:
    bundle.start()
    # The engine's client is another one here: it waits for a command that does not heed a signal.
    sees_to_its_ends(bundle)
    sees_to_what_is_detached(bundle)
    brings_back_what_it_works_on(bundle)
    bundle.script("scripts/stop.sh")
    for weakness, (changes, expected) in WEAKENED.items():
        own = weaken(bundle, changes)
        bundle.start()
        assert str(bundle.path / ".state/microvm") in inventory().machines
        # No check fails for a reason of its own: some are asked that the weakness is nothing to.
        assert failing(bundle, *expected, "running", "kernel", "secrets", "no-packages") == expected, weakness
        for path in own.keys() - {AGENT, WORKSPACE}:
            bundle.rewrite(path, own[path])
        bundle.script("scripts/stop.sh")
    bundle.start()
    os.kill(machine(bundle)["process"]["pid"], signal.SIGKILL)
    until(lambda: failing(bundle, "running"))
    choice = bundle.path / ".state/names/isolation"
    choice.write_text("docker\n")
    assert failing(bundle, "kernel")
    choice.write_text("microvm\nmicrovm: it boots\n")
    undone_at_the_second_attempt(bundle)


def brings_back_what_it_works_on(bundle: Bundle) -> None:
    """Another file has the name of the disk that the machine has open: nothing ends it, and nothing is lost."""
    disk = bundle.path / ".state/microvm/work.img"
    assert OTHER not in bundle.script("scripts/status.sh").stdout
    run("cp", "-a", "--sparse=always", disk, f"{disk}.x")
    disk.with_name("work.img.x").replace(disk)
    bundle.script("scripts/exec.sh", "--", "sh", "-c", "echo day >day; sync")
    for script in ("status", "start", "stop"):
        done = bundle.script(f"scripts/{script}.sh", check=False)
        assert done.returncode != 0, script
        assert OTHER in done.stdout + done.stderr, script
        assert "scripts/rescue.sh" in done.stdout + done.stderr, script
    bundle.script("scripts/rescue.sh")
    bundle.start()
    assert bundle.script("scripts/exec.sh", "--", "cat", "day").stdout == "day\n"
    assert list((bundle.path / "storage/kept").glob("*-other.img"))


def undone_at_the_second_attempt(bundle: Bundle) -> None:
    """The step that chose the machine is undone although the machine's own is not: the next rollback still finds it."""
    text = (bundle.path / SHELL).read_text()
    bundle.rewrite(SHELL, text.replace("undo_machine() {\n", "undo_machine() {\n    return 1\n"))
    assert bundle.rollback("--yes", "--delete-data", check=False).returncode == 3
    assert (bundle.path / ".state/microvm/work.img").exists()
    bundle.rewrite(SHELL, text)
    bundle.rollback("--yes", "--delete-data")
    assert not (bundle.path / ".state/microvm").exists()
