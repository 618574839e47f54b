"""Spreads the faults over the lanes and gathers the outcomes."""

from __future__ import annotations

import itertools
import queue
import random
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import pytest

from tests.faults.inject import Outcome, inject, mend
from tests.faults.lane import Lane
from tests.faults.points import Fault
from tests.faults.scenarios import SCENARIOS, LaneIsBroken, Scenario, faults_of

BATCH = 8
Tell = Callable[[Outcome], None]
_BROKEN = (LaneIsBroken, pytest.fail.Exception, OSError, subprocess.TimeoutExpired)


def found_by(lanes: Sequence[Lane], scenarios: Iterable[Scenario]) -> list[Fault]:
    """Every fault of the scenarios; each lane counts another scenario."""
    todo: queue.SimpleQueue[Scenario] = queue.SimpleQueue()
    for scenario in scenarios:
        todo.put(scenario)
    found: dict[str, list[Fault]] = {}

    def work(lane: Lane) -> None:
        while (scenario := _next(todo)) is not None:
            found[scenario.name] = list(faults_of(lane, scenario))

    _on_all(lanes, work)
    return [fault for name in SCENARIOS for fault in found.get(name, [])]


def thinned(faults: list[Fault], every: int, fewer: bool) -> list[Fault]:
    """Each `every`-th fault of each scenario and kind, so that none is left out altogether; of slow ones `fewer`."""
    groups: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        groups[fault.scenario, fault.kind].append(fault)
    steps = {name: every * (scenario.slow if fewer else 1) for name, scenario in SCENARIOS.items()}
    return [fault for (name, _), group in groups.items() for fault in group[:: steps[name]]]


def injected(
    lanes: Sequence[Lane],
    faults: list[Fault],
    tell: Tell,
    minutes: float = float("inf"),
    covered: Counter[str] | None = None,
) -> list[Outcome]:
    """The outcome of each fault. Neighbours in one state stay on one lane; the order is mixed otherwise, the same each
    time, so that what is done in so many minutes is spread over everything. The scenarios of which the least is known
    already (`covered`: how many outcomes of each) go first.
    """
    deadline = time.monotonic() + minutes * 60
    todo: queue.SimpleQueue[tuple[Fault, ...]] = queue.SimpleQueue()
    batches = []
    for _, same in itertools.groupby(sorted(faults, key=lambda fault: fault.scenario), lambda fault: fault.scenario):
        group = tuple(same)
        for first in range(0, len(group), BATCH):
            batches.append(group[first : first + BATCH])
    random.Random(0).shuffle(batches)
    if covered:
        batches.sort(key=lambda batch: covered[batch[0].scenario])
    for batch in batches:
        todo.put(batch)
    outcomes: list[Outcome] = []

    def work(lane: Lane) -> None:
        while (batch := _next(todo)) is not None:
            for fault in batch:
                if time.monotonic() > deadline:
                    return
                outcome = _judged(lane, fault)
                outcomes.append(outcome)
                tell(outcome)
                if not outcome.survived and not _mended(lane):
                    return

    _on_all(lanes, work)
    return outcomes


def _judged(lane: Lane, fault: Fault) -> Outcome:
    try:
        outcome = inject(lane, fault)
    except _BROKEN as error:
        outcome = Outcome(fault=fault, hit=True, wrong=f"a script did not do what it must: {error}")
    if not outcome.survived:
        lane.keep_evidence(f"{outcome}")
    return outcome


def _mended(lane: Lane) -> bool:
    """Whether the lane can go on; the others do, and what was found stays, if it cannot."""
    try:
        mend(lane)
    except _BROKEN as error:
        lane.keep_evidence(f"this lane is out: {error}")
        return False
    return True


def _on_all(lanes: Sequence[Lane], work: Callable[[Lane], None]) -> None:
    """One thread a lane. What ends one ends all, and is raised here."""
    problems: list[BaseException] = []

    def guarded(lane: Lane) -> None:
        try:
            work(lane)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=guarded, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def _next(todo: queue.SimpleQueue) -> object:
    try:
        return todo.get_nowait()
    except queue.Empty:
        return None
