"""A process is signalled by a name that tells when it began, never by a number: the kernel gives numbers again."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from generator.bundle import write_bundle
from tests.unit.planning import rendered
from tests.unit.test_law_shell import texts_of_the_bundle

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = {
    "files/scripts/connect.sh": "its own children, for as long as it waits for one",
    "lib/docker.sh": "a child that is waited for, and the trap is changed when it has ended",
    "lib/leash.sh": "the same; and what /proc of the sandbox has at that moment",
    "lib/lock.sh": "what looks first",
    "lib/podman.sh": "it looks for a mount that only ours has, each time",
    "lib/process.sh": "a name that is compared in the line before",
}
"""Where a number is signalled, and why it is that process still."""


def test_each_signal_by_a_number_is_known() -> None:
    sends = re.compile(r"(?:^|[;&|{(\"]|\bthen|\bdo|!) *kill (?=.*\$)")
    found = {file for file, text in texts_of_the_bundle().items() if any(map(sends.search, code(text)))}
    assert found == set(KNOWN)


def code(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


CLOCK = """. lib/common.sh; . lib/leash.sh
leash_end() { echo "the command is ended" >>said; }
kill() { echo "kill $*" >>said; }
case $1 in killed) end_in_time 1 & builtin kill -KILL $$ ;; *) end_in_time 1 ;; esac"""


def test_a_clock_whose_caller_was_killed_signals_nobody_and_ends_the_command(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    write_bundle(rendered(), bundle)
    for how, said in (("lives", "kill "), ("killed", "the command is ended\n")):
        (bundle / "said").unlink(missing_ok=True)
        # The pipe ends when the clock has.
        subprocess.run(["bash", "-c", CLOCK, "bash", how], cwd=bundle, capture_output=True, check=False)
        assert (bundle / "said").read_text().startswith(said)
