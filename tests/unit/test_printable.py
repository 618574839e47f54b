"""One rule, wherever text of others is shown: what steers a terminal, and what nobody sees, is written out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from project import words

from generator import drift, profile_values
from generator.printable import escaped

TEXT_SH = Path(__file__).parents[2] / "templates" / "lib" / "text.sh"
# Unicode 16, DerivedCoreProperties.txt: Default_Ignorable_Code_Point.
IGNORABLE = [
    chr(code)
    for first, last in (
        *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
        *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
        *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    )
    for code in range(first, last + 1)
]
EVERY = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
# Where one of the two has a word of its own: line ends and tabs stay in some texts, and a path spells its backslashes.
OWN = set("\t\n\r\\")


SHOWING = {
    "gen": escaped,
    "gen, in a finding about a profile": profile_values.printable,
    "gen, in a difference": lambda text: "\n".join(drift._lines(text.encode())),
    "a review": lambda text: words.line(text.encode()),
    "a path in a review": lambda text: words.path(text.encode()),
}


@pytest.mark.parametrize("where", SHOWING)
def test_no_letter_that_nobody_sees_is_shown_as_it_is(where: str) -> None:
    show = SHOWING[where]
    assert [ascii(char) for char in IGNORABLE if char in show(f"a{char}b")] == []


@pytest.mark.parametrize("where", SHOWING)
def test_the_rule_is_the_same_for_every_character(where: str) -> None:
    show = SHOWING[where]
    kept = [char for char in EVERY if char not in OWN and (escaped(char) == char) != (show(char) == char)]
    assert list(map(ascii, kept)) == []


def test_a_script_shows_none_of_them() -> None:
    script = f'. "{TEXT_SH}"; while IFS= read -r line; do ! misleads "$line" || echo "$line"; done'
    lines = "".join(f"{char}\n" for char in (*IGNORABLE, "é", "世", "😀", "a")).encode()
    done = subprocess.run(("bash", "-c", f"LC_ALL=C; {script}"), input=lines, capture_output=True, check=True)
    assert done.stdout == b"".join(f"{char}\n".encode() for char in IGNORABLE)
