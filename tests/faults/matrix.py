"""Enumerates the faults of one bundle by itself, injects each, recovers, and measures."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engine.conftest import Bundle, Inventory, inventory

TRAP = Path(__file__).with_name("trap.sh")
KINDS = ("kill", "fail")
LIMIT = 300
SETTLING = 5.0
"""Seconds in which an engine may finish what a killed client asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The `at`-th command of a step's script, and what happens there: `kill` (SIGKILL of all) or `fail`."""

    step: str
    phase: str
    at: int
    kind: str

    @property
    def script(self) -> str:
        """The script's path below steps/."""
        return f"{self.step}/{self.phase}.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a fault: whether it was hit, whether success was claimed wrongly, and what differs afterwards."""

    fault: Fault
    hit: bool
    wrong_success: bool
    residue: str

    @property
    def survived(self) -> bool:
        """Whether the host is what it was, and nothing else was claimed."""
        return self.hit and not self.wrong_success and not self.residue


def run_with(bundle: Bundle, script: str, environment: dict[str, str]) -> int:
    """Runs a script of the bundle in a process group of its own, whose number the trap knows. Its exit code."""
    command = ["bash", "-c", f'export FAULT_GROUP=$$; exec "{bundle.path}/{script}"']
    everything = {**os.environ, **environment, "BASH_ENV": str(TRAP)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, env=everything, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    ) as process:
        return process.wait(LIMIT)


def faults_of(bundle: Bundle, scratch: Path, every: int) -> Iterator[Fault]:
    """Every `every`-th command of each step's do and verify, the first and the last always, killed and failed."""
    for step in sorted(path.name for path in (bundle.path / "steps").iterdir()):
        for phase in ("do", "verify"):
            total = _commands(bundle, f"{step}/{phase}.sh", scratch)
            for at in sorted({*range(1, total + 1, every), *([total] if total else [])}):
                yield from (Fault(step=step, phase=phase, at=at, kind=kind) for kind in KINDS)


def _commands(bundle: Bundle, script: str, scratch: Path) -> int:
    """How many commands a script runs, seen by running it."""
    log = scratch / "count"
    log.unlink(missing_ok=True)
    run_with(bundle, "scripts/start.sh", {"FAULT_SCRIPT": script, "FAULT_LOG": str(log)})
    bundle.rollback("--delete-data")
    return int(log.read_text()) if log.exists() else 0


def inject(bundle: Bundle, fault: Fault, before: Inventory, scratch: Path) -> Outcome:
    """One fault, the recovery, and the comparison."""
    hit = scratch / "hit"
    hit.unlink(missing_ok=True)
    asked = {
        "FAULT_SCRIPT": fault.script,
        "FAULT_AT": str(fault.at),
        "FAULT_KIND": fault.kind,
        "FAULT_HIT": str(hit),
    }
    code = run_with(bundle, "scripts/start.sh", asked)
    if code == 0:
        # A verify that fails once may end well, the step being done again; then the sandbox must really be there.
        wrong = bundle.script("scripts/status.sh", check=False).returncode != 0
        bundle.rollback("--delete-data", check=False)
    else:
        wrong = bundle.script("scripts/recover.sh", check=False).returncode != 0
    return Outcome(fault=fault, hit=hit.exists(), wrong_success=wrong, residue=_residue(before))


def _residue(before: Inventory) -> str:
    """What differs once the engine has settled, as text; empty when nothing does."""
    deadline = time.monotonic() + SETTLING
    while (difference := inventory() - before) and time.monotonic() < deadline:
        time.sleep(0.2)
    return "; ".join(f"{kind}: {', '.join(sorted(objects))}" for kind, objects in difference.items())


def break_undo(bundle: Bundle, step: str) -> str:
    """Makes a step's undo do nothing, deliberately. Gives back the script as it was; the manifest is kept in step."""
    return replace_undo(bundle, step, "#!/usr/bin/env bash\nexit 0\n")


def replace_undo(bundle: Bundle, step: str, text: str) -> str:
    """Puts another undo in a step's place, and its digest in the manifest. Gives back the one that was there."""
    script, manifest = bundle.path / "steps" / step / "undo.sh", bundle.path / "MANIFEST.sha256"
    old = script.read_text()
    script.write_text(text)
    digests = [hashlib.sha256(one.encode()).hexdigest() for one in (old, text)]
    manifest.write_text(manifest.read_text().replace(*digests))
    return old
