"""One walk through the host's project: its files and links as they are now, and the folders that have a `.git`.

It begins before git is asked what has changed, and is at work while git is.
"""

from __future__ import annotations

import os
import threading

# Names of a project that are looked at; past that, what leads where is not known, and everything is held back.
MOST = 2_000_000
# Of so many the names are kept: to list a folder once more costs more than to look it up.
KEPT = 250_000


class Scan(threading.Thread):
    """The walk; whole after `wait`. `many` where there was too much to look at; `names` has folders, if not all."""

    def __init__(self, root: bytes) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.files: list[bytes] = []
        self.links: list[bytes] = []
        self.repositories: list[bytes] = []
        self.many = False
        self.names: dict[bytes, list[bytes]] = {}
        self.start()

    def wait(self) -> Scan:
        """The walk at its end."""
        self.join()
        return self

    def run(self) -> None:
        """Walks, following no link. What may not be read, or has too long a name, leads its user nowhere either."""
        waiting, count = [b""], 0
        while waiting:
            folder = waiting.pop()
            prefix = folder + b"/" if folder else b""
            try:
                with os.scandir(os.path.join(self.root, folder)) as entries:
                    listed = list(entries)
            except OSError:
                continue
            count += len(listed)
            if count > MOST:
                self.many = True
                return
            if count <= KEPT:
                self.names[folder] = [entry.name for entry in listed]
            for entry in listed:
                name = entry.name
                link = entry.is_symlink()
                if link:
                    self.links.append(prefix + name)
                if name[:1] == b"." and name.lower() == b".git":
                    self.repositories.append(folder)
                elif not link and entry.is_dir():
                    waiting.append(prefix + name)
                elif not link:
                    self.files.append(prefix + name)
