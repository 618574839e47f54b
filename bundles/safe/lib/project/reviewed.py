"""What there is to review: the changes with a verdict each, the notes, and the hash that stands for all of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from project import document, links, locks, mentions, merge, packages, risky, rules, words
from project.basis import Basis
from project.data import Change, Entry
from project.host import Blocked
from project.risky import Reason
from project.scan import Scan
from project.settings import Settings
from project.tree import LARGEST
from project.verdict import Verdict, judge
from project.withheld import Withheld

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from project.data import Note
    from project.host import Host
    from project.patch import Told
    from project.track import Track

# How much of what is asked for is fetched ahead, by one process of git.
AHEAD_BYTES, AHEAD = 16 << 20, 4096
# The length of git's names in the tracking repository.
OID = 40
NOTES = {
    "device": "a device",
    "fifo": "a named pipe",
    "socket": "a socket",
    "set-id": "a set-user-id or set-group-id bit: the file comes back without it",
    "hard-link": "a second name of a file",
    "large": "larger than what is tracked",
    "many": "more files than what is tracked",
    "deep": "deeper than what is tracked",
    "unreadable": "could not be read",
    "git": "git's own folder is never touched",
    "odd-name": "a name that no project has",
    "mount": "another filesystem",
    "ignored": "left out, as .gitignore says, or as what a tool keeps for itself",
    "base-unknown": "which version of it the sandbox had is not known: it comes back only where the host has the same",
}


CLOSED = Reason("closed", "the project's own version may not be read, so nobody can tell what became of it")


class Blobs:
    """Contents by name. What is asked for in the given order is fetched in large parts."""

    def __init__(
        self, track: Track, entries: Iterable[Entry | None], others: Mapping[str, bytes] | None = None
    ) -> None:
        self.track, self.others = track, others or {}
        self.order = [entry for entry in entries if entry is not None and entry.oid not in self.others]
        self.place = {entry.oid: number for number, entry in reversed(list(enumerate(self.order)))}
        self.held: dict[str, bytes] = {}

    def __call__(self, oid: str) -> bytes:
        """A blob's content."""
        if oid in self.others:
            return self.others[oid]
        if oid not in self.held:
            self.held = self.track.blobs(self._part(oid))
        return self.held[oid]

    def _part(self, oid: str) -> list[str]:
        start, size = self.place.get(oid), 0
        part = [oid]
        for entry in self.order[start + 1 : start + AHEAD] if start is not None else ():
            size += entry.size
            if size > AHEAD_BYTES:
                break
            part.append(entry.oid)
        return part


@dataclass(frozen=True)
class Reviewed:
    """One state against an older one. `hash` names all that `apply` could bring back; empty where nothing changed."""

    commit: str
    hash: str
    verdicts: Sequence[Verdict] = ()
    notes: Sequence[Note] = ()
    # Where the host had moved on when the sandbox made its change: that is a change of the newer version.
    newer: frozenset[bytes] = frozenset()
    # What the sandbox removed and the host does not have as it was removed: nothing comes from there by a new name.
    apart: frozenset[bytes] = frozenset()

    def offered(self) -> list[Change]:
        """What may come back, held back or not."""
        return [one.change for one in self.verdicts if not one.never]

    def wanted(self, accepted: Iterable[bytes] = ()) -> list[Verdict]:
        """What comes back: all that is neither held back nor never brought back, and what was accepted."""
        accepted = frozenset(accepted)
        return [one for one in self.verdicts if not one.never and (not one.held or one.change.path in accepted)]

    def held(self) -> list[Verdict]:
        """What is held back."""
        return [one for one in self.verdicts if one.held and not one.never]

    def never(self) -> list[Verdict]:
        """What can be tracked, but never comes back."""
        return [one for one in self.verdicts if one.never]

    def never_notes(self) -> list[Note]:
        """What cannot be tracked, or judged; of the rest of what has no known base it is known when it is merged."""
        tracked = {one.change.path for one in self.verdicts}
        return [note for note in self.notes if note.kind != "base-unknown" or note.path not in tracked]

    def doubtful(self) -> list[Note]:
        """What comes back only where the host has the same."""
        left = {one.change.path for one in self.never()} | {note.path for note in self.never_notes()}
        return [note for note in self.notes if note.kind == "base-unknown" and note.path not in left]


def gather(
    track: Track,
    host: Host | None,
    old: str | None = None,
    new: str | None = None,
    theirs: Collection[bytes] = (),
) -> Reviewed:
    """What the sandbox changed since entry, or from one commit to another.

    Of `theirs` it is what they change of the host's own versions: these go, whatever they were at entry.
    """
    new = new or track.head()
    if new is None:
        return Reviewed("", "")
    scan = Scan(host.real) if host else None
    changes = track.changes(old, new)
    contents: dict[str, bytes] = {}
    if host and theirs:
        changes = [replaced(change, host, contents) if change.path in theirs else change for change in changes]
    blobs = Blobs(track, _looked_into(changes), contents)
    linked = any(each.new and each.new.mode == risky.LINK for each in changes)
    withheld = Withheld.of(track.state) if linked else None
    verdicts = _without_closed(judge(changes, blobs, host, scan, withheld), host)
    newer = Basis(track.state).newer() if old is None else frozenset()
    # Without a new name nothing can be renamed.
    fresh = old is None and any(each.old is None for each in changes)
    apart = frozenset(each.path for each in changes if fresh and each.new is None and not _had(each, host))
    return Reviewed(new, track.tree_id(new), verdicts, track.notes(new), newer, apart)


def _had(change: Change, host: Host | None) -> bool:
    """Whether the host has the version that a change begins with."""
    try:
        return host is not None and merge.has(host, change.path, host.look(change.path), change.old)
    except (OSError, Blocked):
        return False


def replaced(change: Change, host: Host, contents: dict[str, bytes]) -> Change:
    """The change of what the host has now; its content, where somebody may look into it, joins `contents`."""
    try:
        now = host.look(change.path)
    except Blocked:
        return change
    if now is None or now.kind not in ("file", "link"):
        return Change(change.path, None, change.new)
    oid = host.oid(change.path, now, OID)
    if now.size <= LARGEST:
        contents[oid] = host.content(change.path, now)
    return Change(change.path, Entry(merge.mode_of(now), oid, now.size), change.new)


def _without_closed(verdicts: Sequence[Verdict], host: Host | None) -> Sequence[Verdict]:
    """The same, but what the project has and this user may not read is left aside: it could only be a conflict."""
    if host is None:
        return verdicts
    return [
        Verdict(one.change, never=CLOSED) if not one.never and host.closed(one.change.path) else one for one in verdicts
    ]


def project(state: str) -> bytes:
    """The project's folder."""
    return Settings.load(state).project


def _looked_into(changes: Sequence[Change]) -> list[Entry | None]:
    """What a verdict depends on: links, and what is judged by its content, in the order of the judges."""
    by_content = (change for change in changes if packages.is_package(change.path))
    read = [entry for change in by_content for entry in (change.old, change.new) if entry and entry.size <= LARGEST]
    made = [change.new for change in changes if change.new and change.new.mode == risky.LINK]
    return [
        *(entry for entry in made if entry.size <= links.LONGEST),
        *read,
        *locks.looked_into(changes),
        *mentions.looked_into(changes),
    ]


def match(spelled: Sequence[str], paths: Iterable[bytes]) -> dict[str, list[bytes]]:
    """The paths that words of a command line mean: as they are, or as we show them; a folder means all below it."""
    named: dict[bytes, str] = {}
    for each in spelled:
        named[os.fsencode(each).rstrip(b"/")] = each
    shown = {word.rstrip("/"): word for word in spelled}
    found: dict[str, list[bytes]] = {word: [] for word in spelled}
    for path in paths:
        ways = [path, *(path[:at] for at, char in enumerate(path) if char == 0x2F)]
        hits = {named.get(way) or shown.get(words.path(way)) for way in ways}
        for word in hits:
            if word is not None:
                found[word].append(path)
    return found


def as_json(reviewed: Reviewed, told: Mapping[bytes, Told]) -> dict[str, Any]:
    """The document of `review --json`."""
    renamed = sum(1 for one in told.values() if one.source is not None)
    statuses = [verdict.change.status.value for verdict in reviewed.verdicts]
    return {
        "commit": reviewed.commit,
        "hash": reviewed.hash,
        "summary": {
            **{status: statuses.count(status) for status in ("added", "changed", "removed")},
            "renamed": renamed,
            "modes": sum(_mode_changed(verdict.change) for verdict in reviewed.verdicts),
            "held": len(reviewed.held()),
            "never": len(reviewed.never()) + len(reviewed.never_notes()),
        },
        "changes": [_change(reviewed, verdict, told.get(verdict.change.path)) for verdict in reviewed.verdicts],
        "notes": [{**document.of_note(note), "reason": why(note)} for note in reviewed.notes],
        "rules": rules.reference(),
    }


def why(note: Note) -> str:
    """A note's reason in words."""
    return NOTES.get(note.kind, note.kind)


def _mode_changed(change: Change) -> bool:
    return bool(change.old and change.new and change.old.mode != change.new.mode)


def _change(reviewed: Reviewed, verdict: Verdict, told: Told | None) -> dict[str, Any]:
    change = verdict.change
    found = {**document.of_change(change), "newer": change.path in reviewed.newer}
    if told is not None:
        found["lines"] = None if told.added is None else {"added": told.added, "removed": told.removed}
        if told.source is not None:
            found |= {"renamed_from": document.named(told.source), "similarity": told.similarity}
    found["held"] = [document.of_reason(reason) for reason in verdict.held]
    found["never"] = verdict.never and document.of_reason(verdict.never)
    return found
