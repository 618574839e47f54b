"""Runs every attack on every backend and in the weakened sandbox: python -m tests.hostile [--out docs] [ATTACK...]."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.engine.conftest import base_of_tests, run
from tests.engine.podman import PrivatePodman
from tests.engine.private import PrivateEngine
from tests.hostile.attacks import ATTACKS, WEAKENED, Outcome
from tests.hostile.field import PODMAN, Field, backends, field
from tests.hostile.lies import LIES
from tests.hostile.plants import PLANTS
from tests.hostile.report import HEAD, document, faults

FLOOD = 100_000


def main() -> int:
    """Exit code: 0 when all held and every control was breached, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--out", type=Path, help="the folder for containment.md; without it nothing is written")
    parser.add_argument(
        "attacks",
        nargs="*",
        metavar="ATTACK",
        help="only these: " + ", ".join(one.id for one in (*ATTACKS, *PLANTS, *LIES)),
    )
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        base = base_of_tests()
        engine = PrivateEngine(folder=folder)
        engine.start(base)
        podman = PrivatePodman(folder=folder / "pod") if shutil.which(PODMAN) else None
        if podman:
            podman.start(base)
        os.environ["DOCKER_HOST"] = engine.env["DOCKER_HOST"]
        # The bundles are registered where no person's are.
        os.environ["XDG_DATA_HOME"] = str(folder / "data")
        try:
            with field(engine, base, folder, FLOOD, podman) as ready:
                results = attack_all(ready, words.attacks)
                versions = {
                    "date": time.strftime("%Y-%m-%d", time.gmtime()),
                    "kernel": platform.release(),
                    "docker": engine.docker("version", "--format", "{{.Server.Version}}"),
                    "runsc": run("runsc", "--version").stdout.splitlines()[0]
                    if "gvisor" in backends()
                    else "no gVisor",
                    "podman": podman.podman("--version") if podman else "no Podman",
                }
                columns = tuple(ready.bundles)
        finally:
            engine.stop()
            if podman:
                podman.end()
    for fault in faults(results):
        print(f"error: {fault}", file=sys.stderr)
    if words.out and not words.attacks:
        (words.out / "containment.md").write_text(HEAD.format(**versions) + document(results, columns))
    return 1 if faults(results) else 0


def attack_all(ready: Field, only: list[str]) -> dict[tuple[str, str], Outcome]:
    """The outcome of each attack, by attack and backend, said as it comes."""
    results: dict[tuple[str, str], Outcome] = {}
    for attack in (*ATTACKS, *PLANTS, *LIES):
        if only and attack.id not in only:
            continue
        for column in (WEAKENED, *ready.bundles):
            outcome = ready.outcome(attack, column)
            results[attack.id, column] = outcome
            print(f"{attack.id:16} {column:9} {outcome.verdict:8} {outcome.saw}", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
