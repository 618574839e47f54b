"""The matrix as Markdown for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.matrix import KINDS, Outcome

_TEXT = """# The fault matrix

Written by `make faults` on {day}. A small bundle of the profile `dev-mirror` (no assistant, a small workspace) is run
on a real engine. At {which} command of each step's `do.sh` and `verify.sh` the run is killed (SIGKILL of everything),
or that command fails. Then `scripts/recover.sh` runs, and the whole inventory of the engine and the kernel
(containers, volumes, networks, images, loop devices, mounts) is compared with the one from before.

| | |
|---|---|
| injected | {injected} |
| survived | {survived} |
| wrong success or failed recovery | {wrong} |
| residue | {residue} |
| never reached | {missed} |
| a step whose undo does nothing, on purpose | {control} |
| time | {minutes:.0f} minutes |

Survived / injected, by step and script:

| step | script | {heads} |
|---|---|{rules}
{rows}
"""


def write_report(folder: Path, outcomes: list[Outcome], *, caught: bool, every: int, seconds: float) -> None:
    """Writes fault-matrix.md and fault-matrix.json into the folder."""
    text = _TEXT.format(
        day=datetime.now(UTC).date(),
        which="each" if every == 1 else f"each {every}th (and the last)",
        injected=len(outcomes),
        survived=sum(outcome.survived for outcome in outcomes),
        wrong=sum(outcome.wrong_success for outcome in outcomes),
        residue=sum(bool(outcome.residue) for outcome in outcomes),
        missed=sum(not outcome.hit for outcome in outcomes),
        control="caught" if caught else "NOT CAUGHT",
        minutes=seconds / 60,
        heads=" | ".join(KINDS),
        rules="---|" * len(KINDS),
        rows="\n".join(_rows(outcomes)),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fault-matrix.md").write_text(text)
    data = [asdict(outcome) | {"survived": outcome.survived} for outcome in outcomes]
    (folder / "fault-matrix.json").write_text(json.dumps(data, indent=1) + "\n")


def _rows(outcomes: list[Outcome]) -> list[str]:
    cells: dict[tuple[str, str], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        cells[outcome.fault.step, outcome.fault.phase][outcome.fault.kind].append(outcome.survived)
    return [
        f"| {step} | {phase}.sh | {' | '.join(f'{sum(kinds[kind])} / {len(kinds[kind])}' for kind in KINDS)} |"
        for (step, phase), kinds in sorted(cells.items())
    ]
