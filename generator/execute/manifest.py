"""Whether a bundle's files are what its manifest says, read without running or following anything of the bundle."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = "MANIFEST.sha256"
# What a run or its user puts into a bundle: never in a manifest.
OWN = ("local", ".state", "storage", "backups")
MOST = 32 << 20
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>[A-Za-z0-9._/-]+)")


def manifest_digest(folder: Path) -> str:
    """The digest of the manifest; empty when there is none that can be read."""
    return hashlib.sha256(content).hexdigest() if (content := read_file(folder / MANIFEST)) is not None else ""


def changed_files(folder: Path) -> tuple[str, ...]:
    """What is not as the manifest says, sorted: files that differ or are missing, and others that lie beside them.

    Only the top of a bundle may hold other files: what lies beside a script or a module could stand in for it.
    """
    content = read_file(folder / MANIFEST)
    if content is None:
        return (MANIFEST,)
    wanted: dict[str, str] = {}
    wrong = set()
    for line in content.decode("utf-8", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None or not _is_inside(found["path"]):
            wrong.add(MANIFEST)
        else:
            wanted[found["path"]] = found["digest"]
    folders = {parent for path in wanted for parent in _parents(path)}
    wrong.update(path for path in folders if not _is_folder(folder / path))
    wrong.update(path for path, digest in wanted.items() if _digest(folder / path) != digest)
    wrong.update(path for below in folders for path in _strangers(folder, below, wanted, folders))
    return tuple(sorted(wrong))


def read_file(path: Path) -> bytes | None:
    """The bytes of a regular file that is no link; None for whatever else is there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(stream.fileno())
            return stream.read() if stat.S_ISREG(found.st_mode) and found.st_size <= MOST else None
    except OSError:
        return None


def _digest(path: Path) -> str:
    content = read_file(path)
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return parts[0] not in OWN and not {"", ".", ".."} & set(parts)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    return ("/".join(parts[: end + 1]) for end in range(len(parts)))


def _strangers(folder: Path, below: str, wanted: dict[str, str], folders: set[str]) -> Iterator[str]:
    try:
        names = [place.name for place in (folder / below).iterdir()]
    except OSError:
        return
    for name in names:
        path = f"{below}/{name}"
        if path not in wanted and path not in folders:
            yield path
