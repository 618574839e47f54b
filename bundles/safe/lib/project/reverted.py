"""What an undo gives back: all that tells an older state of the copy from the newest, and what no undo can."""

from __future__ import annotations

from dataclasses import dataclass

from project import modes, words
from project.modes import Modes
from project.records import parents
from project.reviewed import NOTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from project.data import Entry, Note
    from project.track import Track

# Nothing is in them that could be lost.
LINK = 0o120000
EMPTY = ("device", "fifo", "socket")


@dataclass(frozen=True)
class Reverted:
    """The files and folders that change, each as it is to be; None is for one that is to be gone."""

    files: Mapping[bytes, Entry | None]
    folders: Mapping[bytes, int | None]
    permissions: Mapping[bytes, int]
    then: Modes
    entered: Mapping[bytes, int]
    notes: frozenset[Note]

    @classmethod
    def between(cls, track: Track, target: str | None, head: str | None) -> Reverted:
        """From the newest state to an older one."""
        then, now, entered = Modes.of(track.git, target), Modes.of(track.git, head), modes.entered(track.state)
        files = {change.path: change.old for change in track.changes(target, head)}
        notes = frozenset(track.notes(target) if target else ())
        made = {note.path for note in track.notes(head) if note.kind in EMPTY} if head else set()
        files.update((path, None) for path in made - {note.path for note in notes} - files.keys())
        folders = {}
        for path in {*then.folders, *now.folders}:
            wanted = then.folders.get(path, entered.get(path))
            if wanted != now.folders.get(path, entered.get(path)):
                folders[path] = wanted
        return cls(files, folders, _permissions(track, target, files, then, now), then, entered, notes)

    def stays(self, folder: bytes) -> bool:
        """Whether a folder was there then."""
        return self.then.folders.get(folder, self.entered.get(folder)) is not None

    def modes(self) -> Iterator[tuple[bytes, int]]:
        """The permissions of all that changes."""
        yield from self.permissions.items()
        yield from ((path, mode) for path, mode in self.folders.items() if mode is not None)

    def paths(self) -> list[bytes]:
        """All that changes; of a folder that comes or goes with files in it, the files."""
        found = {*self.files, *self.permissions}
        within = {folder for path in found for folder in parents(path)}
        return sorted(found | (self.folders.keys() - within))

    def left(self, track: Track) -> list[str]:
        """What differs all the same, a line each."""
        head = track.head()
        notes = frozenset(track.notes(head) if head else ())
        found = [(note, "") for note in notes - self.notes] + [
            (note, ", and it was there") for note in self.notes - notes
        ]
        shown = sorted((note.path, NOTES[note.kind], more) for note, more in found if note.kind != "base-unknown")
        return [f"  {words.path(path)}: {why}{more}" for path, why, more in shown]


def _permissions(
    track: Track, target: str | None, files: Mapping[bytes, Entry | None], then: Modes, now: Modes
) -> dict[bytes, int]:
    touched, touched_now = track.touched(target), track.touched(track.head())
    found = {path: then.file(path, entry.mode, _own(touched, path), now) for path, entry in files.items() if entry}
    for path in {*then.own, *now.own, *now.base} - files.keys():
        version = next((each for each in touched_now.get(path, ()) if each), None)
        mode = version[0] if version else now.own.get(path, then.own.get(path, 0))
        if version and version[0] == LINK:
            continue
        wanted = then.file(path, mode, _own(touched, path), now)
        if wanted != now.file(path, mode, _own(touched_now, path), now):
            found[path] = wanted
    return found


def _own(touched: Mapping[bytes, tuple[object, object]], path: bytes) -> bool:
    return touched.get(path, (None, None))[1] is not None
