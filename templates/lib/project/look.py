"""`look`: what the host's project has become since the last look, before a command begins that may build on it.

It costs as little as a commit of nothing: a folder whose time of change is before the last look has the names that it
had, and what is written in place needs no look at all (basis.py).
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from itertools import islice

from project import begun, limits, records, seen
from project.basis import DOUBT, GONE, Basis
from project.commit import head_of
from project.git import Git
from project.ignoring import Ignoring
from project.layer import FOLDER, Upper, open_below
from project.moment import Moment
from project.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from project.view import View

# The folders of the host's project as they were at the last look that found something, with their inodes.
FOLDERS = "host.list"
SHOWN = 5


def write_entered(state: str, folders: Mapping[bytes, os.stat_result], moment: Moment) -> None:
    """What the first look compares with."""
    found = [(path, b"%d" % folder.st_ino) for path, folder in sorted(folders.items())]
    records.write(os.path.join(state, FOLDERS), records.join(found, moment.title()), durable=True)


def quick(argv: list[str]) -> int:
    """The command: nothing else is asked for than the state."""
    state = os.path.abspath(argv[argv.index("--state") + 1])
    settings = Settings.quick(state)
    listed = records.read(os.path.join(state, FOLDERS))
    # A plain copy stays what it was at entry.
    if settings.method != "overlay" or not listed:
        return 0
    lock = os.open(os.path.join(state, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    project = os.open(settings.project, FOLDER)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _Look(state, project, settings.project, listed).take()
    finally:
        os.close(project)
        os.close(lock)
    return 0


class _Look:
    def __init__(self, state: str, project: int, place: bytes, listed: bytes) -> None:
        self.state, self.project = state, project
        self.at = Moment.now(project)
        title, folders = records.split(listed)
        self.since = Moment.of(title)
        self.folders = {path: int(inode) for path, inode in folders}
        self.basis = Basis(state)
        git = Git(os.path.join(state, "track.git"))
        self.known = seen.load(state, git, head_of(git.repo))[0]
        self.ignoring = Ignoring(state, place, self.basis.entered, self.known)

    def take(self) -> None:
        """Looks, and keeps what is found. Where times of change prove nothing, all stays as the last look left it.

        So it does where another command is at work, or was: what that makes of the project, it may have read before.
        """
        if self.at is None or self.since is None:
            return
        try:
            changed = self._changed()
            names = {path for path, words in self.basis.moved.items() if words == DOUBT}
            for folder in changed:
                names |= self._names(folder, changed)
            moved = self._moved(names)
            doubtful = self._compare(moved) if moved else set()
            self._take_early()
        finally:
            self.ignoring.close()
        # Asked last: one that begins while this looks counts as well.
        if any(begun.listed(self.state)):
            return
        # In this order: what was cut off between them is looked at once more.
        self.basis.write(self.at.title())
        _tell(sorted(path for path in doubtful if not records.within(path, self.basis.early)))
        if changed:
            found = ((path, b"%d" % inode) for path, inode in sorted(self.folders.items()))
            records.write(os.path.join(self.state, FOLDERS), records.join(found, self.at.title()))

    def _changed(self) -> list[bytes]:
        """The folders in which a name may have come to lead to something else; those that are gone are forgotten."""
        changed: list[bytes] = []
        other: set[bytes] = set()
        for path in sorted(self.folders):
            try:
                found = os.stat(path or b".", dir_fd=self.project, follow_symlinks=False)
            except OSError:
                found = None
            if found is None or not stat.S_ISDIR(found.st_mode):
                del self.folders[path]
                other.add(path)
            elif found.st_ino != self.folders[path] or records.within(path, other):
                self.folders[path] = found.st_ino
                other.add(path)
            elif self.since and self.since.is_after(found.st_ctime_ns):
                continue
            changed.append(path)
        return changed

    def _names(self, folder: bytes, changed: list[bytes]) -> set[bytes]:
        """The files and links that a folder has, or had. A folder that is new in it is looked at after it."""
        prefix = folder + b"/" if folder else b""
        found = set(self.basis.entered.within(folder))
        found |= {path for path in self.basis.moved if path.rpartition(b"/")[0] == folder}
        for name in self._listed(folder):
            path = prefix + os.fsencode(name.name)
            if name.name.lower() == ".git" or (path not in found and self._is_left_out(path)):
                continue
            if not name.is_dir(follow_symlinks=False):
                if path in found or not self.ignoring.ignores(path, False):
                    found.add(path)
            elif path not in self.folders and not self.ignoring.ignores(path, True):
                self.folders[path] = name.inode()
                changed.append(path)
        return found

    def _listed(self, folder: bytes) -> list[os.DirEntry[str]]:
        try:
            here = open_below(self.project, folder)
        except OSError:
            return []
        try:
            with os.scandir(here) as entries:
                return list(entries)
        except OSError:
            return []
        finally:
            os.close(here)

    def _is_left_out(self, path: bytes) -> bool:
        """Whether a whiteout hides it, as what was left out at entry."""
        try:
            return stat.S_ISCHR(os.lstat(os.path.join(os.fsencode(self.state), b"disk/masks", path)).st_mode)
        except OSError:
            return False

    def _moved(self, names: Iterable[bytes]) -> dict[bytes, os.stat_result | None]:
        """What is not as it was last known. What the sandbox has touched stays: its base is what it had then."""
        moved: dict[bytes, os.stat_result | None] = {}
        for path in names:
            if path in self.known:
                continue
            try:
                folder = open_below(self.project, path.rpartition(b"/")[0])
                try:
                    found = os.stat(path.rpartition(b"/")[2], dir_fd=folder, follow_symlinks=False)
                finally:
                    os.close(folder)
            except OSError:
                found = None
            words = self.basis.find(path)
            if words is None if found is None else words is not None and self.basis.unmoved(found, words):
                continue
            moved[path] = found
        return moved

    def _compare(self, moved: dict[bytes, os.stat_result | None]) -> set[bytes]:
        """Finds out what the sandbox sees of it; where it sees what was there, the kernel is told to look again.

        Gives what nobody can tell of, and could until now.
        """
        from project.view import View

        with View(self.state) as view:
            left = self._noted(moved, view)
            if left and view.forget():
                left = self._noted(left, view)
        new = {path for path in left if self.basis.moved.get(path) != DOUBT}
        self.basis.moved.update((path, DOUBT) for path in left)
        return new

    def _noted(self, moved: Mapping[bytes, os.stat_result | None], view: View) -> dict[bytes, os.stat_result | None]:
        """Notes what is seen as it is; gives the rest."""
        left: dict[bytes, os.stat_result | None] = {}
        for path, found in moved.items():
            kind = stat.S_IFMT(found.st_mode) if found else stat.S_IFREG
            if kind not in (stat.S_IFREG, stat.S_IFLNK) or not view.shows(path, found):
                left[path] = found
            else:
                self.basis.moved[path] = records.stat_words(found) if found else GONE
        return left

    def _take_early(self) -> None:
        """What the sandbox has touched that no commit knows of: what it had there may be older than what is there."""
        upper = os.open(os.path.join(self.state, "disk", "upper"), FOLDER)
        try:
            source = Upper(upper)
            source.walk.skip = self.ignoring.decided.__contains__
            items = (item.path for item in source if item.kind != "folder" and item.path not in self.known)
            early = set(islice(items, limits.PATHS))
            # Of so much that not all of it was looked at, nothing is known.
            self.basis.early = {b""} if len(early) == limits.PATHS else early | source.walk.kept
        finally:
            os.close(upper)


def _tell(doubtful: list[bytes]) -> None:
    """Says once what the agent may not see as it is."""
    if doubtful:
        from project import words

        mend = words.reachable("scripts/stop.sh, then scripts/start.sh")
        shown = ", ".join(map(words.path, doubtful[:SHOWN]))
        more = f" and {len(doubtful) - SHOWN} more" if len(doubtful) > SHOWN else ""
        sys.stderr.write(
            f"gen: of what changed in the project, the sandbox may still have what was there before: {shown}{more}\n"
            f"  What it makes of that would be a conflict.\n  mend: {mend}\n"
        )
