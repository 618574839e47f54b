"""How a machine begins and ends, and what is known of it meanwhile."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from microvm import process

from tests.microvm.machines import LIMIT, MIB, SIZES, Vm, build, eventually, machine, ordinary


def test_nothing_is_known_of_an_empty_folder() -> None:
    with machine() as vm:
        assert vm.status()["state"] == "absent"
        refused = vm.run("start", check=False)
        assert (refused.returncode, b"mend: build --rootfs TAR" in refused.stderr) == (2, True)
        assert vm.run("exec", "--", "true", check=False).returncode == 4
        assert vm.run("stop").returncode == 0


def test_a_second_start_leaves_it_as_it_is(vm: Vm) -> None:
    pid = vm.status()["pid"]
    vm.run("start", *SIZES)
    assert vm.status()["pid"] == pid


def test_a_cold_start_with_the_workspace_of_before_and_a_network_that_does_not_lead_to_the_host(vm: Vm) -> None:
    vm.inside("echo mine >mine")
    vm.run("stop")
    assert vm.status()["state"] == "stopped"
    network = ("--network", "user")
    done = vm.run("start", "--warm", "auto", *SIZES, *network, "--project-tar", vm.folder / "project.tar")
    assert b"it boots: the saved state does not fit" in done.stderr
    assert vm.status()["warm"] is False
    assert vm.inside("cat mine kept") == "mine\nkept\n"
    assert vm.inside("ls /sys/class/net").split() == ["eth0", "lo"]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        reach = f"import socket; socket.create_connection(('10.0.2.2', {listening.getsockname()[1]}), 10)"
        done = vm.run("exec", "--", "python3", "-c", reach, check=False)
    assert (done.returncode, b"Invalid argument" in done.stderr) == (1, True)
    vm.run("stop")


def test_another_project_is_refused_until_the_first_is_discarded(vm: Vm) -> None:
    vm.run("stop")
    other = vm.folder / "other.tar"
    other.write_bytes(bytes(10240))
    refused = vm.run("start", "--warm", *SIZES, "--project-tar", other, check=False)
    assert (refused.returncode, b"mend: discard" in refused.stderr) == (4, True)
    vm.run("discard")
    vm.run("start", "--warm", *SIZES, "--project-tar", other)
    assert vm.inside("ls") == ""
    vm.run("stop")
    vm.run("discard")


def test_a_machine_that_was_struck_down_is_found_dead_and_starts_again(vm: Vm) -> None:
    os.kill(vm.status()["pid"], signal.SIGKILL)
    assert eventually(lambda: vm.status()["state"] == "dead")
    refused = vm.run("exec", "--", "true", check=False)
    assert (refused.returncode, b"it ended by itself" in refused.stderr) == (4, True)
    vm.run("start", "--warm", *SIZES, "--project-tar", vm.folder / "project.tar")
    assert vm.inside("cat kept") == "kept\n"


def test_a_number_that_is_another_process_by_now_is_left_alone(vm: Vm) -> None:
    vm.run("kill")
    with subprocess.Popen((*ordinary(), "sleep", "100")) as other:
        note = {"process": {"pid": other.pid, "began": 1, "boot": _boot()}, "ready": True}
        (vm.state / "machine.json").write_text(json.dumps(note), encoding="utf-8")
        assert vm.status()["state"] == "dead"
        vm.run("stop")
        vm.run("kill")
        assert other.poll() is None
        other.kill()


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def test_a_warm_start_has_its_own_time_and_its_own_randomness(vm: Vm) -> None:
    drawn = set()
    for _ in range(2):
        vm.run("kill")
        vm.run("start", "--warm", *SIZES, "--project-tar", vm.folder / "project.tar")
        assert vm.status()["warm"] is True
        time, number = vm.inside("date +%s; od -An -N8 -tx8 /dev/urandom").split()
        assert abs(int(time) - int(subprocess.check_output(("date", "+%s")))) < 60
        drawn.add(number)
    assert len(drawn) == 2


OTHER = {
    "another command line": ("--cpus", "2"),
    "another size of the system's disk": ("--system", str(65 * MIB)),
}


@pytest.mark.parametrize("what", OTHER)
def test_a_saved_state_of_another_machine_is_refused(vm: Vm, what: str) -> None:
    vm.run("kill")
    refused = vm.run("start", "--warm", *SIZES, *OTHER[what], check=False)
    assert (refused.returncode, what.encode() in refused.stderr) == (4, True)


def test_a_saved_state_of_another_image_is_refused(vm: Vm) -> None:
    vm.run("kill")
    root = vm.state / "root.img"
    before = root.stat()
    os.utime(root, (0, 0))
    try:
        refused = vm.run("start", "--warm", *SIZES, check=False)
        assert (refused.returncode, b"another image" in refused.stderr) == (4, True)
    finally:
        os.utime(root, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_saved_state_that_cannot_be_used_costs_a_boot(vm: Vm) -> None:
    vm.run("kill")
    memory = vm.state / "snapshot/memory"
    whole = memory.read_bytes()
    os.truncate(memory, len(whole) // 2)
    try:
        assert vm.run("start", "--warm", *SIZES, check=False).returncode == 1
        assert b"it boots: " in vm.run("start", "--warm", "auto", *SIZES).stderr
        assert vm.inside("cat kept") == "kept\n"
    finally:
        memory.write_bytes(whole)
        vm.run("kill")


@pytest.mark.skipif(not ordinary(), reason="only root can do what root does")
def test_the_qemu_that_root_starts_is_not_roots(vm: Vm) -> None:
    vm.run("kill")
    owners = {path: path.stat() for path in (vm.state, *vm.state.iterdir())}
    try:
        subprocess.run(vm.words_of_root("start", "--warm", *SIZES), check=True, capture_output=True, timeout=LIMIT)
        (qemu,) = process.working_in(vm.state, "qemu-system")
        (uids,) = re.findall(r"^Uid:(.*)$", Path(f"/proc/{qemu.pid}/status").read_text("ascii"), re.MULTILINE)
        assert not {"0", "12345", "1000"} & set(uids.split())
        done = subprocess.run(vm.words_of_root("exec", "--", "cat", "kept"), capture_output=True, check=True)
        assert done.stdout == b"kept\n"
    finally:
        subprocess.run(vm.words_of_root("kill"), check=True)
        for path, before in owners.items():
            if path.exists():
                os.chown(path, before.st_uid, before.st_gid)
                path.chmod(stat.S_IMODE(before.st_mode))
        os.chown(vm.state / "machine.json", owners[vm.state].st_uid, owners[vm.state].st_gid)


NOISE = b"""#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
while :; do for port in /dev/vport*p1; do /bin/busybox cat /dev/urandom >$port; done; done
"""


def test_a_guest_that_sends_nothing_but_noise_is_given_up() -> None:
    with machine() as vm:
        noisy = vm.folder / "noisy.tar"
        with tarfile.open(vm.folder / "root.tar") as old, tarfile.open(noisy, "w") as new:
            busybox = old.getmember("./bin/busybox")
            new.addfile(busybox, old.extractfile(busybox))
            member = tarfile.TarInfo("usr/bin/python3")
            member.size, member.mode = len(NOISE), 0o755
            new.addfile(member, BytesIO(NOISE))
        noisy.chmod(0o644)
        build(vm, noisy)
        refused = vm.run("start", *SIZES, check=False)
        assert refused.returncode == 1
        assert refused.stderr.split(b"\n")[-4:-2] != []
        assert b"the microVM did not start" in refused.stderr
        assert vm.status()["state"] in ("built", "stopped")
