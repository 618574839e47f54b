"""One command that runs: its pipes or its terminal, its limit of time, and the group that all of it is in."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import termios
import time
from collections.abc import Callable

from .. import wire
from . import files

READ = 64 * 1024
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
GRACE = 2.0
"""Seconds between asking a command that took too long to end, and ending it."""


class Job:
    """Runs `child` in a process of its own, in a control group of its own below `groups`; then calls `after`."""

    def __init__(
        self,
        child: Callable[[], None],
        groups: str,
        limit: float | None,
        size: tuple[int, int] | None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self.after = after
        self.late = False
        self.told = False
        self.due = time.monotonic() + limit if limit else None
        self.pending = b""
        self.closing = False
        self.outputs: dict[int, bytes] = {}
        self.group = new_group(groups)
        self.input, child_ends = self._terminal(size) if size else self._pipes()
        self.pid = os.fork()
        if self.pid == 0:
            become(child, child_ends, self.group, bool(size))
        for end in set(child_ends):
            os.close(end)
        self.handle = os.pidfd_open(self.pid)

    def _pipes(self) -> tuple[int, tuple[int, int, int]]:
        (input_read, input_write), (out_read, out_write), (err_read, err_write) = (os.pipe() for _ in range(3))
        self.outputs = {out_read: wire.OUTPUT, err_read: wire.ERRORS}
        for end in (input_write, out_read, err_read):
            os.set_blocking(end, False)
        return input_write, (input_read, out_write, err_write)

    def _terminal(self, size: tuple[int, int]) -> tuple[int, tuple[int, int, int]]:
        ours, theirs = os.openpty()
        self.outputs = {ours: wire.OUTPUT}
        self.input = ours
        self.resize(*size)
        os.set_blocking(ours, False)
        return ours, (theirs, theirs, theirs)

    def register(self, poll: select.poll, room: bool) -> None:
        """What this job waits for."""
        poll.register(self.handle, select.POLLIN)
        for end in self.outputs if room else ():
            poll.register(end, select.POLLIN)
        if self.pending and self.input >= 0:
            # A terminal is read and written through one descriptor.
            events = select.POLLOUT | (select.POLLIN if room and self.input in self.outputs else 0)
            poll.register(self.input, events)

    def take(self, data: bytes | None) -> None:
        """Input for the command; None is its end."""
        self.closing = self.closing or data is None
        self.pending = (self.pending + (data or b""))[: 2 * wire.WINDOW]
        self._end_input()

    def _end_input(self) -> None:
        if self.closing and not self.pending and self.input >= 0 and self.input not in self.outputs:
            os.close(self.input)
            self.input = -1

    def _feed(self) -> int:
        try:
            taken = os.write(self.input, self.pending[:READ])
        except BlockingIOError:
            return 0
        except OSError:
            # Nobody reads any more: the rest is thrown away, as at any pipe.
            taken, self.closing = len(self.pending), True
        self.pending = self.pending[taken:]
        self._end_input()
        return taken

    def follow(self, ready: dict[int, int]) -> list[tuple[bytes, bytes]]:
        """The frames that what is ready makes."""
        said = [frame for end in list(self.outputs) if ready.get(end) for frame in self._read(end)]
        if self.pending and self.input >= 0 and ready.get(self.input):
            said.append((wire.TAKEN, b"%d" % self._feed()))
        now = time.monotonic()
        if self.due and now >= self.due:
            self.signal(signal.SIGTERM) if not self.late else self.kill()
            self.late, self.due = True, now + GRACE
        return said

    def _read(self, end: int) -> list[tuple[bytes, bytes]]:
        try:
            data = os.read(end, READ)
        except BlockingIOError:
            return []
        except OSError:  # a terminal that nobody has open any more
            data = b""
        if data:
            return [(self.outputs[end], data)]
        del self.outputs[end]
        if end != self.input:
            os.close(end)
        return []

    def leftovers(self) -> list[tuple[bytes, bytes]]:
        """What lies in the pipes after the command's end. What still has them open is not waited for."""
        said: list[tuple[bytes, bytes]] = []
        while True:
            more = [frame for end in list(self.outputs) for frame in self._read(end)]
            if not more or len(said) > 64:
                self._close()
                return said
            said += more

    def signal(self, number: int) -> None:
        """To the command's own process group. One that is told to end takes along what it began, wherever that hid."""
        self.told = self.told or number in ENDING
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, ValueError, PermissionError):
            return

    def resize(self, rows: int, columns: int) -> None:
        """The terminal's size."""
        if self.input >= 0 and self.input in self.outputs:
            fcntl.ioctl(self.input, termios.TIOCSWINSZ, struct.pack("HHHH", rows & 0xFFFF, columns & 0xFFFF, 0, 0))

    def kill(self) -> None:
        """Everything that the command started, wherever it hid."""
        # The first process by itself: until it has gone into its group, the group's end is not its own.
        signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        self._kill_group()

    def _kill_group(self) -> None:
        files.write(f"{self.group}/cgroup.kill", "1")

    def _end_all(self) -> None:
        """Kills what is left of the command, and gives it a moment to let go of its memory: the next one needs it."""
        self._kill_group()
        end = time.monotonic() + GRACE
        while "populated 1" in files.read(f"{self.group}/cgroup.events") and time.monotonic() < end:
            time.sleep(0.01)

    def ended(self) -> int | None:
        """The command's exit code, or None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        self._put_in_order()
        code = os.waitstatus_to_exitcode(status)
        if self.late or self.told or code == -signal.SIGKILL:
            # It was ended, or its time or its memory was up: what it started would go on using either.
            self._end_all()
        code = 128 - code if code < 0 else code
        return 124 if self.late else code

    def destroy(self) -> None:
        """Ends it without a word."""
        self.kill()
        os.waitpid(self.pid, 0)
        self._put_in_order()
        self._close()

    def _put_in_order(self) -> None:
        if self.after:
            self.after()

    def _close(self) -> None:
        for end in {self.handle, *self.outputs, *((self.input,) if self.input >= 0 else ())}:
            os.close(end)
        self.outputs, self.input = {}, -1


def new_group(parent: str) -> str:
    """A control group for one command; our own that are empty by now go. One of another lane's may be empty still."""
    ours = f"job-{os.getpid()}-"
    for old in os.listdir(parent):
        if old.startswith(ours):
            try:
                os.rmdir(f"{parent}/{old}")
            except OSError:
                continue
    group = f"{parent}/{ours}{time.monotonic_ns()}"
    os.mkdir(group)
    return group


def become(child: Callable[[], None], ends: tuple[int, int, int], group: str, terminal: bool) -> None:
    """The new process; never returns."""
    code = 126
    try:
        signal.set_wakeup_fd(-1)
        for usual in (signal.SIGIO, signal.SIGPIPE, signal.SIGINT):
            signal.signal(usual, signal.SIG_DFL)
        os.setsid()
        files.write(f"{group}/cgroup.procs", "0")
        files.write("/proc/self/oom_score_adj", "500")
        if terminal:
            fcntl.ioctl(ends[0], termios.TIOCSCTTY, 0)
        # Copies above all others first: one of the ends may be 0, 1 or 2.
        copies = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in ends]
        for number, copy in enumerate(copies):
            os.dup2(copy, number)
        os.closerange(3, 4096)
        child()
        code = 0
    except FileNotFoundError as error:
        os.write(2, b"gen: %s: not found\n" % os.fsencode(error.filename or b""))
        code = 127
    except BaseException as error:  # this process has nobody above it to tell
        os.write(2, f"gen: {error}\n".encode(errors="surrogateescape"))
    finally:
        os._exit(code)
