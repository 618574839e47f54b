"""What an agent wrote never reaches a terminal as it is."""

from __future__ import annotations

import io

import pytest
from project import words

PATHS = {
    b"plain/name.txt": "plain/name.txt",
    b"a b": "a b",
    "\u00e9\u4e16".encode(): "\u00e9\u4e16",
    b"\x1b[31mred": "\\x1b[31mred",
    b"a\nb\rc\td": "a\\nb\\rc\\td",
    b"back\\slash": "back\\\\slash",
    b"\xff\xfe": "\\xff\\xfe",
    b"\x9b31m": "\\x9b31m",
    "\u009b31m".encode(): "\\x9b31m",
    "gpj\u202egnp.exe".encode(): "gpj\\u202egnp.exe",
    "\u2066x\u2069".encode(): "\\u2066x\\u2069",
    "zero\u200bwidth".encode(): "zero\\u200bwidth",
    "tag\U000e0041".encode(): "tag\\U000e0041",
    "line\u2028end".encode(): "line\\u2028end",
    b"\x00\x07\x7f": "\\x00\\x07\\x7f",
}


@pytest.mark.parametrize(("name", "shown"), PATHS.items())
def test_a_path_is_one_harmless_word(name: bytes, shown: str) -> None:
    assert words.path(name) == shown


def test_no_two_paths_look_the_same() -> None:
    lookalikes = (b"\x1b", b"\\x1b", b"\\\\x1b", "\u202e".encode(), b"\\u202e", b"\xff", "\xff".encode(), b"\n", b"\\n")
    assert len({words.path(name) for name in lookalikes}) == len(lookalikes)


@pytest.mark.parametrize("content", [bytes(range(256)), *PATHS])
def test_a_line_holds_no_control_characters(content: bytes) -> None:
    shown = words.line(content)
    assert all(char.isprintable() or char == "\t" for char in shown)


def test_a_line_keeps_tabs_and_backslashes() -> None:
    assert words.line(b"\ta\\b") == "\ta\\b"


class FakeTerminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


COLOURS = (
    # a terminal, the environment, coloured
    (True, {}, True),
    (True, {"NO_COLOR": "1"}, False),
    (True, {"NO_COLOR": ""}, True),
    (True, {"TERM": "dumb"}, False),
    (False, {}, False),
)


@pytest.mark.parametrize(("terminal", "environment", "expected"), COLOURS)
def test_colours_are_for_terminals(
    terminal: bool, environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    wanted = words.coloured(FakeTerminal() if terminal else io.StringIO())
    assert wanted is expected
    assert ("\x1b" in words.Paint(wanted)("held", "text")) is expected
