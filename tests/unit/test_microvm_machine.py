"""What is known of a microVM without one: its command line, its process, the host, Firecracker's words for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
from microvm import build, cli, firecracker, probe, process, qemu
from microvm.failure import Failure
from microvm.machine import Machine

MIB = 1 << 20
SCHEMA = json.loads((Path(__file__).parent / "microvm_firecracker.schema.json").read_text("utf-8"))


def shape(**changes: object) -> qemu.Shape:
    """A machine of 512 MiB."""
    return qemu.Shape(**{"accel": "tcg", "memory": 512 * MIB, "cpus": 1, "network": False, **changes})  # type: ignore[arg-type]


def devices(words: tuple[str, ...]) -> list[str]:
    """The kinds of the devices on a command line."""
    return [after.split(",")[0] for word, after in pairwise(words) if word == "-device"]


def test_a_machine_has_the_devices_that_are_named_and_no_other() -> None:
    words = qemu.argv(shape(), 20, tuple(range(21, 27)), 27)
    assert devices(words) == ["virtio-blk-pci"] * 4 + ["virtio-serial-pci"] + ["virtserialport"] * 6
    assert {"-nodefaults", "-no-user-config", "-no-reboot"} < set(words)
    assert (
        words[words.index("-sandbox") + 1] == "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
    )
    assert not [word for word in words if "net" in word or "vsock" in word or "9p" in word]
    assert [word.split("readonly=")[1][:3].strip(",") for word in words if "readonly=" in word] == [
        "on",
        "off",
        "off",
        "on",
    ]


def test_a_network_is_one_device_more_and_the_words_are_the_same_each_time() -> None:
    asked = qemu.argv(shape(network=True), 20, tuple(range(21, 27)), 27)
    assert devices(asked)[-1] == "virtio-net-pci"
    assert asked == qemu.argv(shape(network=True), 20, tuple(range(21, 27)), 27)


def test_another_process_of_the_same_number_is_left_alone() -> None:
    with subprocess.Popen(("sleep", "60")) as other:
        ours = process.of(other.pid)
        assert ours is not None
        assert ours.alive()
        for stale in (process.Process(ours.pid, ours.began - 1, ours.boot), process.Process(ours.pid, ours.began, "x")):
            assert not stale.alive()
            assert stale.end(signal.SIGKILL, 1)
            assert other.poll() is None
        assert ours.end(signal.SIGKILL, 5)
        # Dead, though nobody has asked how yet.
        assert not ours.alive()


def test_a_machine_that_nobody_wrote_down_is_found_by_where_it_works(tmp_path: Path) -> None:
    fake, state = tmp_path / "qemu-system-fake", tmp_path / "state"
    shutil.copy(shutil.which("sleep") or "", fake)
    state.mkdir()
    with subprocess.Popen((fake, "60"), cwd=state) as lost, subprocess.Popen((fake, "60"), cwd=tmp_path) as other:
        Machine(state).kill()
        assert lost.wait(600) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()


def test_without_qemu_there_is_no_microvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microvm.programs.find", lambda _: None)
    assert probe.probe(tmp_path).accel == "none"


KVM = {
    # opens, is there a kernel, does it boot: the accelerator, and a word of why
    (False, True, True): ("tcg", "/dev/kvm: "),
    (True, False, True): ("tcg", "no kernel is at hand"),
    (True, True, False): ("tcg", "did not boot under it"),
    (True, True, True): ("kvm", "a kernel boots under it"),
}


@pytest.mark.parametrize(("opens", "there", "boots"), KVM)
def test_kvm_is_what_boots_a_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool, there: bool, boots: bool
) -> None:
    kernel = tmp_path / "vmlinuz"
    kernel.write_bytes(b"a fake kernel")
    calls: list[Path] = []
    real = os.open

    def fake_open(path: str, *rest: int) -> int:
        if path == "/dev/kvm" and not opens:
            raise PermissionError(13, "Permission denied")
        return real(os.devnull if path == "/dev/kvm" else path, *rest)

    def fake_boots(image: Path, *_: object) -> bool:
        calls.append(image)
        return boots

    monkeypatch.setattr("microvm.probe.os.open", fake_open)
    monkeypatch.setattr("microvm.probe.boots", fake_boots)
    image = kernel if there else None
    for _ in range(2):
        accel, why = probe.under_kvm(image, "QEMU 7", tmp_path)
        assert (accel, KVM[opens, there, boots][1] in why) == (KVM[opens, there, boots][0], True)
    # Booted once, then remembered.
    assert len(calls) == int(opens and there)


def test_firecrackers_configuration_is_what_its_description_allows() -> None:
    for cpus in (1, 2):
        jsonschema.validate(firecracker.config(shape(accel="kvm", cpus=cpus)), SCHEMA)
    wrong = firecracker.config(shape()) | {"network-interfaces": []}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize(("changes", "what"), [({"cpus": 3}, "even number"), ({"network": True}, "network")])
def test_what_firecracker_cannot_do_is_refused(changes: dict[str, object], what: str) -> None:
    with pytest.raises(Failure, match=what):
        firecracker.config(shape(**changes))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder of a machine that was built, of fake parts."""
    for part in (build.KERNEL, build.INITRD, build.ROOT):
        (tmp_path / part).write_bytes(b"\x7fELF")
    (tmp_path / build.NOTE).write_text("{}", encoding="utf-8")
    return tmp_path


def test_firecracker_says_what_is_missing(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = probe.Finding("kvm", "it boots", "", "QEMU 7")
    monkeypatch.setattr("microvm.probe.probe", lambda _: found)
    monkeypatch.setattr("microvm.programs.find", lambda _: None)
    assert cli.main(["--state", str(state), "firecracker"]) == 4
    assert "firecracker is not installed" in capsys.readouterr().err
    assert subprocess.run(("bash", "-n", state / "firecracker.sh"), check=False).returncode == 0
    monkeypatch.setattr("microvm.programs.find", lambda name: f"/usr/bin/{name}")
    assert cli.main(["--state", str(state), "firecracker"]) == 0


@pytest.mark.parametrize("note", ["", "[]", "{", '{"process": 7}', '{"process": {"pid": "x"}}', '{"process": {}}'])
def test_a_note_that_makes_no_sense_is_none(state: Path, note: str) -> None:
    (state / "machine.json").write_text(note, encoding="utf-8")
    assert Machine(state).process() is None
    assert Machine(state).status()["state"] in ("built", "dead")


def test_a_second_call_waits_and_is_refused_within_bounds(state: Path) -> None:
    machine = Machine(state)
    with machine.locked(), pytest.raises(Failure) as failure, machine.locked(wait=0.05):
        pass
    assert failure.value.code == 4


def test_a_question_leaves_no_folder_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--state", str(tmp_path / "new"), "status"]) == 1
    assert capsys.readouterr().out == "absent\n"
    assert not (tmp_path / "new").exists()


def test_errors_say_what_why_and_the_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--state", str(tmp_path / "new"), "start"]) == 2
    what, why, mend = capsys.readouterr().err.splitlines()
    assert what == "gen: there is no microVM yet"
    assert why.startswith("  ")
    assert mend == "  mend: build --rootfs TAR"
