"""The commands that have begun in the sandbox and are not written down yet: a file each, on the host.

The script that runs a command writes it before the command begins, and once more when it has ended. One whose script
was killed has no end that anybody knows; that its script is gone is seen by the process, so it is not at work for ever.
"""

from __future__ import annotations

import os

from project.records import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PREFIX, FRESH = "command.", ".new"
BOOT = "/proc/sys/kernel/random/boot_id"


class Begun:
    """One command: the commit before it (empty where that is the entry), its words, how it ended if that is known."""

    __slots__ = ("began", "code", "ended", "file", "ident", "seconds", "words")

    def __init__(self, file: str, content: bytes) -> None:
        self.file, self.ident = file, os.path.basename(file)[len(PREFIX) :]
        process, began, code, seconds, *words = content.decode("utf-8", "surrogateescape").split("\0")[:-1]
        self.began = began if len(began) >= 40 and not began.strip("0123456789abcdef") else ""
        self.code = int(code) if code else None
        self.seconds = float(seconds or 0)
        self.words = line(words)
        self.ended = bool(code) or not _lives(process)

    def forget(self) -> None:
        """It is in the history by now."""
        try:
            os.unlink(self.file)
        except FileNotFoundError:
            pass


def listed(state: str) -> Iterator[Begun]:
    """All of them, the earliest first."""
    for name in sorted(os.listdir(state)):
        if name.startswith(PREFIX) and not name.endswith(FRESH):
            file = os.path.join(state, name)
            try:
                yield Begun(file, read(file))
            except ValueError:
                # Taken away by another look, or cut off by a full disk.
                continue


def at_work(state: str) -> list[Begun]:
    """Those that run now."""
    return [one for one in listed(state) if not one.ended]


def line(words: Iterable[str]) -> str:
    """Words as a shell would have them."""
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """A word as a shell would have it."""
    safe = word and not word.strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")
    return word if safe else "'" + word.replace("'", "'\"'\"'") + "'"


def _lives(name: str) -> bool:
    """Whether the process of that name (pid:start:boot, as lib/lock.sh makes it) still runs."""
    pid, started, boot = name.split(":")
    if not os.path.exists(BOOT):
        try:
            os.kill(int(pid), 0)
        except OSError:
            return False
        return True
    # The program's name may hold spaces and brackets: what counts stands behind the last bracket.
    words = read(f"/proc/{int(pid)}/stat").rpartition(b")")[2].split()
    return bool(words) and words[0] not in (b"Z", b"X") and words[19] == started.encode() and _boot() == boot


def _boot() -> str:
    return read(BOOT).decode("ascii").strip()
