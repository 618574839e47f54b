"""What a script says while it runs: events as JSON lines, and text of which nobody knows what it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST_LINE", "Event", "LineBuffer", "Stream", "escaped", "parse_event"]

Stream = Literal["stdout", "stderr"]

# Of a line that goes on for longer the rest is left out: memory is not a script's to fill.
LONGEST_LINE = 1 << 16
LEFT_OUT = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a run. A field that the line did not hold as text is empty; `data` is all that it held."""

    name: str
    step: str
    title: str
    run: str
    result: str
    log: str
    data: Mapping[str, Any]


def parse_event(line: str) -> Event | None:
    """The event that a line holds; None for whatever is not one. Never raises."""
    try:
        data = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        return None

    def text(key: str) -> str:
        value = data.get(key)
        return value if isinstance(value, str) else ""

    return Event(
        name=data["event"],
        step=text("step"),
        title=text("title"),
        run=text("run"),
        result=text("result"),
        log=text("log"),
        data=data,
    )


class LineBuffer:
    """Turns pieces of bytes, cut anywhere, into whole lines of text, ended by a line feed and by nothing else.

    Of a line that is too long the beginning is given, with a mark: nothing of its middle ever stands at the beginning
    of a line, where it could be taken for something that the script said itself.
    """

    __slots__ = ("_cut", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._cut = False

    def feed(self, piece: bytes) -> tuple[str, ...]:
        """The lines that are whole now."""
        *ends, rest = piece.split(b"\n")
        lines = []
        for end in ends:
            self._add(end)
            lines.append(self._line())
        self._add(rest)
        return tuple(lines)

    def rest(self) -> tuple[str, ...]:
        """The last line, if it has no end."""
        return (self._line(),) if self._rest else ()

    def _add(self, part: bytes) -> None:
        room = LONGEST_LINE - len(self._rest)
        self._cut = self._cut or len(part) > room
        self._rest += part[:room]

    def _line(self) -> str:
        text = _text(self._rest) + (LEFT_OUT if self._cut else "")
        self._rest, self._cut = b"", False
        return text


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")


def _no_number(word: str) -> None:
    # NaN and Infinity are not JSON, and whoever reads ours could not read them.
    raise ValueError(word)
