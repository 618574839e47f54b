"""The view for a terminal: the steps as a list that changes in place, with what the script says above it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from generator.execute.progress import BUSY, Phase, Progress, advance, duration
from generator.execute.screen import screen
from generator.execute.view import LAST_LINE, MARKS, OWN_PROGRESS
from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from generator.execute.events import Event, Stream
    from generator.execute.progress import StepProgress

BAR = 30
_STYLES = {
    Phase.WAITING: "dim",
    Phase.KEPT: "green",
    Phase.DONE: "green",
    Phase.FAILED: "bold red",
    Phase.UNDONE: "yellow",
    Phase.LEFT: "bold red",
}
_WORDS = {Phase.KEPT: "holds", Phase.FAILED: "failed", Phase.UNDONE: "undone", Phase.LEFT: "left"}


class LiveView:
    """Shows a run on a terminal. NO_COLOR leaves out every colour and weight, not the list."""

    def __init__(
        self, out: TextIO, errors: TextIO, progress: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = screen(out, terminal=True)
        # Errors that somebody collects in a file belong into it, and not into the list.
        self._errors = None if errors.isatty() else screen(errors, colours=False)
        self._progress = progress
        self._clock = clock
        self._began = clock()
        self._spinner = Spinner("dots")
        self._told = False
        # What is said while no step is at work may be the last until another begins: that stands below the list.
        self._last: list[tuple[str, str]] = []
        # Nothing refreshes by itself: there is one thread, and it waits for the script.
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def begin(self) -> None:
        """The list stands there from now on."""
        self._live.start()

    def event(self, event: Event) -> None:
        """A step moves on."""
        self._told = True
        self._say_last()
        self._progress = advance(self._progress, event, self._clock())
        self.tick()

    def line(self, stream: Stream, text: str) -> None:
        """What the script says stands above the list, and its last words below; its own progress says nothing new."""
        if stream == "stderr" and self._errors is not None:
            self._errors.print(Text(escaped(text)), soft_wrap=True)
        elif stream == "stderr":
            self._hear(text, "red" if text.startswith("error:") else "")
        elif not (self._told and (OWN_PROGRESS.match(text) or LAST_LINE.fullmatch(text))):
            self._hear(text, "")

    def notice(self, text: str) -> None:
        """What gen has to say."""
        self._say(f"gen: {text}", "yellow")

    def tick(self) -> None:
        """The times move on."""
        self._live.update(self._shown(), refresh=True)

    def end(self, code: int) -> None:
        """The list stays as it is in the end."""
        self._live.update(self._shown(code), refresh=True)
        self._live.stop()
        self._say_last()

    def _hear(self, text: str, style: str) -> None:
        if self._told and not any(step.phase in BUSY for step in self._progress.steps):
            self._last.append((text, style))
        else:
            self._say(text, style)

    def _say_last(self) -> None:
        for text, style in self._last:
            self._say(text, style)
        self._last.clear()

    def _say(self, text: str, style: str) -> None:
        self._console.print(Text(escaped(text), style=style), soft_wrap=True)

    def _shown(self, code: int | None = None) -> RenderableType:
        if not self._told:
            return Text("")
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(no_wrap=True, justify="right")
        now = self._clock()
        for step in self._progress.steps:
            # After the end, what was never looked at is not worth a line.
            if code is None or step.phase is not Phase.WAITING:
                table.add_row(*self._row(step, now, over=code is not None))
        return Group(table, self._foot(now, code))

    def _row(self, step: StepProgress, now: float, *, over: bool) -> tuple[RenderableType, ...]:
        style = _STYLES.get(step.phase, "bold")
        mark: RenderableType = Text(MARKS[Phase.FAILED if step.failed else step.phase], style=style)
        if step.phase in BUSY and not over:
            mark = self._spinner
        title = Text(escaped(step.title), style="dim" if step.phase in (Phase.WAITING, Phase.KEPT) else "")
        return mark, title, Text(_remark(step, now), style="dim" if step.phase is not Phase.FAILED else style)

    def _foot(self, now: float, code: int | None) -> RenderableType:
        passed = duration(now - self._began)
        if code is not None:
            result = self._progress.result or "ended"
            return Text(f"{escaped(result)} after {passed}", style="bold green" if code == 0 else "bold red")
        total, ended = len(self._progress.steps), self._progress.ended
        if total == 0:
            return Text(passed, style="dim")
        foot = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=total, completed=ended, width=BAR)
        foot.add_row(bar, Text(f"{ended}/{total}"), Text(passed, style="dim"))
        return foot


def _remark(step: StepProgress, now: float) -> str:
    """The right column: the time of a step at work, the word and time of one that has ended."""
    if step.phase is Phase.WAITING:
        return ""
    if step.phase in BUSY:
        return duration(now - step.since)
    words = ["failed," if step.failed and step.phase is not Phase.FAILED else "", _WORDS.get(step.phase, "")]
    if step.took is not None and step.phase is not Phase.KEPT:
        words.append(duration(step.took))
    return " ".join(word for word in words if word)
