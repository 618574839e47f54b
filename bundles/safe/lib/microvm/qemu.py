"""QEMU's command line: pure, the same for the same machine. All paths are relative to the state folder."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAM = "qemu-system-x86_64"
LANES = 6
"""How many commands can be under way at once."""
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
MACHINE = "q35,vmport=off,sata=off,smbus=off,hpet=off,usb=off,i8042=off"
APPEND = "console=ttyS0 quiet loglevel=4 panic=1 rdinit=/init random.trust_cpu=on rcupdate.rcu_expedited=1"
EMULATED = "mitigations=off no_timer_check tsc=reliable"
"""An emulated processor guesses nothing ahead: what guards against that only costs."""
DISKS = (("root", "root.img", True), ("system", "system.img", False), ("work", "work.img", False))
PROJECT = ("project", "/dev/fdset/1", True)
"""Handed over open: where it lies, QEMU need not be able to go."""


@dataclass(frozen=True)
class Shape:
    """What a machine is made of, as far as its user chooses."""

    accel: str
    memory: int
    cpus: int
    network: bool


def argv(shape: Shape, qmp: int, lanes: tuple[int, ...], project: int, incoming: bool = False) -> tuple[str, ...]:
    """The machine: no device but those named. `qmp` and `lanes` are sockets that it inherits, `project` is a file."""
    words = (*base(shape.accel), *memory(shape), "-kernel", "kernel", "-initrd", "initrd")
    words += ("-chardev", f"socket,id=qmp,fd={qmp},server=on,wait=off", "-mon", "chardev=qmp,mode=control")
    words += ("-chardev", "ringbuf,id=console,size=65536", "-serial", "chardev:console")
    words += ("-add-fd", f"fd={project},set=1")
    for name, file, read_only in (*DISKS, PROJECT):
        words += disk(name, file, read_only)
    words += ("-device", f"virtio-serial-pci,max_ports={LANES + 1}")
    for number, listening in enumerate(lanes):
        words += ("-chardev", f"socket,id=lane-{number},fd={listening},server=on,wait=off")
        words += ("-device", f"virtserialport,chardev=lane-{number},name=lane-{number},nr={number + 1}")
    if shape.network:
        words += ("-netdev", "user,id=net,ipv6=off", "-device", "virtio-net-pci,netdev=net,romfile=")
    words += ("-incoming", "defer") if incoming else ()
    return tuple(word for word in words if word)


def base(accel: str) -> tuple[str, ...]:
    """What every guest has, that of a probe as well."""
    # Without hardware to help, a processor with less has less to be emulated.
    processor = "host" if accel == "kvm" else "Nehalem"
    return (
        PROGRAM, "-M", MACHINE, "-accel", accel, "-cpu", processor, "-nodefaults", "-no-user-config",
        "-display", "none", "-no-reboot", "-sandbox", SANDBOX,
    )  # fmt: skip


def memory(shape: Shape) -> tuple[str, ...]:
    """Memory, processors, and what the kernel is told."""
    append = f"{APPEND} {EMULATED}" if shape.accel == "tcg" else APPEND
    return ("-m", f"{shape.memory >> 20}M", "-smp", str(shape.cpus), "-append", append)


def disk(name: str, file: str, read_only: bool) -> tuple[str, ...]:
    """A disk from a file; its serial number is its name."""
    options = "" if read_only else ",discard=unmap"
    drive = f"if=none,id={name},file={file},format=raw,readonly={'on' if read_only else 'off'}{options}"
    return ("-drive", drive, "-device", f"virtio-blk-pci,drive={name},serial={name}")


def probe(accel: str, kernel: str) -> tuple[str, ...]:
    """A guest that only has a kernel: it says that it finds no root, and ends."""
    append = "console=ttyS0 panic=-1"
    return (*base(accel), "-kernel", kernel, "-m", "256M", "-append", append, "-serial", "stdio")
