"""Makes all that is to be put, beside the project's files and on their filesystem, before a single one is moved."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shlex

from project import disk, risky, words
from project.failure import Failure
from project.host import FOLDER, Blocked, Host, Seen, look, split
from project.modes import opened
from project.record import Moved
from project.records import parents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from project.merge import Plan, Put

NEW, OLD, GONE = b"new", b"old", b"gone"
MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What a file is allowed by such an attribute is no longer meant for its new content.
KEPT_ATTRIBUTES = ("user.", "system.posix_acl_")


def _users_mask() -> int:
    """The mask that the user works with: scripts have one of their own for what they keep."""
    given = os.environ.get("GEN_UMASK", "")
    if re.fullmatch("0?[0-7]{1,3}", given):
        return int(given, 8)
    mask = os.umask(0)
    os.umask(mask)
    return mask


class Stage:
    """The staging folder of one apply: `new` holds what will be put, `old` what was taken, `gone` what is undone."""

    def __init__(self, host: Host, name: str) -> None:
        self.host, self.name = host, name.encode("ascii")
        owner = os.fstat(host.fd)
        self.uid, self.gid = owner.st_uid, owner.st_gid
        self.mask = _users_mask()
        self.folders: Mapping[bytes, int | None] = {}

    def make(self) -> None:
        """The empty folders; nobody else may look into them."""
        os.mkdir(self.name, 0o700, dir_fd=self.host.fd)
        with self.open() as fd:
            for part in (NEW, OLD, GONE):
                os.mkdir(part, 0o700, dir_fd=fd)

    @contextlib.contextmanager
    def open(self, part: bytes = b"") -> Iterator[int]:
        """The staging folder, or one of its parts."""
        fds = [os.open(self.name, FOLDER, dir_fd=self.host.fd)]
        try:
            if part:
                fds.append(os.open(part, FOLDER, dir_fd=fds[0]))
            yield fds[-1]
        finally:
            for fd in fds:
                os.close(fd)

    def fill(self, plan: Plan) -> tuple[Moved, ...]:
        """Stages each put of the plan; those below one new folder are put together with it. Durable on return."""
        units, self.folders = _units(plan, self.host), plan.folders
        each = disk.one_by_one(sum(map(len, units.values())))
        moved = []
        with self.open(NEW) as fd:
            for number, (top, puts) in enumerate(units.items()):
                for put in puts:
                    below = put.path[len(top) + 1 :] if put.path != top else b""
                    self._put(fd, b"%d" % number, below, put, each)
                moved.append(top)
            if not each:
                disk.whole(fd)
            return tuple(self._moved(fd, b"%d" % number, top) for number, top in enumerate(moved))

    def _moved(self, folder: int, name: bytes, path: bytes) -> Moved:
        there = look(folder, name)
        if there is None:
            raise OSError(errno.ESTALE, "a staged file went away")
        below = digest(folder, name) if there.kind == "folder" else ""
        return Moved(path, there, self.host.inode(split(path)[0]), below)

    def _put(self, top_folder: int, top: bytes, below: bytes, put: Put, sync: bool) -> None:
        """One file or link, in folders that are made on the way."""
        *folders, name = [top, *below.split(b"/")] if below else [top]
        folder = os.dup(top_folder)
        try:
            above = list(parents(put.path))
            for part, path in zip(folders, above[len(above) - len(folders) :]):
                inner = self._enter(folder, part, opened(self.folders.get(path) or 0o777))
                _sync(folder, sync)
                os.close(folder)
                folder = inner
            if put.mode == risky.LINK:
                os.symlink(put.content(), name, dir_fd=folder)
                self._own(folder, name, None)
            else:
                self._file(folder, name, put, sync)
            _sync(folder, sync)
        finally:
            os.close(folder)

    def _enter(self, folder: int, name: bytes, own: int) -> int:
        made = False
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
            self._own(folder, name, None)
            made = True
        inner = os.open(name, FOLDER, dir_fd=folder)
        if made:
            os.fchmod(inner, os.fstat(inner).st_mode & 0o7000 | 0o777 & ~self.mask & own)
        return inner

    def _file(self, folder: int, name: bytes, put: Put, sync: bool) -> None:
        fd = os.open(name, MAKE, 0o600, dir_fd=folder)
        try:
            disk.put(fd, put.content())
            self._own(folder, name, put.like, put.path)
            if put.like is not None:
                self._attributes(put, fd)
            os.fchmod(fd, _mode(put, self.mask))
            _sync(fd, sync)
        finally:
            os.close(fd)

    def _own(self, folder: int, name: bytes, like: Seen | None, path: bytes = b"") -> None:
        """The owner of the file that was there, else that of the project's folder."""
        uid, gid = (like.uid, like.gid) if like else (self.uid, self.gid)
        now = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if (now.st_uid, now.st_gid) == (uid, gid):
            return
        try:
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)
        except PermissionError:
            if like is not None:
                raise self._not_to_be_given(path, like) from None

    def _not_to_be_given(self, path: bytes, like: Seen) -> Failure:
        """Who has a file is kept, or nothing is done: its mode says what its group may."""
        file = shlex.quote(words.path(os.path.join(self.host.real, path)))
        if like.uid == os.geteuid():
            why = f"{file} is of group {like.gid}, and you are not in it."
            mend = f'chgrp "$(id -g)" {file}   (then again; or as root, which keeps the group)'
        else:
            why = f"{file} belongs to user {like.uid} and group {like.gid}, and you may not give files to them."
            mend = f'sudo chown "$(id -u):$(id -g)" {file}   (then again; or as root, which keeps the owner)'
        return Failure("a file's owner cannot be kept", why, mend)

    def _attributes(self, put: Put, fd: int) -> None:
        """What else a file has that stays with it: access lists, and a user's own attributes."""
        if not hasattr(os, "listxattr"):
            return
        parent, name = split(put.path)
        with contextlib.suppress(OSError), _reading(self.host, parent, name) as old:
            for attribute in os.listxattr(old):
                if attribute.startswith(KEPT_ATTRIBUTES):
                    os.setxattr(fd, attribute, os.getxattr(old, attribute))


def _sync(fd: int, wanted: bool) -> None:
    if wanted:
        os.fsync(fd)


@contextlib.contextmanager
def _reading(host: Host, parent: bytes, name: bytes) -> Iterator[int]:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=host.folder(parent))
    try:
        yield fd
    finally:
        os.close(fd)


def _mode(put: Put, mask: int) -> int:
    """The permissions: those of the file that was there, and to be executed by those who read it where that is new."""
    if put.like is None:
        return (0o777 if put.mode == risky.EXECUTABLE else 0o666) & ~mask & put.own
    mode = put.like.mode & 0o777 & put.own
    if put.mode != risky.EXECUTABLE:
        return mode & ~0o111
    return mode if mode & 0o100 else mode | 0o100 | ((mode & 0o444) >> 2 & ~mask)


def _units(plan: Plan, host: Host) -> dict[bytes, list[Put]]:
    """The puts by the topmost path that is not there yet, when all takes are done.

    Raises Blocked where a folder that something is taken from went away meanwhile: a new one is never put in its place.
    """
    taken = {take.path for take in plan.takes}
    emptied = {folder for path in taken for folder in parents(path)}
    missing: dict[bytes, bool] = {}
    units: dict[bytes, list[Put]] = {}
    for put in plan.puts:
        for folder in parents(put.path):
            if folder not in missing:
                missing[folder] = folder in taken or host.look(folder) is None
                if missing[folder] and folder in emptied - taken:
                    raise Blocked(folder, "was moved away on the host just now")
            if missing[folder]:
                units.setdefault(folder, []).append(put)
                break
        else:
            units[put.path] = [put]
    return units


def digest(folder: int, name: bytes) -> str:
    """What is in a folder, by names, kinds, inodes, sizes and times: equal as long as nobody changed anything."""
    lines = (path + b"\0" + repr(there.moved()).encode("ascii") for _, _, path, there in disk.below(folder, name))
    return hashlib.sha256(b"\0".join(sorted(lines))).hexdigest()
