"""A process that we started: known by its number and the time it began, so that another one is never taken for it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """Which process is meant."""

    pid: int
    began: int
    boot: str

    def alive(self) -> bool:
        """Whether it still is that process, and not a dead one that nobody has asked for."""
        return self.boot == boot_id() and began(self.pid) == self.began

    def end(self, number: int, limit: float) -> bool:
        """Sends a signal and waits; whether it is gone. A number that has become another process's is left alone."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            # The handle stays with the process that it was opened for: look after opening.
            if not self.alive():
                return True
            signal.pidfd_send_signal(handle, number)
            return bool(select.select([handle], [], [], limit)[0])
        except ProcessLookupError:
            return True
        finally:
            os.close(handle)


def of(pid: int) -> Process | None:
    """The process that has this number now."""
    time = began(pid)
    return None if time is None else Process(pid, time, boot_id())


def working_in(folder: Path, name: str) -> list[Process]:
    """The processes of programs with such a name whose working folder it is."""
    found = []
    for entry in Path("/proc").iterdir():
        # What is another user's cannot be looked at, and is not ours.
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and os.path.samefile(entry / "cwd", folder):
                process = of(int(entry.name)) if Path(os.readlink(entry / "exe")).name.startswith(name) else None
                found += [process] if process else []
    return found


def boot_id() -> str:
    """This boot of the host: numbers and times begin anew with each."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def began(pid: int) -> int | None:
    """When it began, in ticks since the boot; None when there is none, or it is dead already."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name stands in brackets and may have anything in it.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
        if fields[0] not in "ZX":
            return int(fields[19])
    return None


def resident(pid: int) -> int:
    """The bytes of memory that it has in use."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
