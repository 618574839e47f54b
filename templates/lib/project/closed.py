"""Whom what comes back under another name is closed to: no file is opened by being renamed, moved or copied.

That holds over all applies: what one of them takes away is remembered, since another may bring it by a new name.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field, replace
from itertools import chain

from project import records, risky
from project.alike import Alike
from project.failure import Failure
from project.host import Blocked
from project.modes import opened
from project.records import parents
from project.scan import Scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from project.data import Change, Entry
    from project.host import Host, Seen
    from project.merge import Plan

    Gone = Mapping[bytes, tuple[int, str]]

EVERYBODY = 0o777
# What applies have taken away that was closed: whom a file was open to, or who might enter a folder, and its content.
LIST = "taken.list"
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
    found = records.split(content)[1] if content else ()
    return {path: (int(words[:3], 8), words[4:].decode("ascii")) for path, words in found}


def keep(state: str, host: Host, plan: Plan) -> None:
    """Writes down what an apply is about to take away, if it is closed: of what stays the host knows better."""
    known = _Known(host, {}, {})
    staying = {put.path for put in plan.puts if put.like is not None}
    found = dict(taken(state))
    for take in plan.takes:
        if take.path in staying or take.seen.kind not in ("file", "folder"):
            continue
        folder = take.seen.kind == "folder"
        mode = known.entered(take.path) if folder else known.read(take.path)
        if mode != EVERYBODY or any(known.entered(above) != EVERYBODY for above in parents(take.path)):
            found[take.path] = (mode, "" if folder else host.oid(take.path, take.seen, 40))
    content = records.join((path, b"%03o %b" % (mode, oid.encode())) for path, (mode, oid) in sorted(found.items()))
    if found:
        records.write(os.path.join(state, LIST), content, durable=True)


def of(
    changes: Sequence[Change],
    host: Host,
    base: Mapping[bytes, int],
    blob: Callable[[str], bytes],
    gone: Gone | None = None,
) -> Closed:
    """What is closed of the changes, as the files are that have the same content, or the half of which is in a new one.

    `base` are permissions at entry, of what is no longer on the host; `gone` is what applies have taken away.
    """
    # What is empty has nothing to hide.
    files = {one.path: one.new for one in changes if one.new and one.new.mode in risky.FILES and one.new.size}
    found, known = Closed(), _Known(host, base, gone or {})
    sources = list(known.sources(changes)) if files else []
    were = {one.path for one in changes if one.old and one.old.mode in risky.FILES}
    fresh = {path: entry for path, entry in files.items() if path not in were}
    for path, source in chain(_same(files, sources, host), _halves(fresh, sources, host, blob)):
        _close(found, path, source.path, known)
    return found


def _close(found: Closed, path: bytes, source: bytes, known: _Known) -> None:
    """Closes a path to all whom its source is closed to."""
    there = {folder for folder in parents(path) if known.seen(folder, "folder")}
    if source == path and known.seen(path, "file"):
        return
    above = [known.entered(folder) for folder in parents(source) if folder not in there]
    for mode in (known.read(source), *above):
        found.files[path] = found.file(path) & mode
    for mode in above:
        for folder in parents(path):
            found.folders[folder] = found.folders.get(folder, EVERYBODY) & mode


@dataclass(frozen=True)
class _Source:
    """A closed file: on the host as it was `seen`, or gone, and then of this content; its size is not always known."""

    path: bytes
    mode: int
    size: int
    oid: str = ""
    seen: Seen | None = None


class _Known:
    """Whom files and folders are open to: on the host, or when an apply took them away, or at entry."""

    def __init__(self, host: Host, base: Mapping[bytes, int], gone: Gone) -> None:
        self.host, self.base, self.gone = host, base, gone
        self.folders: dict[bytes, int] = {}

    def seen(self, path: bytes, kind: str) -> Seen | None:
        """What of such a kind the host has at a path."""
        try:
            found = self.host.look(path)
        except (OSError, Blocked):
            return None
        return found if found is not None and found.kind == kind else None

    def read(self, path: bytes) -> int:
        """Whom a file is open to, or was."""
        seen = self.seen(path, "file")
        if seen is not None:
            return opened(seen.mode)
        mode, oid = self.gone.get(path, (0, ""))
        return mode if oid else opened(self.base.get(path, EVERYBODY))

    def entered(self, folder: bytes) -> int:
        """Who may enter a folder, or might."""
        if folder not in self.folders:
            seen, (mode, oid) = self.seen(folder, "folder"), self.gone.get(folder, (EVERYBODY, ""))
            if seen is not None:
                mode, oid = 0o700 | (0o070 if seen.mode & 0o010 else 0) | (0o007 if seen.mode & 0o001 else 0), ""
            self.folders[folder] = EVERYBODY if oid else mode
        return self.folders[folder]

    def sources(self, changes: Iterable[Change]) -> Iterator[_Source]:
        """All files that are closed to somebody, for their own permissions or for a folder's; the narrowest first."""
        found = [_Source(path, 0, seen.size, seen=seen) for path, seen in self._files()]
        found += [_Source(path, 0, -1, oid) for path, (_, oid) in self.gone.items() if oid]
        old = ((one.path, one.old) for one in changes if one.old and one.path in self.base)
        found += [_Source(path, 0, entry.size, entry.oid) for path, entry in old if entry.mode in risky.FILES]
        for one in found:
            mode = opened(one.seen.mode) if one.seen else self.read(one.path)
            for folder in parents(one.path):
                mode &= self.entered(folder)
            if mode != EVERYBODY and (one.seen or not self.seen(one.path, "file")):
                yield replace(one, mode=mode)

    def _files(self) -> Iterator[tuple[bytes, Seen]]:
        for path in Scan(self.host.real).wait().files:
            seen = self.seen(path, "file")
            if seen is not None and seen.size:
                yield path, seen


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
                compared.append((source, blob(source.oid) if seen is None else host.content(source.path, seen)))
                room -= len(compared[-1][1])
    alike = Alike(content for _, content in compared)
    for path, entry in files.items() if compared else ():
        if entry.size <= LARGEST:
            yield from ((path, compared[number][0]) for number in alike.within(blob(entry.oid)))
