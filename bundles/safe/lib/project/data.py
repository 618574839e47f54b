"""What the parts of the project's copy tell each other: frozen data, and the words for what cannot be brought back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from project.failure import Failure as Failure


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
    old: Entry | None
    new: Entry | None

    @property
    def status(self) -> Status:
        """Added, changed or removed."""
        if self.old is None:
            return Status.ADDED
        return Status.REMOVED if self.new is None else Status.CHANGED


@dataclass(frozen=True)
class Note:
    """Something in the sandbox's copy that is never brought back, since git cannot hold it or nobody should.

    `kind` is one of: device, fifo, socket, set-id, hard-link, large, many, deep, unreadable, git, odd-name, mount,
    ignored, and `base-unknown`: the version at entry is not known, since it was left out, or changed on the host first.
    For `git`, `many`, `deep` and `ignored` the path may be a folder, and `count` and `size` are what lies below it.
    """

    path: bytes
    kind: str
    size: int = 0
    count: int = 1


@dataclass(frozen=True)
class Commit:
    """One command's changes: `command` ran, ended with `code` after `seconds`, at the Unix time `time`.

    Those of `beside` ran at that moment as well: nobody can tell which of them changed what.

    `kind` is command, outside (what changed outside a command), moment (what a look found while `running` commands
    were at work), undo, or applied (what came back is the new base). Where a command's script was killed, no `code` is
    known. `began` is the commit before the command, empty where that is the entry; None where nobody wrote it down.
    """

    oid: str
    kind: str
    command: str
    code: int | None
    seconds: float
    time: int
    beside: tuple[str, ...] = ()
    began: str | None = None
    running: int = 0
