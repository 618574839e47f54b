"""`undo`: the sandbox's files back to what they were before its last commands. A commit too, so it can be undone."""

from __future__ import annotations

import os
import stat

from project import commit, making, records, seen, words
from project.failure import Failure
from project.history import entered
from project.host import parents
from project.layer import FOLDER, OPAQUE, opaque, open_below
from project.modes import Modes
from project.reverted import Reverted
from project.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from project.track import Track


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`undo`."""
    parser = subparsers.add_parser("undo", help="the files back to before the last N commands")
    parser.add_argument("count", nargs="?", type=int, default=1, metavar="N")
    parser.add_argument("--tar", metavar="FILE", help="write a microVM's layer to go back to; change nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Undoes, and says which paths it changed."""
    if args.count < 1:
        raise Failure("there is nothing to undo in that", f"{args.count} commands", "undo 1", 2)
    track = entered(args.state)
    if args.tar:
        return _as_tar(track, args.count, args.tar)
    _refuse_mounted(track.state)
    # What nobody has committed yet would be lost.
    track.commit_outside()
    wanted = Reverted.between(track, before(track, args.count), track.head())
    undo(track, wanted)
    # The next look at the copy reads what it finds, whatever it remembers.
    seen.forget(track.state)
    commit.make(track.state, "undo", f"undo {args.count}")
    paths, left = wanted.paths(), wanted.left(track)
    said = [f"undone: {words.counted(len(paths), 'path')}", *(f"  {words.path(path)}" for path in paths)]
    said += [f"not undone: {words.counted(len(left), 'path')}", *left] if left else []
    words.show(said, paged=False)
    return 0


def _as_tar(track: Track, count: int, file: str) -> int:
    """Writes the upper layer as it was, for whoever can bring it into the machine."""
    from project import stream

    target, settings = before(track, count), Settings.load(track.state)
    changes = track.changes(None, target) if target else []
    blobs = track.blobs(change.new.oid for change in changes if change.new)
    with open(file, "xb") as out:
        stream.write(out, changes, dict(blobs), (settings.uid, settings.gid), Modes.of(track.git, target).own)
    words.show([f"undone: {words.counted(len(track.changes(target, track.head())), 'path')}"], paged=False)
    return 0


def _refuse_mounted(state: str) -> None:
    """While an overlay is mounted, what changes in its layers is not seen through it."""
    upper = os.fsencode(os.path.join(state, "disk", "upper"))
    for line in records.read("/proc/self/mountinfo").splitlines():
        options = line.rpartition(b" ")[2].replace(b"\\040", b" ").replace(b"\\011", b"\t")
        if b"upperdir=" + upper in options.split(b","):
            why = "It would not see what is undone."
            raise Failure("the sandbox has the copy mounted", why, "stop the sandbox first", 4)


def before(track: Track, count: int) -> str | None:
    """The commit before the last `count` commands; what changed outside of commands since then goes as well."""
    commits = track.commits()
    places = [number for number, one in enumerate(commits) if one.kind not in ("outside", "applied")]
    if len(places) < count:
        had = words.counted(len(places), "command")
        raise Failure("so many commands have not changed anything", f"The history has {had}.", "see `log`", 2)
    place = places[count - 1] + 1
    return commits[place].oid if place < len(commits) else None


def undo(track: Track, wanted: Reverted) -> None:
    """Gives each path the wanted version, and each folder."""
    settings = Settings.load(track.state)
    overlay = settings.method == "overlay"
    place = os.path.join(track.state, "disk", "upper" if overlay else "tree")
    root = os.open(place, FOLDER)
    tree = (Overlay if overlay else Plain)(root, settings, wanted.stays)
    contents = track.blobs(entry.oid for entry in wanted.files.values() if entry)
    try:
        # What goes, first: a file may come where a folder was, and the other way round.
        for path in sorted((path for path, entry in wanted.files.items() if entry is None), reverse=True):
            tree.remove(path)
        for path in sorted((path for path, mode in wanted.folders.items() if mode is None), reverse=True):
            tree.remove_folder(path)
        for path, entry in sorted(wanted.files.items()):
            if entry is not None:
                tree.put(path, entry.mode, contents[entry.oid])
        for path in sorted(path for path, mode in wanted.folders.items() if mode is not None):
            tree.folder(path)
        # The deepest first: once a folder is closed, nobody comes to what is in it.
        for path, mode in sorted(wanted.modes(), reverse=True):
            tree.allow(path, mode)
    finally:
        tree.close()
        os.close(root)


class Plain:
    """A plain copy that is brought back. Whatever stands in the way of a wanted path goes."""

    def __init__(self, root: int, settings: Settings, stays: Callable[[bytes], bool]) -> None:
        self.settings, self.stays = settings, stays
        self.maker = making.Maker(root, self._made)

    def close(self) -> None:
        """Lets go of the tree."""
        self.maker.close()

    def put(self, path: bytes, mode: int, content: bytes) -> None:
        """Writes a file or a link."""
        folder, name = self._place(path)
        _clear(folder, name)
        if stat.S_ISLNK(mode):
            os.symlink(content, name, dir_fd=folder)
            if os.geteuid() == 0:
                os.chown(name, self.settings.uid, self.settings.gid, dir_fd=folder, follow_symlinks=False)
            return
        descriptor = os.open(name, making.NEW, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            making.give(descriptor, self.settings.uid, self.settings.gid)
            os.fchmod(descriptor, mode & 0o777)

    def remove(self, path: bytes) -> None:
        """Takes a file away, and the folders that it leaves empty, unless they were there before."""
        above = path.rpartition(b"/")[0]
        try:
            folder, name = self._at(path)
            os.unlink(name, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return
        while above and not self.stays(above):
            above, _, name = above.rpartition(b"/")
            folder = self.maker.existing(above)
            if not self._drop(folder, name):
                return

    def folder(self, path: bytes) -> None:
        """Makes a folder, where it is missing."""
        self._place(path + b"/.")

    def remove_folder(self, path: bytes) -> bool:
        """Removes a folder that is empty; whether it is gone."""
        try:
            return self._drop(*self._at(path))
        except OSError:
            return False

    def allow(self, path: bytes, mode: int) -> None:
        """Sets the permissions of a file or a folder; never a set-id bit on a file."""
        try:
            folder, name = self._at(path)
            found = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if not stat.S_ISLNK(found):
                os.chmod(name, mode & (0o3777 if stat.S_ISDIR(found) else 0o777), dir_fd=folder)
        except FileNotFoundError:
            pass

    def _drop(self, folder: int, name: bytes) -> bool:
        """Removes a folder that is empty; whether it was."""
        try:
            os.rmdir(name, dir_fd=folder)
        except OSError:
            return False
        return True

    def _at(self, path: bytes) -> tuple[int, bytes]:
        above, _, name = path.rpartition(b"/")
        return self.maker.existing(above), name

    def _place(self, path: bytes) -> tuple[int, bytes]:
        """Where a path's file comes: what is no folder on the way there makes room for one."""
        above, _, name = path.rpartition(b"/")
        names = above.split(b"/") if above else []
        for depth in range(len(names)):
            folder = self.maker.folder(b"/".join(names[:depth]))
            if not _is_folder(folder, names[depth]):
                self._make(folder, names[depth], b"/".join(names[: depth + 1]))
        return self.maker.folder(above), name

    def _make(self, folder: int, name: bytes, path: bytes) -> None:
        _clear(folder, name)
        self.maker.folder(path)

    def _made(self, descriptor: int, _: bytes) -> None:
        making.give(descriptor, self.settings.uid, self.settings.gid)
        os.fchmod(descriptor, 0o755)


class Overlay(Plain):
    """The upper layer. What is not there shows the project's own, unless a whiteout or an opaque folder hides it."""

    def __init__(self, root: int, settings: Settings, stays: Callable[[bytes], bool]) -> None:
        super().__init__(root, settings, stays)
        self.project = os.open(settings.project, FOLDER)

    def close(self) -> None:
        """Lets go of the tree and the project."""
        super().close()
        os.close(self.project)

    def remove(self, path: bytes) -> None:
        """Takes a file away; where the project has something, a whiteout comes in its place."""
        if not self._below_too(path):
            super().remove(path)
            return
        folder, name = self._place(path)
        _clear(folder, name)
        making.whiteout(folder, name)

    def remove_folder(self, path: bytes) -> bool:
        """Removes a folder; a whiteout hides one of the project's."""
        try:
            folder, name = self._at(path)
            os.rmdir(name, dir_fd=folder)
        except OSError:
            return False
        if self._below_too(path):
            making.whiteout(folder, name)
        return True

    def _drop(self, folder: int, name: bytes) -> bool:
        return not opaque(folder, name) and super()._drop(folder, name)

    def _make(self, folder: int, name: bytes, path: bytes) -> None:
        hidden = _clear(folder, name)
        descriptor = self.maker.folder(path)
        if hidden:
            # What the project has in it was hidden and stays so.
            os.setxattr(descriptor, OPAQUE, b"y")

    def _made(self, descriptor: int, path: bytes) -> None:
        """A folder on top of one of the project's looks like that."""
        try:
            below = open_below(self.project, path)
        except OSError:
            super()._made(descriptor, path)
            return
        making.like(descriptor, os.fstat(below))
        os.close(below)

    def _below_too(self, path: bytes) -> bool:
        """Whether the project's own would be seen. A whiteout that hides nothing would be listed as a name."""
        try:
            if any(opaque(*self._at(folder)) for folder in parents(path)):
                return False
        except FileNotFoundError:
            pass
        except NotADirectoryError:
            return False
        above, _, name = path.rpartition(b"/")
        try:
            folder = open_below(self.project, above)
        except OSError:
            return False
        try:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return False
        finally:
            os.close(folder)
        return True


def _is_folder(folder: int, name: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _clear(folder: int, name: bytes) -> bool:
    """Removes what has this name, a folder with all that is in it; whether there was anything."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    except IsADirectoryError:
        inner = os.open(name, FOLDER, dir_fd=folder)
        try:
            making.clear(inner)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=folder)
    return True
