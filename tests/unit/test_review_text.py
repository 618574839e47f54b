"""What is text is shown as text, whatever byte in it makes git take it for binary."""

from __future__ import annotations

from pathlib import Path

import pytest
from project.patch import Patch
from project.track import Track

from tests.unit.tracking import Tracked

NOISE = bytes(range(256)) * 8
# What was there, what the agent made of it (by name), and whether its difference is shown.
TEXTS: dict[str, tuple[bytes | None, bytes, bool]] = {
    "src/i.js": (b"one\n", b"one\n/*\0*/evil()\n", True),
    "src/new.JS": (None, b"/*\0*/evil()\n", True),
    "src/noise.py": (None, b"'''" + NOISE + b"'''\nevil()\n", True),
    "tool": (b"echo\n", b"echo\n" + NOISE + b"\nevil()\n", True),
    "script": (None, b"#!/bin/sh\nevil()\n" + NOISE, True),
    "most": (None, b"# \0\nevil() \xc3\xa9\n" + b"x\n" * 80, True),
    "was-hidden.c": (b"\0a\n", b"\0a\nevil()\n", True),
    "picture.png": (None, b"\x89PNG\r\n\x1a\n\0\0evil()\n" + NOISE, False),
    "picture.jpg": (NOISE, NOISE + b"evil()\n", False),
    "empty.bin": (b"", NOISE + b"evil()\n", False),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_git_would_hide_of_a_text_is_shown(tmp_path: Path, name: str) -> None:
    old, new, wanted = TEXTS[name]
    tracked = Tracked(tmp_path, {"q": "q\n", **({} if old is None else {name: old})})
    tracked.commit({"q": "q\n", name: new})
    shown = tracked.run("review").stdout
    assert ("evil()" in shown) is wanted
    assert "\0" not in shown


def test_a_renamed_one_is_shown_against_what_it_was(tmp_path: Path) -> None:
    text = b"".join(b"line %d\n" % number for number in range(50))
    tracked = Tracked(tmp_path, {"old": text})
    tracked.commit({"new": text + b"\0evil()\n"})
    assert "+\\x00evil()" in tracked.run("review").stdout


def test_the_history_shows_it_as_well(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"a.js": "one\n"})
    tracked.commit({"a.js": b"one\n/*\0*/evil()\n"})
    track = Track(str(tracked.state))
    with Patch(str(tracked.repo), track.changes(None, track.head())) as patch:
        assert b"+/*\0*/evil()" in patch.shown()
