"""What a program and all that it starts write, by the system calls that strace saw: the paths, absolute."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STRACE = ("strace", "-f", "-qq", "-y", "-s", "4096", "--signal=none", "--seccomp-bpf",
          "-e", "trace=%file,%process,mount,umount2,bind,fchdir")  # fmt: skip

_LINE = re.compile(r"(\d+)\s+(.*)")
_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*)>)?", re.DOTALL)
_OPENS = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")
_PLACE = re.compile(r'(?:AT_FDCWD|\d+)(?:<((?:[^>\\]|\\.)*)>)?, "((?:[^"\\]|\\.)*)"|"((?:[^"\\]|\\.)*)"')
# Which of a call's paths it changes.
_FIRST = (
    "mkdir rmdir unlink mknod chmod chown lchown truncate utime utimes setxattr lsetxattr removexattr umount2 creat"
)
_CHANGES = {
    **dict.fromkeys(
        (*_FIRST.split(), *(f"{name}at" for name in ("mkdir", "unlink", "mknod", "fchmod", "fchown"))), (0,)
    ),
    **dict.fromkeys(("utimensat", "futimesat", "fchmodat2"), (0,)),
    **dict.fromkeys(("rename", "renameat", "renameat2"), (0, 1)),
    **dict.fromkeys(("link", "linkat", "symlink", "symlinkat", "mount"), (1,)),
}


@dataclass
class _Folders:
    """Where each process is, by the number of the line."""

    start: str
    moves: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    parents: dict[str, tuple[str, int]] = field(default_factory=dict)

    def of(self, process: str, line: int) -> str:
        moves = self.moves[process]
        place = bisect_left(moves, (line, ""))
        if place:
            return moves[place - 1][1]
        return self.of(*self.parents[process]) if process in self.parents else self.start


def written(trace: Path, start: str) -> set[str]:
    """Every path that a call changed, or opened for writing. `start` is where the program began."""
    calls = list(_calls(trace))
    folders = _Folders(start)
    for line, process, name, _, result, _ in calls:
        if name in ("clone", "clone3", "fork", "vfork") and int(result) > 0:
            folders.parents[result] = (process, line)
    found: set[str] = set()
    for line, process, name, arguments, _, opened in (call for call in calls if int(call[4]) >= 0):
        here = folders.of(process, line)
        if name == "chdir":
            folders.moves[process].append((line, _places(arguments, here)[0]))
        elif name == "fchdir":
            folders.moves[process].append((line, arguments.partition("<")[2].rstrip(">")))
        elif name in ("open", "openat", "openat2", "creat"):
            if opened.startswith("/") and (name == "creat" or _OPENS.search(arguments)):
                found.add(opened.removesuffix("(deleted)"))
        elif name == "bind":
            found.update(re.findall(r'sun_path="([^"]*)"', arguments))
        else:
            places = _places(arguments, here)
            # A symbolic link's first path is its text.
            found |= {places[number] for number in _CHANGES.get(name, ()) if number < len(places)}
    return found


def _places(arguments: str, here: str) -> list[str]:
    # Not resolved: a link is changed, not what it leads to.
    return [
        os.path.normpath(Path(here, folder, relative or plain)) for folder, relative, plain in _PLACE.findall(arguments)
    ]


def _calls(trace: Path) -> Iterator[tuple[int, str, str, str, str, str]]:
    """Line, process, name, arguments, result and the file that it opened, of each call."""
    begun: dict[str, tuple[int, str]] = {}
    for number, text in enumerate(trace.read_text("utf-8", "replace").splitlines()):
        line = _LINE.match(text)
        if line is None:
            continue
        process, call, at = line[1], line[2], number
        # One that others came between stands in two lines.
        if call.endswith("<unfinished ...>"):
            begun[process] = (number, call.removesuffix("<unfinished ...>").rstrip())
            continue
        if call.startswith("<... ") and process in begun:
            at, head = begun.pop(process)
            call = head + call.partition(" resumed>")[2]
        found = _CALL.match(call)
        if found:
            yield at, process, found[1], found[2], found[3], found[4] or ""
