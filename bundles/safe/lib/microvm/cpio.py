"""An initial file system in the kernel's form (cpio, newc): same entries, same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

Entry = Union[bytes, "Link", None]
"""A file's content, a symbolic link, or None for a folder."""


class Link(str):
    """Where a symbolic link leads."""


def archive(entries: Mapping[str, Entry]) -> bytes:
    """The archive; all belongs to root, files are executable, folders that are not named are made."""
    whole: dict[str, Entry] = {}
    for path, entry in entries.items():
        words = path.split("/")
        for depth in range(1, len(words)):
            whole.setdefault("/".join(words[:depth]), None)
        whole[path] = entry
    members = [_member(number, path, entry) for number, (path, entry) in enumerate(whole.items(), start=1)]
    return b"".join((*members, _header(0, "TRAILER!!!", 0, 0)))


def _member(number: int, path: str, entry: Entry) -> bytes:
    if entry is None:
        return _header(number, path, 0o040755, 0)
    mode, content = (0o120777, entry.encode()) if isinstance(entry, Link) else (0o100755, bytes(entry))
    return _header(number, path, mode, len(content)) + _padded(content)


def _header(number: int, path: str, mode: int, size: int) -> bytes:
    name = path.encode() + b"\0"
    # inode, mode, owner and group, links, time, size, four numbers of devices, length of the name, no sum.
    fields = (number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name), 0)
    return _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + name)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
