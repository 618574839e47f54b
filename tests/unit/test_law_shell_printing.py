"""A law: a script that somebody starts prints by say, warn and fail, which write out what steers a terminal.

What a step or a check prints goes to the runner, which writes it out itself; what a function of lib/ prints is mostly
its answer to whoever called it. So the law is about the scripts, and about the functions of lib/ that show something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
# What stands in image/ runs where the image is built, and so into a step's log.
SCRIPTS = [path for path in sorted((TEMPLATES / "files").rglob("*.sh")) if path.parent.name != "image"]
# Programs and builtins that print what they are given or what they find in files.
PRINTERS = "echo|printf|cat|sed|awk|tail|head|cut|tr|grep|ls|tee|docker|machine|compose"
PRINTING = re.compile(rf"(?:^|[;&|{{(!]|\b(?:then|else|do)\b)\s*({PRINTERS})\b")
# What stands behind one: its output goes elsewhere, is nobody's to read, or is written out.
FILTERS = "printable|strings|write_durably|python3|objects|while|sort|awk|xargs|wc|grep -q"
AWAY = re.compile(rf"(?<![0-9&])>>?\s*(?![&])\S|>&[3-9]|1>&|\|\s*({FILTERS})")
ASKS = re.compile(r"printf '[^'%]*\[y/N\] '$")

ALLOWED = {
    "scripts/plan.sh": "it prints a document, whose texts go through json_strings, and lines of printable",
    "scripts/resize-volume.sh": "a function answers with a number of bytes",
    "scripts/status.sh": "a function answers with what a row says",
}
"""Scripts that print in another way as well, with the reason; each is tried with a hostile engine (printing.bats)."""


def statements(text: str) -> Iterator[str]:
    """The lines of a script without comments, here-documents and what stands in `$(...)` or in single quotes."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^\s*#.*$", "", text))
    for line in joined.split("\n"):
        line = re.sub(r"'[^']*'", lambda found: found[0] if "[y/N]" in found[0] else "''", line)
        while (inner := re.sub(r'"?\$\([^()]*\)"?|<\([^()]*\)', "X", line)) != line:
            line = inner
        yield line.replace('last_line "$code" | sed', "last_line").strip()


def printing(text: str) -> list[str]:
    """The statements that print something as it is."""
    return [
        line for line in statements(text) if PRINTING.search(line) and not AWAY.search(line) and not ASKS.search(line)
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_prints_by_say_warn_and_fail(script: Path) -> None:
    if str(script.relative_to(TEMPLATES / "files")) not in ALLOWED:
        assert printing(script.read_text()) == []


@pytest.mark.parametrize(
    ("line", "prints"),
    [
        ('echo "$SAID"', True),
        ("printf '%s\\n' \"$found\"", True),
        ('cat "$STATE/names/isolation"', True),
        ("docker logs --tail 20 x", True),
        ('[ -z "$x" ] || echo "$x"', True),
        ("docker logs x | printable", False),
        ('say "$(docker logs x)"', False),
        ('docker stop x >/dev/null || fail 4 "no"', False),
        ("x=$(echo a | tr a b)", False),
        ("printf 'Go on? [y/N] '", False),
        ("# echo nothing", False),
    ],
)
def test_the_law_sees_what_it_forbids(line: str, prints: bool) -> None:
    assert bool(printing(line)) is prints


def test_say_warn_and_fail_are_the_ones_of_common_sh() -> None:
    """Nobody else defines them, and the one way out of common.sh is as_shown."""
    defining = [
        str(path.relative_to(TEMPLATES))
        for path in sorted(TEMPLATES.rglob("*.sh"))
        if re.search(r"(?m)^\s*(say|warn|fail|as_shown|write_out|written_out|printable)\(\)", path.read_text())
    ]
    assert defining == ["lib/common.sh", "lib/text.sh"]
    common = (TEMPLATES / "lib/common.sh").read_text()
    assert re.search(r'(?m)^say\(\) \{ as_shown "\$\*" && ', common)
    assert re.search(r'(?m)^warn\(\) \{ reachable "\$\*" && as_shown "\$\{RED\}\$REACHED\$\{PLAIN\}" && ', common)
