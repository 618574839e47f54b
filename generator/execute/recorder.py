"""A view that shows nothing and remembers: for callers that tell somebody else what happened."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.execute.events import Event, Stream

# What a script says is not to fill memory: the end of it is what tells something.
MOST_LINES = 200
MOST_EVENTS = 1000


class Recorder:
    """The last lines and the events of a script. `told` is called with each event as it comes."""

    def __init__(self, told: Callable[[Event], None] | None = None) -> None:
        self.events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.errors: deque[str] = deque(maxlen=MOST_LINES)
        self._told = told

    def begin(self) -> None:
        """See View."""

    def event(self, event: Event) -> None:
        """Remembers it, and tells."""
        self.events.append(event)
        if self._told is not None:
            self._told(event)

    def line(self, stream: Stream, text: str) -> None:
        """Remembers it as it came: whoever shows it writes out what could steer a terminal."""
        (self.errors if stream == "stderr" else self.lines).append(text)

    def notice(self, text: str) -> None:
        """What gen itself says stands among the errors."""
        self.errors.append(f"gen: {text}")

    def tick(self) -> None:
        """See View."""

    def end(self, code: int) -> None:
        """See View."""

    def last(self, *names: str) -> Event | None:
        """The last event of one of these names."""
        return next((event for event in reversed(self.events) if event.name in names), None)
