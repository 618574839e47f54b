"""Writes what others see of each shell file: the names that it, and all that it sources, sets and uses.

A linter that follows what a script sources reads the same files a hundred times; of an outline it reads a line or two.

usage: python tools/outlines.py FOLDER <list of shell files
"""

from __future__ import annotations

import functools
import re
import sys
from pathlib import Path

SOURCED = re.compile(r"# shellcheck source=(\S+)")
USED = re.compile(r"\$\{?[#!]?([A-Za-z_]\w*)")
SET = re.compile(r"(?<![\w$}])([A-Za-z_]\w*)(?:\[[^]]*\])?\+?=")
GIVEN = re.compile(r"(?<!\w)(?:read|local|mapfile|for|declare|export) .*")
WORD = re.compile(r"(?<![\w$-])[A-Za-z_]\w*")
KEYWORDS = frozenset(("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in"))


@functools.cache
def names(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Those that a file sets, and those that it uses, with all that it sources."""
    is_set: set[str] = set()
    used: set[str] = set()
    for line in path.read_text("utf-8").splitlines():
        if found := SOURCED.search(line):
            inner = names(Path(found[1])) if found[1] != "/dev/null" else (frozenset(), frozenset())
            is_set |= inner[0]
            used |= inner[1]
        if not line.lstrip().startswith("#"):
            used.update(USED.findall(line))
            is_set.update(SET.findall(line))
            is_set.update(word for part in GIVEN.findall(USED.sub("", line)) for word in WORD.findall(part))
    return frozenset(is_set - KEYWORDS), frozenset(used)


def main() -> None:
    """Writes the outline of each file that standard input names, under the same path in that folder."""
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        outline = Path(sys.argv[1]) / path
        outline.parent.mkdir(parents=True, exist_ok=True)
        is_set, used = names(path)
        words = [*(f"{name}=1" for name in sorted(is_set)), f': "{"".join(f"${name}" for name in sorted(used))}"', ""]
        outline.write_text("\n".join(words), "utf-8")


if __name__ == "__main__":
    main()
