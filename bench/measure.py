"""Whole-process times, taken in turns so that a busy machine is unfair to nobody, and the table of goals."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

Action = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report: what was measured, against what goal. `met` is None where there is no goal."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Something to time: `prepare` runs before each `run`, outside the clock."""

    name: str
    prepare: Action
    run: Action


def command(words: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Runs a program that must succeed. Raises RuntimeError with its words when it does not."""
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


def race(contenders: Sequence[Contender], *, rounds: int) -> dict[str, float]:
    """The median seconds of each contender. They take turns; the first round warms the caches and is not counted."""
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for round_number in range(rounds + 1):
        for contender in contenders:
            contender.prepare()
            start = time.perf_counter()
            contender.run()
            taken = time.perf_counter() - start
            if round_number:
                times[contender.name].append(taken)
    return {name: median(taken) for name, taken in times.items()}


def report(rows: Sequence[Row]) -> bool:
    """Prints the table; returns whether every goal was met."""
    table = Table(title="gen, side by side")
    for title in ("what", "measured", "goal", "met"):
        table.add_column(title)
    for row in rows:
        table.add_row(row.what, row.measured, row.goal, {True: "yes", False: "NO", None: ""}[row.met])
    Console(width=120).print(table)
    return all(row.met is not False for row in rows)
