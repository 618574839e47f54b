"""Frames between the host and the guest's agent.

A stream of bytes that either side may cut at any place: a frame ends with a byte that stands nowhere inside one, so
whoever begins to listen in the middle is in step again at the next frame. Neither side believes the other.
"""

from __future__ import annotations

END, ESCAPE = b"\xc0", b"\xdb"
LIMIT = 64 * 1024
"""The largest body of a frame."""
WINDOW = 256 * 1024
"""How much of a command's input may be under way before the agent has said that the command took it."""

# From the host.
HELLO, REQUEST, INPUT, INPUT_END, SIGNAL, SIZE = b"H", b"R", b"I", b"E", b"S", b"W"
# From the guest.
WELCOME, OUTPUT, ERRORS, TAKEN, EXIT = b"h", b"o", b"e", b"t", b"x"


class Nonsense(Exception):
    """The other side sent what is no frame."""


def encode(kind: bytes, body: bytes = b"") -> bytes:
    """One frame. It begins with an end too: what was cut off before it stays a frame of its own."""
    raw = kind + body
    return END + raw.replace(ESCAPE, b"\xdb\xdd").replace(END, b"\xdb\xdc") + END


def frames(kind: bytes, data: bytes) -> bytes:
    """Data of any length, as frames of that kind."""
    return b"".join(encode(kind, data[start : start + LIMIT]) for start in range(0, len(data), LIMIT))


class Decoder:
    """Bytes in, frames out. Never holds more than one frame's bytes; raises Nonsense for a frame that is too long."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The frames that end within the data, as (kind, body)."""
        *whole, rest = (self._rest + data).split(END)
        # Escaped, a body is at most twice as long.
        if any(len(part) > 2 * LIMIT + 2 for part in (*whole, rest)):
            self._rest = b""
            raise Nonsense(f"a frame of more than {LIMIT} bytes")
        self._rest = rest
        raw = (part.replace(b"\xdb\xdc", END).replace(b"\xdb\xdd", ESCAPE) for part in whole if part)
        return [(frame[:1], frame[1:]) for frame in raw]
