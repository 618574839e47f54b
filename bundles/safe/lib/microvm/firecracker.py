"""The same machine for Firecracker: its configuration and the script that starts it, as text.

Firecracker needs a KVM that works and a kernel as an ELF file (vmlinux). Its only way to talk to a guest is vsock,
which our agent does not listen on yet: `start` never takes it.
"""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

from . import build, probe, programs, qemu
from .failure import REFUSED, USAGE, Failure

PROGRAM = "firecracker"
CONFIG, SCRIPT = "firecracker.json", "firecracker.sh"
ELF = b"\x7fELF"


def config(shape: qemu.Shape) -> dict[str, Any]:
    """What `firecracker --config-file` reads: drives in the order that the guest is told, no network, no metadata."""
    if shape.network:
        why = "Firecracker has no user-mode network, and a device of the host's needs root"
        raise Failure("this machine cannot have a network", why, "--network none", USAGE)
    if shape.cpus != 1 and shape.cpus % 2:
        raise Failure("Firecracker takes one processor or an even number", f"{shape.cpus} were asked for", code=USAGE)
    disks = (*qemu.DISKS, ("project", "project.tar", True))
    order = ",".join(name for name, _, _ in disks)
    return {
        "boot-source": {
            "kernel_image_path": build.KERNEL,
            "initrd_path": build.INITRD,
            "boot_args": f"{qemu.APPEND} reboot=k gen.disks={order}",
        },
        "drives": [drive(*disk) for disk in disks],
        "machine-config": {"vcpu_count": shape.cpus, "mem_size_mib": shape.memory >> 20, "smt": False},
        "entropy": {},
    }


def drive(name: str, file: str, read_only: bool) -> dict[str, Any]:
    """A disk. Our first program mounts the root, so none is Firecracker's root device."""
    return {
        "drive_id": name,
        "path_on_host": file,
        "is_root_device": False,
        "is_read_only": read_only,
        "cache_type": "Writeback",
        "io_engine": "Sync",
    }


def script(state: Path) -> str:
    """Starts it in the foreground; its console is standard output."""
    return (
        "#!/usr/bin/env bash\n"
        "# Starts the machine that firecracker.json describes. Made by: microvm --state DIR firecracker\n"
        "set -euo pipefail\n"
        f"cd {shlex.quote(str(state))}\n"
        f"exec {PROGRAM} --no-api --config-file {CONFIG}\n"
    )


def missing(state: Path) -> list[str]:
    """What keeps Firecracker from being used on this host."""
    reasons = []
    if not programs.find(PROGRAM):
        reasons.append(f"{PROGRAM} is not installed")
    finding = probe.probe(state)
    if finding.accel != "kvm":
        reasons.append(finding.why)
    with (state / build.KERNEL).open("rb") as file:
        if file.read(4) != ELF:
            reasons.append("the kernel is packed: Firecracker takes an ELF file (build --kernel PATH)")
    return reasons


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`firecracker`."""
    parser = commands.add_parser("firecracker", help="write the machine's configuration for Firecracker")
    parser.add_argument("--memory", type=int, default=512 << 20, metavar="BYTES")
    parser.add_argument("--cpus", type=int, default=1, metavar="N")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Writes both files; exit code 4, and why, when this host cannot run them."""
    build.note_of(args.state)
    shape = qemu.Shape("kvm", args.memory, args.cpus, network=False)
    (args.state / CONFIG).write_text(json.dumps(config(shape), indent=2) + "\n", encoding="utf-8")
    file = args.state / SCRIPT
    file.write_text(script(args.state), encoding="utf-8")
    file.chmod(0o755)
    print(file)
    reasons = missing(args.state)
    if reasons:
        raise Failure("Firecracker cannot run it here", "; ".join(reasons), "start (QEMU)", REFUSED)
    return 0
