"""The machine in a state folder: started, found again, stopped. The folder is all that is known between two calls."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import qemu
from .channel import Channel
from .failure import REFUSED, Failure
from .process import Process, resident, working_in
from .qmp import Qmp

NOTE, LOCK, CONSOLE = "machine.json", "lock", "console.log"
WAIT = 30.0
"""Seconds that one waits for a lock, or for a free lane, before it is given up."""
STOP_SECONDS = 20.0


class Machine:
    """Looks at the folder anew with each question: other calls may be under way."""

    def __init__(self, state: Path) -> None:
        self.state = state

    # --- what is known

    def note(self) -> dict[str, Any]:
        """What was written down at the last start; empty when there was none."""
        try:
            note = json.loads((self.state / NOTE).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def write(self, note: dict[str, Any]) -> None:
        """Writes that down: the old or the new, never a part."""
        beside = self.state / f"{NOTE}.new"
        beside.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        beside.replace(self.state / NOTE)

    def process(self) -> Process | None:
        """QEMU, when it still runs."""
        try:
            process = Process(**self.note()["process"])
        except (KeyError, TypeError):
            return None
        return process if process.alive() else None

    def status(self) -> dict[str, Any]:
        """One of absent, built, stopped, dead, starting, running, frozen, paused; with what else is known."""
        note, process = self.note(), self.process()
        found: dict[str, Any] = {"schema": 1, "state": "built" if (self.state / "build.json").is_file() else "absent"}
        if not note:
            return found
        found |= {key: note[key] for key in ("shape", "warm", "uid", "gid") if key in note}
        if process is None:
            return {**found, "state": "dead" if "process" in note else "stopped"}
        return {**found, "state": self._running(note), "pid": process.pid, "resident": resident(process.pid)}

    def _running(self, note: dict[str, Any]) -> str:
        if not note.get("ready"):
            return "starting"
        with self.qmp() as control:
            said = str(control.ask("query-status").get("status"))
        return {"running": "running", "paused": "frozen"}.get(said, "paused")

    def running(self) -> Process:
        """QEMU. Raises Failure when it does not run."""
        process = self.process()
        if process is None or not self.note().get("ready"):
            why = "it ended by itself" if "process" in self.note() else ""
            raise Failure("the microVM does not run", why, "start", REFUSED)
        return process

    def refuse_running(self, why: str) -> None:
        """Raises Failure when it runs."""
        if self.process():
            raise Failure("the microVM runs", why, "stop", REFUSED)

    def forget_snapshot(self) -> None:
        """Takes the saved state away."""
        for part in (self.state / "snapshot").glob("*"):
            part.unlink()

    # --- one at a time

    @contextlib.contextmanager
    def locked(self, name: str = LOCK, wait: float = WAIT) -> Iterator[None]:
        """Alone, within bounds; the kernel opens the lock of who dies."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take(self.state / name, wait)
        if lock is None:
            why = f"it has been at work for more than {wait:.0f} seconds"
            raise Failure("another call is at work on this microVM", why, "try again later", REFUSED)
        try:
            yield
        finally:
            os.close(lock)

    # --- connections

    def listen(self, name: str) -> socket.socket:
        """A socket of ours in the folder for QEMU to inherit. However deep the folder lies, its path is short."""
        (self.state / name).unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        with self._short(name) as path:
            listening.bind(path)
        listening.listen(8)
        return listening

    @contextlib.contextmanager
    def _short(self, name: str) -> Iterator[str]:
        folder = os.open(self.state, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{folder}/{name}"
        finally:
            os.close(folder)

    def lane(self, number: int) -> Callable[[], socket.socket]:
        """What connects to a port of the agent's."""
        return lambda: self.connect(f"lane-{number}.sock")

    def connect(self, name: str) -> socket.socket:
        """A connection to a socket of QEMU's."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            with self._short(name) as path:
                connection.connect(path)
        except OSError as error:
            connection.close()
            raise Failure("the microVM does not run", str(error), "start", REFUSED) from None
        return connection

    @contextlib.contextmanager
    def qmp(self) -> Iterator[Qmp]:
        """QEMU's control socket, which takes one caller at a time."""
        with self.locked("qmp.lock"), Qmp(self.connect("qmp.sock")) as control:
            yield control

    @contextlib.contextmanager
    def channel(self, wait: float = WAIT) -> Iterator[Channel]:
        """A free lane to the agent; waits for one within bounds."""
        end = time.monotonic() + wait
        while True:
            for number in range(qemu.LANES):
                lock = take(self.state / f"lane-{number}.lock", 0)
                if lock is not None:
                    try:
                        self.running()
                        with Channel(self.lane(number), self._patience()) as channel:
                            yield channel
                        return
                    finally:
                        os.close(lock)
            if time.monotonic() > end:
                why = f"{qemu.LANES} are under way, and none ended within {wait:.0f} seconds"
                raise Failure("no more commands at a time", why, "try again later", REFUSED)
            time.sleep(0.05)

    def _patience(self) -> float:
        """How long an agent that is there may take to answer."""
        with self.qmp() as control:
            if control.ask("query-status").get("status") != "running":
                raise Failure("the microVM is frozen", "no command runs meanwhile", "thaw", REFUSED)
        return WAIT

    # --- ends

    def save_console(self) -> None:
        """The last of what the guest wrote on its console, into a file of bounded size."""
        with contextlib.suppress(Failure, OSError), self.qmp() as control:
            said = str(control.ask("ringbuf-read", device="console", size=65536))
            if said:
                (self.state / CONSOLE).write_text(said[:65536], encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """In good order when the guest plays along; else without it."""
        process = self.process()
        if process and self.note().get("ready"):
            with contextlib.suppress(Failure):
                with self.qmp() as control:
                    control.ask("cont")
                self.save_console()
                with self.channel(wait=2) as channel:
                    channel.say_stop()
            process.end(0, STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """At once. Twice is once."""
        if self.process():
            self.save_console()
        # One whose start was struck down before it was written down is found by where it works.
        for process in working_in(self.state, "qemu-system"):
            if not process.end(signal.SIGKILL, STOP_SECONDS):
                raise Failure("QEMU does not end", f"process {process.pid} got SIGKILL", f"ps {process.pid}")
        note = self.note()
        if note.pop("process", None) or note.pop("ready", None):
            note.pop("ready", None)
            self.write(note)
        for file in (self.state / "system.img", self.state / "project.tar", *self.state.glob("*.sock")):
            file.unlink(missing_ok=True)

    def freeze(self, frozen: bool) -> None:
        """Stops the processor, or lets it go on."""
        self.running()
        with self.qmp() as control:
            control.ask("stop" if frozen else "cont")


def take(file: Path, wait: float) -> int | None:
    """A lock, or None when somebody else keeps it for so long."""
    end = time.monotonic() + wait
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(lock)
                return None
        time.sleep(0.02)


def noted(process: Process, shape: qemu.Shape) -> dict[str, Any]:
    """What is written down of a start."""
    return {"schema": 1, "process": asdict(process), "shape": asdict(shape)}
