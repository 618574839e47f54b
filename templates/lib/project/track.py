"""The tracking repository as the other parts read it: its commits, what differs between two of them, the notes."""

from __future__ import annotations

import json
import os

from project import commit
from project.data import Change, Commit, Entry, Note
from project.failure import Failure
from project.git import Git
from project.importer import BRANCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class Track:
    """What the sandbox did to its copy of the project.

    Only paths that it touched are stored: `files/` has its versions, `base/` the project's at entry.
    """

    def __init__(self, state: str | os.PathLike[str]) -> None:
        self.state = os.path.abspath(os.fspath(state))
        self.git = Git(os.path.join(self.state, "track.git"))

    def commit(self, command: str, code: int, seconds: float, *, thorough: bool = False) -> str | None:
        """Commits what changed by any means; gives the commit, or None when nothing did."""
        return commit.make(self.state, "command", command, code, seconds, thorough)

    def commit_outside(self, *, thorough: bool = False) -> str | None:
        """Commits what changed outside a command. `thorough` reads every file that differs, whatever its times say."""
        return commit.make(self.state, "outside", thorough=thorough)

    def head(self) -> str | None:
        """The newest commit, or None when nothing has changed since entry."""
        return commit.head_of(self.git.repo)

    def commits(self) -> list[Commit]:
        """All commits, the newest first."""
        if self.head() is None:
            return []
        said = self.git.run("log", "-z", "--format=%H%n%ct%n%B", BRANCH)
        return [_commit(part) for part in said.split(b"\0") if part]

    def resolve(self, name: str) -> str:
        """The full name of a commit that is given by its beginning, or as HEAD~N. Raises Failure for any other."""
        if name.startswith("-"):
            raise Failure(f"{name} is no commit", "", "scripts/changes.sh   (lists them)", 2)
        spelled = BRANCH.decode() + name[4:] if name.startswith("HEAD") else name
        found = self.git.run("rev-parse", "--verify", "--quiet", f"{spelled}^{{commit}}", ok=(0, 1, 128))
        if not found:
            raise Failure(f"{name} is no commit of this project's copy", "", "scripts/changes.sh   (lists them)", 2)
        return found.decode().strip()

    def before(self, name: str) -> str | None:
        """The commit before the command of one that is given as `resolve` takes it; None where that is the entry.

        What looks found while it ran is the command's as well.
        """
        oid = self.resolve(name)
        commit = next((one for one in self.commits() if one.oid == oid), None)
        if commit is not None and commit.began is not None:
            return commit.began or None
        found = self.git.run("rev-parse", "--verify", "--quiet", f"{oid}^", ok=(0, 1, 128))
        return found.decode().strip() or None

    def changes(self, old: str | None, new: str | None) -> list[Change]:
        """What differs between two states, sorted by path; None is the state at entry."""
        if old == new:
            return []
        if new is None or (old is not None and not self._precedes(old, new)):
            return [Change(change.path, change.new, change.old) for change in self.changes(new, old)]
        files, base = self._differences(old, new)
        untouched = self._first_touched(old, new, files, base)
        for path, entry in untouched.items():
            # What it was at `old` is the project's own version.
            if path in files:
                files[path] = (entry, files[path][1])
            elif entry is not None:
                files[path] = (entry, None)
        return self._sized(files)

    def applied(self, old: str | None, new: str | None) -> set[bytes]:
        """The paths that an apply brought back after one commit, up to another."""
        words = ("diff-tree", "--root", "--no-commit-id", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff")
        found: set[bytes] = set()
        commits = self.commits() if new else []
        names = [one.oid for one in commits]
        for one in commits[names.index(new or "") : names.index(old) if old else None] if new else ():
            if one.kind == "applied":
                found.update(self.git.run(*words, one.oid, "--", "base").split(b"\0")[:-1])
        return {path.partition(b"/")[2] for path in found}

    def notes(self, oid: str) -> list[Note]:
        """What is in the sandbox's copy at a commit and can never be brought back."""
        found = self.git.run("cat-file", "blob", f"{oid}:notes", ok=(0, 128))
        lines = [json.loads(line) for line in found.splitlines()]
        return [Note(_bytes(line["path"]), line["kind"], line["size"], line["count"]) for line in lines]

    def blob(self, oid: str) -> bytes:
        """A file's content."""
        return self.git.run("cat-file", "blob", oid)

    def blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """Several files' contents, with one process."""
        return self.git.blobs(oids)

    def tree_id(self, oid: str) -> str:
        """The name of all that a commit holds: two commits with the same one are the same state."""
        return self.git.run("rev-parse", "--verify", f"{oid}^{{tree}}").decode().strip()

    def touched(self, oid: str | None) -> dict[bytes, tuple[tuple[int, str] | None, tuple[int, str] | None]]:
        """Every path touched up to a commit: the project's version (mode, blob) and the sandbox's."""
        found: dict[bytes, tuple[tuple[int, str] | None, tuple[int, str] | None]] = {}
        said = self.git.run("ls-tree", "-r", "-z", oid, "--", "base", "files") if oid else b""
        for line in said.split(b"\0")[:-1]:
            words, path = line.split(b"\t", 1)
            mode, _, name = words.decode("ascii").split(" ")
            part, path = path.split(b"/", 1)
            base, own = found.get(path, (None, None))
            version = (int(mode, 8), name)
            found[path] = (version, own) if part == b"base" else (base, version)
        return found

    def _first_touched(self, old: str | None, new: str, files: _Pairs, base: _Pairs) -> dict[bytes, Entry | None]:
        """The project's version of each path that the sandbox touched after `old` for the first time.

        A base that an apply moved is none of these: the path was there before.
        """
        fresh = {path: entry for path, (was, entry) in base.items() if was is None}
        fresh = {path: entry for path, entry in fresh.items() if path not in files or files[path][0] is None}
        if old is None or fresh.keys() <= files.keys():
            return fresh
        now = self.touched(new)
        return {path: entry for path, entry in fresh.items() if path in files or now[path][1] is None}

    def _precedes(self, old: str, new: str) -> bool:
        return self.git.run("rev-list", "--count", f"{new}..{old}").strip() == b"0"

    def _differences(self, old: str | None, new: str) -> tuple[_Pairs, _Pairs]:
        words = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv")
        parts = self.git.run(*words, old or EMPTY_TREE, new).split(b"\0")[:-1]
        files: _Pairs = {}
        base: _Pairs = {}
        for status, path in zip(parts[::2], parts[1::2]):
            old_mode, new_mode, old_oid, new_oid, _ = status[1:].decode("ascii").split(" ")
            part, _, name = path.partition(b"/")
            if name:
                pair = (_entry(old_mode, old_oid), _entry(new_mode, new_oid))
                (files if part == b"files" else base)[name] = pair
        return files, base

    def _sized(self, pairs: _Pairs) -> list[Change]:
        """The changes with the sizes of the blobs, which git is asked for all at once."""
        differing = {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
        oids = sorted({entry.oid for pair in differing.values() for entry in pair if entry is not None})
        words = ("cat-file", "--batch-check=%(objectname) %(objectsize)")
        said = self.git.run(*words, stdin="".join(f"{oid}\n" for oid in oids).encode()) if oids else b""
        sizes = {oid: int(size) for oid, size in (line.split() for line in said.decode("ascii").splitlines())}

        def sized(entry: Entry | None) -> Entry | None:
            return entry and Entry(entry.mode, entry.oid, sizes[entry.oid])

        return [Change(path, sized(old), sized(new)) for path, (old, new) in sorted(differing.items())]


_Pairs = dict[bytes, "tuple[Entry | None, Entry | None]"]


def _entry(mode: str, oid: str) -> Entry | None:
    return Entry(int(mode, 8), oid, 0) if oid.strip("0") else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _commit(part: bytes) -> Commit:
    oid, when, text = part.decode("ascii", "replace").split("\n", 2)
    trailers = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and line[:1].isupper())
    command = json.loads(trailers.get("Command", '""'))
    code, seconds = trailers.get("Exit", "0"), float(trailers.get("Seconds", "0"))
    began = {"entry": ""}.get(trailers.get("Began", ""), trailers.get("Began"))
    kind, running = trailers.get("Kind", "outside"), int(trailers.get("Running", "0"))
    beside = tuple(json.loads(trailers.get("With", "[]")))
    ended = None if code == "unknown" else int(code)
    return Commit(oid, kind, command, ended, seconds, int(when), beside, began, running)
