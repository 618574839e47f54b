"""A state folder as the sandbox's tracking leaves it: written by git in the tree layout, and our commands on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from project.git import Git
from project.importer import BRANCH, path_words
from project.settings import Settings

from tests.unit.applying import Link, Tree, Versions, make

LIB = Path(__file__).resolve().parents[2] / "templates" / "lib" / "project"
WHO = b"gen sandbox <sandbox@gen.invalid> 0 +0000"


class Tracked:
    """A project, and a state folder whose tracking repository says what the sandbox made of it."""

    def __init__(self, place: Path, base: Tree, host: Tree | None = None) -> None:
        self.project, self.state, self.base = place / "project", place / "state", dict(base)
        make(self.project, base if host is None else host)
        self.state.mkdir()
        self.repo = self.state / "track.git"
        subprocess.run(("git", "init", "--quiet", "--bare", self.repo), check=True)
        owner = self.project.stat()
        Settings(os.fsencode(self.project), "plain", owner.st_uid, owner.st_gid).save(str(self.state))

    def commit(self, sandbox: Tree, notes: Sequence[tuple[str, str]] = (), unknown: Sequence[str] = ()) -> None:
        """One commit: the sandbox's files are these now."""
        versions = Versions(self.base, sandbox)
        git = Git(self.repo)
        marks = {oid: number for number, oid in enumerate(versions.blobs, 1)}
        stream = [
            b"blob\nmark :%d\ndata %d\n%b\n" % (marks[oid], len(text), text) for oid, text in versions.blobs.items()
        ]
        stream.append(b"commit %b\ncommitter %b\ndata 0\n" % (BRANCH, WHO))
        if git.run("rev-parse", "--verify", "--quiet", BRANCH, ok=(0, 1)):
            stream.append(b"from %b^0\n" % BRANCH)
        stream.append(b"deleteall\n")
        for change in versions.changes:
            for part, entry in ((b"base/", change.old), (b"files/", change.new)):
                if entry and not (part == b"base/" and os.fsdecode(change.path) in unknown):
                    stream.append(b"M %o :%d %b\n" % (entry.mode, marks[entry.oid], path_words(part + change.path)))
        told = [*notes, *((path, "base-unknown") for path in unknown)]
        lines = "".join(json.dumps({"path": path, "kind": kind, "size": 0, "count": 1}) + "\n" for path, kind in told)
        stream.append(b"M 100644 inline notes\ndata %d\n%b\n" % (len(lines), lines.encode()))
        git.run("fast-import", "--quiet", stdin=b"".join(stream))

    def run(self, *words: str | Path, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """One command of lib/project, as a bundle starts it."""
        command = (sys.executable, "-I", "-S", "-B", LIB, "--state", self.state, *words)
        done = subprocess.run(command, capture_output=True, text=True, input=stdin, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert not check or done.returncode == 0, done.stderr
        return done

    def review(self, *words: str) -> dict[str, object]:
        """The document of `review --json`."""
        return dict(json.loads(self.run("review", "--json", *words).stdout))


__all__ = ["Link", "Tracked"]
