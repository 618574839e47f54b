"""What stands in a folder against what a bundle should hold: which files differ, and how."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.printable import escaped_lines
from generator.render import MANIFEST, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.render import RenderedFile

# A writer that was killed leaves this: every digest that a file of ours may have until it is run again.
PENDING = f"{MANIFEST}.pending"
# Made while a bundle is used; never written, never compared.
USERS_OWN = ("local", ".state", "storage", "backups")
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)")
_DIFF_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One file that is not as the bundle has it; `kind` is missing, changed, mode or extra."""

    path: str
    kind: str
    diff: str


def known_digests(folder: Path) -> dict[str, set[str]]:
    """The digests that each file of ours may have, by its path. Empty when the folder is not a bundle."""
    known: dict[str, set[str]] = {}
    for name in (MANIFEST, PENDING):
        content = content_of(folder / name)
        for line in (content or b"").decode("utf-8", "replace").splitlines():
            match = _LINE.fullmatch(line)
            if match and safe(match[2]):
                known.setdefault(match[2], set()).add(match[1])
    return known


def safe(path: str) -> bool:
    """Whether a path from a manifest stays below the bundle and out of what is the user's own."""
    parts = path.split("/")
    return parts[0] not in USERS_OWN and not {"", ".", ".."} & set(parts)


def content_of(path: Path) -> bytes | None:
    """The bytes of a regular file. None when there is none, or something else: links are not followed."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return stream.read() if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError:
        if path.is_symlink():
            return None
        raise


def differences(folder: Path, files: Mapping[str, RenderedFile]) -> tuple[Difference, ...]:
    """Everything that differs between the folder and the bundle, by path."""
    found = [difference for path, file in files.items() if (difference := _compare(folder / path, path, file))]
    for path in _present(folder):
        if path not in files:
            found.append(Difference(path=path, kind="extra", diff=diff(path, content_of(folder / path), None)))
    return tuple(sorted(found, key=lambda difference: difference.path))


def executable(path: Path) -> bool:
    """Whether the owner may execute the file: the one permission that matters, and that version control keeps."""
    return bool(path.lstat().st_mode & stat.S_IXUSR)


def diff(path: str, old: bytes | None, new: bytes | None) -> str:
    """A unified diff from what is there to what the bundle has, not too long."""
    import difflib  # only where something differs: the command must start quickly

    lines = list(
        difflib.unified_diff(
            _lines(old),
            _lines(new),
            "/dev/null" if old is None else f"{path} (there)",
            "/dev/null" if new is None else f"{path} (bundle)",
            lineterm="",
        )
    )
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"… and {len(lines) - _DIFF_LINES} more lines"]
    return "\n".join(lines)


def lines_of(found: Iterable[Difference]) -> str:
    """The differences as text for a person."""
    return "\n".join(f"{item.path}: {item.kind}" + (f"\n{item.diff}" if item.diff else "") for item in found)


def _compare(place: Path, path: str, file: RenderedFile) -> Difference | None:
    content = content_of(place)
    if content is None:
        kind = "changed" if os.path.lexists(place) else "missing"
        return Difference(path=path, kind=kind, diff="" if kind == "missing" else "is not a regular file")
    if sha256(content) != sha256(file.content):
        return Difference(path=path, kind="changed", diff=diff(path, content, file.content))
    if executable(place) != bool(file.mode & stat.S_IXUSR):
        return Difference(path=path, kind="mode", diff=f"should be {file.mode:04o}")
    return None


def _present(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        below = Path(root).relative_to(folder)
        if below == Path():
            folders[:] = [name for name in folders if name not in USERS_OWN]
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        yield from sorted((below / name).as_posix() for name in (*names, *links))


def _lines(content: bytes | None) -> list[str]:
    text = (content or b"").decode("utf-8", "replace")
    return escaped_lines(text).removesuffix("\n").split("\n") if text else []
