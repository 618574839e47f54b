"""The overlay as the agent has it before it. It may go on showing a file that the project has no longer: the kernel
remembers what a name led to below, and asks for it again only when it has forgotten that.
"""

from __future__ import annotations

import os
import re

from project import records
from project.layer import FOLDER, open_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# mount(2); what a mount has of these it keeps.
REMOUNT = 32
FLAGS = {b"ro": 1, b"nosuid": 2, b"nodev": 4, b"noexec": 8, b"noatime": 1024, b"nodiratime": 2048, b"relatime": 1 << 21}
# Where an overlay gives inodes numbers of its own (xino), the uppermost bits tell the layer.
INODE = (1 << 48) - 1


class Mount:
    """One place where an overlay is mounted: for a process, with a device, at a path, with options."""

    __slots__ = ("device", "options", "path", "process")

    def __init__(self, process: str, device: bytes, path: bytes, options: bytes) -> None:
        self.process, self.path, self.options = process, path, options
        major, _, minor = device.partition(b":")
        self.device = os.makedev(int(major), int(minor))

    def open(self) -> int:
        """The folder that shows the copy. OSError where it cannot be reached."""
        place = self.path if self.process == "self" else os.fsencode(f"/proc/{self.process}/root") + self.path
        folder = os.open(place, FOLDER)
        if os.fstat(folder).st_dev == self.device:
            return folder
        os.close(folder)
        raise FileNotFoundError(place)

    def forget(self) -> bool:
        """Lets the kernel ask again what each name leads to, but for what is in use; whether it could be told so."""
        if self.process != "self" or os.geteuid() != 0:
            return False
        from ctypes import CDLL

        flags = sum(FLAGS.get(option, 0) for option in self.options.split(b","))
        return bool(CDLL(None).mount(None, self.path, None, REMOUNT | flags, None) == 0)


def mounts(state: str, process: str = "self") -> Iterator[Mount]:
    """Where the copy is mounted, as one process sees it."""
    upper = b"upperdir=" + os.fsencode(os.path.join(state, "disk", "upper"))
    for line in records.read(f"/proc/{process}/mountinfo").splitlines():
        before, _, after = line.partition(b" - ")
        if upper in map(_plain, after.rpartition(b" ")[2].split(b",")):
            _, _, device, root, path, options = before.split(b" ")[:6]
            if root == b"/":
                yield Mount(process, device, _plain(path), options)


def _plain(word: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes((int(found[1], 8) & 255,)), word)


class View:
    """The copy as it is shown; `folder` is None where nobody of us comes to it."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.mount: Mount | None = None
        self.folder: int | None = None

    def __enter__(self) -> View:
        for mount in self._mounts():
            try:
                self.folder, self.mount = mount.open(), mount
                break
            except OSError:
                continue
        return self

    def __exit__(self, *_: object) -> None:
        if self.folder is not None:
            os.close(self.folder)

    def _mounts(self) -> Iterator[Mount]:
        """Those that we see, then those of processes that are ours to look at: the sandbox's own is among them."""
        yield from mounts(self.state)
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.geteuid() in (0, os.stat(f"/proc/{name}").st_uid):
                    yield from mounts(self.state, name)
            except OSError:
                continue

    def forget(self) -> bool:
        """Lets the kernel ask again; whether it did."""
        return self.mount is not None and self.mount.forget()

    def shows(self, path: bytes, found: os.stat_result | None) -> bool:
        """Whether just this is what the sandbox has at a path: a file or link of the project, or nothing."""
        if self.folder is None:
            return False
        above, _, name = path.rpartition(b"/")
        try:
            folder = open_below(self.folder, above)
        except (FileNotFoundError, NotADirectoryError):
            return found is None
        except OSError:
            return False
        try:
            shown = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return found is None
        except OSError:
            return False
        finally:
            os.close(folder)
        # A copy in the upper layer has another time of change, which nobody can set.
        return found is not None and _told(shown) == _told(found)


def _told(found: os.stat_result) -> tuple[int, ...]:
    inode = found.st_ino & INODE
    return inode, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
