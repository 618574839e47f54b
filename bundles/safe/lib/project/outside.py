"""Links outside the project that may lead into it: those in the user's own home that steer something, at any depth."""

from __future__ import annotations

import os
import time
from collections import deque

from project import risky

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Found = tuple[bytes, bytes, bytes]

# Names of one folder of settings that are looked at, the nearest first, and the seconds that all of them may take:
# some are stores of packages as well, with millions of names.
NAMES = 10_000
SECONDS = 5


class Outside:
    """What is looked at once. The project's own folders are not: they are walked elsewhere."""

    def __init__(self, project: bytes) -> None:
        self.seen = {_place(project)}
        self.until = time.monotonic() + SECONDS

    def of_home(self) -> Iterator[tuple[Found, list[risky.Reason]]]:
        """The links of the user's home with a name that steers something, or below one: each with its reasons."""
        home = os.path.expanduser(b"~")
        for name in sorted(_names(home)):
            if reasons := risky.by_name(name):
                yield from ((found, reasons) for found in self.below(home, name, b"~/" + name))

    def below(self, base: bytes, name: bytes, shown: bytes) -> Iterator[Found]:
        """A name if it is a link, and the links below it: folder, name, and how it is shown. Links lead on."""
        waiting, left = deque([(base, name, shown)]), NAMES
        while waiting and left > 0 and time.monotonic() < self.until:
            base, name, shown = waiting.popleft()
            left -= 1
            path = os.path.join(base, name)
            if os.path.islink(path):
                yield base, name, shown
            if self._is_fresh(path):
                real = os.path.realpath(path)
                waiting.extend((real, each, shown + b"/" + each) for each in _names(real)[:NAMES])

    def _is_fresh(self, path: bytes) -> bool:
        place = _place(path) if os.path.isdir(path) else None
        fresh = place is not None and place not in self.seen
        self.seen.add(place)
        return fresh


def _names(folder: bytes) -> list[bytes]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _place(folder: bytes) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino
