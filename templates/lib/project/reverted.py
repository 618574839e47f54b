"""What an undo gives back: all that tells an older state of the copy from the newest, and what no undo can."""

from __future__ import annotations

from dataclasses import dataclass

from project import modes, records, words
from project.data import Change, Entry
from project.modes import Modes
from project.records import parents
from project.reviewed import NOTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from project.data import Note
    from project.track import Track

    Touched = Mapping[bytes, tuple["tuple[int, str] | None", "tuple[int, str] | None"]]

# Nothing is in them that could be lost.
LINK = 0o120000
EMPTY = ("device", "fifo", "socket")
APPLIED = "an apply has settled it (it was brought back, or yours was kept), so it stays"
IN_THE_WAY = "what an apply has settled stands in its way"


@dataclass(frozen=True)
class Reverted:
    """The files and folders that change, each as it is to be; None is for one that is to be gone."""

    files: Mapping[bytes, Entry | None]
    folders: Mapping[bytes, int | None]
    permissions: Mapping[bytes, int]
    then: Modes
    entered: Mapping[bytes, int]
    notes: frozenset[Note]
    # What was brought back since then, and what that stands in the way of, each with why it is not undone.
    kept: Mapping[bytes, str]

    @classmethod
    def between(cls, track: Track, target: str | None, head: str | None) -> Reverted:
        """From the newest state to an older one."""
        then, now, entered = Modes.of(track.git, target), Modes.of(track.git, head), modes.entered(track.state)
        files = {change.path: change.old for change in track.changes(target, head)}
        notes = frozenset(track.notes(target) if target else ())
        made = {note.path for note in track.notes(head) if note.kind in EMPTY} if head else set()
        files.update((path, None) for path in made - {note.path for note in notes} - files.keys())
        touched, touched_now = track.touched(target), track.touched(head)
        applied = track.applied(target, head)
        kept, above = _kept(applied, {path for path in applied if touched_now.get(path, (None,))[0]}, files)
        files = {path: entry for path, entry in files.items() if path not in kept}
        folders = {}
        for path in {*then.folders, *now.folders}:
            wanted = then.folders.get(path, entered.get(path))
            if wanted != now.folders.get(path, entered.get(path)) and path not in above:
                folders[path] = wanted
        permissions = _permissions(touched, touched_now, files, then, now, kept)
        # Whatever was done to it since: what was brought back is there again.
        later = {path: base for path, (base, own) in touched_now.items() if path in applied and base != own}
        files.update((path, base and Entry(*base, 0)) for path, base in later.items())
        permissions.update((path, now.base.get(path, modes.usual(base[0]))) for path, base in later.items() if base)
        return cls(files, folders, permissions, then, entered, notes, kept)

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

    def layer(self, track: Track, target: str | None) -> list[Change]:
        """All that is to differ from the entry, which stays what lies below in a microVM, whatever was brought back."""
        found = {path: own for path, (_, own) in track.touched(target).items()}
        found.update(dict.fromkeys(track.applied(None, target) - found.keys()))
        now = track.touched(track.head())
        for path, why in self.kept.items():
            base, own = now.get(path, (None, None))
            found[path] = base if why == APPLIED else own
        return [Change(path, None, version and Entry(*version, 0)) for path, version in sorted(found.items())]

    def ignored(self, notes: Iterable[Note]) -> set[bytes]:
        """What is left alone by its name, now or then: nobody knows what became of it."""
        return {note.path for note in (*notes, *self.notes) if note.kind == "ignored"}

    def left(self, notes: frozenset[Note]) -> list[str]:
        """What differs all the same, a line each, but for what is ignored; `notes` are those of the newest state."""
        found = [(note, "") for note in notes - self.notes] + [
            (note, ", and it was there") for note in self.notes - notes
        ]
        silent = ("base-unknown", "ignored")
        shown = [(note.path, NOTES[note.kind] + more) for note, more in found if note.kind not in silent]
        shown += self.kept.items()
        return [f"  {words.path(path)}: {why}" for path, why in sorted(shown)]


def _kept(applied: set[bytes], present: set[bytes], files: Iterable[bytes]) -> tuple[dict[bytes, str], set[bytes]]:
    """What is not undone and why, and the folders of what was brought back and is there."""
    above = {folder for path in present for folder in parents(path)}
    kept = {path: IN_THE_WAY for path in files if path in above or records.within(path, present)}
    return kept | dict.fromkeys(applied, APPLIED), above


def _permissions(
    touched: Touched,
    touched_now: Touched,
    files: Mapping[bytes, Entry | None],
    then: Modes,
    now: Modes,
    kept: Mapping[bytes, str],
) -> dict[bytes, int]:
    found = {path: then.file(path, entry.mode, _own(touched, path), now) for path, entry in files.items() if entry}
    for path in {*then.own, *now.own, *now.base} - files.keys() - kept.keys():
        version = next((each for each in touched_now.get(path, ()) if each), None)
        mode = version[0] if version else now.own.get(path, then.own.get(path, 0))
        if version and version[0] == LINK:
            continue
        wanted = then.file(path, mode, _own(touched, path), now)
        if wanted != now.file(path, mode, _own(touched_now, path), now):
            found[path] = wanted
    return found


def _own(touched: Touched, path: bytes) -> bool:
    return touched.get(path, (None, None))[1] is not None
