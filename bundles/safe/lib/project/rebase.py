"""After an apply: what was brought back is what the sandbox started from, so a review shows only what comes later."""

from __future__ import annotations

import fcntl
import os
import time

from project import basis, commit, records, seen
from project.changes import blob_name
from project.host import Blocked, Host, split
from project.importer import Importer, path_words
from project.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from project.track import Track

KIND = "applied"


def rebase(track: Track, applied: str, paths: Sequence[bytes]) -> None:
    """Moves the base of these paths to the sandbox's version at the commit `applied`. Twice is as good as once."""
    lock = os.open(os.path.join(track.state, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _renew_list(track.state, set(paths))
        head = track.head()
        versions, unknown, _ = seen.load(track.state, track.git, head)
        unknown -= set(paths)
        fresh, notes = _commit(track, applied, head, set(paths))
        seen.save(track.state, fresh or head, versions, unknown, notes)
    finally:
        os.close(lock)


def _renew_list(state: str, paths: set[bytes]) -> None:
    """The list of what the project was at entry takes what these paths are now."""
    place = os.path.join(state, "base.list")
    content = records.read(place)
    if not content:
        return
    title, listed = records.split(content)
    found = {path: words for path, words in listed if path not in paths}
    settings = Settings.load(state)
    # A plain copy has what is new of its own; below an overlay it is now the project's.
    again = paths if settings.method == "overlay" else paths & {path for path, _ in listed}
    with Host(settings.project) as host:
        for path in again:
            parent, name = split(path)
            try:
                found[path] = records.stat_words(os.stat(name, dir_fd=host.folder(parent), follow_symlinks=False))
            except (OSError, Blocked):
                continue
    records.write(place, records.join(sorted(found.items()), title), durable=True)
    basis.forget(state, paths)


def _commit(track: Track, applied: str, head: str | None, paths: set[bytes]) -> tuple[str | None, str]:
    """The commit, if there is anything in it, and the name of its notes."""
    then, now = track.touched(applied), track.touched(head)
    lines = []
    for path in sorted(paths):
        base, wanted = now.get(path, (None, None))[0], then.get(path, (None, None))[1]
        name = path_words(b"base/" + path)
        if base == wanted:
            continue
        lines.append(b"M %o %b %b\n" % (wanted[0], wanted[1].encode(), name) if wanted else b"D %b\n" % name)
    # What goes makes room for what comes: a file where a folder was.
    lines.sort(key=lambda line: line[:1] != b"D")
    importer = Importer(track.git)
    try:
        notes = _notes(track, head, paths, importer, lines)
        if not lines:
            return None, notes
        message = commit.message(KIND, "", 0, 0.0)
        return importer.commit(head, message, int(time.time()), lines), notes
    finally:
        importer.close()


def _notes(track: Track, head: str | None, paths: set[bytes], importer: Importer, lines: list[bytes]) -> str:
    """The notes without those that say that a base is unknown which is known by now."""
    if head is None:
        return ""
    left = [note for note in track.notes(head) if note.kind != "base-unknown" or note.path not in paths]
    content = "".join(commit.note((note.path, note.kind, note.size, note.count)) for note in left).encode("ascii")
    name = blob_name(content) if left else ""
    if len(left) != len(track.notes(head)):
        if left:
            importer.blob(name, content)
        lines.append(b"M 100644 %b notes\n" % name.encode() if left else b"D notes\n")
    return name
