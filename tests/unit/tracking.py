"""A state folder as the sandbox's tracking leaves it: written by git in the tree layout, and our commands on it."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from project import apply, review
from project.failure import Failure
from project.git import Git
from project.importer import BRANCH, path_words
from project.settings import Settings

from tests.unit.applying import Tree, Versions, make
from tests.unit.isolated import PYTHON

LIB = Path(__file__).resolve().parents[2] / "templates" / "lib" / "project"
WHO = b"gen sandbox <sandbox@gen.invalid> 0 +0000"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


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

    def commit(
        self,
        sandbox: Tree,
        notes: Sequence[tuple[str, str]] = (),
        unknown: Sequence[str] = (),
        based: Tree | None = None,
    ) -> None:
        """One commit: the sandbox's files are these now, and those at entry `based`, where an apply has moved them."""
        versions = Versions(based or self.base, sandbox)
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

    def run(self, *words: str | Path, check: bool = True) -> Done:
        """One command of lib/project, in this process, which saves Python's start; without a terminal."""
        parser = argparse.ArgumentParser()
        subparsers = parser.add_subparsers()
        for command in (review, apply):
            command.add_parser(subparsers)
        args = parser.parse_args(list(map(str, words)), argparse.Namespace(state=str(self.state)))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = args.run(args)
            except Failure as failure:
                code = failure.code
                err.write(f"{failure.what}\n{failure.why}\n")
        assert not check or code == 0, err.getvalue()
        return Done(code, out.getvalue(), err.getvalue())

    def start(self, *words: str | Path) -> Done:
        """The same as a bundle starts it, in a process of its own."""
        command = (*PYTHON, LIB, "--state", self.state, *words)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def review(self, *words: str) -> dict[str, object]:
        """The document of `review --json`."""
        return dict(json.loads(self.run("review", "--json", *words).stdout))
