"""The journal of apply: what is about to be moved, durable before the first move; so any end can be found out later."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

from project import disk
from project.failure import Failure
from project.host import Seen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "journal.json"
STAGING, MOVING, DONE = "staging", "moving", "done"


@dataclass(frozen=True)
class Moved:
    """One thing that is moved: `seen` is what, `folder` the inode of the folder that it stands in.

    `digest` is what is below it, where it is a folder.
    """

    path: bytes
    seen: Seen
    folder: int
    digest: str = ""


@dataclass(frozen=True)
class Record:
    """One apply: the folder `name` in the project's root holds its staged files (new/) and the old ones (old/)."""

    name: str
    phase: str
    root: tuple[int, int]
    takes: tuple[Moved, ...] = ()
    puts: tuple[Moved, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The journal's folder, `apply` in the state folder, outside the project and the sandbox."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.path = folder
        self.fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Closes the folder."""
        os.close(self.fd)

    def read(self) -> Record | None:
        """What an apply left that did not come to its end; None where there is nothing."""
        try:
            with open(os.path.join(self.path, NAME), "rb") as file:
                values = json.loads(file.read())
            moved = {key: tuple(map(_moved, values[key])) for key in ("takes", "puts")}
            device, inode = values["root"]
            return Record(values["name"], values["phase"], (device, inode), **moved, told=values["told"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(
                "the journal of apply cannot be read",
                f"{self.path}/{NAME}: {error}\nThe project's own files may be in its folder .gen-apply-*/old.",
                "keep that folder, and compare its files with the project's",
                3,
            ) from None

    def write(self, record: Record) -> None:
        """Makes the record durable, in place of the one before."""
        values = {
            "schema": 1,
            "name": record.name,
            "phase": record.phase,
            "root": record.root,
            "takes": list(map(_values, record.takes)),
            "puts": list(map(_values, record.puts)),
            "told": record.told,
        }
        disk.write(self.fd, NAME, json.dumps(values).encode("ascii"))

    def clear(self) -> None:
        """Nothing is open any more."""
        os.unlink(NAME, dir_fd=self.fd)
        os.fsync(self.fd)


def _values(moved: Moved) -> list[Any]:
    # A path that is no UTF-8 comes back as it was: lone surrogates are written as escapes.
    return [moved.path.decode("utf-8", "surrogateescape"), list(vars(moved.seen).values()), moved.folder, moved.digest]


def _moved(values: list[Any]) -> Moved:
    path, status, folder, digest = values
    return Moved(path.encode("utf-8", "surrogateescape"), Seen(*status), folder, digest)
