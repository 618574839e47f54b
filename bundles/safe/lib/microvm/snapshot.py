"""A saved state of a guest that has booted and done nothing else: what a warm start begins from."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import build, programs, qemu
from .channel import Channel
from .failure import REFUSED, Failure
from .machine import Machine
from .probe import qemu_version
from .qmp import Qmp
from .start import HELLO_SECONDS, Wanted, bring_project, control, launch, prepare

FOLDER, NOTE, MEMORY, SYSTEM = "snapshot", "note.json", "memory", "system.img"
SECONDS = 120.0


def key(state: Path, wanted: Wanted) -> dict[str, str]:
    """What has to be the same for a saved state to be of use, by name."""
    built = build.note_of(state)
    words = "\0".join(qemu.argv(wanted.shape, 0, (), 0))
    return {
        "kernel": built[build.KERNEL],
        "initial file system": built[build.INITRD],
        "image": built[build.ROOT] + touched(state / build.ROOT),
        "QEMU": f"{qemu_version()} {touched(Path(programs.needed(qemu.PROGRAM)))}",
        "command line": hashlib.sha256(words.encode()).hexdigest(),
        "size of the system's disk": str(wanted.system),
        "processor": processor() if wanted.shape.accel == "kvm" else "emulated",
    }


def touched(file: Path) -> str:
    """Size and time of a file: cheap to compare, and different after every change by ordinary means."""
    found = file.stat()
    return f" {found.st_size} {found.st_mtime_ns}"


def processor() -> str:
    """What the host's processor can do."""
    lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    said = "".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))
    return hashlib.sha256(said.encode()).hexdigest()


def save(machine: Machine, wanted: Wanted) -> float:
    """Boots a guest of its own, saves it, and ends it. The seconds that it took."""
    began, folder = time.monotonic(), machine.state / FOLDER
    wanted = replace(wanted, project=None)
    kept = {name: machine.state / name for name in ("work.img",)}
    before = {name: path.exists() for name, path in kept.items()}
    prepare(machine, wanted)
    child, process = launch(machine, wanted.shape)
    try:
        machine.write({**machine.note(), "process": vars(process), "ready": False})
        with Channel(machine.lane(0), HELLO_SECONDS[wanted.shape.accel]):
            pass
        folder.mkdir(mode=0o700, exist_ok=True)
        machine.forget_snapshot()
        with control(machine) as qmp:
            qmp.ask("stop")
            with (folder / MEMORY).open("xb") as file:
                qmp.ask("getfd", file=file.fileno(), fdname="memory")
                unbounded(qmp)
                qmp.ask("migrate", uri="fd:memory")
                wait_for(qmp, "query-migrate", "completed", child)
        copy_sparse(machine.state / SYSTEM, folder / SYSTEM)
    finally:
        machine.kill()
        for name, path in kept.items():
            if not before[name]:
                path.unlink(missing_ok=True)
    (folder / NOTE).write_text(json.dumps(key(machine.state, wanted), indent=2) + "\n", encoding="utf-8")
    return time.monotonic() - began


def unbounded(qmp: Qmp) -> None:
    """A file takes it as fast as it comes; QEMU would hold back for a network."""
    qmp.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})


def wait_for(qmp: Qmp, question: str, state: str, child: subprocess.Popen[bytes]) -> None:
    """Until QEMU says that state. Raises Failure when it says that it failed, or says neither for too long."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and child.poll() is None:
        said = qmp.ask(question)
        if said.get("status") == state:
            return
        if said.get("status") in ("failed", "cancelled", "internal-error"):
            raise Failure("the saved state cannot be used", str(said)[:300], "snapshot")
        time.sleep(0.01)
    raise Failure("the saved state cannot be used", "QEMU does not get to its end", "snapshot")


def check(machine: Machine, wanted: Wanted) -> None:
    """Raises Failure when there is no saved state of exactly this machine."""
    try:
        kept: Any = json.loads((machine.state / FOLDER / NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        why, mend = "a warm start needs one", "snapshot; or start without --warm"
        raise Failure("there is no saved state", why, mend, REFUSED) from None
    now = key(machine.state, wanted)
    other = [name for name in now if not isinstance(kept, dict) or kept.get(name) != now[name]]
    if other:
        why = f"it was saved with another {' and another '.join(other)}"
        raise Failure("the saved state does not fit", why, "snapshot; or start without --warm", REFUSED)


def prepare_warm(machine: Machine, wanted: Wanted) -> None:
    """The disks: the system's as it was saved."""
    work = machine.state / "work.img"
    if work.exists():
        build.room(machine.state, wanted.system)
        (machine.state / SYSTEM).unlink(missing_ok=True)
        bring_project(machine, wanted.project)
    else:
        prepare(machine, wanted)
        (machine.state / SYSTEM).unlink()
    copy_sparse(machine.state / FOLDER / SYSTEM, machine.state / SYSTEM)


def resume(machine: Machine, child: subprocess.Popen[bytes]) -> None:
    """Loads the saved state into a QEMU that waits for it, and lets it run."""
    with control(machine) as qmp, (machine.state / FOLDER / MEMORY).open("rb") as file:
        qmp.ask("getfd", file=file.fileno(), fdname="memory")
        qmp.ask("migrate-incoming", uri="fd:memory")
        wait_for(qmp, "query-migrate", "completed", child)
        qmp.ask("cont")


def copy_sparse(source: Path, copy: Path) -> None:
    """A copy that has the same holes."""
    with source.open("rb") as old, copy.open("xb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        place = 0
        while place < size:
            try:
                start = os.lseek(old.fileno(), place, os.SEEK_DATA)
            except OSError:
                return
            place = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            while start < place:
                data = os.pread(old.fileno(), min(1 << 20, place - start), start)
                start += os.pwrite(new.fileno(), data, start)
