"""A project with a copy of it, for tests: real git, a real overlay, and the program that a bundle starts."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from project.track import Track

from tests.unit.isolated import PYTHON

PROGRAM = Path(__file__).resolve().parents[2] / "templates" / "lib" / "project"
METHODS = ("overlay", "plain")


def git(folder: Path, *words: str) -> str:
    """Runs git in a folder, as its owner would."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")
    return subprocess.run(("git", *who, *words), cwd=folder, capture_output=True, text=True, check=True).stdout


def program(state: Path, *words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs the program as a bundle does."""
    command = (*PYTHON, PROGRAM / "__main__.py", "--state", state, *words)
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=600)


class Copy:
    """A project, its copy, and the folder in which an agent sees it."""

    def __init__(self, folder: Path, method: str = "overlay") -> None:
        self.method, self.project, self.state = method, folder / "project", folder / "state"
        self.mount_point = folder / "seen"
        self.mounted = False
        for place in (self.project, self.state, self.mount_point):
            place.mkdir()
        self.track = Track(self.state)

    @property
    def root(self) -> Path:
        """What the agent has before it."""
        return self.mount_point if self.method == "overlay" else self.state / "disk" / "tree"

    def write(self, *files: str) -> None:
        """Writes files of the project; each holds its own name."""
        for name in files:
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name + "\n")

    def enter(self, *words: str) -> str:
        """Takes the project in, and shows it to the agent; gives what the program said."""
        done = program(
            self.state, "enter", "--project", self.project, "--sandbox-uid", "0", "--method", self.method, *words
        )
        assert done.returncode == 0, done.stderr.decode()
        self.show()
        return done.stdout.decode()

    def show(self) -> None:
        """Mounts the overlay as the bundle's volume does."""
        if self.method != "overlay":
            return
        self.hide()
        disk = self.state / "disk"
        layers = f"lowerdir={disk}/masks:{self.project},upperdir={disk}/upper,workdir={disk}/work"
        command = ("mount", "-t", "overlay", "overlay", "-o", f"userxattr,{layers}", self.mount_point)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"an overlay cannot be mounted here: {done.stderr.strip()}")
        self.mounted = True

    def hide(self) -> None:
        """Unmounts the overlay."""
        if self.mounted:
            subprocess.run(("umount", self.mount_point), check=True)
            self.mounted = False

    def commit(self, command: str = "x") -> str | None:
        """What an agent's command ends with."""
        return self.track.commit(command, 0, 0.1)

    def changed(self, old: str | None = None, new: str | None = None) -> list[str]:
        """The changes as words: `+added ~changed -removed`."""
        marks = {"added": "+", "changed": "~", "removed": "-"}
        changes = self.track.changes(old, new or self.track.head())
        return [marks[change.status.value] + os.fsdecode(change.path) for change in changes]

    def noted(self) -> list[str]:
        """The notes as words: `fifo:path`."""
        head = self.track.head()
        return [f"{note.kind}:{os.fsdecode(note.path)}" for note in self.track.notes(head)] if head else []

    def look(self) -> dict[str, str]:
        """All files and links that the agent sees, with what is in them."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_symlink():
                found[name] = f"-> {path.readlink()}"
            elif path.is_file():
                found[name] = path.read_bytes().decode("latin-1")
        return found


@pytest.fixture(params=METHODS)
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Copy]:
    """A copy by each method, of a project that the test fills."""
    made = Copy(tmp_path, request.param)
    yield made
    made.hide()
    shutil.rmtree(tmp_path, ignore_errors=True)
