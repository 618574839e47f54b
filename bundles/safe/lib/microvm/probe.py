"""`probe`: what this host can do. A /dev/kvm that opens proves nothing: a kernel has to boot under it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from . import build, identity, programs, qemu
from .process import boot_id

SECONDS = 5.0
"""A kernel that has hardware to help is there in a part of a second."""
MARK = b"VFS: Unable to mount root fs"
KEPT = "probe.json"
COST = {
    "kvm": "runs at the processor's speed",
    "tcg": "QEMU emulates the processor: expect 5 to 20 times the time of the host for what computes",
}


@dataclass(frozen=True)
class Finding:
    """What was found: `accel` is kvm, tcg, or none when there is no QEMU."""

    accel: str
    why: str
    cost: str
    qemu: str


def probe(state: Path, kernel: Path | None = None) -> Finding:
    """Looks, and boots a kernel where that is what decides."""
    if not programs.find(qemu.PROGRAM):
        return Finding("none", f"{qemu.PROGRAM} is not installed", "no microVM can be started", "")
    version = qemu_version()
    image = kernel or at_hand(state)
    accel, why = under_kvm(image, version, state)
    return Finding(accel, why, COST[accel], version)


def qemu_version() -> str:
    """What QEMU calls itself."""
    return programs.run(qemu.PROGRAM, "--version").stdout.decode(errors="replace").splitlines()[0]


def at_hand(state: Path) -> Path | None:
    """The kernel that was built; else the newest of the host's that can be read."""
    found = [state / build.KERNEL, *sorted(Path("/boot").glob("vmlinuz-*"), reverse=True)]
    return next((image for image in found if image.is_file() and os.access(image, os.R_OK)), None)


def under_kvm(image: Path | None, version: str, state: Path) -> tuple[str, str]:
    """The accelerator, and why it is that one."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return "tcg", f"/dev/kvm: {error.strerror}"
    if image is None:
        return "tcg", "/dev/kvm opens, but no kernel is at hand that could be booted to prove it: build first"
    key = f"{version} {build.digest(image)} {boot_id()}"
    works = remembered(state, key)
    if works is None:
        if image.parent == state:
            identity.hand_over(state)
        works = boots(image, "kvm", SECONDS)
        if state.is_dir():
            (state / KEPT).write_text(json.dumps({"key": key, "works": works}), encoding="utf-8")
    if works:
        return "kvm", "/dev/kvm opens, and a kernel boots under it"
    return "tcg", f"/dev/kvm opens, but {image.name} did not boot under it within {SECONDS:.0f} seconds"


def remembered(state: Path, key: str) -> bool | None:
    """What the last probe found, when QEMU, kernel and the boot of the host are the same."""
    try:
        kept = json.loads((state / KEPT).read_text("utf-8"))
        return bool(kept["works"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def boots(image: Path, accel: str, limit: float) -> bool:
    """Whether a kernel comes so far as to look for its root."""
    # The one that a machine would be: what root can open proves nothing for it.
    image = image.resolve()
    words = qemu.probe(accel, image.name)
    who = identity.words(image.parent)
    whole = (programs.needed(words[0]), *words[1:])
    try:
        done = subprocess.run(
            whole, cwd=image.parent, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False, **who
        )
    except subprocess.TimeoutExpired:
        return False
    return MARK in done.stdout


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`probe`."""
    parser = commands.add_parser("probe", help="what this host can do, found by booting a kernel")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--kernel", type=Path, metavar="PATH", help="the kernel to boot (before anything is built)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when a microVM can be started, 1 when none can."""
    finding = probe(args.state, args.kernel)
    if args.json:
        print(json.dumps({"schema": 1, **asdict(finding)}))
    else:
        print(f"{finding.accel}: {finding.why}; {finding.cost}")
    return 0 if finding.accel != "none" else 1
