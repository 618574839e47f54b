"""Whole-process times, taken in turns so that a busy machine is unfair to nobody, and the table of goals."""

import resource
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


@dataclass(frozen=True, slots=True)
class Turn:
    """One measured run: the seconds that passed, and those that processors spent on it."""

    passed: float
    spent: float


Turns = Sequence[Turn]


def command(words: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Runs a program that must succeed. Raises RuntimeError with its words when it does not."""
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


def race(contenders: Sequence[Contender], *, rounds: int) -> dict[str, list[Turn]]:
    """The turns of each contender. They alternate; the first round warms the caches and is not counted."""
    turns: dict[str, list[Turn]] = {contender.name: [] for contender in contenders}
    for round_number in range(rounds + 1):
        for contender in contenders:
            contender.prepare()
            turn = _timed(contender.run)
            if round_number:
                turns[contender.name].append(turn)
    return turns


def _timed(run: Action) -> Turn:
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Turn(passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def passed(turns: Turns) -> float:
    """The median of the seconds that passed."""
    return median(turn.passed for turn in turns)


def spent(turns: Turns) -> float:
    """The median of the processors' seconds."""
    return median(turn.spent for turn in turns)


def ratios(mine: Turns, theirs: Turns) -> tuple[float, float]:
    """How long mine takes against theirs, in seconds passed and spent: medians over pairs that ran side by side.

    What a busy machine does to one of a pair it does to the other as well, so these vary less than the times.
    """
    pairs = list(zip(mine, theirs, strict=True))
    return median(a.passed / b.passed for a, b in pairs), median(a.spent / b.spent for a, b in pairs)


def report(rows: Sequence[Row]) -> bool:
    """Prints the table; returns whether every goal was met."""
    table = Table(title="gen, side by side")
    for title in ("what", "measured", "goal", "met"):
        table.add_column(title)
    for row in rows:
        table.add_row(row.what, row.measured, row.goal, {True: "yes", False: "NO", None: ""}[row.met])
    Console(width=120).print(table)
    return all(row.met is not False for row in rows)
