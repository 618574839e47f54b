"""`python -m tests.faults [--every N] [--lanes N] [--scenario NAME] [--out FOLDER]`: the fault matrix.

Injects every fault, prints a line each and a table, and writes docs/fault-matrix.md and .json. Exit code 1 when a fault
is not survived or something that was broken on purpose is not seen. Needs root and a Docker Engine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.conftest import base_of_tests
from tests.faults.control import controlled
from tests.faults.inject import Outcome
from tests.faults.lane import Lane, close_lane, open_lane
from tests.faults.matrix import found_by, injected, thinned
from tests.faults.paper import paper_bundle
from tests.faults.power_cut import followed, left_behind, read_back, unsafe_changes, whole_records
from tests.faults.report import Findings, earlier, write_outcomes, write_report
from tests.faults.scenarios import SCENARIOS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take each n-th fault of a scenario and kind only")
    parser.add_argument("--resume", action="store_true", help="go on from what is written there, of the same bundles")
    parser.add_argument("--fewer", action="store_true", help="of scenarios in which a fault takes long, take fewer")
    parser.add_argument("--lanes", type=int, default=3, help="how many private engines work side by side")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="inject no more after so long")
    parser.add_argument("--scenario", action="append", choices=tuple(SCENARIOS), help="this one only; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where fault-matrix.md and .json go")
    return parser.parse_args()


KEPT_EACH = 25
"""After how many outcomes they are written down, so that a matrix that is killed has not been for nothing."""


class Teller:
    """Prints an outcome as it comes, with the time that is still to go, and has them kept now and then."""

    def __init__(self, total: int, keep: Callable[[list[Outcome]], None]) -> None:
        self.total, self.keep, self.began = total, keep, time.monotonic()
        self.outcomes, self.one_at_a_time = list[Outcome](), threading.Lock()

    def __call__(self, outcome: Outcome) -> None:
        with self.one_at_a_time:
            self.outcomes.append(outcome)
            self._tell(outcome)
            if len(self.outcomes) % KEPT_EACH == 0:
                self.keep(self.outcomes)

    def _tell(self, outcome: Outcome) -> None:
        told = len(self.outcomes)
        point, fault = outcome.fault.point, outcome.fault
        left = (time.monotonic() - self.began) / told * (self.total - told) / 60
        result = "survived" if outcome.survived else f"NOT SURVIVED: {outcome.wrong} {outcome.residue}"
        result = result if outcome.hit else f"not reached, {result}"
        where = f"{fault.scenario}: {point.script} #{point.nth} command {point.at}"
        print(f"{told}/{self.total} ({left:.0f} min left) {where} {fault.kind}: {result}", flush=True)


def power_cut() -> tuple[int, int]:
    """How many journals a power cut can leave behind, and how many of them are read wrongly."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = paper_bundle(folder / "paper")
        moments = [*followed(bundle, "start"), *followed(bundle, "back")]
        journals = left_behind(moments)
        read = read_back(bundle, journals, folder / "cuts")
    wrong = sum(one != whole_records(journal) for one, journal in zip(read, journals, strict=True))
    return len(journals), wrong + len(unsafe_changes(moments))


def struck(
    asked: argparse.Namespace, known: list[Outcome], keep: Callable[[list[Outcome]], None]
) -> tuple[dict[str, bool], int, list[Outcome]]:
    """Opens the lanes, runs the controls, then every fault that is not known: what was seen, how many faults there are,
    what came of them.
    """
    lanes: list[Lane] = []
    root = Path(tempfile.gettempdir()) / "lanes"
    try:
        base = base_of_tests()
        lanes += [open_lane(root / f"fault-{n}", f"fault-{n}", base) for n in range(1, asked.lanes + 1)]
        seen = controlled(lanes)
        for name, caught in seen.items():
            print(f"{name}: {'seen' if caught else 'NOT SEEN'}", flush=True)
        found = found_by(lanes, [SCENARIOS[name] for name in asked.scenario or SCENARIOS])
        faults = thinned(found, asked.every, asked.fewer)
        print(f"{len(found)} faults were found, and {len(faults)} of them are taken", flush=True)
        done = {outcome.fault.place for outcome in known}
        left = [fault for fault in faults if fault.place not in done]
        covered = Counter(outcome.fault.scenario for outcome in known)
        there = len(known) + len(left)
        return seen, there, injected(lanes, left, Teller(len(left), keep), asked.minutes, covered)
    finally:
        for lane in lanes:
            # What was found is told, also where a host cannot be put in order any more.
            try:
                close_lane(lane)
            except (pytest.fail.Exception, OSError) as error:
                print(f"{lane.folder} could not be closed: {error}", flush=True)
        (root / "base.tar").unlink(missing_ok=True)


def main() -> int:
    """The matrix on the engine, and beside it the power cut, which needs none."""
    asked, began = arguments(), time.monotonic()
    known, seconds = earlier(asked.out) if asked.resume else ([], 0.0)

    def taken() -> float:
        return seconds + time.monotonic() - began

    # The commands of the environment that this Python belongs to are the ones to test.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(power_cut)
        seen, found, outcomes = struck(
            asked, known, lambda so_far: write_outcomes(asked.out, [*known, *so_far], taken())
        )
        cuts, misread = reading.result()
    print(f"power cut: {cuts} journals that it can leave behind, {misread} read wrongly", flush=True)
    findings = Findings(
        outcomes=(*known, *outcomes), controls=seen, found=found, every=asked.every, fewer=asked.fewer, cuts=cuts,
        misread=misread, seconds=taken(),
    )  # fmt: skip
    write_report(asked.out, findings)
    print(findings.summary)
    return 0 if findings.good else 1


if __name__ == "__main__":
    sys.exit(main())
