"""`python -m bench [NAME...]`: all of it, or some by name. Exit code 1 when a goal is missed."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.apply import apply_beside_rsync
from bench.many import thousand_bundles
from bench.measure import Row, report
from bench.microvm import microvm
from bench.overhead import overhead
from bench.project import project_copy
from bench.rendering import cold_start
from bench.starting import on_the_engine

RIVALS = Path(__file__).resolve().parent.parent / ".bench-venv" / "bin"


def main(names: Sequence[str]) -> int:
    """Runs the named benchmarks, prints one table, and gives the exit code."""
    with tempfile.TemporaryDirectory(prefix="gen-bench-") as folder:
        work = Path(folder)
        parts: dict[str, Callable[[], list[Row]]] = {
            "many": thousand_bundles,
            "cold-start": lambda: cold_start(work, RIVALS),
            "steps": lambda: overhead(work, RIVALS),
            "project": lambda: project_copy(work),
            "engine": lambda: on_the_engine(work),
            "microvm": microvm,
            "apply": lambda: apply_beside_rsync(work),
        }
        if unknown := set(names) - set(parts):
            print(f"no such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(parts)}", file=sys.stderr)
            return 2
        rows: list[Row] = []
        for name in names or parts:
            print(f"==> {name}", flush=True)
            rows += parts[name]()
    return 0 if report(rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
