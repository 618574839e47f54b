"""Trees of a project in three versions, and what apply makes of them: shared by the tests of review and apply."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from project import bring, merge
from project.closed import Closed
from project.data import Change, Entry
from project.git import Git
from project.host import Host

# A path's version: text is a file, `(text, 0o755)` one with a mode, `Link("target")` a link. Absent means none.
Tree = Mapping[str, "str | bytes | tuple[str, int] | Link"]


class Link(str):
    """A symbolic link's target."""

    __slots__ = ()


def make(root: Path, tree: Tree) -> Path:
    """Writes a tree below a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, value in tree.items():
        path = Path(os.fsdecode(os.fsencode(root / name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, Link):
            path.symlink_to(value)
            continue
        text, mode = value if isinstance(value, tuple) else (value, 0o644)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
    return root


def snapshot(root: Path) -> dict[str, object]:
    """Everything below a folder: kind, mode, content. Times are not part of it, the staging folder is."""
    found: dict[str, object] = {}
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            path = Path(folder, name)
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            key = str(path.relative_to(root))
            if stat.S_ISLNK(status.st_mode):
                found[key] = ("link", str(path.readlink()))
            elif stat.S_ISREG(status.st_mode):
                found[key] = ("file", mode, path.read_bytes(), status.st_uid, status.st_gid)
            else:
                found[key] = ("folder" if stat.S_ISDIR(status.st_mode) else "other", mode)
    return found


class Versions:
    """The changes from one tree to another, with their blobs, as the tracking repository gives them."""

    def __init__(self, base: Tree, sandbox: Tree) -> None:
        self.blobs: dict[str, bytes] = {}
        old, new = ({os.fsencode(name): self._entry(value) for name, value in tree.items()} for tree in (base, sandbox))
        paths = sorted(old.keys() | new.keys())
        self.changes = [Change(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]

    def _entry(self, value: object) -> Entry:
        text, bits = value if isinstance(value, tuple) else (value, 0o644)
        content = text if isinstance(text, bytes) else str(text).encode()
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        self.blobs[oid] = content
        mode = 0o120000 if isinstance(value, Link) else 0o100755 if bits & 0o100 else 0o100644
        return Entry(mode, oid, len(content))

    def blob(self, oid: str) -> bytes:
        """A blob's content."""
        return self.blobs[oid]


def planned(
    host: Host, versions: Versions, scratch: Path, unknown: tuple[bytes, ...] = (), shut: Closed | None = None
) -> merge.Plan:
    """The plan for all of the changes."""
    scratch.mkdir(exist_ok=True)
    merger = merge.merger(Git(scratch), str(scratch))
    return merge.plan(versions.changes, versions.blob, host, unknown, merger, closed=shut)


def apply(project: Path, state: Path, versions: Versions) -> merge.Plan:
    """Plans and brings it in, as the command does."""
    state.mkdir(exist_ok=True)
    with bring.opened(str(state)) as journal, Host(os.fsencode(project)) as host:
        plan = planned(host, versions, state)
        if not plan.conflicts:
            bring.bring(host, journal, plan, {}, no_more)
        return plan


def no_more(told: object) -> None:
    """What follows an apply, where nobody keeps track."""


def recover(project: Path, state: Path) -> str | None:
    """What the next command does first."""
    with bring.opened(str(state)) as journal:
        return bring.recover(os.fsencode(project), journal, no_more)


# Everything that apply asks the system for.
CALLS = (
    *("open", "write", "read", "close", "fsync", "rename", "link", "unlink", "rmdir", "mkdir", "symlink", "readlink"),
    *("chown", "fchmod", "stat", "fstat", "listdir"),
)


def in_child(action: Callable[[], object], *, kill_at: int = 0) -> tuple[bool, int]:
    """Runs something in a process of its own that is killed right before its n-th call to the system, if any.

    Returns whether it was killed, and how many calls it made otherwise.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        count = 0

        def counted(original: Callable[..., object]) -> Callable[..., object]:
            def call(*args: object, **named: object) -> object:
                nonlocal count
                count += 1
                if count == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*args, **named)

            return call

        real_write, real_exit = os.write, os._exit
        for name in CALLS:
            setattr(os, name, counted(getattr(os, name)))
        try:
            action()
            real_write(writer, str(count).encode())
        except BaseException as error:
            real_write(sys.stderr.fileno(), f"{error!r}\n".encode())
            real_exit(1)
        real_exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        told = file.read()
    status = os.waitpid(child, 0)[1]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and os.waitstatus_to_exitcode(status) != 0:
        raise AssertionError("the child failed by itself")
    return killed, int(told or 0)
