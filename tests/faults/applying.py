"""A project that `apply` writes to, beside one that shows what it is to become; and the faults of the program."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import dropwhile
from typing import TYPE_CHECKING

from tests.engine.conftest import run
from tests.faults.lane import digest_of, some_project
from tests.faults.points import Fault, Point

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.lane import Lane

# What the agent does each time: a changed file, a new folder, one that goes, a link that points elsewhere. The number
# is that of the times before.
EDIT = """
number=$(ls -d new-* 2>/dev/null | sed 's/new-//' | sort -n | tail -n 1)
echo "changed ${number:-0}" >>main.py
rm -rf "new-${number:-0}"
number=$((${number:-0} + 1))
mkdir "new-$number"
echo "$number" >"new-$number/file"
ln -sfn "new-$number/file" newest
"""
CHANGING = ("mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "symlinkat",
            "ftruncate", "fchmod", "fchown", "write")  # fmt: skip
SYNCING = ("fsync", "fdatasync", "syncfs")


def _folders(lane: Lane) -> tuple[Path, Path]:
    return lane.folder / "applied", lane.folder / "to-be"


def make_projects(lane: Lane) -> None:
    """Both, new and alike."""
    for folder in _folders(lane):
        shutil.rmtree(folder, ignore_errors=True)
        some_project(folder)


def project(lane: Lane) -> str:
    """A digest of the project as it is."""
    return digest_of(_folders(lane)[0])


def edit(lane: Lane) -> tuple[str, str]:
    """The agent changes its copy once more, and somebody looks: digests of the project as it is, and as it is to be."""
    where, to_be = _folders(lane)
    lane.bundle.script("scripts/exec.sh", "--", "sh", "-c", EDIT)
    lane.bundle.script("scripts/review.sh")
    run("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "sh", "-c", f"umask 022; {EDIT}", cwd=to_be)
    return digest_of(where), digest_of(to_be)


def program_of(points: list[Point]) -> Point:
    """The command of the script that starts the program."""
    called = dropwhile(lambda point: not point.command.startswith("project apply"), points)
    return next(point for point in called if point.program == "python3")


def faults_of_program(lane: Lane, scenario: str, points: list[Point]) -> Iterator[Fault]:
    """Every system call by which the program of `apply` changes something is killed, and fails."""
    program = program_of(points)
    edit(lane)
    for name, count in sorted(_calls(lane, program).items()):
        for nth in range(1, count + 1):
            errors = ("EIO",) if name in SYNCING else ("EIO", "ENOSPC")
            yield Fault(scenario=scenario, point=program, kind="kill", inject=f"{name}:signal=SIGKILL:when={nth}")
            for error in errors:
                yield Fault(scenario=scenario, point=program, kind=error, inject=f"{name}:error={error}:when={nth}")


def _calls(lane: Lane, program: Point) -> Counter[str]:
    """How often the program makes each of these calls, when nothing strikes it."""
    lane.clear()
    lane.stand_in("python3")
    told = {"FAULT_SCRIPT": program.script, "FAULT_NTH": str(program.nth), "FAULT_AT": str(program.at)}
    # Nothing but a trace: the calls come a moment later than they would.
    told |= {"FAULT_KIND": "inject", "FAULT_INJECT": f"{','.join((*CHANGING, *SYNCING))}:delay_enter=1"}
    lane.injected(program.script, told, "--yes")
    lines = [line.split(maxsplit=1) for line in (lane.faults / "strace").read_text().splitlines()]
    first = lines[0][0]
    return Counter(call.partition("(")[0] for process, call in lines if process == first and "(" in call)
