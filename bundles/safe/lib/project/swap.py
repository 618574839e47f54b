"""Moves what is staged into the project, and back: after any end it is wholly the new tree, or wholly the old one.

A move is looked at from both sides: before it, that what is there is still what was planned with; after it, that just
this was moved. What was found out is never written down: what stands where, by its inode, tells how far apply came.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time

from project import disk
from project.host import Blocked, Host, look, split
from project.stage import GONE, NEW, OLD, Stage, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from project.host import Seen
    from project.record import Moved, Record

# What a filesystem without hard links says.
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)

ATTEMPTS, PAUSE = 50, 0.02


class Moving(Exception):
    """Something on the host changed while apply moved files: all is undone."""

    def __init__(self, path: bytes, why: str) -> None:
        super().__init__(why)
        self.path, self.why = path, why


class Swap:
    """The moves of one record."""

    def __init__(self, host: Host, stage: Stage, record: Record) -> None:
        self.host, self.stage, self.record = host, stage, record

    def forward(self) -> None:
        """Takes, puts, and looks at the outcome. Raises Moving or OSError anywhere; then `back` is due."""
        with self._parts() as (new, old, _):
            for number, moved in enumerate(self.record.takes):
                self._take(moved, old, b"%d" % number)
            for number, moved in enumerate(self.record.puts):
                self._put(moved, new, b"%d" % number)
            self._verify(old)
            self._settle(new, old)

    def back(self) -> list[bytes]:
        """Undoes all that was done, from any state, as often as wanted. Gives the paths that could not be undone."""
        for _ in range(ATTEMPTS):
            # First through the folders that are still open, wherever somebody moved them meanwhile. Then by walking
            # there anew: whoever swaps a folder for a link in a loop swaps it back too, and then is the time.
            if not (left := self._back()):
                break
            self.host.forget()
            time.sleep(PAUSE)
        return left

    def _back(self) -> list[bytes]:
        left: list[bytes] = []
        with self._parts() as (new, old, gone):
            for number, moved in reversed(list(enumerate(self.record.puts))):
                left += self._unput(moved, gone, b"%d" % number)
                left += self._unmeant(moved, gone, b"%d" % number)
            for number, moved in reversed(list(enumerate(self.record.takes))):
                there = look(old, b"%d" % number)
                left += self._restore(moved, old, b"%d" % number, there) if there else []
            self._settle(new, old)
        return left + [moved.path for moved in self.record.puts if self._stands(moved)]

    @contextlib.contextmanager
    def _parts(self) -> Iterator[tuple[int, int, int]]:
        with self.stage.open(NEW) as new, self.stage.open(OLD) as old, self.stage.open(GONE) as gone:
            yield new, old, gone

    def _take(self, moved: Moved, old: int, number: bytes) -> None:
        folder, name = self._place(moved)
        now = look(folder, name)
        # The time of the last change tells of a write too that set the time of modification back.
        if now is None or not now.same(moved.seen) or (now.kind != "folder" and now != moved.seen):
            raise Moving(moved.path, "changed on the host just now")
        os.rename(name, number, src_dir_fd=folder, dst_dir_fd=old)
        if not moved.seen.same(look(old, number)) or (now.kind == "folder" and _names(old, number)):
            raise Moving(moved.path, "changed on the host just now")

    def _put(self, moved: Moved, new: int, number: bytes) -> None:
        folder, name = self._place(moved)
        if look(folder, name) is not None:
            raise Moving(moved.path, "appeared on the host just now")
        _move(new, number, folder, name, moved.seen)

    def _verify(self, old: int) -> None:
        """Looks once more, from the root: a folder that was moved away meanwhile took our files along."""
        with self.host.again() as fresh:
            for moved in self.record.puts:
                if not moved.seen.same(fresh.look(moved.path)):
                    raise Moving(moved.path, "was moved away on the host just now")
        for number, moved in enumerate(self.record.takes):
            if not moved.seen.same(look(old, b"%d" % number)):
                raise Moving(moved.path, "was written to on the host just now")

    def _settle(self, new: int, old: int) -> None:
        parents = {split(moved.path)[0] for moved in (*self.record.takes, *self.record.puts)}
        if not disk.one_by_one(len(parents)):
            disk.whole(self.host.fd)
            return
        for fd in (new, old, self.host.fd):
            os.fsync(fd)
        for parent in parents:
            with contextlib.suppress(FileNotFoundError, Blocked):
                os.fsync(self.host.folder(parent))

    def _unput(self, moved: Moved, gone: int, number: bytes) -> list[bytes]:
        if not self._stands(moved):
            return []
        try:
            folder, name = self._place(moved)
            os.rename(name, number, src_dir_fd=folder, dst_dir_fd=gone)
        except (OSError, Blocked, Moving):
            return [moved.path]
        return []

    def _stands(self, moved: Moved) -> bool:
        """Whether what we put is at its path."""
        now = self._now(moved.path)
        return now is not None and _is(now, moved.seen)

    def _unmeant(self, moved: Moved, gone: int, number: bytes) -> list[bytes]:
        """What was moved away while it was undone and is not ours goes back; ours, if somebody wrote to it, is kept."""
        now = look(gone, number)
        if now is None:
            return []
        if not _is(now, moved.seen):
            return self._restore(moved, gone, number, now)
        changed = not now.same(moved.seen) or (bool(moved.digest) and digest(gone, number) != moved.digest)
        return [moved.path] if changed else []

    def _restore(self, moved: Moved, source: int, number: bytes, there: Seen) -> list[bytes]:
        """Puts back what was moved away; a path where something else stands by now is left to the user."""
        try:
            folder, name = self._place(moved)
            now = look(folder, name)
            if now is not None and not _is(now, there):
                return [moved.path]
            if now is None:
                _move(source, number, folder, name, there)
            # A move of a file has two halves, and it may have been killed between them.
            with contextlib.suppress(FileNotFoundError):
                if there.kind != "folder":
                    os.unlink(number, dir_fd=source)
        except (OSError, Blocked, Moving):
            return [moved.path]
        return []

    def _place(self, moved: Moved) -> tuple[int, bytes]:
        """The open folder that a path is in, if it is still the one that it was in."""
        parent, name = split(moved.path)
        folder = self.host.folder(parent)
        if os.fstat(folder).st_ino != moved.folder:
            raise Moving(moved.path, "is in another folder on the host than just now")
        return folder, name

    def _now(self, path: bytes) -> Seen | None:
        try:
            return self.host.look(path)
        except Blocked:
            return None


def _is(one: Seen, other: Seen) -> bool:
    return (one.device, one.inode) == (other.device, other.inode)


def _move(source: int, number: bytes, folder: int, name: bytes, what: Seen) -> None:
    """Moves without replacing anything: a link is refused where a name is taken, which a rename is not."""
    if what.kind != "folder":
        try:
            os.link(number, name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
        else:
            return
    os.rename(number, name, src_dir_fd=source, dst_dir_fd=folder)


def _names(folder: int, name: bytes) -> list[str]:
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)
