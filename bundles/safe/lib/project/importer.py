"""Writes a commit with one `git fast-import`, started when the first blob comes. Nothing counts until the end."""

from __future__ import annotations

import os

from project.failure import Failure
from project.git import Git, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

BRANCH = b"refs/heads/sandbox"
WHO = b"gen sandbox <sandbox@gen.invalid>"


class Importer:
    """One commit on its way into the tracking repository."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.process = 0
        self.bytes = 0
        self.sent: set[str] = set()

    def blob(self, oid: str, content: bytes) -> None:
        """Stores a file's content."""
        if oid not in self.sent:
            self.sent.add(oid)
            self.bytes += len(content)
            self._write(b"blob\ndata %d\n" % len(content), content, b"\n")

    def commit(self, head: str | None, message: bytes, when: int, lines: Iterable[bytes]) -> str:
        """Writes the commit and gives its name; `lines` are what fast-import calls file changes."""
        start = b"commit %b\nmark :1\ncommitter %b %d +0000\ndata %d\n%b\n" % (BRANCH, WHO, when, len(message), message)
        parent = b"from %b\n" % head.encode() if head else b""
        self._write(start, parent, b"".join(lines), b"\nget-mark :1\ndone\n")
        return self._end()

    def close(self) -> None:
        """Ends git when no commit came of it. What it stored is in no commit, and git drops it in time."""
        if self.process:
            os.kill(self.process, 9)
            self._wait()

    def _start(self) -> None:
        # Not where the user is: that folder may be gone.
        words = ("-C", "/", "fast-import", "--quiet", "--done", "--date-format=raw", "--force")
        self.process, self.input, self.output, self.errors = self.git.start(*words)

    def _write(self, *parts: bytes) -> None:
        if not self.process:
            self._start()
        try:
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[os.write(self.input, view) :]
        except BrokenPipeError:
            self._end()

    def _end(self) -> str:
        os.close(self.input)
        self.input = -1
        oid = _all(self.output).decode("ascii", "replace").strip()
        complaint = _all(self.errors)
        if self._wait() != 0 or len(oid) < 40:
            raise Failure("what changed could not be kept", said(complaint) or "git fast-import ended early")
        return oid

    def _wait(self) -> int:
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        for descriptor in (self.input, self.output, self.errors):
            if descriptor >= 0:
                os.close(descriptor)
        return status


def _all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 65536):
        parts.append(part)
    return b"".join(parts)


def path_words(path: bytes) -> bytes:
    """A path as fast-import reads it at a line's end."""
    if path[:1] != b'"' and b"\n" not in path:
        return path
    quoted = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + quoted + b'"'
