"""Whom what comes back under another name is closed to: no file is opened by being renamed, moved or copied.

That holds over all applies: what one of them takes away is remembered, since another may bring it by a new name.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from itertools import chain

from project import records, risky
from project.alike import Alike
from project.failure import Failure
from project.host import Blocked
from project.modes import opened, usual
from project.records import parents
from project.scan import Scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from project.data import Change, Entry
    from project.host import Host, Seen
    from project.merge import Plan
    from project.modes import Modes
    from project.track import Track

    Gone = Mapping[bytes, tuple[int, tuple[str, ...]]]
    Had = Mapping[bytes, tuple[int, str]]

EVERYBODY = 0o777
# What applies have taken away that was closed: whom a file was open to, with all contents that it had at its path, and
# who might enter a folder, which ends in a slash here.
LIST = "taken.list"
# The length of git's names in the tracking repository.
OID = 40
# So many closed files, none of them large, are compared with what is new; of the rest the same content counts.
MOST, LARGEST, ALL = 2000, 1 << 20, 16 << 20


@dataclass(frozen=True)
class Closed:
    """Permissions that files, and the new folders they come in, have at most."""

    files: dict[bytes, int] = field(default_factory=dict)
    folders: dict[bytes, int] = field(default_factory=dict)

    def file(self, path: bytes) -> int:
        """Those of a file."""
        return self.files.get(path, EVERYBODY)

    def within(self, folders: Mapping[bytes, int | None]) -> dict[bytes, int | None]:
        """The permissions of folders, none wider than it may be."""
        return {**folders, **{path: (folders.get(path) or EVERYBODY) & mode for path, mode in self.folders.items()}}


def taken(state: str) -> Gone:
    """What applies have taken away that was closed."""
    content = records.read(os.path.join(state, LIST))
    found = ((path, words.decode("ascii").split()) for path, words in (records.split(content)[1] if content else ()))
    return {path: (int(mode, 8), tuple(oids)) for path, (mode, *oids) in found}


def keep(state: str, host: Host, plan: Plan) -> None:
    """Writes down what an apply is about to take away, if it is closed, also where another version comes in its place:
    that content is on the host no longer, and the sandbox may still have it."""
    found, known = dict(taken(state)), _Known(host, {})
    for take in plan.takes:
        mode = known.entered(take.path) if take.seen.kind == "folder" else opened(take.seen.mode)
        mode &= known.way(take.path)
        if take.seen.kind not in ("file", "folder") or mode == EVERYBODY:
            continue
        path = take.path + (b"/" if take.seen.kind == "folder" else b"")
        before, oids = found.get(path, (EVERYBODY, ()))
        fresh = (host.oid(path, take.seen, OID),) if take.seen.kind == "file" else ()
        found[path] = (mode & before, tuple(dict.fromkeys((*oids, *fresh))))
    if found:
        listed = ((path, " ".join((f"{mode:o}", *oids)).encode()) for path, (mode, oids) in sorted(found.items()))
        records.write(os.path.join(state, LIST), records.join(listed), durable=True)


def had(track: Track, commit: str, own: Modes) -> Had:
    """What the sandbox was given of all that it touched, come what may of it: permissions and content at entry."""
    bases = ((path, base) for path, (base, _) in track.touched(commit).items())
    return {
        path: (own.base.get(path, usual(base[0])), base[1]) for path, base in bases if base and base[0] in risky.FILES
    }


def of(
    changes: Sequence[Change],
    host: Host,
    base: Had,
    blob: Callable[[str], bytes],
    gone: Gone | None = None,
) -> Closed:
    """What is closed of the changes, as the files are that have the same content, or the half of which is in a new one.

    `base` is what the sandbox was given, which the host may have no longer; `gone` is what applies have taken away.
    """
    # What is empty has nothing to hide.
    files = {one.path: one.new for one in changes if one.new and one.new.mode in risky.FILES and one.new.size}
    found, known = Closed(), _Known(host, gone or {})
    sources = list(known.sources(base)) if files else []
    were = {one.path for one in changes if one.old and one.old.mode in risky.FILES}
    fresh = {path: entry for path, entry in files.items() if path not in were}
    for path, source in chain(_same(files, sources, host), _halves(fresh, sources, host, blob)):
        if source.path != path or source.seen is None:
            _close(found, path, source, known)
    return found


def _close(found: Closed, path: bytes, source: _Source, known: _Known) -> None:
    """Closes a path to all whom its source is closed to."""
    there = {folder for folder in parents(path) if known.seen(folder, "folder")}
    above = [known.entered(folder) for folder in parents(source.path) if folder not in there]
    for mode in (source.mode, *above):
        found.files[path] = found.file(path) & mode
    for mode in above:
        for folder in parents(path):
            found.folders[folder] = found.folders.get(folder, EVERYBODY) & mode


@dataclass(frozen=True)
class _Source:
    """A file that is open to no more than `mode`: on the host as it was `seen`, or gone, and then of this content, the
    size of which is not always known."""

    path: bytes
    mode: int
    size: int
    oid: str = ""
    seen: Seen | None = None


class _Known:
    """Whom files and folders are open to: on the host, or when an apply took them away, or at entry."""

    def __init__(self, host: Host, gone: Gone) -> None:
        self.host, self.gone = host, gone
        self.folders: dict[bytes, int] = {}

    def seen(self, path: bytes, kind: str) -> Seen | None:
        """What of such a kind the host has at a path."""
        try:
            found = self.host.look(path)
        except (OSError, Blocked):
            return None
        return found if found is not None and found.kind == kind else None

    def entered(self, folder: bytes) -> int:
        """Who may enter a folder, or might when it was there."""
        if folder not in self.folders:
            seen, mode = self.seen(folder, "folder"), self.gone.get(folder + b"/", (EVERYBODY, ()))[0]
            if seen is not None:
                mode = 0o700 | (0o070 if seen.mode & 0o010 else 0) | (0o007 if seen.mode & 0o001 else 0)
            self.folders[folder] = mode
        return self.folders[folder]

    def way(self, path: bytes) -> int:
        """Who may enter all folders on the way to a path."""
        mode = EVERYBODY
        for folder in parents(path):
            mode &= self.entered(folder)
        return mode

    def sources(self, base: Had) -> Iterator[_Source]:
        """All files that are closed to somebody, for their own permissions or for a folder's."""
        for path in Scan(self.host.real).wait().files:
            seen = self.seen(path, "file")
            if seen is not None and seen.size and opened(seen.mode) & self.way(path) != EVERYBODY:
                yield _Source(path, opened(seen.mode), seen.size, seen=seen)
        for path, (mode, oids) in self.gone.items():
            yield from (_Source(path, mode, -1, oid) for oid in oids if oid != self._now(path))
        for path, (mode, oid) in base.items():
            mode = opened(mode) & self.way(path)
            if mode != EVERYBODY and oid != self._now(path):
                yield _Source(path, mode, -1, oid)

    def _now(self, path: bytes) -> str:
        """The content of what the host has at a path: of what was not taken away after all it knows better."""
        seen = self.seen(path, "file")
        with contextlib.suppress(OSError, Blocked):
            return self.host.oid(path, seen, OID) if seen else ""
        return ""


def _same(files: Mapping[bytes, Entry], sources: Iterable[_Source], host: Host) -> Iterator[tuple[bytes, _Source]]:
    """The files with the content of a closed one: those of the host alone are read that may be one of these."""
    named: dict[str, list[bytes]] = {}
    for path, entry in files.items():
        named.setdefault(entry.oid, []).append(path)
    lengths = {entry.size: len(entry.oid) for entry in files.values()}
    for source in sources:
        oid = source.oid
        if source.seen is not None and source.size in lengths:
            with contextlib.suppress(OSError, Blocked):
                oid = host.oid(source.path, source.seen, lengths[source.size])
        yield from ((path, source) for path in named.get(oid, ()))


def _halves(
    files: Mapping[bytes, Entry], sources: Iterable[_Source], host: Host, blob: Callable[[str], bytes]
) -> Iterator[tuple[bytes, _Source]]:
    """The files in which the half of a closed one is, or more."""
    compared: list[tuple[_Source, bytes]] = []
    room = ALL
    for source in sorted(sources, key=lambda one: one.mode) if files else ():
        if len(compared) < MOST and source.size <= min(LARGEST, room):
            with contextlib.suppress(OSError, Blocked, Failure, KeyError):
                seen = source.seen
                content = blob(source.oid) if seen is None else host.content(source.path, seen)
                if len(content) <= min(LARGEST, room):
                    compared.append((source, content))
                    room -= len(content)
    alike = Alike(content for _, content in compared)
    for path, entry in files.items() if compared else ():
        if entry.size <= LARGEST:
            yield from ((path, compared[number][0]) for number in alike.within(blob(entry.oid)))
