"""The records of a run as text, and following them while they are written."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from generator.execute.events import LineBuffer
from generator.execute.history import (
    TAIL_BYTES,
    Journal,
    RunHistory,
    StepHistory,
    hint,
    log_files,
    split_name,
    tail,
    title,
)
from generator.execute.lock import is_at_work
from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from generator.execute.bundle import Bundle

TAIL = 15
PAUSE = 0.2
# Each line of a log has its time before it, which tells little in the last lines of a failure.
_STAMP = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z ")
# Which word of the journal says most about a step that has several.
_STRONGEST = ("undone", "done", "doing")
_WORDS = {"undone": "undone", "done": "done", "doing": "begun, not done"}


def summary(bundle: Bundle, journal: Journal, history: RunHistory) -> Iterator[str]:
    """The lines that tell of one run: how it ended, each step, and for the one that failed its log and the mend."""
    what = "rollback" if history.rollback else "run"
    yield escaped(f"{what} {history.run}: {history.outcome}")
    if history.began:
        yield escaped(f"  began {history.began}" + (f", ended {history.ended}" if history.ended else ""))
    width = max((len(step.step) for step in history.steps), default=0)
    for step in history.steps:
        yield escaped(f"  {step.step:<{width}}  {_word(step):<15}  {title(bundle, step.step)}")
    failed = next((step for step in history.steps if step.step == history.failed), None)
    if failed is not None:
        yield from _failure(bundle, failed, history)
    if history.outcome == "open":
        yield "It did not come to its end: it was interrupted, or something was left."
        yield escaped(f"Bring it to its end with: gen recover {bundle.shown}")
    if journal.unreadable:
        yield f"{journal.unreadable} lines of the journal cannot be read; the next change says why"
    yield escaped(f"logs: {bundle.state / 'logs' / history.run}")


def follow(bundle: Bundle, run: str | None, *, pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """The lines of the logs as they are written, those of `run` from their beginning, until no run is at work."""
    tails = {log: _Tail(log) for log in log_files(bundle)}
    for log, mine in tails.items():
        if log.parent.name != run:
            mine.skip()
    while True:
        at_work = is_at_work(bundle)
        for log in log_files(bundle):
            yield from tails.setdefault(log, _Tail(log)).lines()
        # Asked before the logs were read: what was written last is not missed.
        if not at_work:
            return
        pause(PAUSE)


class _Tail:
    """One log, and how far it was read."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0
        self._buffer = LineBuffer()
        self._prefix = ".".join(split_name(log) or (log.name,))

    def skip(self) -> None:
        """What is there already is not shown."""
        with suppress(OSError):
            self._read = self._log.stat().st_size

    def lines(self) -> Iterator[str]:
        """The whole lines that are new."""
        with suppress(OSError):
            size = self._log.stat().st_size
            if size < self._read:
                # The runner left out the middle of a log that grew too large: only its newest end is news.
                self._read, self._buffer = max(0, size - TAIL_BYTES), LineBuffer()
                yield f"{self._prefix} | …"
            if size == self._read:
                return
            with self._log.open("rb") as file:
                file.seek(self._read)
                piece = file.read()
            self._read += len(piece)
            for line in self._buffer.feed(piece):
                yield escaped(f"{self._prefix} | {line}")


def _word(step: StepHistory) -> str:
    return next((_WORDS[event] for event in _STRONGEST if step.has(event)), "looked at")


def _failure(bundle: Bundle, step: StepHistory, history: RunHistory) -> Iterator[str]:
    interrupted = history.interrupted
    yield escaped(f"It {'was cut off' if interrupted else 'failed'} at {step.step}: {title(bundle, step.step)}")
    for log in step.logs:
        yield escaped(f"  {log.relative_to(bundle.path)}")
        for line in tail(log, TAIL):
            if line:
                yield escaped(f"  | {_STAMP.sub('', line)}")
    # The hint is for a step that failed by itself.
    mend = "" if interrupted else hint(bundle, step.step, history.run)
    if mend:
        yield escaped(f"  mend: {mend}")
