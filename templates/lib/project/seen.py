"""What is known of each path that the sandbox touched: its last version, and what tells it from a later one."""

from __future__ import annotations

import os

from project import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from project.git import Git


class Version:
    """A path's last known version. `oid` is empty when it is gone; `same` when it never differed from the project's.

    `words` are those of the file's status when it was read; empty when it has to be read again.
    """

    __slots__ = ("mode", "oid", "same", "words")

    def __init__(self, mode: int, oid: str, words: bytes = b"", same: bool = False) -> None:
        self.mode, self.oid, self.words, self.same = mode, oid, words, same

    def equals(self, other: Version | None) -> bool:
        """Whether git would see no difference."""
        return other is not None and (self.mode, self.oid, self.same) == (other.mode, other.oid, other.same)


GONE = Version(0, "")
Versions = dict[bytes, Version]


def load(state: str, git: Git, head: str | None) -> tuple[Versions, set[bytes], str]:
    """The versions at `head`, the paths of which the project's own is unknown, and the name of the notes.

    The cache counts only when it was written for this very commit; otherwise git is asked, and all is read again.
    """
    try:
        title, found = records.split(records.read(os.path.join(state, "seen.list")))
        name, _, notes = title.decode("ascii", "replace").partition(" ")
        if name == (head or "entry"):
            return (*_versions(found), notes)
    except ValueError:
        pass
    return _from_git(git, head) if head else ({}, set(), "")


def _versions(found: list[tuple[bytes, bytes]]) -> tuple[Versions, set[bytes]]:
    """Those of the cache's records. Raises ValueError where one is none."""
    versions: Versions = {}
    unknown = set()
    for path, words in found:
        flag, mode, oid, rest = words.split(b" ", 3)
        if flag == b"unknown":
            unknown.add(path)
        else:
            versions[path] = Version(int(mode, 8), oid.decode(), rest, flag == b"same")
    return versions, unknown


def save(state: str, head: str | None, versions: Versions, unknown: set[bytes], notes: str) -> None:
    """Keeps the versions for the next commit."""

    def lines() -> Iterator[tuple[bytes, bytes]]:
        for path, version in versions.items():
            flag = b"same" if version.same else b"own"
            yield path, b"%b %o %b %b" % (flag, version.mode, version.oid.encode(), version.words)
        for path in unknown:
            yield path, b"unknown 0  "

    records.write(os.path.join(state, "seen.list"), records.join(lines(), f"{head or 'entry'} {notes}".encode()))


def read_again(state: str) -> None:
    """Lets the next commit read everything again. What was settled of a path, and no commit has, stays known."""
    try:
        title, found = records.split(records.read(os.path.join(state, "seen.list")))
        versions, unknown = _versions(found)
    except ValueError:
        return
    for version in versions.values():
        version.words = b""
    name, _, notes = title.decode("ascii", "replace").partition(" ")
    save(state, None if name == "entry" else name, versions, unknown, notes)


def _from_git(git: Git, head: str) -> tuple[Versions, set[bytes], str]:
    versions: Versions = {}
    for line in git.run("ls-tree", "-r", "-z", head, "--", "base", "files").split(b"\0")[:-1]:
        words, path = line.split(b"\t", 1)
        mode, _, oid = words.split(b" ")
        part, path = path.split(b"/", 1)
        if part == b"files":
            versions[path] = Version(int(mode, 8), oid.decode())
        else:
            versions.setdefault(path, GONE)
    # What an apply settled as removed is in no tree any more, and would be taken for a fresh removal.
    asked = ("log", "-z", "--format=", "--name-only", "--diff-filter=D", "--no-renames", "--no-ext-diff")
    for name in git.run(*asked, "--grep=^Kind: applied$", head, "--", "base").split(b"\0")[:-1]:
        versions.setdefault(name.partition(b"base/")[2], GONE)
    return (versions, *_notes_from_git(git, head, versions))


def _notes_from_git(git: Git, head: str, versions: Versions) -> tuple[set[bytes], str]:
    import json

    name = git.run("rev-parse", "--verify", "--quiet", f"{head}:notes", ok=(0, 1)).decode().strip()
    unknown = set()
    for note in git.run("cat-file", "blob", name).splitlines() if name else ():
        fields = json.loads(note)
        if fields["kind"] == "base-unknown":
            path = fields["path"].encode("utf-8", "surrogateescape")
            unknown.add(path)
            versions.setdefault(path, GONE)
    return unknown, name
