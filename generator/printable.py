"""Text of others made harmless: the one place of the package that says what may be shown as it is.

Names, files, logs and whatever a sandbox, an engine or an image says may hold characters that steer a terminal, turn
the direction of writing or are not seen at all. They are written out: ESC becomes \\x1b.
"""

from __future__ import annotations

import json
from typing import Any

# Marks and letters by category, yet nobody sees them: joiners, fillers, variation selectors, tags. The rest of what
# Unicode calls Default_Ignorable_Code_Point is not printable anyway. A bundle has the same rule in lib/project/words.py
# and in lib/text.sh.
_UNSEEN = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
)
_TAGS = 0xE0000


def escaped(text: str) -> str:
    """One line of text, each character that could steer a terminal or hide written out. Tabs stay, line ends do not."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def escaped_lines(text: str) -> str:
    """The same for a text of several lines: its line feeds stay, and no other character ends a line."""
    return "\n".join(map(escaped, text.split("\n")))


def json_text(data: Any) -> str:
    """The data as JSON that a terminal can be shown: letters stay readable, what `escaped` would write out is \\u....

    Such characters stand in strings only, so it is the same data.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return "".join(char if char == "\n" or _is_harmless(char) else json.dumps(char)[1:-1] for char in text)


def _is_harmless(char: str) -> bool:
    if char == "\t":
        return True
    code = ord(char)
    return char.isprintable() and code < _TAGS and code not in _UNSEEN
