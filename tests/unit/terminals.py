"""A terminal for a program under test: what it writes, what is typed, and the signals that keys send."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from pathlib import Path

from tests.unit.faking import GEN

LIMIT = 600.0
# The list is drawn again from its first line: what moves the cursor up or empties a line begins another one.
_NEW_LINES = re.compile(rb"\r*\n|(\r|\x1b\[1A|\x1b\[2K)+")
_CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The command `gen` on a pseudo-terminal of its own, as its foreground process."""

    def __init__(self, here: Path, *words: str, columns: int = 100, **env: str) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(here)
                os.execvpe(GEN[0], (*GEN, *words), {**kept, "TERM": "xterm-256color", **env})
            finally:
                os._exit(99)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.output = b""

    def type(self, keys: bytes) -> None:
        """As if somebody typed; b"\\x03" is Ctrl-C."""
        os.write(self._master, keys)

    def wait_for(self, text: str) -> None:
        """Reads until the text has been written. Raises AssertionError when it is not in time."""
        end = time.monotonic() + LIMIT
        while text not in self.shown:
            assert time.monotonic() < end, f"{text!r} was never written:\n{self.shown}"
            assert self._read(0.1), f"the program ended without {text!r}:\n{self.shown}"

    def hang_up(self) -> None:
        """The terminal goes away."""
        os.close(self._master)

    def end(self) -> int:
        """Reads until the program ends, and gives its exit code (negative: the signal that ended it)."""
        while self._read(LIMIT):
            pass
        os.close(self._master)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    @property
    def shown(self) -> str:
        """All that was written, without what moves the cursor or colours."""
        return _CONTROLS.sub(b"", _NEW_LINES.sub(b"\n", self.output)).decode("utf-8", "replace").replace("\r", "")

    def _read(self, timeout: float) -> bool:
        """Reads what there is; False at the end."""
        ready, _, _ = select.select([self._master], [], [], timeout)
        if not ready:
            return True
        try:
            piece = os.read(self._master, 1 << 16)
        except OSError:  # how Linux tells that nobody has the other side open
            return False
        self.output += piece
        return bool(piece)
