"""One commit of what a command changed. It starts fast: nothing is imported here that it does not need."""

from __future__ import annotations

import fcntl
import os
import sys
import time

from project import begun, seen
from project.changes import Changes, blob_name
from project.failure import Failure
from project.git import Git
from project.importer import BRANCH, Importer
from project.layer import Plain, Upper
from project.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import BinaryIO, NoReturn

    from project.begun import Begun

# So many commands are named as others that ran, with so many letters each.
MOST, LONGEST = 20, 1000
USAGE = "commit [--command-file FILE|- --exit N --seconds S | --outside | --undone N] [--thorough] [--tar -]"


class Lock:
    """Held while the history is written, and while the copy is brought back to it: a second one waits."""

    def __init__(self, state: str) -> None:
        self.file = os.path.join(state, "lock")

    def __enter__(self) -> Lock:
        self.lock = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.lock)


def make(
    state: str,
    kind: str,
    command: str = "",
    code: int = 0,
    seconds: float = 0.0,
    thorough: bool = False,
    stream: BinaryIO | None = None,
) -> str | None:
    """Commits what changed since the last one; gives the newest commit's name, or None when there is none to make.

    `kind` is command, outside (what begun.py knows of, or nobody's command of ours) or undo. What changed is in the
    folder of the state, or in `stream`, as a tar of a microVM's layer.
    """
    with Lock(state):
        return held(state, kind, command, code, seconds, thorough, stream)


def held(
    state: str,
    kind: str,
    command: str = "",
    code: int = 0,
    seconds: float = 0.0,
    thorough: bool = False,
    stream: BinaryIO | None = None,
) -> str | None:
    """The same for whoever holds the lock."""
    settings = Settings.quick(state)
    git = Git(os.path.join(state, "track.git"))
    # Known before the look: what ends meanwhile may have changed more than it sees.
    known = list(begun.listed(state)) if kind == "outside" else []
    head = head_of(git.repo)
    changes = Changes(state, git, head, settings.project, thorough)
    try:
        notes = _look(state, settings, changes, stream)
        lines = changes.lines() + _notes_lines(changes, notes) + _modes_lines(changes)
        running = sum(not one.ended for one in known)
        text = message("moment" if running else kind, command, code, seconds, running=running)
        fresh = _write(changes.importer, head, lines, text, known)
    finally:
        changes.importer.close()
        changes.ignoring.close()
    seen.save(state, fresh or head, changes.now, changes.unknown, changes.notes_name)
    changes.modes.save(fresh or head)
    changes.base.save()
    for one in known:
        if one.ended:
            one.forget()
    return fresh


def _write(importer: Importer, head: str | None, lines: list[bytes], text: bytes, known: list[Begun]) -> str | None:
    """A commit for each command that has ended, the first of them with the changes; else the one of this look.

    Of what several changed at once nobody can tell which of them it was: each names the others.
    """
    fresh = None
    for one in known:
        if one.ended and (lines or _seen_before(importer.git, one, fresh or head)):
            others = [other.words for other in known if other is not one]
            told = message("command", one.words, one.code, one.seconds, one.began, one.ident, others=others)
            fresh = importer.commit(fresh or head, told, int(time.time()), lines)
            lines = []
    return importer.commit(fresh or head, text, int(time.time()), lines) if lines else fresh


def _seen_before(git: Git, one: Begun, head: str | None) -> bool:
    """Whether other commits may have changes of this command: it is not among them, and has to be told of."""
    if (head or "") == one.began:
        return False
    said = git.run("log", "-z", "--format=%B", f"{one.began}..{head}" if one.began else str(head))
    texts = said.split(b"\0")
    if any(b"\nId: %b\n" % one.ident.encode() in text for text in texts):
        return False
    return any(b"\nKind: applied\n" not in text for text in texts)


def head_of(repo: str) -> str | None:
    """The newest commit."""
    try:
        with open(os.path.join(repo, BRANCH.decode()), encoding="ascii") as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return None


def _look(
    state: str, settings: Settings, changes: Changes, stream: BinaryIO | None
) -> list[tuple[bytes, str, int, int]]:
    """Goes through the copy; gives the notes."""
    if stream is not None:
        from project.stream import Tar

        sent = Tar(stream)
        changes.take(sent, sent.walk.kept)
        changes.modes.settle(changes.now, sent.walk.kept, whole=False)
        return sorted(sent.walk.notes + changes.notes + [(path, "base-unknown", 0, 1) for path in changes.unknown])
    overlay = settings.method == "overlay"
    folder = settings.open_copy(state)
    try:
        copied = os.path.join(state, "copied.list")
        source = Upper(folder) if overlay else Plain(folder, copied, changes.known.__contains__)
        source.walk.skip = changes.ignored.__contains__
        changes.take(source, source.walk.kept)
        changes.modes.settle(changes.now, source.walk.kept | changes.ignored, whole=not overlay)
    finally:
        os.close(folder)
    unknown = [(path, "base-unknown", 0, 1) for path in changes.unknown]
    return sorted(source.walk.notes + changes.notes + unknown)


def _notes_lines(changes: Changes, notes: list[tuple[bytes, str, int, int]]) -> list[bytes]:
    """The notes' part of the commit; nothing when they are as they were."""
    content = "".join(map(note, notes)).encode("ascii")
    name = blob_name(content) if notes else ""
    if name == changes.notes_name:
        return []
    changes.notes_name = name
    if not notes:
        return [b"D notes\n"]
    changes.importer.blob(name, content)
    return [b"M 100644 %b notes\n" % name.encode()]


def _modes_lines(changes: Changes) -> list[bytes]:
    """The part of the commit that git does not hold by itself; nothing when it is as it was."""
    content = changes.modes.now.content()
    if content == changes.modes.before.content():
        return []
    if not content:
        return [b"D modes\n"]
    changes.importer.blob(blob_name(content), content)
    return [b"M 100644 %b modes\n" % blob_name(content).encode()]


def note(told: tuple[bytes, str, int, int]) -> str:
    """A note as the tracking repository keeps it: a line of JSON."""
    path, kind, size, count = told
    text = json_text(path.decode("utf-8", "surrogateescape"))
    return f'{{"path": {text}, "kind": "{kind}", "size": {size}, "count": {count}}}\n'


def json_text(text: str) -> str:
    """A text in JSON, in ASCII; the library's way of it takes longer to import than a commit takes."""
    parts = []
    for letter in text:
        number = ord(letter)
        if 32 <= number < 127 and letter not in '"\\':
            parts.append(letter)
        elif number < 0x10000:
            parts.append(f"\\u{number:04x}")
        else:
            number -= 0x10000
            parts.append(f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}")
    return '"' + "".join(parts) + '"'


def message(
    kind: str,
    command: str,
    code: int | None,
    seconds: float,
    began: str | None = None,
    ident: str = "",
    running: int = 0,
    others: Collection[str] = (),
) -> bytes:
    """A subject to read, and trailers to parse: a command is JSON there, so that it is one line of ASCII.

    `began` is the commit before the command, which may lie further back than the one before this. `running` commands
    were at work at a moment's look. `others` ran at the same time as this one, and may have changed what it did not.
    """
    quoted = json_text(command)
    subject = {"outside": "outside a command", "moment": "while a command ran"}.get(kind, quoted[1:-1][:72] or kind)
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [f"Kind: {kind}", f"Command: {quoted}", f"Exit: {'unknown' if code is None else code}"]
    lines += [f"Seconds: {seconds:.3f}", f"Time: {ended}"]
    lines += [f"Began: {began or 'entry'}", f"Id: {ident}"] if began is not None else []
    lines += [f"Running: {running}"] if running else []
    lines += [f"With: [{', '.join(json_text(one[:LONGEST]) for one in list(others)[:MOST])}]"] if others else []
    return (subject + "\n\n" + "\n".join(lines) + "\n").encode("ascii")


def quick(argv: list[str]) -> int:
    """The command line, read by hand: importing the parser would take longer than the rest."""
    words = list(argv)
    given: dict[str, str] = {}
    thorough = False
    while words:
        word = words.pop(0)
        if word in ("commit", "--outside"):
            continue
        if word == "--thorough":
            thorough = True
        elif word in ("--state", "--command-file", "--exit", "--seconds", "--undone", "--tar") and words:
            given[word] = words.pop(0)
        else:
            _usage(f"{word} is not known, or lacks its value")
    if "--state" not in given:
        _usage("--state is missing")
    try:
        code, seconds = int(given.get("--exit", "0")), float(given.get("--seconds", "0"))
        command = _read_command(given["--command-file"]) if "--command-file" in given else ""
    except (ValueError, OSError) as error:
        _usage(str(error))
    kind = "command" if "--command-file" in given else "outside"
    if "--undone" in given:
        kind, command = "undo", f"undo {given['--undone']}"
    stream = sys.stdin.buffer if "--tar" in given else None
    oid = make(os.path.abspath(given["--state"]), kind, command, code, seconds, thorough, stream)
    if oid:
        sys.stdout.write(oid + "\n")
    return 0


def _read_command(path: str) -> str:
    """The command as a shell would have it; the file has it so, or as words that end with a NUL each."""
    with open(0 if path == "-" else path, "rb", closefd=path != "-") as stream:
        text = stream.read(65536).decode("utf-8", "surrogateescape")
    if "\0" not in text:
        return text.rstrip("\n")
    return begun.line(text.rstrip("\0").split("\0"))


def _usage(why: str) -> NoReturn:
    raise Failure("this commit is not understood", why, USAGE, 2)
