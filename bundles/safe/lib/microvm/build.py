"""`build`: what a machine starts from: kernel, initial file system, root image, and a note of what they are."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from . import cpio, packages, rootfs
from .failure import REFUSED, USAGE, Failure

KERNEL, INITRD, ROOT, NOTE = "kernel", "initrd", "root.img", "build.json"
FREE_MARGIN = 256 << 20


def build(state: Path, tar: Path, size: int, source: str) -> dict[str, Any]:
    """Makes all parts beside their places and moves them there, the note last: half a build is none."""
    check(tar)
    room(state, size)
    with tempfile.TemporaryDirectory(prefix="build-", dir=state) as name:
        work = Path(name)
        kernel = packages.kernel(source, work / "kernel-package")
        (work / KERNEL).write_bytes(kernel.image.read_bytes())
        (work / INITRD).write_bytes(initrd(kernel, packages.busybox(work / "busybox-package")))
        rootfs.make(tar, work / ROOT, size, work)
        note = {"schema": 1, "version": kernel.version} | {part: digest(work / part) for part in (KERNEL, INITRD, ROOT)}
        (state / NOTE).unlink(missing_ok=True)
        for part in (KERNEL, INITRD, ROOT):
            (work / part).replace(state / part)
        (work / NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        (work / NOTE).replace(state / NOTE)
    return note


def check(tar: Path) -> None:
    """The agent is a Python program: an image without Python cannot be a guest."""
    try:
        with tarfile.open(tar, mode="r:*") as archive:
            if any(member.name.lstrip("./") == "usr/bin/python3" for member in archive):
                return
    except (OSError, tarfile.TarError) as error:
        raise Failure(f"{tar} cannot be read as a tar", str(error), "docker export CONTAINER >FILE", USAGE) from None
    why = "the guest's agent is a Python program, and usr/bin/python3 is not in the image"
    raise Failure("the image has no python3", why, "add python3 to the image's packages", USAGE)


def room(folder: Path, needed: int) -> None:
    """Refuses to begin what the disk has no room for."""
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if free < needed + FREE_MARGIN:
        why = f"{needed >> 20} MiB may be used, and {free >> 20} MiB are free in {folder}"
        raise Failure("the disk has no room", why, "make room, or ask for less", REFUSED)


def initrd(kernel: packages.Kernel, busybox: bytes) -> bytes:
    """The initial file system: busybox, the modules in their order, our first program and our agent."""
    here = Path(__file__).parent
    modules = packages.modules_in_order(kernel.modules)
    entries: dict[str, cpio.Entry] = {
        "init": (here / "guest" / "init.sh").read_bytes(),
        "bin/busybox": busybox,
        "modules/order": "".join(f"{name}.ko\n" for name in modules).encode("ascii"),
        **dict.fromkeys(("proc", "sys", "dev", "lower", "system", "new")),
        **{f"bin/{name}": cpio.Link("busybox") for name in APPLETS},
        **{f"modules/{name}.ko": content for name, content in modules.items()},
    }
    for file in (here / "__init__.py", here / "wire.py", *sorted((here / "guest").glob("*.py"))):
        entries[f"microvm/{file.relative_to(here).as_posix()}"] = file.read_bytes()
    entries["still.py"] = (here.parent / "still.py").read_bytes()
    return gzip.compress(cpio.archive(entries), compresslevel=1, mtime=0)


APPLETS = ("sh", "mount", "insmod", "mkdir", "rm", "cp", "ip", "ln", "switch_root", "echo")


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    total = hashlib.sha256()
    with file.open("rb") as stream:
        while data := stream.read(1 << 20):
            total.update(data)
    return total.hexdigest()


def note_of(state: Path) -> dict[str, Any]:
    """What was built. Raises Failure when nothing was, or not to its end."""
    try:
        note = json.loads((state / NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        raise Failure("there is no microVM yet", f"{state} has no {NOTE}", "build --rootfs TAR", USAGE) from None
    if not isinstance(note, dict) or any(not (state / part).is_file() for part in (KERNEL, INITRD, ROOT)):
        raise Failure("the microVM is not whole", f"a part is missing in {state}", "build --rootfs TAR", USAGE)
    return note


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`build`."""
    parser = commands.add_parser("build", help="make the machine's parts from an exported image")
    parser.add_argument("--rootfs", type=Path, required=True, metavar="TAR", help="an image's files (docker export)")
    parser.add_argument("--size", type=int, required=True, metavar="BYTES", help="size of the root image")
    parser.add_argument("--kernel", default="package", metavar="package|PATH", help="where the kernel comes from")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Builds; a machine that runs keeps its parts."""
    from .machine import Machine

    machine = Machine(args.state)
    with machine.locked():
        machine.refuse_running("the parts of a running machine are not replaced")
        note = build(args.state, args.rootfs, args.size, args.kernel)
        machine.forget_snapshot()
    print(f"kernel {note['version']}, root image {args.size >> 20} MiB")
    return 0
