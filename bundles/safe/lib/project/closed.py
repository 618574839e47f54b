"""Whom what comes back under another name is closed to: no file is opened by being renamed, moved or copied."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from project import risky
from project.host import Blocked
from project.modes import opened
from project.records import parents
from project.scan import Scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from project.data import Change, Entry
    from project.host import Host

EVERYBODY = 0o777


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


def of(changes: Sequence[Change], host: Host, sources: Mapping[bytes, bytes], base: Mapping[bytes, int]) -> Closed:
    """What is closed of the changes, as the files are that git takes for their old names (`sources`), or that have the
    same content. `base` are permissions at entry: of what is no longer on the host."""
    found = Closed()
    # What is empty has nothing to hide.
    files = {one.path: one.new for one in changes if one.new and one.new.mode in risky.FILES and one.new.size}
    same = _same(files.values(), host) if files else {}
    for path, entry in files.items():
        for source in dict.fromkeys((*filter(None, [sources.get(path)]), *same.get(entry.oid, ()))):
            if source == path:
                continue
            above = [_entered(host, folder) for folder in parents(source) if folder not in set(parents(path))]
            for mode in (_read(host, source, base), *above):
                found.files[path] = found.file(path) & mode
            for mode in above:
                for folder in parents(path):
                    found.folders[folder] = found.folders.get(folder, EVERYBODY) & mode
    return found


def _same(entries: Iterable[Entry], host: Host) -> dict[str, list[bytes]]:
    """The host's files that are closed to somebody, by their content: those alone that may be one of these."""
    lengths: dict[int, int] = {entry.size: len(entry.oid) for entry in entries}
    found: dict[str, list[bytes]] = {}
    for path in _closed(host, lengths):
        try:
            seen = host.look(path)
            if seen is not None and seen.kind == "file" and seen.size in lengths:
                found.setdefault(host.oid(path, seen, lengths[seen.size]), []).append(path)
        except (OSError, Blocked):
            continue
    return found


def _closed(host: Host, lengths: Mapping[int, int]) -> Iterator[bytes]:
    """The files of such a size that not everybody can read, for their own permissions or for a folder's."""
    for path in Scan(host.real).wait().files:
        try:
            there = os.lstat(os.path.join(host.real, path))
        except OSError:
            continue
        if there.st_size in lengths and (
            there.st_mode & 0o044 != 0o044 or any(_entered(host, folder) != EVERYBODY for folder in parents(path))
        ):
            yield path


def _read(host: Host, path: bytes, base: Mapping[bytes, int]) -> int:
    """Whom a file is open to, or was at entry."""
    try:
        seen = host.look(path)
    except (OSError, Blocked):
        seen = None
    if seen is not None and seen.kind == "file":
        return opened(seen.mode)
    return opened(base.get(path, EVERYBODY))


def _entered(host: Host, folder: bytes) -> int:
    """Who may enter a folder."""
    try:
        seen = host.look(folder)
    except (OSError, Blocked):
        seen = None
    if seen is None or seen.kind != "folder":
        return EVERYBODY
    return 0o700 | (0o070 if seen.mode & 0o010 else 0) | (0o007 if seen.mode & 0o001 else 0)
