"""A law: nobody stops reading while a program still writes to him, where that program would say so.

A run ignores SIGPIPE, and so does all that it starts: a writer whose reader has gone prints "Broken pipe" into what a
person reads just then, and fails. `grep -q` stops at the first match; with its output thrown away it reads to the end.
Checks are in no run, and what stands in image/ is in no bundle's.
"""

from __future__ import annotations

import re

import pytest

from tests.unit.shell_law import bare
from tests.unit.test_law_shell import texts_of_the_bundle

QUIET = re.compile(r"(?<!\|)\|\s*grep (?:-\w+ )*-\w*q\w*\b")
# A loop over what programs say that may end before them.
LOOP = re.compile(r"\bwhile (?:(?!\bdone\b).)*?\b(?:return|break|exit)\b(?:(?!\bdone\b).)*?\bdone < <\(([^)]*)\)", re.S)


def early(texts: dict[str, str]) -> list[str]:
    """Readers that may end before what they read."""
    found = []
    for file, text in texts.items():
        if file.startswith(("checks/", "files/image/")):
            continue
        script = bare(text)
        found += [f"{file}: {match[0]}" for match in QUIET.finditer(script)]
        found += [f"{file}: {match[1]}" for match in LOOP.finditer(script)]
    return sorted(found)


def test_nobody_stops_reading_early() -> None:
    assert early(texts_of_the_bundle()) == []


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("known | grep -q x", False),
        ('printf "%s" "$x" | grep -qxF -e y', False),
        ("known | grep x >/dev/null", True),
        ('grep -q x <<<"$known"', True),
        ("while read -r line; do return; done < <(cat file && echo more)", False),
        ("while read -r line; do echo; done < <(cat file)", True),
        ('while read -r line; do return; done <<<"$known"', True),
    ],
)
def test_the_law_sees_what_it_forbids(line: str, right: bool) -> None:
    assert (early({"x.sh": line + "\n"}) == []) is right
