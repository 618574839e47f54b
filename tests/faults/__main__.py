"""`python -m tests.faults [--every N] [--out FOLDER]`: injects the faults, prints and writes the matrix.

Exit code 1 when a fault is not survived, or when the deliberately broken step is not caught.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.engine.conftest import Bundle, base_of_tests, bundle_maker, inventory
from tests.faults.matrix import Fault, Outcome, break_undo, faults_of, inject, replace_undo
from tests.faults.report import write_report


def control(bundle: Bundle, scratch: Path) -> bool:
    """Whether a step whose undo does nothing is caught: the check of the check."""
    before = inventory()
    old = break_undo(bundle, "70-network")
    outcome = inject(bundle, Fault(step="80-sandbox", phase="do", at=1, kind="fail"), before, scratch)
    replace_undo(bundle, "70-network", old)
    bundle.script("scripts/recover.sh")
    return outcome.hit and not outcome.survived and inventory() - before == {}


def run_all(bundle: Bundle, scratch: Path, every: int) -> list[Outcome]:
    """Every fault in turn, a line each."""
    before = inventory()
    outcomes = []
    for fault in faults_of(bundle, scratch, every):
        outcome = inject(bundle, fault, before, scratch)
        outcomes.append(outcome)
        result = "survived" if outcome.survived else f"NOT SURVIVED: {outcome}"
        print(f"{fault.script} command {fault.at} {fault.kind}: {result}", flush=True)
    return outcomes


def main() -> int:
    """Runs the matrix on a small bundle of the profile dev-mirror."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take each n-th command only")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where fault-matrix.md and .json go")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, bundle_maker(Path(folder), base_of_tests()) as make:
        bundle, scratch = make(), Path(folder) / "scratch"
        scratch.mkdir()
        caught = control(bundle, scratch)
        print(f"a step whose undo does nothing: {'caught' if caught else 'NOT CAUGHT'}", flush=True)
        outcomes = run_all(bundle, scratch, arguments.every)
    write_report(arguments.out, outcomes, caught=caught, every=arguments.every, seconds=time.monotonic() - began)
    lost = [outcome for outcome in outcomes if not outcome.survived]
    print(f"{len(outcomes) - len(lost)} of {len(outcomes)} faults survived")
    return 1 if lost or not caught else 0


sys.exit(main())
