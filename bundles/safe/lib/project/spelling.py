"""Names that may mean the same file: filesystems fold case, drop characters that nobody sees, keep short names."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# HFS+ and casefolding ext4 drop them when they compare names; what is dropped too much here is only asked about.
IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# `NAME~1.EXT`: what NTFS and FAT call a file whose name is longer or begins with a dot.
SHORT_NAME = re.compile(r"[^~]{1,6}~[0-9]+(\.[^.]{0,3})?")


def compared(component: bytes) -> str:
    """One component as a filesystem that folds case compares it: equal results are one file there."""
    return _fold(component.decode("utf-8", "surrogateescape"), "NFD")


@lru_cache(maxsize=65536)
def folded(component: bytes) -> str:
    """One component as the most forgiving of all compares it; equal results may be one file there."""
    text = _fold(component.decode("utf-8", "surrogateescape"), "NFKD")
    # On NTFS what follows a colon names a stream of the file before it, and trailing dots and spaces are dropped.
    return text.split(":", 1)[0].rstrip(". ") or text


def _fold(text: str, form: str) -> str:
    # Twice, since a folded character may decompose anew.
    for _ in range(1 if text.isascii() else 2):
        text = IGNORED.sub("", unicodedata.normalize(form, text).casefold())  # type: ignore[arg-type]
    return text


def components(path: bytes) -> list[str]:
    """The folded components of a path. A backslash divides too: elsewhere it is a separator."""
    return [folded(part) for part in path.replace(b"\\", b"/").split(b"/")]


def is_git(component: str) -> bool:
    """Whether a folded component may be git's own folder; `git~1` is its short name."""
    return component == ".git" or re.fullmatch(r"git~[0-9]+", component) is not None


def is_short_name(component: str) -> bool:
    """Whether a folded component may be another name of any other file."""
    return SHORT_NAME.fullmatch(component) is not None
