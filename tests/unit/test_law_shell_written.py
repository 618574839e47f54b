"""A law: a write that failed is never published.

Of what a pipe brings nobody can tell whether it is all of it: so what may fail is a command of write_durably's, which
looks at how it ended, and a pipe brings only what the shell itself prints.
"""

from __future__ import annotations

import re

import pytest

from tests.unit.shell_law import bare
from tests.unit.test_law_shell import texts_of_the_bundle

PIPED = re.compile(r"^(.*[^|])\|\s*write_durably\b", re.M)
PRINTED = re.compile(r"(?:^ *|[;&|({] *|! *)(?:printf|echo) [^|;]*?(?:; })? *$")


def unseen(texts: dict[str, str]) -> list[str]:
    """What is published although it may have been cut short."""
    found = []
    for file, text in texts.items():
        for match in PIPED.finditer(bare(text)):
            last = match[1]
            if (
                not PRINTED.search(last)
                or "$(" in last[last.rfind("printf") if "printf" in last else last.rfind("echo") :]
            ):
                found.append(f"{file}: {match[0].strip()}")
    return sorted(found)


def test_a_write_that_failed_is_never_published() -> None:
    assert unseen(texts_of_the_bundle()) == []


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ('inode_of "$IMAGE.new" | write_durably "$GEN_PRIOR/made"', False),
        ('echo "machine $(machine_state)" | write_durably "$GEN_PRIOR/was"', False),
        ('{ cat "$STATE/aside/moved"; printf "%s" "$lines"; } | sort | write_durably "$STATE/aside/moved"', False),
        ('{ [ ! -e "$CHOICE" ] || cat "$CHOICE"; } | write_durably "$GEN_PRIOR/choice"', False),
        ("{ grep -vxF -f x y || :; } | write_durably y", False),
        ('{ [ -z "$1" ] || printf \'%s\' "$1"; } | write_durably "$OWNED"', True),
        ('printf \'%s\' "$2" | write_durably "$STATE/names/$1"', True),
        ('echo "$id $code" | write_durably "$MACHINE_IMAGE"', True),
        ('write_durably "$GEN_PRIOR/made" inode_of "$IMAGE.new"', True),
    ],
)
def test_the_law_sees_what_it_forbids(line: str, right: bool) -> None:
    assert (unseen({"x.sh": line + "\n"}) == []) is right
