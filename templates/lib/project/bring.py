"""Brings a plan into the project as one act: staged, journalled, moved, and kept only when all of it is there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from dataclasses import replace

from project import disk, words
from project.failure import Failure, reason
from project.host import Blocked, Host, split
from project.record import DONE, MOVING, STAGING, Journal, Moved, Record
from project.stage import Stage
from project.swap import Moving, Swap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from project.merge import Plan

    Finish = Callable[[Mapping[str, Any]], None]

AGAIN = "scripts/apply.sh   (again; scripts/review.sh shows what would come)"


@contextlib.contextmanager
def opened(state: str) -> Iterator[Journal]:
    """The journal in a state folder, for one process at a time."""
    journal = Journal(os.path.join(state, "apply"))
    try:
        with open(os.path.join(journal.path, "lock"), "wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Failure(
                    "another apply is at work on this project",
                    "",
                    "scripts/apply.sh   (again, when that one has ended)",
                    4,
                ) from None
            yield journal
    finally:
        journal.close()


def bring(host: Host, journal: Journal, plan: Plan, told: Mapping[str, Any], finish: Finish) -> None:
    """The whole plan, or nothing of it. `told` is what `finish` needs, now or after a crash."""
    root = os.fstat(host.fd)
    record = Record(f".gen-apply-{secrets.token_hex(8)}", STAGING, (root.st_dev, root.st_ino), told=told)
    journal.write(record)
    stage = Stage(host, record.name)
    try:
        stage.make()
        takes = tuple(Moved(take.path, take.seen, host.inode(split(take.path)[0])) for take in plan.takes)
        record = replace(record, phase=MOVING, takes=takes, puts=stage.fill(plan))
        journal.write(record)
        Swap(host, stage, record).forward()
        journal.write(replace(record, phase=DONE))
    except BaseException as error:
        _undo(host, journal, record)
        raise _why(error) from None
    _close(host, journal, record, finish)


def recover(root: bytes, journal: Journal, finish: Finish) -> str | None:
    """Ends what an apply left that was killed: back to the old tree, or on to the new one. Says which, if any."""
    record = journal.read()
    if record is None:
        return None
    with Host(root) as host:
        now = os.fstat(host.fd)
        if (now.st_dev, now.st_ino) != record.root:
            raise Failure(
                "an apply was interrupted, and the project's folder is another one now",
                f"{host.root} is not the folder that it was. The old files are in {record.name}/old of that folder.",
                "move the project's folder back to its place, then: scripts/apply.sh --recover",
                3,
            )
        if record.phase == DONE:
            _close(host, journal, record, finish)
            return "done"
        _undo(host, journal, record)
        return "undone"


def _undo(host: Host, journal: Journal, record: Record) -> None:
    try:
        _undo_all(host, journal, record)
    except OSError as error:
        raise Failure(
            "an apply could not be undone", reason(error), "mend that, then: scripts/apply.sh --recover", 3
        ) from None


def _undo_all(host: Host, journal: Journal, record: Record) -> None:
    if record.phase == MOVING:
        if left := _back(host, record):
            names = "\n".join(words.path(path) for path in left[:20])
            raise Failure(
                "an apply could not be undone wholly",
                f"{names}\nSomebody changed them meanwhile. The old files are in {host.root}/{record.name}/old.",
                "move these out of the way, then: scripts/apply.sh --recover",
                3,
            )
        journal.write(replace(record, phase=STAGING))
    _clean(host, record)
    journal.clear()


def _back(host: Host, record: Record) -> list[bytes]:
    try:
        return Swap(host, Stage(host, record.name), record).back()
    except OSError as error:
        why = f"{host.root}/{record.name}: {error.strerror}"
        raise Failure("an apply could not be undone", why, "mend that, then: scripts/apply.sh --recover", 3) from None


def _close(host: Host, journal: Journal, record: Record, finish: Finish) -> None:
    """After the last move: the old files go, and what was applied is the sandbox's new base."""
    try:
        # In this order: as long as a file has a second name in the staging folder, its status is not the last one.
        _clean(host, record)
        finish(record.told)
        journal.clear()
    except (Failure, OSError) as error:
        what = "the changes are in the project, and the sandbox's own record could not be moved on"
        why = reason(error) if isinstance(error, OSError) else f"{error.what}\n{error.why}"
        raise Failure(what, why, "mend that, then: scripts/apply.sh --recover", 3) from None


def _clean(host: Host, record: Record) -> None:
    try:
        disk.remove(host.fd, record.name.encode("ascii"))
    except OSError as error:
        where = f"{host.root}/{record.name}"
        raise Failure("a staging folder could not be removed", f"{where}: {error.strerror}", AGAIN, 3) from None


def _why(error: BaseException) -> BaseException:
    """What stopped it, in words."""
    if isinstance(error, (Moving, Blocked)):
        path = words.path(error.path)
        return Failure(
            "the project changed while apply was at work; nothing is changed by it", f"{path} {error}", AGAIN
        )
    if isinstance(error, OSError):
        why = f"{error.strerror}. Nothing is changed."
        return Failure("the changes could not be brought into the project", why, "mend that, then: scripts/apply.sh")
    return error
