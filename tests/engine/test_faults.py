"""A short cut through the fault matrix (`make faults` is the whole of it): some of each kind, and its own controls."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.engine.private import PrivateEngine
from tests.faults.control import BROKEN, controlled
from tests.faults.lane import Lane, close_lane, open_lane
from tests.faults.matrix import found_by, injected
from tests.faults.points import Fault
from tests.faults.scenarios import SCENARIOS

pytestmark = pytest.mark.usefixtures("strace")

FEW = 2
"""How many faults of each scenario and kind are taken, the first one and one from the middle."""
LANES = ("gt-fault-1", "gt-fault-2")
TAKEN = {
    "first start": {"kill", "client", "fail", "ENOSPC", "daemon"},
    "rollback": {"kill", "client"},
    "journal of a start": {"kill", "EIO"},
    "apply": {"kill"},
}


@pytest.fixture(scope="module")
def lanes(base_image: str) -> Iterator[list[Lane]]:
    """Private engines side by side, so that killing one hurts nobody, and that nobody waits for another's."""
    with TemporaryDirectory(prefix="f.") as short, ExitStack() as ended, ThreadPoolExecutor() as pool:
        root = Path(short, "lanes")
        for name in LANES:
            ended.callback(PrivateEngine(folder=root / name).stop)
        opened = list(pool.map(lambda name: open_lane(root / name, name, base_image), LANES))
        yield opened
        list(pool.map(close_lane, opened))


def some(faults: list[Fault]) -> list[Fault]:
    """A few of each scenario and kind."""
    groups: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        if fault.kind in TAKEN[fault.scenario]:
            groups[fault.scenario, fault.kind].append(fault)
    return [fault for group in groups.values() for fault in group[:: max(1, len(group) // FEW)][:FEW]]


def test_what_is_broken_on_purpose_is_seen(lanes):
    assert controlled(lanes) == {broken.name: True for broken in BROKEN}


def test_a_fault_leaves_the_host_as_it_was(lanes):
    found = found_by(lanes, [SCENARIOS[name] for name in TAKEN])
    # What the engine is asked to do is seen, whatever words the script has for it.
    asked = {tuple(fault.point.command.split()[:2]) for fault in found if fault.kind == "daemon"}
    assert {("docker", "build"), ("docker", "compose"), ("docker", "run"), ("docker", "volume")} <= asked
    faults = some(found)
    outcomes = injected(lanes, faults, lambda _: None)
    assert [outcome for outcome in outcomes if not outcome.survived] == []
    assert sum(outcome.hit for outcome in outcomes) >= len(outcomes) / 2
