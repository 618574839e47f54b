"""A short cut through the fault matrix (`make faults` is the whole of it): some of each kind, and its own controls."""

from collections.abc import Iterator

import pytest

from tests.faults.control import controls
from tests.faults.lane import Lane, close_lane, open_lane
from tests.faults.matrix import found_by, injected
from tests.faults.points import Fault
from tests.faults.scenarios import SCENARIOS

pytestmark = pytest.mark.usefixtures("strace")

FEW = 3
"""How many faults of each scenario and kind are taken, spread over the whole."""


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Lane]:
    """A private engine, so that killing it hurts nobody."""
    lane = open_lane(tmp_path_factory.mktemp("faults"), "gt-fault", base_image)
    yield lane
    close_lane(lane)


def some(faults: list[Fault], kinds: set[str]) -> list[Fault]:
    """A few of each kind, from the first to the last."""
    chosen = []
    for kind in sorted(kinds):
        group = [fault for fault in faults if fault.kind == kind]
        chosen += group[:: max(1, len(group) // FEW)][:FEW]
    return chosen


def test_what_is_broken_on_purpose_is_seen(lane):
    seen = dict(controls(lane))
    assert [seen[name] for name in seen] == [True] * 3, seen


@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [
        ("first start", {"kill", "client", "fail", "ENOSPC", "EIO", "daemon"}),
        ("start again", {"kill", "client"}),
        ("rollback", {"kill", "client", "daemon"}),
        ("journal of a start", {"kill", "ENOSPC", "EIO"}),
    ],
)
def test_a_fault_leaves_the_host_as_it_was(lane, scenario, kinds):
    faults = some(found_by([lane], [SCENARIOS[scenario]]), kinds)
    outcomes = injected([lane], faults, lambda _: None)
    assert [outcome for outcome in outcomes if not outcome.survived] == []
    assert sum(outcome.hit for outcome in outcomes) >= len(outcomes) / 2
