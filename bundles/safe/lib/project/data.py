"""What the parts of the project's copy tell each other: frozen data, and the words for what cannot be brought back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional


class Failure(Exception):
    """What could not be done, why, and the command that mends it; `code` is the exit code of DESIGN.md (1 to 4)."""

    def __init__(self, what: str, why: str = "", mend: str = "", code: int = 1) -> None:
        super().__init__(what)
        self.what, self.why, self.mend, self.code = what, why, mend, code


@dataclass(frozen=True)
class Entry:
    """A file or a symbolic link as the tracking repository has it.

    `mode` is git's (0o100644, 0o100755, 0o120000), `oid` the blob's name, `size` its bytes.
    """

    mode: int
    oid: str
    size: int


class Status(Enum):
    """How a path differs between two states."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class Change:
    """One path that differs: `path` is relative to the project's root, as the bytes that the filesystem has."""

    path: bytes
    old: Optional[Entry]
    new: Optional[Entry]

    @property
    def status(self) -> Status:
        """Added, changed or removed."""
        if self.old is None:
            return Status.ADDED
        return Status.REMOVED if self.new is None else Status.CHANGED


@dataclass(frozen=True)
class Note:
    """Something in the sandbox's copy that is never brought back, since git cannot hold it or nobody should.

    `kind` is one of: device, fifo, socket, set-id, hard-link, large, unreadable, git, odd-name, mount. For `git` the path is the
    folder (or file) called .git, and `count` and `size` are what lies below it.
    """

    path: bytes
    kind: str
    size: int = 0
    count: int = 1
