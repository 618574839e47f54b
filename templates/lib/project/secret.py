"""What is never copied unless it is asked for: decided by name, and for a few names by what is in the file."""

from __future__ import annotations

import re
from fnmatch import translate

from project.layer import Unread, read_at
from project.secret_table import ANY, BY_CONTENT, HARMLESS, KEPT_AS, KEPT_BEFORE, PROGRAMS, SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOOKED_INTO = 65536
# What of PEM anybody may read; a list of authorities is larger than other files that are looked into.
PUBLIC = frozenset((b"CERTIFICATE", b"TRUSTED CERTIFICATE", b"X509 CERTIFICATE", b"X509 CRL", b"PUBLIC KEY"))
CERTIFICATES = 4 << 20
_WORDS = tuple(word.encode() for word in KEPT_AS)
_PROGRAMS = frozenset(word.encode() for word in PROGRAMS)
_AGED = frozenset((*_WORDS, b"~"))
# `x~`, `x.bak`, `x_old`, `x.1`, `x (copy)`, `x copy 2`, `x - Copy`, `x-2026-11-30`.
ENDING = re.compile(rb"(?:(?:\.~\d+)?~|(?<![._ (-])[._ (-]+(?:%b|\d{1,14})\)?)\Z" % b"|".join(_WORDS))
# `Copy of x`, `old-x`, `backup_x`.
BEGINNING = re.compile(rb"(?:%b)(?:[ _-](?:of|von|de)[ _-]|[ _-]+)" % b"|".join(word.encode() for word in KEPT_BEFORE))
# A name has fewer marks, unless somebody plays.
MOST_MARKS = 8


def content_at(folder: int, name: bytes, most: int) -> bytes:
    """A file's content, to look into; nothing where it cannot be read or is larger."""
    try:
        return read_at(folder, name, most)[1]
    except Unread:
        return b""


def originals(name: bytes, folder: bool = False) -> list[bytes]:
    """A name in small letters, and what it is a backup of: each name on a list stands for its backups as well."""
    found = [name]
    if name[:1] == b"#" and name[-1:] == b"#":
        found.append(name.strip(b"#"))
    # What is added meanwhile is looked at as well.
    for each in found:
        found += [own for own in _unmarked(each) if own not in found]
        if len(found) >= MOST_MARKS:
            break
    if len(found) > 1 and name[:1] == b".":
        # An editor's swap file has a dot in front.
        found.append(found[-1][1:])
    short = None if folder else re.match(rb"\.[^._-]+", name)
    if short and name.rpartition(b".")[2] not in _PROGRAMS:
        # `.env_prod`, `.netrc.work`
        found.append(short[0])
    return found


def _unmarked(name: bytes) -> Iterator[bytes]:
    """A name without one mark of a copy, or of age: at its end, before its suffix, or in front."""
    stem, dot, suffix = name.rpartition(b".")
    for text, rest in ((name, b""), (stem, dot + suffix)):
        ending = ENDING.search(text) if not rest or suffix not in _AGED else None
        if ending and ending.start():
            yield text[: ending.start()] + rest
    beginning = BEGINNING.match(name)
    if beginning and beginning.end() < len(name):
        yield name[beginning.end() :]


class Hints:
    """One quick look that settles most names: those that are none of the names, beginnings and endings on a list."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.exact: set[bytes] = set()
        heads, ends = {b".g"}, set()
        tails: dict[bytes, set[bytes]] = {}
        for pattern in patterns:
            last = pattern.lower().rstrip("/").rpartition("/")[2].encode("utf-8", "surrogateescape")
            before = re.split(rb"[*?\[]", last, maxsplit=1)[0]
            after = re.split(rb"[*?\]]", last)[-1]
            if before == last:
                self.exact.add(last)
            elif len(before) > 1:
                heads.add(before)
            elif b"." in after:
                tails.setdefault(after.rpartition(b".")[2], set()).add(after)
            else:
                # With nothing on either side it may be any name: all are looked at.
                ends.add(after)
        self.heads, self.whole = tuple(heads), tuple(ends)
        self.after = {tail: tuple(known) for tail, known in tails.items()}
        # And those of backups, which are looked at more closely.
        self.tails = {tail + between + word for tail in tails for between in (b"_", b"-") for word in _WORDS}
        self.tails |= {*tails, *_WORDS, *(b"%d" % number for number in range(100))}
        self.ends = (*ends, b"~", b"#", b")", b" copy")
        # What a name begins with that is to be looked at more closely.
        self.firsts = {known[:2] for known in (*self.exact, *heads, *(word.encode() for word in KEPT_BEFORE))}

    def settle(self, name: bytes) -> bool:
        """Whether a file of this name needs no second look."""
        return not any(self._knows(own) for own in originals(name.lower()))

    def _knows(self, name: bytes) -> bool:
        known = name in self.exact or name.endswith(self.after.get(name.rpartition(b".")[2], ()))
        return known or name.startswith(self.heads) or name.endswith(self.whole)


class Names:
    """A list of patterns, made so that most names are settled by one look."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.exact: set[bytes] = set()
        # By their last name, where that is one: to try them all takes long.
        self.paths: dict[bytes, list[re.Pattern[bytes]]] = {}
        begins, ends, others = [], [], []
        for pattern in patterns:
            folded = pattern.lower().encode("utf-8", "surrogateescape")
            if b"/" in folded.rstrip(b"/"):
                last = folded[folded.rstrip(b"/").rfind(b"/") + 1 :]
                key = b"" if any(c in last for c in b"*?[") else last
                self.paths.setdefault(key, []).append(re.compile(rb"(?s:.*/)?" + _regex(folded)))
            elif not any(c in folded for c in b"*?["):
                self.exact.add(folded)
                if folded.startswith(b"."):
                    # `.env/`, `.secrets/`: what is in a folder of such a name is as secret.
                    self.exact.add(folded.rstrip(b"/") + b"/")
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
        paths = (*self.paths.get(name, ()), *self.paths.get(b"", ()))
        whole = path.lower() + (b"/" if folder else b"")
        return any(pattern.fullmatch(whole) for pattern in paths)

    def match_any(self, owns: Iterable[tuple[bytes, bytes]], folder: bool = False) -> bool:
        """Whether one of these paths, each with its last name, is on the list."""
        return any(self.match(path, name, folder) for path, name in owns)


def _regex(pattern: bytes) -> bytes:
    return translate(pattern.decode("latin-1")).replace(r"\Z", "").replace(r"\z", "").encode("latin-1")


class Secrets:
    """Decides by name, and for a few by content, what is a secret. `keep` says what is taken all the same."""

    def __init__(self, more: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
        self.hints = Hints((*SECRETS, *more, *(name for name, _ in BY_CONTENT)))
        self.names = Names((*SECRETS, *more))
        self.asked = Names(more)
        self.harmless = Names(HARMLESS)
        self.keep = Names(keep)
        self.suspects = Names(name for name, _ in BY_CONTENT)
        self.content = [(Names((name,)), re.compile(pattern)) for name, pattern in BY_CONTENT]

    def is_secret(self, path: bytes, name: bytes, folder: bool = False) -> bool:
        """Whether a file or a folder is left out by its name."""
        owns = _owns(path, name, folder)
        if not self.names.match_any(owns, folder) or self.keep.match(path, name, folder):
            return False
        return self.asked.match_any(owns, folder) or not self.harmless.match_any(owns, folder)

    def is_public(self, path: bytes, name: bytes, folder: int) -> bool:
        """Whether a file with a name of a secret holds certificates alone, as the lists of authorities do."""
        if not name.lower().endswith(b".pem") or self.asked.match_any(_owns(path, name)):
            return False
        content = content_at(folder, name, CERTIFICATES)
        begun = content.split(b"-----BEGIN ")[1:]
        labels = {each.partition(b"-----")[0] for each in begun}
        return bool(labels) and labels <= PUBLIC and not re.search(ANY, content)

    def is_suspect(self, path: bytes, name: bytes, size: int) -> bool:
        """Whether a file's content decides."""
        return size <= LOOKED_INTO and self.suspects.match_any(_owns(path, name)) and not self.keep.match(path, name)

    def tells(self, path: bytes, name: bytes, content: bytes) -> bool:
        """Whether a suspect's content is a secret."""
        owns = _owns(path, name)
        return any(names.match_any(owns) and pattern.search(content) for names, pattern in self.content)


def _owns(path: bytes, name: bytes, folder: bool = False) -> list[tuple[bytes, bytes]]:
    above = path[: len(path) - len(name)]
    return [(above + own, own) for own in originals(name.lower(), folder)]
