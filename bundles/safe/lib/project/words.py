"""Words for people: what an agent wrote is made harmless before a terminal sees it; colours where they are wanted."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import select
import shlex
import stat
import subprocess
import sys
import termios
from array import array

from project.spelling import IGNORED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, TextIO

# What a diff's lines may hold as they are. A carriage return may not: it hides the line before it.
PLAIN = frozenset("\t")
COLOURS = {"added": "32", "removed": "31", "hunk": "36", "head": "1", "held": "33;1", "never": "31;1"}
# Milliseconds between two looks at what a pager has not read yet.
WAIT = 50
CLOSED = "was closed before its end"
PAINTED = re.compile("\x1b\\[[0-9;]*m")
# This program is lib/project of a bundle, whose scripts the user calls.
BUNDLE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = re.compile(r"(?<![^\s(`])(?:\./)?(scripts/[a-z-]+\.sh|rollback\.sh|test-setup\.sh)(?![^\s,;.:)`])")
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def _steers(char: str) -> bool:
    # The rule of generator/printable.py, which no host has: what steers is not printable, and what nobody sees is not
    # for us.
    return not char.isprintable() or IGNORED.match(char) is not None


def _spelled(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def path(name: bytes) -> str:
    """A path as one harmless word: no two paths look the same, since the backslash itself is spelled out too."""
    text = name.decode("utf-8", "surrogateescape")
    return "".join(SHORT.get(char) or (_spelled(char) if _steers(char) else char) for char in text)


def line(content: bytes) -> str:
    """A line of a diff without its end: what steers a terminal is spelled out, what is no UTF-8 too."""
    text = content.decode("utf-8", "surrogateescape")
    if text.isascii() and text.isprintable():
        return text
    return "".join(SHORT.get(char, _spelled(char)) if char not in PLAIN and _steers(char) else char for char in text)


def size(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def counted(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def reachable(text: str) -> str:
    """The bundle's scripts in a text as they are called from where the user stands."""
    if not os.path.isdir(os.path.join(BUNDLE, "scripts")) or os.path.samefile(os.curdir, BUNDLE):
        return text
    return SCRIPT.sub(lambda found: f"{shlex.quote(BUNDLE)}/{found[1]}", text)


class Paint:
    """Colours on a terminal without NO_COLOR; nothing elsewhere."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted

    def __call__(self, kind: str, text: str) -> str:
        return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if self.wanted and text else text


def coloured(stream: TextIO) -> bool:
    """Whether colours go to this stream: https://no-color.org says that an empty NO_COLOR counts as none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(lines: Iterable[str], paged: bool) -> bool:
    """Prints the lines, through $PAGER (less -R) on a terminal; gives whether all of them were taken.

    Whoever closes the pager early has read enough, and has not seen the rest.
    """
    with contextlib.suppress(BrokenPipeError), _page(_pager() if paged else []) as out:
        for text in lines:
            out.write(text + "\n")
        out.flush()
        return out is sys.stdout or _taken(out)
    return False


def look(lines: Iterable[str]) -> str:
    """Shows what somebody has to have looked at; gives why nobody has, or nothing.

    What a screen holds needs no pager. What a pager has taken it need not have shown: only its reader knows.
    """
    lines = list(lines)
    paged = bool(_pager()) and not _fits(lines)
    if not show(lines, paged):
        return CLOSED
    if not sys.stdout.isatty():
        return _reader()
    seen = not paged or yes("Was all of it seen?")
    return "" if seen else "was shown, and nobody said that all of it was seen"


def _reader() -> str:
    """Why nobody has what was written to something that is no terminal: of a pipe, what its reader took is known."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):
        return ""
    if stat.S_ISCHR(mode):
        return "went where nobody reads it"
    return "" if not stat.S_ISFIFO(mode) or _taken(sys.stdout) else CLOSED


def _fits(lines: Iterable[str]) -> bool:
    """Whether the terminal shows all of these at once, and a prompt below them. What may be wide counts as wide."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    used = 0
    for each in "\n".join(lines).split("\n") if columns else ():
        width = sum(1 if char.isascii() else 2 for char in PAINTED.sub("", each).expandtabs())
        used += max(1, -(-width // columns))
    return 0 < used < rows


def yes(question: str) -> bool:
    """Asks on the terminal. Where nobody is there to ask, nobody said yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _pager() -> list[str]:
    """The pager's words; none where there is none, or it would do as we do."""
    if not sys.stdout.isatty():
        return []
    from shutil import which

    found = shlex.split(os.environ.get("PAGER") or "less -R")
    return found if found and found != ["cat"] and which(found[0]) else []


def _taken(out: IO[str]) -> bool:
    """Whether a reader takes all that was written to it: waits for that, or for its end."""
    ended, left = select.poll(), array("i", [0])
    ended.register(out, 0)
    while True:
        gone = ended.poll(0)
        try:
            fcntl.ioctl(out, termios.FIONREAD, left)
        except OSError:
            return True
        if gone or not left[0]:
            return not left[0]
        ended.poll(WAIT)


def _tolerant(stream: TextIO) -> TextIO:
    # A terminal of another encoding shows the rest as escapes, and nobody a traceback.
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


@contextlib.contextmanager
def _page(pager: list[str]) -> Iterator[IO[str]]:
    if not pager:
        yield _tolerant(sys.stdout)
        return
    # In less a key would start a shell or an editor on names that an agent chose.
    environment: dict[str, str] = {"LESS": "FRX", **os.environ, "LESSSECURE": "1"}
    try:
        process = subprocess.Popen(pager, stdin=subprocess.PIPE, text=True, encoding="utf-8", env=environment)
    except OSError:
        yield _tolerant(sys.stdout)
        return
    try:
        yield process.stdin or sys.stdout
    finally:
        with contextlib.suppress(BrokenPipeError):
            (process.stdin or sys.stdout).close()
        process.wait()
