"""The check of the check: something is broken on purpose, and the matrix has to see it."""

from __future__ import annotations

from tests.faults.inject import inject, mend
from tests.faults.lane import Lane
from tests.faults.points import Fault, Point
from tests.faults.scenarios import SCENARIOS, enter

RUNNER = "lib/runner.sh"
UNDO = "steps/70-network/undo.sh"
BROKEN = (
    ("a step whose undo does nothing", UNDO, "remove_marked network", ":"),
    ("a journal that does not hear of a change before it", RUNNER, 'journal_append doing "$1"', "return 0"),
    ("a runner that undoes nothing, and does not look", RUNNER, "undo_run() {\n", "undo_run() {\n    return 0\n"),
)


def is_seen(lane: Lane, broken: tuple[str, str, str, str]) -> bool:
    """Whether a kill after the network's time is reported as not survived when that is broken."""
    _, path, old, new = broken
    late = Point(script="steps/80-sandbox/verify.sh", nth=1, at=1, kind="-", command="")
    enter(lane, SCENARIOS["first start"])
    text = (lane.bundle.path / path).read_text()
    if old not in text:
        raise AssertionError(f"{path} no longer holds {old!r}")
    lane.bundle.rewrite(path, text.replace(old, new))
    try:
        outcome = inject(lane, Fault(scenario="first start", point=late, kind="kill"))
    finally:
        lane.bundle.rewrite(path, text)
    mend(lane)
    return outcome.hit and not outcome.survived
