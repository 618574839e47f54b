"""What git knows of a project: asked with its index and its ignore files, never with its configuration."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess

from project import unread
from project.failure import Failure
from project.git import SECONDS, Git, missing, said
from project.records import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# An answer takes a second or two in the largest projects.
PATIENCE = 5
# More than any index or exclude file has; it is read into memory.
MOST = 512 * 1024**2
OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Repository:
    """The repository that a folder belongs to: its top, its own git folder, and the one that worktrees share."""

    def __init__(self, top: bytes, gitdir: bytes, common: bytes) -> None:
        self.top, self.gitdir, self.common = top, gitdir, common

    @classmethod
    def of(cls, folder: bytes, upwards: bool = True) -> Repository | None:
        """The one that a folder is in, or None; with `upwards` also that of a folder above."""
        here = folder
        while True:
            gitdir = _gitdir(here)
            if gitdir is not None:
                shared = _text(os.path.join(gitdir, b"commondir"))
                return cls(here, gitdir, os.path.join(gitdir, shared) if shared else gitdir)
            above = os.path.dirname(here)
            if not upwards or above == here:
                return None
            here = above


def _gitdir(folder: bytes) -> bytes | None:
    """Where the `.git` of a folder leads, when that looks like a repository."""
    place = os.path.join(folder, b".git")
    try:
        found = os.stat(place)
    except OSError:
        return None
    if stat.S_ISREG(found.st_mode):
        text = _text(place)
        if not text.startswith(b"gitdir: "):
            return None
        place = os.path.join(folder, text[len(b"gitdir: ") :])
    return place if os.path.isfile(os.path.join(place, b"HEAD")) else None


def content(path: bytes, most: int = MOST) -> bytes:
    """A regular file's content; nothing for anything else."""
    try:
        descriptor = os.open(path, OPEN)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        return stream.read(most) if stat.S_ISREG(found.st_mode) and found.st_size <= most else b""


def _text(path: bytes) -> bytes:
    return content(path, 8192).rstrip(b"\r\n")


class Question:
    """A git folder of our own with a copy of the project's index: git reads that, and answers about the project."""

    def __init__(self, place: str, folder: bytes, repository: Repository | None, excludes: str) -> None:
        self.folder, self.place = folder, place
        self.running: list[subprocess.Popen[bytes]] = []
        for name in ("objects/info", "objects/pack", "refs/heads", "info"):
            os.makedirs(os.path.join(place, name))
        version, extensions = 0, ""
        if repository is not None:
            version, extensions = self._copy(repository)
        self._write("HEAD", b"ref: refs/heads/none\n")
        self._write("config", f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = false\n{extensions}".encode())
        self.top = top = repository.top if repository is not None else folder
        self.git = Git(place, GIT_WORK_TREE=os.fsdecode(top))
        self.words = ("-c", f"core.excludesFile={excludes}", "ls-files", "-z")

    def _copy(self, repository: Repository) -> tuple[int, str]:
        for entry in _names(repository.gitdir):
            if entry == b"index" or entry.startswith(b"sharedindex."):
                self._write(os.fsdecode(entry), content(os.path.join(repository.gitdir, entry)))
        self._write("info/exclude", content(os.path.join(repository.common, b"info", b"exclude")))
        objects = os.path.join(os.path.abspath(repository.common), b"objects")
        # A sparse index names folders by their trees: to list what is in them, git has to read those.
        if b"\n" not in objects and not objects.startswith(b'"'):
            self._write("objects/info/alternates", objects + b"\n")
        config = content(os.path.join(repository.common, b"config"), 1 << 20)
        if re.search(rb"(?im)^[ \t]*objectformat[ \t]*=[ \t]*\"?sha256", config):
            return 1, "[extensions]\n\tobjectFormat = sha256\n"
        return 0, ""

    def _write(self, name: str, what: bytes) -> None:
        with open(os.path.join(self.place, name), "wb") as stream:
            stream.write(what)

    def ask(self, *args: str) -> subprocess.Popen[bytes]:
        """Starts `git ls-files`; what it prints is read by `answer`."""
        words: Any = self.git.words(*self.words, *args)
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.git.environment,
            cwd=self.folder,
        )
        self.running.append(process)
        return process

    def answer(self, process: subprocess.Popen[bytes]) -> list[bytes]:
        """The paths that git printed."""
        try:
            listed, complaint = self._patiently(process)
        except subprocess.TimeoutExpired:
            raise Failure("git did not end", f"It was asked about the project, and had {SECONDS} seconds.") from None
        if process.returncode != 0:
            unread.refuse(self.folder, self.top)
            raise Failure("git cannot list the project", said(complaint), "git -C PROJECT status")
        return listed.split(b"\0")[:-1]

    def themselves(self, listed: list[bytes]) -> list[bytes]:
        """Of what `ls-files --directory` lists: for a folder that only has nothing but what is ignored, the files."""
        folders = [b"./" + path for path in listed if path.endswith(b"/")]
        command = ("check-ignore", "--no-index", "-z", "--stdin")
        words: Any = self.git.words("--no-literal-pathspecs", *self.words[:2], *command)
        asked = b"\0".join([*folders, b""])
        told = subprocess.run(
            words,
            input=asked,
            capture_output=True,
            env=self.git.environment,
            cwd=self.folder,
            timeout=SECONDS,
            check=False,
        )
        # Of a path that it cannot judge git says nothing at all: then no folder counts.
        whole = set(told.stdout.split(b"\0") if told.returncode in (0, 1) else ())
        opened = {path[2:-1] for path in folders if path not in whole}
        if not opened:
            return listed
        files = self.answer(self.ask("-o", "-i", "--exclude-standard"))
        return [path for path in listed if path[:-1] not in opened] + [path for path in files if within(path, opened)]

    def _patiently(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """What git says: where it takes long, after a look for what it may wait for in vain."""
        try:
            return process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            unread.refuse(self.folder, self.top)
            return process.communicate(timeout=SECONDS)

    def close(self) -> None:
        """Ends what still runs, and removes the git folder."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.communicate()
        shutil.rmtree(self.place)


def _names(folder: bytes) -> list[bytes]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def excludes_of_user() -> str:
    """The user's own list of what is ignored everywhere: the one thing of theirs that counts."""
    try:
        done = subprocess.run(
            ("git", "config", "--global", "--type=path", "--get", "core.excludesFile"),
            capture_output=True,
            cwd="/",
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise missing() from None
    named = os.fsdecode(done.stdout.rstrip(b"\n")) if done.returncode == 0 else ""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.environ.get("HOME", "/nonexistent"), ".config")
    path = named or os.path.join(base, "git", "ignore")
    return path if os.path.isfile(path) else os.devnull
