"""The check of the check: something is broken on purpose, and the matrix has to see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.faults import applying
from tests.faults.inject import inject, mend
from tests.faults.lane import Lane
from tests.faults.points import Fault, Point
from tests.faults.scenarios import SCENARIOS, count, enter

RUNNER = "lib/runner.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What is broken: in that file of the bundle one text is replaced; and the fault that then must not be survived."""

    name: str
    path: str
    old: str
    new: str
    fault: Callable[[Lane], Fault]
    scenario: str = "first start"


def _late(_: Lane) -> Fault:
    """A kill after the network's time."""
    point = Point(script="steps/80-sandbox/verify.sh", nth=1, at=1, kind="-", command="")
    return Fault(scenario="first start", point=point, kind="kill")


def _between_moves(lane: Lane) -> Fault:
    """A kill when the old files have been moved out of the project, and no new one into it."""
    applying.edit(lane)
    program = applying.program_of(count(lane, SCENARIOS["apply"]))
    return Fault(scenario="apply", point=program, kind="kill", inject="linkat:signal=SIGKILL:when=1")


BROKEN = (
    Broken(
        name="a step whose undo does nothing",
        path="steps/70-network/undo.sh",
        old="remove_recorded network",
        new=":",
        fault=_late,
    ),
    Broken(
        name="a journal that does not hear of a change before it",
        path=RUNNER,
        old='journal_append doing "$1"',
        new="return 0 #",
        fault=_late,
    ),
    Broken(
        name="a runner that undoes nothing, and does not look",
        path=RUNNER,
        old="undo_run() {\n",
        new="undo_run() {\n    return 0\n",
        fault=_late,
    ),
    Broken(
        name="a step that restarts what it moves aside",
        path="steps/20-set-aside/do.sh",
        old='docker rename "$id"',
        new='docker restart --time 0 "$id" && docker rename "$id"',
        fault=_late,
    ),
    Broken(
        name="an apply that does not put back what it has moved",
        path="lib/project/swap.py",
        old="    def back(self) -> list[bytes]:\n",
        new="    def back(self) -> list[bytes]:\n        return []\n",
        fault=_between_moves,
        scenario="apply",
    ),
)


def is_seen(lane: Lane, broken: Broken) -> bool:
    """Whether its fault is reported as not survived when that is broken."""
    enter(lane, SCENARIOS[broken.scenario])
    fault = broken.fault(lane)
    text = (lane.bundle.path / broken.path).read_text()
    if broken.old not in text:
        raise AssertionError(f"{broken.path} no longer holds {broken.old!r}")
    lane.bundle.rewrite(broken.path, text.replace(broken.old, broken.new))
    try:
        outcome = inject(lane, fault)
    finally:
        lane.bundle.rewrite(broken.path, text)
    mend(lane)
    return outcome.hit and not outcome.survived


def controlled(lanes: Sequence[Lane]) -> dict[str, bool]:
    """Which of the things that are broken on purpose are seen. Each lane looks at others."""

    def seen(number: int) -> dict[str, bool]:
        return {broken.name: is_seen(lanes[number], broken) for broken in BROKEN[number :: len(lanes)]}

    with ThreadPoolExecutor() as pool:
        return {name: caught for lane in pool.map(seen, range(len(lanes))) for name, caught in lane.items()}
