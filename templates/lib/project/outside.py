"""What is outside the project and may lead into it: what steers something in the user's own home.

Links there, at any depth, and the paths that start-up files name.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import deque

from project import lines, risky, spelled, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Found = tuple[bytes, bytes, bytes]

# Names of one folder of settings that are looked at, the nearest first, and the seconds that all of them may take:
# some are stores of packages as well, with millions of names.
NAMES = 10_000
SECONDS = 5
# Start-up files of the home, and folders of such; of each so much is read.
STARTING = frozenset(("shell", "tool", "editor", "git"))
FOLDERS = (b".bashrc.d", b".zshrc.d", b".config/fish", b".config/fish/conf.d", b".config/zsh", b".config/environment.d")
BYTES = 256 * 1024
FILES = 500
HOME = re.compile(rb"""(?:(?<=[\s"'=:(])|^)(?:~|\$HOME|\$\{HOME\})(?=/)""", re.MULTILINE)
REST = rb"""([^\s"'`;|&()<>:]+)"""


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


def starting(project: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The paths below the project that the home's start-up files name, from the project's top; each with the file."""
    home = os.path.expanduser(b"~")
    real = os.path.realpath(home)
    # A home that is a link is named by either way.
    tops = {project, home + project[len(real) :]} if project.startswith(real + b"/") else {project}
    below = re.compile(b"(?:" + b"|".join(map(re.escape, sorted(tops))) + b")/" + REST)
    for shown in _starting(home):
        content = lines.joined(_content(os.path.join(home, shown)))
        text = HOME.sub(lambda _: home, content.replace(b"\\ ", b" "))
        folders = (below.fullmatch(folder) for folder, _ in spelled.searched(text))
        found = [*below.findall(text), *(b"PATH_add " + folder[1] for folder in folders if folder)]
        if found:
            yield f"~/{words.path(shown)}", found


def _starting(home: bytes) -> list[bytes]:
    top = (entry.name for entry in _entries(home))
    found = [name for name in top if any(reason.kind in STARTING for reason in risky.by_name(name))]
    found += [folder + b"/" + entry.name for folder in FOLDERS for entry in _entries(os.path.join(home, folder))]
    return sorted(found)[:FILES]


def _content(path: bytes) -> bytes:
    """What a regular file begins with; nothing of what is none, which might never end."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(opened, BYTES) if stat.S_ISREG(os.fstat(opened).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(opened)


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
