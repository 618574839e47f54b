"""What a script says while it runs: events as JSON lines, and text of which nobody knows what it holds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Stream = Literal["stdout", "stderr"]

# A line that goes on for longer is cut in pieces: memory is not a script's to fill.
LONGEST_LINE = 1 << 16
_TAP = re.compile(r"(?P<fails>not )?ok (?P<number>[0-9]{1,6}) - (?P<title>.*)")


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


def check_event(line: str) -> dict[str, Any] | None:
    """A line of the Test Anything Protocol as the data of an event; None for any line but a check's result."""
    found = _TAP.fullmatch(line)
    if found is None:
        return None
    return {
        "schema": 1,
        "event": "check",
        "number": int(found["number"]),
        "title": found["title"],
        "result": "does-not-hold" if found["fails"] else "holds",
    }


def escaped(text: str) -> str:
    """The text with every character that could steer a terminal written out: ESC becomes \\x1b."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode("ascii") for c in text)


class LineBuffer:
    """Turns pieces of bytes, cut anywhere, into whole lines of text."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> tuple[str, ...]:
        """The lines that are whole now."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        while len(self._rest) > LONGEST_LINE:
            lines.append(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]
        return tuple(map(_text, lines))

    def rest(self) -> tuple[str, ...]:
        """The last line, if it has no end."""
        rest, self._rest = self._rest, b""
        return (_text(rest),) if rest else ()


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")


def _no_number(word: str) -> None:
    # NaN and Infinity are not JSON, and whoever reads ours could not read them.
    raise ValueError(word)
