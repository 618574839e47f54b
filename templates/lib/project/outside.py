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
        self.seen = {project}
        self.until = time.monotonic() + SECONDS

    def of_home(self) -> Iterator[tuple[Found, list[risky.Reason]]]:
        """The links of the user's home with a name that steers something, or below one: each with its reasons."""
        home = os.path.expanduser(b"~")
        for entry in sorted(_entries(home), key=lambda each: each.name):
            if reasons := risky.by_name(entry.name):
                yield from ((found, reasons) for found in self.below(home, entry.name, b"~/" + entry.name))

    def below(self, base: bytes, name: bytes, shown: bytes) -> Iterator[Found]:
        """A name if it is a link, and the links below it: folder, name, and how it is shown. Links lead on."""
        place = os.path.join(base, name)
        if os.path.islink(place):
            yield base, name, shown
        waiting, left = deque([(os.path.realpath(place), shown)]), NAMES
        while waiting and left > 0 and time.monotonic() < self.until:
            folder, shown = waiting.popleft()
            if folder in self.seen:
                continue
            self.seen.add(folder)
            for entry in _entries(folder)[:left]:
                left -= 1
                below = shown + b"/" + entry.name
                if entry.is_symlink():
                    yield folder, entry.name, below
                    if os.path.isdir(entry.path):
                        waiting.append((os.path.realpath(entry.path), below))
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, below))


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
