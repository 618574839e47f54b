"""`start`: disks, QEMU, the agent's hello, and the workspace. Whatever fails, nothing of it goes on running."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import build, identity, programs, qemu, rootfs
from .channel import Channel, Streams, Words
from .failure import REFUSED, USAGE, Failure
from .machine import Machine, noted
from .process import Process, of
from .qmp import Qmp

HELLO_SECONDS = {"kvm": 30.0, "tcg": 180.0}
RESUMED_SECONDS = 60.0
"""How long the agent of a saved state may take: it has booted already."""
BLOCK = 512
FIRST = 20
"""The lowest number of a descriptor that QEMU inherits."""


@dataclass(frozen=True)
class Wanted:
    """What the caller asks for."""

    shape: qemu.Shape
    disk: int
    system: int
    pids: int
    uid: int
    gid: int
    project: Path | None
    hostname: str
    readonly: bool
    tmpfs: tuple[tuple[str, int], ...]


def prepare(machine: Machine, wanted: Wanted) -> None:
    """The disks: a new one for the system, the same one for the work, the project as it is."""
    state = machine.state
    work = state / "work.img"
    build.room(state, wanted.system + (0 if work.exists() else wanted.disk))
    blank(state / "system.img", wanted.system)
    rootfs.mkfs(state / "system.img", "-O", "^has_journal", label="system")
    if not work.exists():
        beside = work.with_suffix(".new")
        blank(beside, wanted.disk)
        rootfs.mkfs(beside, label="work")
        beside.replace(work)
    bring_project(machine, wanted.project)


def blank(file: Path, size: int) -> None:
    """An empty file of that size that takes no room."""
    file.unlink(missing_ok=True)
    with file.open("xb") as made:
        made.truncate(size)


def bring_project(machine: Machine, tar: Path | None) -> None:
    """The project's tar as a disk. A workspace that has one project does not get another."""
    link, mark = machine.state / "project.tar", machine.state / "project.json"
    link.unlink(missing_ok=True)
    if tar is None:
        blank(link, BLOCK)
        return
    try:
        found = tar.stat()
    except OSError as error:
        raise Failure(f"{tar} cannot be read", error.strerror or "", "give the project's tar", USAGE) from None
    identity = f"{found.st_size} {found.st_mtime_ns}\n"
    if mark.exists() and mark.read_text("utf-8") != identity:
        why = "the workspace was made from another tar, and has what the sandbox changed since"
        raise Failure("this is another project", why, "discard, then start", REFUSED)
    check_project(tar)
    link.symlink_to(tar.resolve())
    mark.write_text(identity, encoding="utf-8")


def check_project(tar: Path) -> None:
    """Only what the guest's tar understands whole: names in PAX headers would be cut off there without a word."""
    with tar.open("rb") as file:
        place, size = 0, os.fstat(file.fileno()).st_size
        while place + BLOCK <= size:
            file.seek(place)
            header = file.read(BLOCK)
            if not header.strip(b"\0"):
                return
            try:
                length = content_size(header)
            except ValueError:
                raise Failure(f"{tar} is no tar", f"at byte {place}", "make it with: tar --format=gnu", USAGE) from None
            if header[156:157] == b"x":
                raise Failure(f"{tar} has PAX headers", "the guest cannot read them", "tar --format=gnu", USAGE)
            place += BLOCK + -(-length // BLOCK) * BLOCK


def content_size(header: bytes) -> int:
    """How long the content of a member is. Raises ValueError when it is none."""
    field = header[124:136]
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    if header[257:262] != b"ustar":
        raise ValueError("no magic")
    return int(field.strip(b" \0") or b"0", 8)


def launch(machine: Machine, shape: qemu.Shape, incoming: bool = False) -> tuple[subprocess.Popen[bytes], Process]:
    """QEMU, with a session of its own: what ends the caller does not end it."""
    identity.hand_over(machine.state)
    names = ("qmp.sock", *(f"lane-{number}.sock" for number in range(qemu.LANES)))
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(machine.listen(name)).fileno() for name in names]
        ends.append(stack.enter_context((machine.state / "project.tar").open("rb")).fileno())
        # The numbers stand on the command line, so they have to be the same each time.
        numbers = [stack.enter_context(copied(end, FIRST + at)) for at, end in enumerate(ends)]
        words = qemu.argv(shape, numbers[0], tuple(numbers[1:-1]), numbers[-1], incoming)
        child = subprocess.Popen(
            (programs.needed(words[0]), *words[1:]), cwd=machine.state, pass_fds=numbers, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            **identity.words(machine.state),
        )  # fmt: skip
    process = of(child.pid)
    if process is None:
        raise Failure("QEMU ended at once", last_words(child))
    return child, process


@contextlib.contextmanager
def copied(end: int, number: int) -> Iterator[int]:
    """A descriptor under another number, for a program to inherit."""
    os.dup2(end, number, inheritable=True)
    try:
        yield number
    finally:
        os.close(number)


def last_words(child: subprocess.Popen[bytes]) -> str:
    """Why QEMU ended, as it says itself."""
    child.wait(10)
    said = child.stderr.read(4096).decode(errors="replace").strip().splitlines() if child.stderr else []
    return said[-1] if said else f"it ended with {child.returncode}"


Boot = Callable[[Machine, "subprocess.Popen[bytes]"], None]


def start(machine: Machine, wanted: Wanted, warm: bool = False, resume: Boot | None = None) -> dict[str, Any]:
    """Brings it up. `resume` loads a saved state into a QEMU that waits for one."""
    began = time.monotonic()
    child, process = launch(machine, wanted.shape, incoming=resume is not None)
    try:
        note = noted(process, wanted.shape) | {"warm": warm, "uid": wanted.uid, "gid": wanted.gid}
        machine.write(note)
        if resume:
            resume(machine, child)
        greet(machine, child, wanted, again=resume is not None)
        note |= {"ready": True, "seconds": round(time.monotonic() - began, 3)}
        machine.write(note)
        return note
    except BaseException:
        machine.kill()
        raise
    finally:
        if child.stderr:
            child.stderr.close()


def greet(machine: Machine, child: subprocess.Popen[bytes], wanted: Wanted, again: bool) -> None:
    """Waits for the agent and has it make the workspace ready."""
    said = Words()
    try:
        limit = RESUMED_SECONDS if again else HELLO_SECONDS[wanted.shape.accel]
        with Channel(machine.lane(0), limit) as channel:
            outcome = channel.ask(setup(wanted, again), Streams(said, said), limit=600)
    except Failure as failure:
        if child.poll() is not None:
            raise Failure("the microVM did not start", last_words(child), f"read {machine.state}/console.log") from None
        machine.save_console()
        why = f"{failure.what}: {failure.why}"
        raise Failure("the microVM did not start", why, f"read {machine.state}/console.log") from None
    if outcome["code"] != 0:
        raise Failure("the workspace is not ready", mend="discard, then start", others=str(said) or outcome["error"])


def setup(wanted: Wanted, again: bool) -> dict[str, Any]:
    """The first request after each start."""
    return {
        "do": "setup", "time": time.time(), "seed": os.urandom(64).hex(), "again": again,
        "pids": wanted.pids, "uid": wanted.uid, "gid": wanted.gid, "project": wanted.project is not None,
        "hostname": wanted.hostname, "readonly": wanted.readonly, "tmpfs": wanted.tmpfs,
    }  # fmt: skip


def control(machine: Machine) -> Qmp:
    """QEMU's control socket during a start, when nobody else asks."""
    connection: socket.socket = machine.connect("qmp.sock")
    return Qmp(connection, limit=60)


def wanted_of(args: argparse.Namespace, accel: str) -> Wanted:
    """What the words on the command line ask for."""
    if args.uid <= 0 or args.gid <= 0:
        raise Failure("the sandbox's user is an ordinary one", "0 is root", "--uid and --gid above 0", USAGE)
    shape = qemu.Shape(accel, args.memory, args.cpus, args.network == "user")
    return Wanted(
        shape, args.disk, args.system, args.pids, args.uid, args.gid, args.project_tar, args.hostname,
        args.readonly_root, tuple(map(tmpfs_of, args.tmpfs)),
    )  # fmt: skip


def tmpfs_of(words: str) -> tuple[str, int]:
    """A folder in memory, as it stands on the command line."""
    path, _, size = words.partition("=")
    if not path.startswith("/") or ".." in path.split("/") or not (size.isascii() and size.isdigit()):
        raise Failure("--tmpfs takes a path and a size", words, "--tmpfs /tmp=67108864", USAGE)
    return path, int(size)
