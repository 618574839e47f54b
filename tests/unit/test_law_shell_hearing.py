"""A law: what a program in the sandbox prints reaches a script by `heard`, which keeps no more than somebody reads.

A bare `$(docker exec …)` holds in memory whatever the agent likes to print, and then bash works on it for as long.
"""

from __future__ import annotations

import re

import pytest

from tests.unit.shell_law import bare, function_at, functions_of
from tests.unit.test_law_shell import texts_of_the_bundle

# What runs a program in a container or a machine, or shows what one has printed.
SOURCES = re.compile(
    r"(?:\bdocker|\"\$ENGINE\"|\bmachine)[ ](?:exec|run|logs|attach)\b|\bbrief(?=[ ])|\b\w*tool(?=[ ]-)"
)
HEARD = re.compile(r"\bheard (?:with_limit \S+ )?$")

ALLOWED = {
    "files/scripts/backup.sh: archive": "the workspace itself, into a file",
    "lib/docker.sh: sandbox_client": "what a person runs there, which is shown to that person",
    "lib/sandbox.sh: wait_healthy": "into the log of its step, which is bounded",
    "lib/tools.sh: brief": "the function itself",
    "lib/tools.sh: tool": "a program of our own image; who keeps what it says is looked at below",
    "lib/tools.sh: root_tool": "the same",
    "lib/tools.sh: user_tool": "the same",
}
"""Where one stands that nobody keeps the output of, as `file: function`."""


def unheard(texts: dict[str, str]) -> list[str]:
    """Where what the sandbox says is taken as it comes. Of our own image's programs that is only what is kept."""
    found = []
    for file, text in texts.items():
        script = bare(text)
        spans = functions_of(script)
        for match in SOURCES.finditer(script):
            before = script[script.rfind("\n", 0, match.start()) + 1 : match.start()]
            kept = "tool" not in match[0] or before.count("$(") > before.count(")")
            where = f"{file}: {function_at(spans, match.start())}"
            if kept and not HEARD.search(before) and where not in ALLOWED:
                found.append(f"{where} ({match[0]})")
    return sorted(found)


def test_what_the_sandbox_says_is_heard() -> None:
    assert unheard(texts_of_the_bundle()) == []


@pytest.mark.parametrize("name", ALLOWED)
def test_nothing_is_allowed_that_is_not_there(name: str) -> None:
    file, function = name.split(": ")
    assert f"{function}()" in texts_of_the_bundle()[file]


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ('answer=$(with_limit 5 "$ENGINE" exec x git status)', False),
        ('answer=$(heard with_limit 5 "$ENGINE" exec x git status)', True),
        ("inside() { docker exec --interactive x; }", False),
        ("inside() { heard docker exec --interactive x; }", True),
        ("docker logs --tail 20 x | printable", False),
        ("said=$(tool --user 0 -- df)", False),
        ("said=$(heard tool --user 0 -- df)", True),
        ("tool -- mkfs.ext4 x", True),
        ("machine exec -- id", False),
        ("# docker exec x", True),
    ],
)
def test_the_law_sees_what_it_forbids(line: str, right: bool) -> None:
    assert (unheard({"x.sh": line + "\n"}) == []) is right


def test_a_check_s_own_words_are_bounded_before_lines_are_counted() -> None:
    """A line without an end is all one line."""
    report = texts_of_the_bundle()["lib/report.sh"]
    bounded = (
        'output=$(set -o pipefail && GEN_HEARD=yes "${LIMITED[@]}" bash "$1" 2>&1 </dev/null | tail -c "$HEARD_BYTES"'
    )
    assert report.index(bounded) < report.index("tail -n 20")
    # And nothing else runs one, or says to one that its words are written out.
    assert report.count('bash "$1"') == report.count("GEN_HEARD") == 1
