"""What is known of a run: a value that each event turns into the next one. Pure; it follows and never judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.execute.bundle import PlannedStep
    from generator.execute.events import Event

# More steps than any plan has: whoever writes into the stream of events does not fill our memory.
MOST_STEPS = 500


class Phase(StrEnum):
    """Where a step stands. The words are those of the events."""

    WAITING = "waiting"
    VERIFYING = "verifying"
    KEPT = "kept"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
    LEFT = "left"


BUSY = frozenset({Phase.VERIFYING, Phase.DOING, Phase.UNDOING})
ENDED = frozenset({Phase.KEPT, Phase.DONE, Phase.FAILED, Phase.UNDONE, Phase.LEFT})
_PHASES = frozenset(Phase) - {Phase.WAITING}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """One step. `since` is when its phase began; `took` is how long the work before this phase lasted.

    `failed` stays when the step is undone afterwards: it is what somebody looks for in the end.
    """

    step: str
    title: str
    phase: Phase = Phase.WAITING
    since: float = 0.0
    took: float | None = None
    failed: bool = False
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A run so far."""

    steps: tuple[StepProgress, ...] = ()
    sandbox: str = ""
    result: str = ""

    @property
    def ended(self) -> int:
        """How many steps are neither waiting nor at work."""
        return sum(step.phase in ENDED for step in self.steps)

    def of(self, name: str) -> StepProgress | None:
        """The step of that name, if it is known."""
        return next((step for step in self.steps if step.step == name), None)


def planned(steps: Iterable[PlannedStep]) -> Progress:
    """Before the first event: what the plan says is to come."""
    return Progress(steps=tuple(StepProgress(step=step.step, title=step.title) for step in steps))


def advance(progress: Progress, event: Event, now: float) -> Progress:
    """The run after the event. An event that is not known changes nothing."""
    if event.name == "run-started":
        return replace(progress, sandbox=event.title)
    if event.name == "run-ended":
        return replace(progress, result=event.result)
    if event.name not in _PHASES or not event.step:
        return progress
    phase = Phase(event.name)
    before = progress.of(event.step)
    if before is None and len(progress.steps) >= MOST_STEPS:
        return progress
    old = before or StepProgress(step=event.step, title=event.title or event.step, since=now)
    new = replace(
        old,
        title=event.title or old.title,
        phase=phase,
        since=now,
        took=now - old.since if phase in ENDED and old.phase in BUSY else None,
        failed=old.failed or phase is Phase.FAILED,
        log=event.log,
    )
    if before is None:
        return replace(progress, steps=(*progress.steps, new))
    return replace(progress, steps=tuple(new if step is before else step for step in progress.steps))


def duration(seconds: float) -> str:
    """As a person reads it: 0.4s, 12s, 3m 05s, 1h 02m."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"
