"""Injects one fault, brings the run to its end, and compares the host with before."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.engine.conftest import Inventory
from tests.faults import applying
from tests.faults.lane import Lane
from tests.faults.points import Fault
from tests.faults.scenarios import (
    APPLY,
    DATA,
    RECOVER,
    ROLLBACK,
    SCENARIOS,
    START,
    Scenario,
    data_is_there,
    enter,
    must,
)

KILLED = (-9, 137)
SHORT = 3
"""Seconds that a step may take when a command of it hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a fault: whether it struck, what was claimed wrongly, and what differs from before."""

    fault: Fault
    hit: bool
    wrong: str = ""
    residue: str = ""

    @property
    def survived(self) -> bool:
        """Whether the host is what it was, and nothing else was ever said."""
        return not self.wrong and not self.residue


def inject(lane: Lane, fault: Fault) -> Outcome:
    """One fault from its scenario's state to the verdict."""
    scenario = SCENARIOS[fault.scenario]
    before, known = enter(lane, scenario), _events(lane)
    if scenario.script == APPLY:
        return _inject_apply(lane, fault)
    with _short_limits(lane, fault):
        code = _strike(lane, scenario.script, fault, *scenario.args)
        hit = _struck(lane, fault)
        if fault.kind == "daemon":
            lane.restart()
        if hit and code in KILLED and fault.point.script.endswith("undo.sh"):
            # Whoever undoes it next is killed at the same place.
            _strike(lane, ROLLBACK if scenario.script == ROLLBACK else RECOVER, fault, *scenario.args)
    if scenario.script == ROLLBACK:
        left = lane.settled(lane.empty) if code == 0 else {}
        wrong = f"it said that all is undone, and it is not: {_text(left)}" if left else ""
        return _judge_rollback(lane, fault, hit, wrong)
    happened = _events(lane) - known
    if code != 0 and happened["commit"]:
        # Struck after the commit: the new state is the right one.
        must(lane, RECOVER)
        code = 0
    if fault.kind == "daemon" and code != 0 and not happened["begin"] and _runs(lane, before):
        # It took the sandbox along before the run had begun: that is for the next start to mend, and not the run's.
        code = 0
    return _judge(lane, scenario, fault, before, code, hit)


def _inject_apply(lane: Lane, fault: Fault) -> Outcome:
    """A new change of the sandbox's, a fault while it is brought into the project, and then the next apply."""
    old, new = applying.edit(lane)
    code = _strike(lane, APPLY, fault, "--yes")
    hit = _struck(lane, fault)
    if fault.kind == "daemon":
        lane.restart()
        must(lane, START)
    wrong, now = "", applying.project(lane)
    if code == 0 and now != new:
        wrong = "it said that all is in the project, and it is not"
    elif code in (1, 2, 4) and now != old:
        wrong = "it said that nothing is changed, and it is"
    if (ended := lane.script("scripts/review.sh")) != 0:
        wrong = wrong or f"review.sh ended with {ended}"
    residue = "" if applying.project(lane) in (old, new) else "the project is neither what it was nor what it was to be"
    if lane.script(APPLY, "--yes") != 0 or applying.project(lane) != new:
        wrong = wrong or "the next apply does not bring what is missing"
    return Outcome(fault=fault, hit=hit, wrong=wrong, residue=residue)


def _strike(lane: Lane, script: str, fault: Fault, *args: str) -> int:
    lane.clear()
    point = fault.point
    if point.kind == "syscall":
        return lane.injected(script, {}, *args, under=lane.journal_traced("-e", f"inject={fault.inject}"))
    late = point.script.replace("undo.sh", "do.sh") if SCENARIOS[fault.scenario].late else "none"
    told = {"FAULT_SCRIPT": point.script, "FAULT_NTH": str(point.nth), "FAULT_AT": str(point.at), "FAULT_LATE": late}
    told["FAULT_KIND"] = fault.kind
    if fault.inject:
        lane.stand_in(point.program)
        told |= {"FAULT_KIND": "inject", "FAULT_INJECT": fault.inject}
    return lane.injected(script, told, *args)


def _struck(lane: Lane, fault: Fault) -> bool:
    """Whether the fault was reached; a system call must also have been tampered with."""
    if fault.point.kind != "syscall" and not (lane.faults / "hit").exists():
        return False
    trace = lane.faults / "strace"
    return not fault.inject or (trace.exists() and bool(re.search(r"INJECTED|killed by SIGKILL", trace.read_text())))


@contextlib.contextmanager
def _short_limits(lane: Lane, fault: Fault) -> Iterator[None]:
    """Where a command hangs, its step has little time."""
    if fault.kind != "hang" or not fault.point.script.startswith("steps/"):
        yield
        return
    path = fault.point.script.rpartition("/")[0] + "/step.conf"
    old = (lane.bundle.path / path).read_text()
    lane.bundle.rewrite(path, re.sub(r"(?m)^timeout=.*$", f"timeout={SHORT}", old))
    try:
        yield
    finally:
        lane.bundle.rewrite(path, old)


def _judge(lane: Lane, scenario: Scenario, fault: Fault, before: Inventory, code: int, hit: bool) -> Outcome:
    """A run that says that all is undone is taken at its word; any other is recovered first."""
    wrong = ""
    if code == 0:
        # What a daemon kept running went with it: there the next start has to bring it back.
        if lane.script(START if fault.kind == "daemon" else "scripts/status.sh") != 0:
            wrong = "it said that the sandbox runs, and it does not"
    else:
        if code == 1 and fault.kind != "daemon" and (left := lane.settled(before)):
            wrong = f"it said that all is undone, and it is not: {_text(left)}"
        ended = _wrong_end(lane, RECOVER)
        wrong = wrong or ended
    if not data_is_there(lane, scenario):
        wrong = wrong or "what was in the workspace is lost"
    if code == 0:
        return _judge_rollback(lane, fault, hit, wrong)
    residue = _residue(lane, before)
    if wrong or residue:
        lane.state = ""
    return Outcome(fault=fault, hit=hit, wrong=wrong, residue=residue)


def _wrong_end(lane: Lane, script: str, *args: str) -> str:
    """Runs what has to bring everything to a good end; what it said when it did not."""
    ended = lane.bundle.script(script, *args, check=False)
    return (
        f"{script} ended with {ended.returncode}: {ended.stdout[-900:]}{ended.stderr[-900:]}"
        if ended.returncode
        else ""
    )


def _events(lane: Lane) -> Counter[str]:
    """How often each event stands in the journal so far."""
    journal = lane.bundle.path / ".state/journal.jsonl"
    return Counter(re.findall(r'"event":"(\w+)"', journal.read_text()) if journal.exists() else ())


def _runs(lane: Lane, held: Inventory) -> bool:
    """Whether the sandbox runs in what a host holds."""
    return any(container.endswith(f" {lane.bundle.name} running") for container in held.containers)


def _judge_rollback(lane: Lane, fault: Fault, hit: bool, wrong: str = "") -> Outcome:
    """Everything that any run did is undone, and the host is what it was before the bundle."""
    lane.state = ""
    ended = _wrong_end(lane, ROLLBACK, DATA)
    wrong = wrong or ended
    return Outcome(fault=fault, hit=hit, wrong=wrong, residue=_residue(lane, lane.empty))


def _residue(lane: Lane, before: Inventory) -> str:
    """What differs from before; where nothing of the bundle is to be left, also what was done to what is not ours."""
    residue = _text(lane.settled(before))
    if before != lane.empty or residue:
        return residue
    if harm := lane.harmed():
        return f"somebody else's: {harm}"
    return f"in the folder: {left}" if (left := lane.left_in_folder()) else ""


def mend(lane: Lane) -> None:
    """After a fault that was not survived: the lane as it was at first, or LaneIsBroken."""
    lane.state = ""
    lane.restart()
    lane.script(RECOVER)
    lane.script(ROLLBACK, DATA)
    lane.purge()
    must(lane, ROLLBACK, DATA)
    must(lane, START)
    must(lane, ROLLBACK, DATA)
    # What was done to them is told by now.
    lane.harmed()


def _text(difference: dict[str, set[str]]) -> str:
    return "; ".join(f"{kind}: {', '.join(sorted(objects))}" for kind, objects in difference.items())
