"""What it takes to bring changes back: `apply` beside `rsync -a` of the same files into the same project.

They do not do the same. rsync writes each file beside its place and renames it; it compares by size and time, keeps no
journal, merges nothing, and calls nothing durable. `apply` reads every changed file of the project again, looks at each
of them for what could run, and is on the disk as a whole before it says so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from bench.measure import Contender, Row, command, passed, race, ratios

LIB = Path(__file__).resolve().parent.parent / "templates" / "lib" / "project"
SIZES = (10, 1000)
IN_PROJECT = 5000
ROUNDS = 5
WHO = b"gen sandbox <sandbox@gen.invalid> 0 +0000"
SETTINGS = '{{"schema": 1, "project": "{}", "method": "plain", "uid": {}, "gid": {}, "asked": {{}}}}'


def content(number: int, changed: bool) -> bytes:
    """A file of some 4 KB."""
    lines = (hashlib.sha256(b"%d %d" % (number, line)).hexdigest() for line in range(60))
    return ("\n".join(lines) + ("\nchanged\n" if changed else "\n")).encode()


def name(number: int) -> str:
    """A path of the project."""
    return f"src/part{number % 97}/file{number}.txt"


def write_project(folder: Path) -> None:
    """Thousands of files, none of them changed."""
    for number in range(IN_PROJECT):
        path = folder / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number, changed=False))


def write_state(state: Path, project: Path, count: int) -> None:
    """What the tracking repository holds after the sandbox changed so many files."""
    command(("git", "init", "--quiet", "--bare", state / "track.git"))
    stream = [b"commit refs/heads/sandbox\ncommitter %b\ndata 0\n" % WHO]
    for number in range(count):
        for part, changed in ((b"base", False), (b"files", True)):
            text = content(number, changed)
            stream.append(b"M 100644 inline %b/%b\ndata %d\n%b\n" % (part, name(number).encode(), len(text), text))
    words = ("git", "--git-dir", state / "track.git", "fast-import", "--quiet")
    subprocess.run(words, input=b"".join(stream), check=True)
    (state / "settings.json").write_text(SETTINGS.format(project, os.getuid(), os.getgid()), encoding="ascii")


def copy(source: Path, target: Path) -> None:
    """A fresh copy, on the disk before the clock starts."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    os.sync()


def applying(work: Path, count: int) -> list[Row]:
    """The times for one number of changed files."""
    whole, project, changed = work / "apply-whole", work / "apply-project", work / f"apply-changed-{count}"
    kept, state = work / f"apply-kept-{count}", work / "apply-state"
    kept.mkdir()
    write_state(kept, project, count)
    for number in range(count):
        path = changed / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number, changed=True))

    # A review comes before, and leaves what Python compiled in the state folder. It wants to see the project.
    copy(whole, project)
    command((sys.executable, "-I", "-S", "-B", LIB, "--state", kept, "apply", "--recover"))
    command((sys.executable, "-I", "-S", "-B", LIB, "--state", kept, "review"))

    def prepare() -> None:
        copy(whole, project)
        copy(kept, state)

    words = (sys.executable, "-I", "-S", "-B", LIB, "--state", state, "apply", "--yes")
    rsync = ("rsync", "-a", f"{changed}/", f"{project}/")
    turns = race(
        [
            Contender(name="gen apply", prepare=prepare, run=partial(command, words)),
            Contender(name="rsync -a", prepare=prepare, run=partial(command, rsync)),
        ],
        rounds=ROUNDS,
    )
    mine, theirs = turns["gen apply"], turns["rsync -a"]
    ratio, spent = ratios(mine, theirs)
    of = f"{count:,} changed files of {IN_PROJECT:,}"
    return [
        Row(what=f"apply, {of}", measured=f"{passed(mine) * 1000:.0f} ms"),
        Row(what=f"rsync -a, {of}", measured=f"{passed(theirs) * 1000:.0f} ms"),
        Row(what=f"apply / rsync -a, {of}", measured=f"{ratio:.1f} (processors: {spent:.1f})"),
    ]


def apply_beside_rsync(work: Path) -> list[Row]:
    """All of it; nothing where there is no rsync."""
    if shutil.which("rsync") is None:
        return [Row(what="apply / rsync -a", measured="no rsync here: apt-get install rsync")]
    write_project(work / "apply-whole")
    return [row for count in SIZES for row in applying(work, count)]
