"""The tree that results on the host: what stands there now and what the changes bring, whichever of it comes true."""

from __future__ import annotations

import os
from dataclasses import replace

from project import gitnames, links, risky, spelling
from project.host import Blocked, Host, split
from project.scan import Scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from project.data import Change
    from project.gitnames import Named
    from project.withheld import Withheld

    Blob = Callable[[str], bytes]
    Names = Callable[[str], Iterable[bytes] | None]

# Files that are read for what they say are small; of a larger one nothing is known.
LARGEST = 1 << 20
# A lock file of a large project has some megabytes.
COMPARED = 16 << 20


class Tree:
    """Host and changes together. Somebody may say yes to a part of them, so what is there now never counts as gone.

    Without a host only what the changes bring is known.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        blob: Blob,
        host: Host | None,
        scan: Scan | None = None,
        withheld: Withheld | None = None,
    ) -> None:
        self.changes, self.host, self.withheld = changes, host, withheld
        self._blob, self._of_host = blob, dict[str, bytes]()
        self.scan = scan or (Scan(host.real) if host else None)
        self.new = {change.path: change.new for change in changes if change.new}
        self._made: dict[bytes, dict[bytes, None]] | None = None
        self._names: dict[bytes, tuple[bytes, ...]] = {}
        self._leaves: dict[bytes, bool] = {}
        self._paths: links.Paths | None = None
        self._git: list[Named] | None = None
        self.folders = Folders(self)

    @property
    def git(self) -> list[Named]:
        """What git's own files on the host name, and run."""
        if self._git is None:
            folders = self.scan.wait().repositories if self.scan else []
            self._git = gitnames.of_project(self.host.real, folders) if self.host else []
        return self._git

    def names(self, folder: bytes) -> tuple[bytes, ...]:
        """What a folder holds, or will; the empty one is the root."""
        if folder not in self._names:
            there = self.scan.wait().names.get(folder) if self.scan else None
            if there is None:
                there = self.host.names(folder) if self.host else []
            self._names[folder] = tuple(dict.fromkeys((*there, *self._made_in(folder))))
        return self._names[folder]

    def targets(self, path: bytes) -> list[bytes]:
        """Where links at a path lead: the host's, and the one that is about to be there."""
        there = self.host.link(path) if self.host else None
        new = self.new.get(path)
        made = self._link(new.oid, new.size) if new and new.mode == risky.LINK else None
        return [target for target in (there, made) if target is not None]

    def leaves(self, path: bytes) -> bool:
        """Whether a new link at a path may lead out of the project: then it never comes."""
        if path not in self._leaves:
            new = self.new.get(path)
            fresh = new is not None and new.mode == risky.LINK
            self._leaves[path] = fresh and links.leaves(path, self.targets(path)[-1], self.targets)
        return self._leaves[path]

    def staying(self, path: bytes) -> list[bytes]:
        """The targets at a path without those that never come: the agent sends nobody around on the host."""
        return self.targets(path)[:-1] if self.leaves(path) else self.targets(path)

    def executable(self, path: bytes) -> bool:
        """Whether a new link at a path leads to something that may be executed, or to a folder of such."""
        return any(self._runs(each) for aim in self.aims(path) for each in (aim, *self._below(aim)))

    def aims(self, path: bytes) -> list[bytes]:
        """Where a new link at a path leads in the project, with each link on the way."""
        new = self.new.get(path)
        return self.reached(path) if new is not None and new.mode == risky.LINK else []

    def reached(self, path: bytes) -> list[bytes]:
        """Where a link at a path leads in the project, the host's or a new one."""
        if self.host is None:
            return []
        folder, name = split(path)
        if self._paths is None:
            self._paths = links.Paths(self.host.real, self.staying)
        return self._paths.reached(os.path.join(self.host.real, folder), name)

    def _below(self, folder: bytes) -> Iterable[bytes]:
        return (folder + b"/" + name if folder else name for name in self.names(folder))

    def _runs(self, path: bytes) -> bool:
        new = self.new.get(path)
        try:
            seen = self.host.look(path) if self.host and path else None
        except (OSError, Blocked):
            seen = None
        there = seen is not None and seen.kind == "file" and seen.mode & 0o111 != 0
        return there or (new is not None and new.mode == risky.EXECUTABLE)

    def contents(self, path: bytes) -> list[bytes]:
        """What a file at a path holds: the host's, and the one that is about to be there. None of a large one's."""
        new = self.new.get(path)
        made = [self.blob(new.oid)] if new and new.mode in risky.FILES and new.size <= LARGEST else []
        return [*self._there(path), *made]

    def blob(self, oid: str) -> bytes:
        """What an entry holds: one of the tracking repository's, or what `from_host` gave."""
        return self._of_host[oid] if oid in self._of_host else self._blob(oid)

    def from_host(self, change: Change) -> Change:
        """The same change, to what the host has now: an earlier yes or no, or its user, made that another one."""
        there = self._there(change.path, COMPARED)
        if change.old is None or change.old.mode not in risky.FILES or not there:
            return change
        if len(there[0]) == change.old.size and there[0] == self.blob(change.old.oid):
            return change
        oid = f"host {len(self._of_host)}"
        self._of_host[oid] = there[0]
        return replace(change, old=replace(change.old, oid=oid, size=len(there[0])))

    def _there(self, path: bytes, most: int = LARGEST) -> list[bytes]:
        try:
            seen = self.host.look(path) if self.host else None
            if self.host is None or seen is None or seen.kind != "file" or seen.size > most:
                return []
            return [self.host.content(path, seen)]
        except (OSError, Blocked):
            return []

    def _link(self, oid: str, size: int) -> bytes:
        return self.blob(oid) if size <= links.LONGEST else b""

    def _made_in(self, folder: bytes) -> Iterable[bytes]:
        if self._made is None:
            self._made = {}
            for path in self.new:
                # Elsewhere a backslash divides, too.
                left = path.replace(b"\\", b"/")
                while left:
                    above, name = split(left)
                    below = self._made.setdefault(above, {})
                    if name in below:
                        break
                    below[name] = None
                    left = above
        return self._made.get(folder, ())


class Folders:
    """The folders of the tree that results, by folded path: spellings that some filesystem takes for one are one."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.known: dict[str, dict[str, list[bytes]]] = {}

    def index(self, folder: str) -> dict[str, list[bytes]]:
        """What a folder holds: the paths by their folded names."""
        if folder not in self.known:
            found: dict[str, list[bytes]] = {}
            for place in self._places(folder):
                for name in self.tree.names(place):
                    found.setdefault(spelling.folded(name), []).append(place + b"/" + name if place else name)
            self.known[folder] = found
        return self.known[folder]

    def below(self, folder: str) -> Names:
        """The names in a folder of this one; None where it is a link."""

        def names(name: str) -> Iterable[bytes] | None:
            inner = f"{folder}/{name}".strip("/") if name else folder
            if name and any(self.tree.targets(place) for place in self._places(inner)):
                return None
            return [path.rpartition(b"/")[2] for paths in self.index(inner).values() for path in paths]

        return names

    def _places(self, folder: str) -> Iterator[bytes]:
        if not folder:
            yield b""
            return
        above, _, name = folder.rpartition("/")
        yield from self.index(above).get(name, ())
