"""What is never copied unless it is asked for: decided by name, and for a few names by what is in the file."""

from __future__ import annotations

import re
from fnmatch import translate

from project.secret_table import BY_CONTENT, HARMLESS, SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKED_INTO = 65536


class Hints:
    """One quick look that settles most names: those that are none of the names, beginnings and endings on a list."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.exact: set[bytes] = set()
        self.tails: set[bytes] = set()
        heads, ends = {b".g"}, set()
        for pattern in patterns:
            last = pattern.lower().rstrip("/").rpartition("/")[2].encode("utf-8", "surrogateescape")
            before = re.split(rb"[*?\[]", last, maxsplit=1)[0]
            after = re.split(rb"[*?\]]", last)[-1]
            if before == last:
                self.exact.add(last)
            elif len(before) > 1:
                heads.add(before)
            elif b"." in after:
                self.tails.add(after.rpartition(b".")[2])
            else:
                # With nothing on either side it may be any name: all are looked at.
                ends.add(after)
        self.heads, self.ends = tuple(heads), tuple(ends)
        # What a name begins with that is to be looked at more closely.
        self.firsts = {known[:2] for known in (*self.exact, *heads)}

    def settle(self, name: bytes) -> bool:
        """Whether a file of this name needs no second look."""
        name = name.lower()
        if name in self.exact or name.rpartition(b".")[2] in self.tails:
            return False
        return not (name.startswith(self.heads) or name.endswith(self.ends))


class Names:
    """A list of patterns, made so that most names are settled by one look."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.exact: set[bytes] = set()
        self.paths: list[re.Pattern[bytes]] = []
        begins, ends, others = [], [], []
        for pattern in patterns:
            folded = pattern.lower().encode("utf-8", "surrogateescape")
            if b"/" in folded.rstrip(b"/"):
                self.paths.append(re.compile(rb"(?s:.*/)?" + _regex(folded)))
            elif not any(c in folded for c in b"*?["):
                self.exact.add(folded)
            elif not any(c in folded[:-1] for c in b"*?[") and folded.endswith(b"*"):
                begins.append(folded[:-1])
            elif not any(c in folded[1:] for c in b"*?[") and folded.startswith(b"*"):
                ends.append(folded[1:])
            else:
                others.append(_regex(folded))
        self.begins, self.ends = tuple(begins), tuple(ends)
        self.others = re.compile(b"|".join(others)) if others else None

    def match(self, path: bytes, name: bytes, folder: bool = False) -> bool:
        """Whether a path's last name, or its end, is on the list."""
        name = name.lower() + (b"/" if folder else b"")
        if name in self.exact or name.startswith(self.begins) or name.endswith(self.ends):
            return True
        if self.others is not None and self.others.fullmatch(name):
            return True
        if not self.paths:
            return False
        whole = path.lower() + (b"/" if folder else b"")
        return any(pattern.fullmatch(whole) for pattern in self.paths)


def _regex(pattern: bytes) -> bytes:
    return translate(pattern.decode("latin-1")).replace(r"\Z", "").replace(r"\z", "").encode("latin-1")


class Secrets:
    """Decides by name, and for a few by content, what is a secret. `keep` says what is taken all the same."""

    def __init__(self, more: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
        self.hints = Hints((*SECRETS, *more, *(name for name, _ in BY_CONTENT)))
        self.names = Names((*SECRETS, *more))
        self.asked = Names(more)
        self.harmless = Names((*HARMLESS, *keep))
        self.keep = Names(keep)
        self.suspects = Names(name for name, _ in BY_CONTENT)
        self.content = [(Names((name,)), re.compile(pattern)) for name, pattern in BY_CONTENT]

    def is_secret(self, path: bytes, name: bytes, folder: bool = False) -> bool:
        """Whether a file or a folder is left out by its name."""
        if not self.names.match(path, name, folder):
            return False
        if self.asked.match(path, name, folder):
            return not self.keep.match(path, name, folder)
        return not self.harmless.match(path, name, folder)

    def is_suspect(self, path: bytes, name: bytes, size: int) -> bool:
        """Whether a file's content decides."""
        return size <= LOOKED_INTO and self.suspects.match(path, name) and not self.keep.match(path, name)

    def tells(self, path: bytes, name: bytes, content: bytes) -> bool:
        """Whether a suspect's content is a secret."""
        return any(names.match(path, name) and pattern.search(content) for names, pattern in self.content)
