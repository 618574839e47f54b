"""What apply has to do to the host's project: three versions of each path become one, or a conflict."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field

from project import modes, risky, words
from project.closed import Closed
from project.failure import Failure
from project.host import Blocked, Host, Seen
from project.records import parents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from project.data import Change, Entry
    from project.git import Git
    from project.risky import Reason

    Blob = Callable[[str], bytes]
    Merge = Callable[[bytes, bytes, bytes], "bytes | None"]

LARGEST = 32 << 20


@dataclass(frozen=True)
class Put:
    """What is to stand at a path: `content` of git's `mode`. Owner and permissions are those of `like`, if any.

    It is open to nobody to whom the sandbox's was not: `own` are the permissions there.
    """

    path: bytes
    mode: int
    content: Callable[[], bytes]
    like: Seen | None = None
    merged: bool = False
    own: int = 0o777


@dataclass(frozen=True)
class Take:
    """What has to go from a path first: a file, a link, or a folder that is empty by then."""

    path: bytes
    seen: Seen


@dataclass(frozen=True)
class Conflict:
    """A path that cannot be brought back, and why. `held` holds the sandbox's version back if it comes whole, which it
    may: `whole`."""

    path: bytes
    why: str
    held: tuple[Reason, ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class Plan:
    """All that apply does, in this order: takes, then puts. `same` needs nothing: host and sandbox agree."""

    takes: tuple[Take, ...]
    puts: tuple[Put, ...]
    same: tuple[bytes, ...]
    conflicts: tuple[Conflict, ...]
    # Permissions of folders in the sandbox, where they are not the usual ones.
    folders: Mapping[bytes, int | None] = field(default_factory=dict)


def plan(
    changes: Sequence[Change],
    blob: Blob,
    host: Host,
    unknown: Collection[bytes],
    merge: Merge,
    own: modes.Modes | None = None,
    closed: Closed | None = None,
) -> Plan:
    """The three-way result of each change. `unknown` are paths whose version at entry nobody knows."""
    planner = _Planner(blob, host, unknown, merge, own or modes.Modes())
    planner.closed = closed or planner.closed
    for change in sorted(changes, key=lambda each: each.path):
        try:
            planner.decide(change)
        except Blocked as blocked:
            planner.conflict(change, f"{words.path(blocked.path)} {blocked.why}")
        except OSError as error:
            planner.conflict(change, f"it could not be read on the host: {error.strerror}")
    return planner.finish()


def merger(git: Git, scratch: str) -> Merge:
    """Merges text as git does; None where that is a conflict."""

    def merge(ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
        if any(b"\0" in text[:8000] or len(text) > LARGEST for text in (ours, base, theirs)):
            return None
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(text)
            try:
                return git.run("merge-file", "-p", "-q", "ours", "base", "theirs", cwd=folder)
            except Failure:
                return None

    return merge


class _Planner:
    def __init__(self, blob: Blob, host: Host, unknown: Collection[bytes], merge: Merge, own: modes.Modes) -> None:
        self.own, self.closed = own, Closed()
        self.blob, self.host, self.unknown, self.merge = blob, host, frozenset(unknown), merge
        self.takes: dict[bytes, Take] = {}
        self.puts: dict[bytes, Put] = {}
        self.same: list[bytes] = []
        self.conflicts: list[Conflict] = []
        self.folders: list[tuple[Change, Seen]] = []

    def conflict(self, change: Change, why: str) -> None:
        self.conflicts.append(Conflict(change.path, why))

    def decide(self, change: Change) -> None:
        """One path, after all those above it."""
        base, theirs, now = change.old, change.new, self._now(change.path)
        if now is not None and now.kind == "folder" and base is None and theirs is not None:
            # Whether the folder goes is known when all that is in it has been looked at.
            self.folders.append((change, now))
        elif has(self.host, change.path, now, theirs):
            self.same.append(change.path)
        elif change.path in self.unknown:
            self.conflict(change, "which version of it the sandbox had is not known, and host and sandbox differ")
        elif has(self.host, change.path, now, base):
            self._replace(change, now, theirs)
        else:
            self._both(change, now)

    def _now(self, path: bytes) -> Seen | None:
        try:
            return self.host.look(path)
        except Blocked as blocked:
            if blocked.path in self.takes:
                return None
            raise

    def _both(self, change: Change, now: Seen | None) -> None:
        base, theirs = change.old, change.new
        if now is None:
            self.conflict(change, "removed on the host, changed in the sandbox")
        elif theirs is None:
            self.conflict(change, "changed on the host, removed in the sandbox")
        elif base is None:
            self.conflict(change, "new on the host and in the sandbox, and not the same")
        elif now.kind != "file" or base.mode not in risky.FILES or theirs.mode not in risky.FILES:
            self.conflict(change, "changed on the host and in the sandbox, and at least one is no file")
        else:
            self._merge(change.path, now, base, theirs)

    def _merge(self, path: bytes, now: Seen, base: Entry, theirs: Entry) -> None:
        ours = self.host.content(path, now)
        same = self.host.oid(path, now, len(base.oid))
        merged = None
        if same == base.oid:
            merged = self.blob(theirs.oid)
        elif base.oid == theirs.oid:
            merged = ours
        else:
            merged = self.merge(ours, self.blob(base.oid), self.blob(theirs.oid))
        if merged is None:
            self.conflicts.append(Conflict(path, "changed on the host and in the sandbox, in the same place"))
            return
        mode = theirs.mode if mode_of(now) == base.mode else mode_of(now)
        self.takes[path] = Take(path, now)
        self.puts[path] = Put(path, mode, lambda: merged, now, merged=True, own=self._opened(path))

    def _replace(self, change: Change, now: Seen | None, theirs: Entry | None) -> None:
        if now is not None:
            self.takes[change.path] = Take(change.path, now)
        if theirs is not None:
            like = now if now is not None and now.kind == "file" and theirs.mode in risky.FILES else None
            own = self._opened(change.path)
            self.puts[change.path] = Put(change.path, theirs.mode, lambda: self.blob(theirs.oid), like, own=own)

    def _opened(self, path: bytes) -> int:
        return modes.opened(self.own.own.get(path, 0o777)) & self.closed.file(path)

    def finish(self) -> Plan:
        """The plan, with the folders that have to go, deepest first."""
        going: dict[bytes, Take] = {}
        for change, now in self.folders:
            if self._empties(change.path, now, going):
                self._replace(change, None, change.new)
            else:
                self.conflict(change, "a folder on the host, with more in it than the sandbox removed")
        self._emptied(going)
        folders = sorted(going.values(), key=lambda take: -take.path.count(b"/"))
        puts = tuple(self.puts[path] for path in sorted(self.puts))
        conflicts = tuple(sorted(self.conflicts, key=lambda each: each.path))
        shut = self.closed.within(self.own.folders)
        return Plan((*self.takes.values(), *folders), puts, tuple(self.same), conflicts, shut)

    def _empties(self, folder: bytes, now: Seen, going: dict[bytes, Take]) -> bool:
        """Whether nothing is left below a folder; all that is below it goes too."""
        found, todo = {}, [(folder, now)]
        while todo:
            path, there = todo.pop()
            found[path] = Take(path, there)
            for name in self.host.names(path):
                inner = path + b"/" + name
                below = self.host.look(inner)
                if inner in self.takes or below is None:
                    continue
                if below.kind != "folder":
                    return False
                todo.append((inner, below))
        going.update(found)
        return True

    def _emptied(self, going: dict[bytes, Take]) -> None:
        """As git does: a folder whose last file is removed goes too."""
        kept = {parent for path in self.puts for parent in parents(path)}
        left = {parent for path in self.takes if path not in self.puts for parent in parents(path)} - kept
        for folder in sorted(left, key=lambda path: -path.count(b"/")):
            names = (folder + b"/" + name for name in self.host.names(folder))
            if all(path in self.takes or path in going for path in names):
                now = self.host.look(folder)
                if now is not None and now.kind == "folder":
                    going[folder] = Take(folder, now)


def has(host: Host, path: bytes, now: Seen | None, entry: Entry | None) -> bool:
    """Whether the host has just this version at a path, where `now` stands."""
    if now is None or entry is None:
        return now is None and entry is None
    if now.kind not in ("file", "link") or now.size != entry.size or mode_of(now) != entry.mode:
        return False
    return host.oid(path, now, len(entry.oid)) == entry.oid


def mode_of(now: Seen) -> int:
    """Git's mode of what the host has."""
    if now.kind == "link":
        return risky.LINK
    return risky.EXECUTABLE if now.mode & 0o100 else 0o100644
