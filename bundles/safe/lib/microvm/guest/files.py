"""Small files. Python's library for paths takes longer to load than all else that the agent does at its start."""

from __future__ import annotations

import os


def read(path: str) -> str:
    """What is in it, without the line's end."""
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def write(path: str, text: str) -> None:
    """Into a file of the kernel's, or a new one."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def replace(path: str, text: str) -> None:
    """The old or the new, never a part. What lay there may be a link: it goes, not what it leads to."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)
