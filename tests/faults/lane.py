"""A lane: a private engine and a small bundle on it, where one fault after the other is injected."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.engine.conftest import HOST, SMALL, Bundle, Inventory, generate, on_base, run
from tests.engine.foreign import Facts, Foreign, differing, without_restart
from tests.engine.private import PRIVATE, PrivateEngine

TRAP, SHIM = (Path(__file__).with_name(name) for name in ("trap.sh", "shim.sh"))
_ONE_AT_A_TIME = threading.Lock()
ARCHIVED = "gen-fault-base:archived"
LIMIT = 300
PROFILES = {
    "present": ("dev",),
    "archive": ("dev",),
    "mirror": ("dev-mirror",),
    "copy": ("safe",),
    "apply": ("safe",),
    "gvisor": ("dev", "isolation=gvisor", "network.mode=none"),
    "machine": ("safe", "isolation=microvm"),
}
"""The bundles, by what is told of them in Lane.bundles: a profile and what is set in it."""
SETTLING = 6.0
"""Seconds in which an engine may finish what a killed client asked of it."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """Where faults are injected; several lanes work side by side and see nothing of each other."""

    engine: PrivateEngine
    bundles: dict[str, Bundle]
    """The same sandbox on a base image that is there, that comes from an archive, or that is made from a mirror; with
    the copy of a project; under gVisor; and in a microVM.
    """
    foreign: Foreign
    """Somebody else's container, volume and network under the names that the bundle would use."""
    theirs: Facts
    """What is known of them."""
    empty: Inventory
    """What its host holds without the bundle."""
    project: str
    """A digest of the project that the bundle `copy` takes."""
    base: str = "present"
    """Which of the bundles is in use."""
    state: str = ""
    """How its host stands now, so that faults in one state follow each other without a new start."""
    baseline: Inventory | None = None
    """What the host holds in that state."""
    restarted: bool = False
    """Whether the engine was killed since what is theirs was looked at, and has started it again."""

    @property
    def folder(self) -> Path:
        return self.engine.folder

    @property
    def bundle(self) -> Bundle:
        return self.bundles[self.base]

    @property
    def workspace(self) -> Path:
        """The disk image with the workspace."""
        return self.bundle.path / ".state/microvm/work.img" if self.base == "machine" else self.bundle.image_file

    @property
    def faults(self) -> Path:
        return self.folder / "faults"

    def restart(self) -> None:
        """Starts an engine that was killed; it starts somebody else's container again."""
        self.engine.start()
        self.restarted = True

    def script(self, name: str, *args: str) -> int:
        """One of the bundle's scripts, unharmed. Its exit code."""
        return self.bundle.script(name, *args, check=False).returncode

    def injected(self, script: str, asked: dict[str, str], *args: str, under: tuple[str, ...] = ()) -> int:
        """One of the bundle's scripts with a fault in it, in a process group that the trap knows. Its exit code."""
        words = (*under, str(self.bundle.path / script), *args)
        command = ["bash", "-c", 'export FAULT_GROUP=$$; exec "$@"', "lane", *words]
        ours = {"BASH_ENV": str(TRAP), "FAULT_DIR": str(self.faults), "FAULT_ENGINE": str(PRIVATE)}
        env = {**self.engine.env, **ours, "FAULT_LANE": str(self.folder), **asked}
        with (
            (self.folder / "last.log").open("w") as log,
            subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            ) as process,
        ):
            try:
                return process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise

    def journal_traced(self, *options: str) -> tuple[str, ...]:
        """What follows the system calls of a runner that touch its journal."""
        journal = str(self.bundle.path / ".state/journal.jsonl")
        return ("strace", "-qq", "-e", "signal=none", "-o", str(self.faults / "strace"), "-P", journal, *options)

    def clear(self) -> None:
        """Forgets what the last fault left in our own folder."""
        (self.faults / "bin").mkdir(parents=True, exist_ok=True)
        for file in (*self.faults.glob("*"), *self.faults.glob("bin/*")):
            if not file.is_dir():
                file.unlink()

    def stand_in(self, program: str) -> None:
        (self.faults / "bin" / program).symlink_to(SHIM)

    def keep_evidence(self, verdict: str) -> None:
        """What is known of a fault that was not survived, in a file of the lane's folder."""
        journal = self.bundle.path / ".state/journal.jsonl"
        parts = [verdict, (self.folder / "last.log").read_text(errors="replace")]
        parts += [journal.read_text()[-5000:]] if journal.exists() else []
        parts += [f"{file}\n{file.read_text(errors='replace')}" for file in self.bundle.path.glob(".state/logs/last/*")]
        self.folder.joinpath(f"not-survived-{time.time():.0f}.txt").write_text("\n\n".join(parts))

    def purge(self) -> None:
        """Takes away what a rollback left behind, so that it is not held against the next fault."""
        number = (self.bundle.path / ".state/instance").read_text().strip()
        mark = ("--quiet", "--filter", f"label=gen.instance={number}")
        for found, remove in (
            (("ps", "--all"), ("rm", "--force")),
            (("volume", "ls"), ("volume", "rm")),
            (("network", "ls"), ("network", "rm")),
            (("images",), ("rmi", "--force")),
        ):
            for name in self.engine.docker(*found, *mark).split():
                self.engine.docker(*remove, name, check=False)
        self.engine.docker("rmi", "--no-prune", ARCHIVED, check=False)
        link = Path(f"/dev/gen-workspace-{number}")
        if link.is_symlink():
            run("losetup", "--detach", link.readlink(), check=False)
            link.unlink()
        for image in self.bundle.path.glob("storage/workspace-*"):
            image.unlink()
        name = self.bundle.name
        self.engine.docker("rename", f"{name}-aside-{number}", name, check=False)
        for folder in ("aside", "ledger"):
            shutil.rmtree(self.bundle.path / ".state" / folder, ignore_errors=True)
        (self.bundle.path / ".state/owned").unlink(missing_ok=True)

    def harmed(self) -> str:
        """What of the foreign objects is not bit for bit what it was, where the bundle is gone; empty when all is."""
        before, now = self.theirs, self.foreign.facts()
        self.theirs = now
        if self.restarted:
            self.restarted = False
            before, now = without_restart(before), without_restart(now)
        return differing(before, now)

    def left_in_folder(self) -> str:
        """What a whole rollback that deletes the data must not leave there."""
        made = (".state/microvm", ".state/names/*", ".state/*.new", ".state/project/disk", "storage/*.img")
        return ", ".join(str(path) for pattern in made for path in self.bundle.path.glob(pattern))

    def settled(self, before: Inventory) -> dict[str, set[str]]:
        """What differs from before, once the engine has come to rest; empty when nothing does."""
        deadline = time.monotonic() + SETTLING
        while (difference := self.engine.inventory() - before) and time.monotonic() < deadline:
            time.sleep(0.2)
        return difference


def archive_of(base: str, file: Path) -> Path:
    """The base image as a file, under a name of its own, so that it has to be loaded."""
    with _ONE_AT_A_TIME:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            run("docker", "tag", base, ARCHIVED)
            run("docker", "save", "--output", file, ARCHIVED)
            run("docker", "rmi", "--no-prune", ARCHIVED)
    return file


def some_project(folder: Path) -> Path:
    """A repository with a file, a secret and something ignored; it belongs to the number of the sandbox's user."""
    folder.mkdir(exist_ok=True)
    for name, text in ((".gitignore", "out\n"), (".env", "TOKEN=1\n"), ("out", "x\n"), ("main.py", "print(1)\n")):
        folder.joinpath(name).write_text(text)
    run("git", "init", "--quiet", folder)
    run("chown", "--recursive", "1000:1000", folder)
    return folder


def digest_of(folder: Path) -> str:
    """A digest of everything below a folder: names, modes, owners and contents."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        digest.update(f"{path.relative_to(folder)} {stat.st_mode} {stat.st_uid}\n".encode())
        digest.update(path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
    return digest.hexdigest()


def open_lane(folder: Path, name: str, base: str) -> Lane:
    """Starts the private engine and writes the bundles."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = PrivateEngine(folder=folder)
    engine.start(base)
    foreign = Foreign(engine=engine, name=name)
    # It comes back by itself when its engine was killed, so that it runs afterwards if it ran before.
    foreign.make(base, "--restart", "always")
    archive = archive_of(base, folder.parent / "base.tar")
    image = {
        "archive": (f"image.base={ARCHIVED}", "image.source=archive", f"image.archive={archive}"),
        "mirror": (),
    }
    bundles = {}
    for source, (profile, *sets) in PROFILES.items():
        sets += [*SMALL, *HOST, *image.get(source, on_base(base))]
        path = generate(folder / source, name, *sets, profile=profile).path
        bundles[source] = Bundle(name=name, env=engine.env, path=path)
    project = some_project(folder / "project")
    for source, path in (("copy", project), ("machine", project), ("apply", folder / "applied")):
        (bundles[source].path / "local").mkdir(exist_ok=True)
        (bundles[source].path / "local/project").write_text(f"{path}\n")
    return Lane(
        engine=engine,
        bundles=bundles,
        foreign=foreign,
        theirs=foreign.facts(),
        empty=engine.inventory(),
        project=digest_of(project),
    )


def close_lane(lane: Lane) -> None:
    """Takes everything away again; fails when the bundle cannot be rolled back."""
    lane.engine.start()
    lane.bundle.rollback("--delete-data")
    lane.foreign.remove()
    lane.engine.stop()
