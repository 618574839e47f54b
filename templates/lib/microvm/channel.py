"""The host's end of one lane: says hello, asks for one thing, and passes on what comes back.

The guest is not trusted. What it sends is read as frames of bounded length and passed on or thrown away; there is no
more in memory than a frame and what the other end of our own pipes has not taken.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import wire
from .failure import FAILED, USAGE, Failure

READ = 64 * 1024
GARBAGE = 8 << 20
"""What may come before the answer to a hello: the rest of what was said to somebody else."""
AGAIN = 5.0
"""Seconds without a welcome after which it is tried by another connection."""
LATE = 5.0
"""Seconds that the agent gets to end a command whose time is over."""
SINK = Callable[[bytes], None]


@dataclass
class Streams:
    """Where a command's input comes from and where its output goes."""

    output: SINK
    errors: SINK
    input: int | None = None
    """A descriptor to read from; None is no input at all."""
    signals: int | None = None
    """A descriptor that numbers of signals are read from."""
    on_signal: Callable[[int], bytes | None] = field(default=lambda _: None)
    """The frame that a signal becomes; None when it is answered already."""


class Channel:
    """A connection to the agent."""

    def __init__(self, connect: Callable[[], socket.socket], limit: float) -> None:
        self._decoder = wire.Decoder()
        self._waiting: list[tuple[bytes, bytes]] = []
        self._unsent = b""
        self._room = wire.WINDOW
        self._socket = self._welcomed(connect, limit)
        self._socket.setblocking(False)

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _welcomed(self, connect: Callable[[], socket.socket], limit: float) -> socket.socket:
        """A connection that begins anew: whatever was said before is not meant for us."""
        end, self._seen = time.monotonic() + limit, 0
        while time.monotonic() < end and self._seen < GARBAGE:
            # The guest may have missed that somebody connected: that is told to it again, by another connection.
            connection = connect()
            try:
                if self._hello(connection, min(end, time.monotonic() + AGAIN)):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()
        why = f"no welcome within {limit:.0f} seconds"
        raise Failure("the guest's agent does not answer", why, "status; then kill")

    def _hello(self, connection: socket.socket, end: float) -> bool:
        """Whether the agent answers in time."""
        word = os.urandom(16).hex().encode("ascii")
        connection.settimeout(max(0.01, end - time.monotonic()))
        with answering():
            connection.sendall(wire.encode(wire.HELLO, word))
            while time.monotonic() < end and self._seen < GARBAGE:
                connection.settimeout(max(0.01, end - time.monotonic()))
                data = received(connection)
                self._seen += len(data)
                frames = self._frames(data, patient=True)
                if (wire.WELCOME, word) in frames:
                    self._waiting = frames[frames.index((wire.WELCOME, word)) + 1 :]
                    return True
        return False

    def _frames(self, data: bytes, patient: bool = False) -> list[tuple[bytes, bytes]]:
        try:
            return self._decoder.feed(data)
        except wire.Nonsense as error:
            if patient:
                return []
            raise Failure("the guest's agent sends what makes no sense", str(error), "kill, then start") from None

    def ask(self, request: dict[str, Any], streams: Streams, limit: float | None = None) -> dict[str, Any]:
        """Has the agent do something; how it ended. Raises Failure when the agent does not keep to what was agreed."""
        if limit:
            request = {**request, "limit": limit}
        # The guest reads this without loading anything. The other way round nobody would read it so.
        words = marshal.dumps(request, 2)
        if len(words) > wire.LIMIT:
            raise Failure("the command is too long", f"{len(words)} bytes, of at most {wire.LIMIT}", code=USAGE)
        self._unsent = wire.encode(wire.REQUEST, words)
        end = time.monotonic() + limit + LATE if limit else None
        while True:
            for kind, body in self._waiting:
                outcome = self._hear(kind, body, streams)
                if outcome is not None:
                    return outcome
            self._waiting = []
            if end and time.monotonic() > end:
                return {"code": 124, "error": ""}
            self._turn(streams, end)

    def say_stop(self) -> None:
        """Asks for the end of the machine; its answer is the end of the connection."""
        with contextlib.suppress(Failure):
            self.ask({"do": "stop"}, Streams(lambda _: None, lambda _: None), limit=15)

    def _turn(self, streams: Streams, end: float | None) -> None:
        """Waits for what comes first."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._unsent else 0))
        if streams.input is not None and self._room > 0 and not self._unsent:
            poll.register(streams.input, select.POLLIN)
        if streams.signals is not None:
            poll.register(streams.signals, select.POLLIN)
        ready = dict(poll.poll(None if end is None else max(0.0, end - time.monotonic()) * 1000 + 1))
        if ready.get(self._socket.fileno(), 0) & select.POLLOUT:
            with answering(), contextlib.suppress(BlockingIOError):
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        if streams.input is not None and streams.input in ready:
            self._read_input(streams)
        if streams.signals is not None and streams.signals in ready:
            for number in os.read(streams.signals, 64):
                self._unsent += streams.on_signal(number) or b""
        if ready.get(self._socket.fileno(), 0) & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._receive()

    def _receive(self) -> None:
        with answering(), contextlib.suppress(BlockingIOError):
            self._waiting = self._frames(received(self._socket))

    def _read_input(self, streams: Streams) -> None:
        assert streams.input is not None  # noqa: S101  # asked by the caller
        try:
            data = os.read(streams.input, min(READ, self._room))
        except OSError:
            data = b""
        if data:
            self._room -= len(data)
            self._unsent += wire.encode(wire.INPUT, data)
        else:
            streams.input = None
            self._unsent += wire.encode(wire.INPUT_END)

    def _hear(self, kind: bytes, body: bytes, streams: Streams) -> dict[str, Any] | None:
        """One frame; what is none of those agreed upon is passed over."""
        if kind == wire.OUTPUT:
            streams.output(body)
        elif kind == wire.ERRORS:
            streams.errors(body)
        elif kind == wire.TAKEN and body.isdigit() and len(body) < 10:
            self._room = min(wire.WINDOW, self._room + int(body))
        elif kind == wire.EXIT:
            return outcome_of(body)
        return None


def outcome_of(body: bytes) -> dict[str, Any]:
    """How something ended, as the agent says it: a number from 0 to 255, and perhaps why."""
    code, _, error = body.partition(b" ")
    if not code.isdigit() or len(code) > 3 or int(code) > 255:
        raise Failure("the guest's agent sends what makes no sense", printable(repr(code[:40])), "kill, then start")
    return {"code": int(code), "error": printable(error.decode(errors="replace"))}


class Words:
    """The first of what the guest says, for a message; the rest is thrown away."""

    def __init__(self) -> None:
        self._said = b""

    def __call__(self, data: bytes) -> None:
        self._said = (self._said + data)[:1000]

    def __str__(self) -> str:
        return printable(self._said.decode(errors="replace").strip())


def printable(text: str) -> str:
    """Words of the guest's in a message of ours: one line, bounded, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:300])


def received(connection: socket.socket) -> bytes:
    """What came. Raises Failure when nothing more will."""
    data = connection.recv(READ)
    if not data:
        raise Failure("the machine ended", "the connection to its agent closed", "status; then start")
    return data


@contextlib.contextmanager
def answering() -> Any:
    """An end of the connection is a Failure."""
    try:
        yield
    except TimeoutError:
        return
    except (ConnectionError, BrokenPipeError) as error:
        raise Failure("the machine ended", str(error), "status; then start", FAILED) from None
