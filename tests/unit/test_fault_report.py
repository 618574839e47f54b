"""What the fault matrix writes down it can go on from, of each bundle that is still the same."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.inject import Outcome
from tests.faults.points import Fault, Point
from tests.faults.report import FILE, Findings, earlier, write_report


def outcome(at: int, inject: str = "", hit: bool = True, residue: str = "", scenario: str = "rollback") -> Outcome:
    point = Point(script="steps/70-network/do.sh", nth=1, at=at, kind="program", command="docker network create")
    return Outcome(fault=Fault(scenario=scenario, point=point, kind="kill", inject=inject), hit=hit, residue=residue)


OUTCOMES = (
    outcome(3),
    outcome(7, inject="write:error=EIO:when=1"),
    outcome(9, residue="networks: one"),
    outcome(9, hit=False),
)


def findings(outcomes: tuple[Outcome, ...]) -> Findings:
    return Findings(
        outcomes=outcomes, controls={"a": True}, found=9, every=1, fewer=True, cuts=4, misread=0, seconds=61.0
    )


def test_what_is_written_down_is_known_again(tmp_path: Path) -> None:
    write_report(tmp_path, findings(OUTCOMES))
    known, seconds = earlier(tmp_path)
    assert seconds == 61
    assert [one.fault.place for one in known] == [one.fault.place for one in OUTCOMES]
    assert [(one.hit, one.survived, one.residue) for one in known] == [
        (one.hit, one.survived, one.residue) for one in OUTCOMES
    ]
    text = (tmp_path / "fault-matrix.md").read_text()
    assert "3 faults, 2 survived, 1 NOT" in text
    assert "4 of 9, evenly mixed" in text
    assert "(each, none of *first start*, " in text
    assert "none of *rollback*" not in text
    assert "| rollback | 70-network/do.sh | 2/3 |" in text


def test_nothing_is_known_of_an_empty_folder(tmp_path: Path) -> None:
    assert earlier(tmp_path) == ([], 0.0)


def test_what_was_found_with_another_bundle_is_found_anew(tmp_path: Path) -> None:
    write_report(tmp_path, findings((*OUTCOMES, outcome(3, scenario="apply"))))
    found = json.loads((tmp_path / FILE).read_text())
    found["bundles"]["apply"] = "another"
    (tmp_path / FILE).write_text(json.dumps(found))
    known, _ = earlier(tmp_path)
    assert [one.fault.place for one in known] == [one.fault.place for one in OUTCOMES]


def test_nothing_is_kept_that_does_not_say_what_it_is_of(tmp_path: Path) -> None:
    write_report(tmp_path, findings(OUTCOMES))
    found = json.loads((tmp_path / FILE).read_text())
    del found["bundles"]
    (tmp_path / FILE).write_text(json.dumps(found))
    assert earlier(tmp_path)[0] == []
