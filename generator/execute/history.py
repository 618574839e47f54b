"""What the runner wrote down about a run: its journal and its logs. Only read here, and never believed to be whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from generator.execute.names import is_run, is_step, is_time, is_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from generator.execute.bundle import Bundle

Outcome = Literal["committed", "rolled back", "under way", "open", "nothing changed"]
PHASES = ("verify", "do", "undo", "commit")
# The end of a log is what tells something; more of it than this is not read.
FIX_BYTES = 2000
TAIL_BYTES = 1 << 16
# The fields of a record and what each may be.
_FIELDS: dict[str, Callable[[object], bool]] = {
    "time": is_time,
    "run": is_run,
    "event": is_word,
    "step": lambda value: value == "-" or is_step(value),
    "scope": lambda value: value == "-" or is_word(value),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the journal."""

    time: str
    run: str
    event: str
    step: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHistory:
    """What a run did with one step. `events` are the journal's words with their times, `logs` what was printed."""

    step: str
    events: tuple[tuple[str, str], ...]
    logs: tuple[Path, ...]

    def has(self, event: str) -> bool:
        """Whether the journal has that word for this step."""
        return any(word == event for word, _ in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """One run. `failed` is the step that it ended at, as far as the records tell. `interrupted`: cut off there."""

    run: str
    rollback: bool
    outcome: Outcome
    began: str
    ended: str
    failed: str
    interrupted: bool
    steps: tuple[StepHistory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The records that can be read, and how many lines cannot."""

    records: tuple[Record, ...] = ()
    unreadable: int = 0

    @property
    def runs(self) -> frozenset[str]:
        """The ids of all runs that it tells of."""
        return frozenset(record.run for record in self.records)


def read_journal(bundle: Bundle) -> Journal:
    """The journal of a bundle; empty when there is none. A line that cannot be read is counted."""
    try:
        lines = (bundle.state / "journal.jsonl").read_bytes().splitlines()
    except OSError:
        return Journal()
    found = [_record(line) for line in lines]
    records = tuple(record for record in found if record is not None)
    return Journal(records=records, unreadable=len(found) - len(records))


def open_run(journal: Journal) -> str:
    """The last run, if it neither committed nor came to an end; empty when there is none."""
    run = ""
    for record in journal.records:
        if record.event == "begin":
            run = record.run
        elif record.event in ("commit", "end"):
            run = ""
    return run


def last_run(bundle: Bundle, journal: Journal) -> str | None:
    """The newest run that changed something or printed something. The ids of runs sort by time."""
    return max((*journal.runs, *(log.parent.name for log in log_files(bundle))), default=None)


def log_files(bundle: Bundle, run: str = "*") -> tuple[Path, ...]:
    """The logs of one run, or of all: STEP.PHASE.log, sorted by run and step."""
    files = (bundle.state / "logs").glob(f"{run}/*.log")
    return tuple(sorted(path for path in files if is_run(path.parent.name) and split_name(path) is not None))


def split_name(log: Path) -> tuple[str, str] | None:
    """The step and the phase that a log's name tells of."""
    step, _, phase = log.name.removesuffix(".log").rpartition(".")
    return (step, phase) if is_step(step) and phase in PHASES else None


def run_history(bundle: Bundle, journal: Journal, run: str, *, alive: bool) -> RunHistory:
    """Puts together what is known of one run. `alive`: some run of the bundle is at work now."""
    records = [record for record in journal.records if record.run == run]
    logs = log_files(bundle, run)
    names = {record.step for record in records if record.step != "-"}
    names |= {name[0] for log in logs if (name := split_name(log)) is not None}
    steps = tuple(_step(name, records, logs) for name in sorted(names))
    rollback = any(record.event == "begin" and record.scope == "all" for record in records)
    outcome = _outcome(records, alive=alive)
    return RunHistory(
        run=run,
        rollback=rollback,
        outcome=outcome,
        began=records[0].time if records else "",
        ended=records[-1].time if records and outcome in ("committed", "rolled back") else "",
        failed=_failed(steps, outcome, rollback=rollback),
        # A run that fails undoes its steps before it ends; of one that was killed the journal ends with what it began.
        interrupted=outcome == "open" and not any(step.has("undone") or _tried_to_undo(step) for step in steps),
        steps=steps,
    )


def tail(log: Path, count: int) -> tuple[str, ...]:
    """The last lines of a log; none when it cannot be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(text.replace("\r\n", "\n").split("\n")[-count - 1 :]) if text.strip() else ()


def hint(bundle: Bundle, step: str, run: str = "last") -> str:
    """What mends the failure of that step: what the runner chose by the cause, or else what is said of any."""
    try:
        with (bundle.state / "logs" / run / f"{step}.fix").open("rb") as file:
            chosen = file.read(FIX_BYTES).decode("utf-8", "replace").partition("\n")[0]
    except OSError:
        chosen = ""
    return chosen or _conf(bundle, step).get("hint", "")


def title(bundle: Bundle, step: str) -> str:
    """The step's title; its folder's name when the bundle does not have that step (any more)."""
    return _conf(bundle, step).get("title", step)


def as_data(history: RunHistory, bundle: Bundle) -> dict[str, Any]:
    """The run as data, for programs."""
    return {
        "schema": 1,
        "run": history.run,
        "kind": "rollback" if history.rollback else "start",
        "outcome": history.outcome,
        "began": history.began,
        "ended": history.ended,
        "failed_step": history.failed or None,
        "steps": [
            {
                "step": step.step,
                "title": title(bundle, step.step),
                "events": [{"event": event, "time": time} for event, time in step.events],
                "logs": [str(log.relative_to(bundle.path)) for log in step.logs],
            }
            for step in history.steps
        ],
    }


def _record(line: bytes) -> Record | None:
    try:
        data = json.loads(line)
        found = {key: data[key] for key in _FIELDS}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    # A run's id and a step become paths, and are shown as gen's own words: what is no plain word is no record of ours.
    return Record(**found) if all(fits(found[key]) for key, fits in _FIELDS.items()) else None


def _step(name: str, records: Iterable[Record], logs: Iterable[Path]) -> StepHistory:
    mine = (log for log in logs if (found := split_name(log)) is not None and found[0] == name)
    return StepHistory(
        step=name,
        events=tuple((record.event, record.time) for record in records if record.step == name),
        logs=tuple(log for log in mine if log.stat().st_size > 0),
    )


def _outcome(records: list[Record], *, alive: bool) -> Outcome:
    words = {record.event for record in records}
    if "commit" in words:
        return "committed"
    if "end" in words:
        return "rolled back"
    if not words:
        return "nothing changed"
    return "under way" if alive else "open"


def _failed(steps: tuple[StepHistory, ...], outcome: Outcome, *, rollback: bool) -> str:
    """Where a run stopped: at what it began and did not get done, or else at the last step that it looked at."""
    if rollback or outcome in ("committed", "under way") or not steps:
        return ""
    open_steps = [step.step for step in steps if step.has("doing") and not step.has("done")]
    return open_steps[-1] if open_steps else steps[-1].step


def _tried_to_undo(step: StepHistory) -> bool:
    return any(log.name.endswith(".undo.log") for log in step.logs)


def _conf(bundle: Bundle, step: str) -> dict[str, str]:
    try:
        lines = (bundle.path / "steps" / step / "step.conf").read_text("utf-8", "replace").split("\n")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key: value for key, _, value in pairs}
