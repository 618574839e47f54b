"""How a run is shown: as plain lines, as JSON for programs, or not at all. `live` is the one for a terminal."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from generator.execute.checks import EVENT, said_of
from generator.execute.progress import ENDED, Phase, Progress, advance, duration
from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.execute.events import Event, Stream
    from generator.execute.progress import StepProgress

# The lines with which a script shows its own progress; who reads the events has them already, with more in them.
OWN_PROGRESS = re.compile(r"  [✓…↩✗] ")
LAST_LINE = re.compile(r"(# )?gen: result=\S* run=\S* failed_step=\S*")
REMINDER = 30.0

MARKS = {
    Phase.WAITING: "·",
    Phase.VERIFYING: "…",
    Phase.DOING: "…",
    Phase.UNDOING: "↩",
    Phase.KEPT: "✓",
    Phase.DONE: "✓",
    Phase.FAILED: "✗",
    Phase.UNDONE: "↩",
    Phase.LEFT: "!",
}


class View(Protocol):
    """Whoever shows a run. No method may raise because of what an event or a line holds."""

    def begin(self) -> None:
        """The script was started."""

    def event(self, event: Event) -> None:
        """The runner told of something."""

    def line(self, stream: Stream, text: str) -> None:
        """The script printed a line."""

    def notice(self, text: str) -> None:
        """Something that gen itself has to say."""

    def tick(self) -> None:
        """Time passes: called several times a second."""

    def end(self, code: int) -> None:
        """The script has ended with that exit code."""


class QuietView:
    """Shows errors only."""

    def __init__(self, errors: TextIO) -> None:
        self._errors = errors

    def begin(self) -> None:
        """Nothing to show."""

    def event(self, event: Event) -> None:
        """Nothing to show."""

    def line(self, stream: Stream, text: str) -> None:
        """What the script says on standard error."""
        if stream == "stderr":
            _write(self._errors, escaped(text))

    def notice(self, text: str) -> None:
        """What gen has to say, on standard error."""
        _write(self._errors, f"gen: {escaped(text)}")

    def tick(self) -> None:
        """Nothing to show."""

    def end(self, code: int) -> None:
        """Nothing to show."""


class JsonView(QuietView):
    """Passes each event on as one line of JSON. The script's errors go to standard error, written out.

    `lines` is for a script that tells no events: each line of its output becomes an event of the name "output",
    whatever it looks like. What explains a check's failure is told by such events too, after that of the check.
    """

    def __init__(self, out: TextIO, errors: TextIO, *, lines: bool = False) -> None:
        super().__init__(errors)
        self._out = out
        self._lines = lines
        self._last = ""

    def event(self, event: Event) -> None:
        """The event as it came."""
        if event.name != EVENT:
            self._print(event.data)
            return
        self._print({key: value for key, value in event.data.items() if key != "says"})
        for line in said_of(event):
            self._output(line)

    def line(self, stream: Stream, text: str) -> None:
        """A line of a script that tells no events. Its last line is for those who have no exit code."""
        if stream == "stderr":
            super().line(stream, text)
        elif self._lines and text:
            # What looks like it and is not the last one is an output as any other.
            ended, self._last = self._last, text if LAST_LINE.fullmatch(text) else ""
            for line in (ended, "" if self._last else text):
                if line:
                    self._output(line)

    def end(self, code: int) -> None:
        """The last line: the exit code."""
        self._print({"event": "exit", "code": code})

    def _output(self, text: str) -> None:
        self._print({"schema": 1, "event": "output", "text": text})

    def _print(self, data: Any) -> None:
        # ASCII: a character that no encoding knows, or that steers a terminal, is written as \\u....
        _write(self._out, json.dumps(data, separators=(",", ":")))


class PlainView(QuietView):
    """A line whenever something has happened: for files, pipes and logs of CI."""

    def __init__(
        self, out: TextIO, errors: TextIO, progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(errors)
        self._out = out
        self._progress = progress
        self._clock = clock
        self._reminded = clock()
        self._told = False

    def event(self, event: Event) -> None:
        """The end of a step, or of its undoing."""
        self._told = True
        self._progress = advance(self._progress, event, self._clock())
        step = self._progress.of(event.step)
        if step is not None and event.name == step.phase:
            self._reminded = self._clock()
            if step.phase in ENDED:
                _write(self._out, described(step))

    def line(self, stream: Stream, text: str) -> None:
        """Whatever the script says that no event said."""
        if stream == "stderr":
            super().line(stream, text)
        elif not (self._told and OWN_PROGRESS.match(text)):
            _write(self._out, escaped(text))

    def tick(self) -> None:
        """A sign of life, every half minute."""
        now = self._clock()
        if now - self._reminded < REMINDER:
            return
        self._reminded = now
        for step in self._progress.steps:
            if step.phase in (Phase.DOING, Phase.UNDOING):
                _write(self._out, f"  … {escaped(step.title)}: {duration(now - step.since)}")


class Guard:
    """Keeps a view from harm to the run: when nobody can be shown anything any more, the run goes on in silence."""

    def __init__(self, view: View, lost: Callable[[], None]) -> None:
        self._view: View | None = view
        self._lost = lost

    def begin(self) -> None:
        """See View."""
        self._do(lambda view: view.begin())

    def event(self, event: Event) -> None:
        """See View."""
        self._do(lambda view: view.event(event))

    def line(self, stream: Stream, text: str) -> None:
        """See View."""
        self._do(lambda view: view.line(stream, text))

    def notice(self, text: str) -> None:
        """See View."""
        self._do(lambda view: view.notice(text))

    def tick(self) -> None:
        """See View."""
        self._do(lambda view: view.tick())

    def end(self, code: int) -> None:
        """See View."""
        self._do(lambda view: view.end(code))

    def _do(self, action: Callable[[View], None]) -> None:
        if self._view is None:
            return
        try:
            action(self._view)
        except OSError:
            # The reader of a pipe has gone, or the terminal.
            self._view = None
            self._lost()


def described(step: StepProgress) -> str:
    """One step in one line: mark, title, how long it took, and where its log is."""
    words = [f"  {MARKS[step.phase]} {escaped(step.title)}"]
    if step.phase is Phase.KEPT:
        words.append("(holds)")
    elif step.took is not None:
        words.append(f"({duration(step.took)})")
    if step.phase is Phase.LEFT:
        words.append("could not be undone")
    if step.log:
        words.append(f"log: {escaped(step.log)}")
    return " ".join(words)


def for_terminal(out: TextIO) -> bool:
    """Whether a list that moves can be shown there."""
    return out.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _write(out: TextIO, text: str) -> None:
    encoding = out.encoding or "utf-8"
    out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    out.flush()
