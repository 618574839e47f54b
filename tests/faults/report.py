"""The matrix as Markdown for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.engine.conftest import generate
from tests.faults.inject import Outcome
from tests.faults.lane import PROFILES
from tests.faults.points import Fault, Point
from tests.faults.scenarios import SCENARIOS

KINDS = ("kill", "client", "fail", "ENOSPC", "EIO", "hang", "daemon")

TEXT = Path(__file__).with_name("report.md")
FILE = "fault-matrix.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that a run of the matrix has found."""

    outcomes: tuple[Outcome, ...]
    controls: dict[str, bool]
    found: int
    every: int
    fewer: bool
    cuts: int
    misread: int
    seconds: float

    @property
    def struck(self) -> list[Outcome]:
        """Those that count: a fault that was not reached proves nothing, unless something is wrong all the same."""
        return [outcome for outcome in self.outcomes if outcome.hit or not outcome.survived]

    @property
    def good(self) -> bool:
        """Whether every fault was survived and everything broken was seen."""
        return all(outcome.survived for outcome in self.struck) and all(self.controls.values()) and not self.misread

    @property
    def summary(self) -> str:
        """One line."""
        survived = sum(outcome.survived for outcome in self.struck)
        seen = f"{sum(self.controls.values())} of {len(self.controls)} controls seen"
        return f"{survived} of {len(self.struck)} faults survived; {seen}"


def write_report(folder: Path, findings: Findings) -> None:
    """Writes fault-matrix.md and fault-matrix.json into the folder."""
    struck = findings.struck
    survived = sum(outcome.survived for outcome in struck)
    text = TEXT.read_text().format(
        day=datetime.now(UTC).date(),
        reached=len(struck),
        survived=survived if survived < len(struck) else "all",
        lost="" if survived == len(struck) else f", {len(struck) - survived} NOT",
        wrong=sum(bool(outcome.wrong) for outcome in struck),
        residue=sum(bool(outcome.residue) for outcome in struck),
        missed=len(findings.outcomes) - len(struck),
        cuts=findings.cuts,
        cuts_right=findings.cuts - findings.misread,
        share=_share(findings),
        minutes=findings.seconds / 60,
        machine=f"{os.cpu_count()} processors, and others at work",
        controls="\n".join(f"- {name}: {'seen' if seen else 'NOT SEEN'}" for name, seen in findings.controls.items()),
        heads=" | ".join(KINDS),
        rules="---|" * len(KINDS),
        rows="\n".join(_rows(struck)),
    )
    write_outcomes(folder, findings.outcomes, findings.seconds)
    (folder / "fault-matrix.md").write_text(text)


def write_outcomes(folder: Path, outcomes: Iterable[Outcome], seconds: float) -> None:
    """Writes fault-matrix.json, whole or not at all: it is what `--resume` goes on from."""
    lines = ",\n".join(json.dumps(_record(outcome)) for outcome in outcomes)
    head = json.dumps({"schema": 2, "bundles": bundles(), "seconds": round(seconds)})[:-1]
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.new"
    new.write_text(f'{head}, "outcomes": [\n{lines}\n]}}\n')
    new.replace(folder / FILE)


@cache
def bundles() -> dict[str, str]:
    """A digest of each bundle as a user would have it: where it is another one, the points may be others."""
    with tempfile.TemporaryDirectory() as name:
        manifests = {
            base: generate(Path(name) / base, "fault", *sets, profile=profile).path / "MANIFEST.sha256"
            for base, (profile, *sets) in PROFILES.items()
        }
        return {base: sha256(manifest.read_bytes()).hexdigest() for base, manifest in manifests.items()}


def earlier(folder: Path) -> tuple[list[Outcome], float]:
    """The outcomes that are written down there and are of the same bundles, and the seconds that all of them took."""
    if not (folder / FILE).exists():
        return [], 0.0
    found, now = json.loads((folder / FILE).read_text()), bundles()
    then = found.get("bundles", {})
    same = {scenario.name for scenario in SCENARIOS.values() if then.get(scenario.base) == now[scenario.base]}
    return [_outcome(record) for record in found["outcomes"] if record["scenario"] in same], found["seconds"]


def _outcome(record: dict[str, Any]) -> Outcome:
    point = Point(script=record["script"], nth=record["start"], at=record["at"], kind="-", command="")
    fault = Fault(scenario=record["scenario"], point=point, kind=record["kind"], inject=record.get("inject", ""))
    return Outcome(fault=fault, hit=record["hit"], wrong=record.get("wrong", ""), residue=record.get("residue", ""))


def _share(findings: Findings) -> str:
    """Which of the faults that there are were taken."""
    of = {outcome.fault.scenario for outcome in findings.outcomes}
    parts = ["each" if findings.every == 1 else f"one of {findings.every} of a scenario and kind"]
    if findings.fewer:
        slow = ((name, SCENARIOS[name].slow) for name in sorted(of))
        parts += [f"but one of {findings.every * times} of *{name}*" for name, times in slow if times > 1]
    parts += [f"none of *{name}*" for name in SCENARIOS if name not in of]
    which = ", ".join(parts)
    if len(findings.outcomes) == findings.found:
        return which
    return f"{len(findings.outcomes)} of {findings.found}, evenly mixed, in the time that was given ({which})"


def _record(outcome: Outcome) -> dict[str, object]:
    fault, point = outcome.fault, outcome.fault.point
    told = {"scenario": fault.scenario, "script": point.script, "start": point.nth, "at": point.at, "kind": fault.kind}
    if fault.inject:
        told["inject"] = fault.inject
    told |= {"hit": outcome.hit, "survived": outcome.survived}
    return told | ({} if outcome.survived else {"wrong": outcome.wrong, "residue": outcome.residue})


def _rows(outcomes: list[Outcome]) -> Iterator[str]:
    cells: dict[tuple[str, str], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        cells[outcome.fault.scenario, outcome.fault.point.script][outcome.fault.kind].append(outcome.survived)
    for (scenario, script), kinds in sorted(cells.items()):
        counts = (f"{sum(kinds[kind])}/{len(kinds[kind])}" if kind in kinds else "" for kind in KINDS)
        yield f"| {scenario} | {script.removeprefix('steps/')} | {' | '.join(counts)} |"
