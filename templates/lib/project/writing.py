"""The copy as an undo writes it: a plain one, or the upper layer of an overlay. Nothing is followed."""

from __future__ import annotations

import os
import stat

from project import making
from project.layer import FOLDER, OPAQUE, opaque, open_below
from project.records import parents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from project.settings import Settings


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
