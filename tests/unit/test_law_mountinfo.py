"""A line of /proc/PID/mountinfo has optional fields, or none: what looks for their end does nothing else meanwhile."""

from __future__ import annotations

import re
import subprocess

from tests.unit.test_law_shell import TEMPLATES

# A loop without a body of its own takes the next line for it, and then only a line that has such fields is looked at.
BODY = re.compile(r'\$i != \\?"-\\?"; i\+\+\)(?!;)')
LINES = """\
36 35 98:0 / /none rw,noatime - ext4 /dev/a rw
37 35 98:1 /x /one rw shared:1 - ext4 /dev/b rw
38 35 98:2 / /two\\040words ro master:1 propagate_from:2 - overlay gen rw,upperdir=/u
"""


def test_no_loop_over_them_has_a_body() -> None:
    scripts = [*TEMPLATES.rglob("*.sh")]
    assert any('!= "-"; i++);' in script.read_text() for script in scripts)
    assert [script.name for script in scripts if BODY.search(script.read_text())] == []


def test_the_control_one_that_has_is_found() -> None:
    assert BODY.search('{ for (i = 7; $i != "-"; i++)\n  ours = $(i + 2)')


def test_each_field_is_the_same_whatever_stands_before_it() -> None:
    script = '. "$1/lib/workplace.sh"; mounts_in; '
    done = subprocess.run(
        ["bash", "-c", f"STATE=/nowhere; {script}", "-", TEMPLATES],
        input=LINES, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "/none ext4 / rw,noatime 98:0 /dev/a rw",
        "/one ext4 /x rw 98:1 /dev/b rw",
        "/two\\040words overlay / ro 98:2 gen rw,upperdir=/u",
    ]
