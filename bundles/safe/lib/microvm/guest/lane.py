"""One port: the host says hello, asks for one thing at a time, and hears what it does until it ends."""

from __future__ import annotations

import fcntl
import marshal
import os
import select
import signal
import time

from .. import wire
from . import requests
from .job import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READ = 64 * 1024
HIGH = 512 * 1024
"""With so much unsent, no more is read from the command: it waits, as at any pipe."""


class Lane:
    """The state between one hello and the next."""

    def __init__(self, device: str, groups: str) -> None:
        self.groups = groups
        self.port = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.decoder = wire.Decoder()
        self.unsent = b""
        self.job: Job | None = None
        self.welcome = False
        self.wake, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        # The kernel tells by a signal that the host's side opened or closed: until then a poll would spin.
        signal.signal(signal.SIGIO, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        fcntl.fcntl(self.port, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(self.port, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)

    def serve(self) -> None:
        """Never returns."""
        connected = True
        while True:
            connected = self.turn(connected)

    def turn(self, connected: bool) -> bool:
        """Waits for what comes first and answers it. Whether the host still listens."""
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        if connected:
            poll.register(self.port, select.POLLIN | (select.POLLOUT if self.unsent else 0))
        if self.job:
            self.job.register(poll, room=len(self.unsent) < HIGH)
        # Without a host, a look now and then, should a signal be lost.
        limits = [1.0] if not connected else []
        limits += [max(0.0, self.job.due - time.monotonic())] if self.job and self.job.due else []
        ready = dict(poll.poll(min(limits) * 1000 + 1 if limits else None))
        if self.wake in ready:
            os.read(self.wake, READ)
            connected = True
        if not connected:
            return not self.hung_up()
        if ready.get(self.port, 0) & select.POLLIN:
            self.hear()
        if self.hung_up():
            self.reset()
            return False
        if self.job:
            self.follow(self.job, ready)
        self.send()
        return True

    def hung_up(self) -> bool:
        """Whether nobody is connected on the host's side."""
        poll = select.poll()
        poll.register(self.port, 0)
        return any(events & select.POLLHUP for _, events in poll.poll(0))

    def reset(self) -> None:
        """As after the start: what ran for a host that went away is ended."""
        if self.job:
            self.job.destroy()
        self.job, self.unsent, self.welcome, self.decoder = None, b"", False, wire.Decoder()

    def hear(self) -> None:
        """Frames from the host."""
        try:
            frames = self.decoder.feed(os.read(self.port, READ))
        except (BlockingIOError, wire.Nonsense):
            return
        for kind, body in frames:
            if kind == wire.HELLO:
                self.reset()
                self.welcome = True
                self.say(wire.WELCOME, body)
            elif self.welcome:
                self.obey(kind, body)

    def obey(self, kind: bytes, body: bytes) -> None:
        """One frame of a host that said hello."""
        if kind == wire.REQUEST and not self.job:
            self.begin(marshal.loads(body))  # noqa: S302  # the host is who we listen to
        elif self.job and kind in (wire.INPUT, wire.INPUT_END):
            self.job.take(body if kind == wire.INPUT else None)
        elif self.job and kind == wire.SIGNAL and body.isdigit():
            self.job.signal(int(body))
        elif self.job and kind == wire.SIZE:
            self.job.resize(*(int(word) for word in body.split(b" ")))

    def begin(self, request: dict[str, Any]) -> None:
        """Starts what is asked for; what cannot be started ends at once, with a reason."""
        try:
            self.job = requests.start(request, self.groups)
        except (OSError, KeyError, ValueError, TypeError) as error:
            self.end(126, str(error))

    def follow(self, job: Job, ready: dict[int, int]) -> None:
        """What the running command says, takes, and whether it ended."""
        for kind, data in job.follow(ready):
            self.say(kind, data)
        ended = job.ended()
        if ended is not None:
            for kind, data in job.leftovers():
                self.say(kind, data)
            self.job = None
            self.end(ended)

    def end(self, code: int, error: str = "") -> None:
        """The last word on a request."""
        self.say(wire.EXIT, b"%d %s" % (code, error.encode(errors="replace")))

    def say(self, kind: bytes, body: bytes) -> None:
        """To be sent."""
        self.unsent += wire.frames(kind, body) if body else wire.encode(kind)

    def send(self) -> None:
        """As much as the port takes now."""
        try:
            while self.unsent:
                # The port copies a write as a whole: small ones need no large pieces of memory.
                sent = os.write(self.port, self.unsent[: 32 * 1024])
                self.unsent = self.unsent[sent:]
        except (BlockingIOError, BrokenPipeError):
            return
