"""Apply against a process that races it, a kernel that kills it, and mounts and full disks: real ones."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from project import swap
from project.failure import Failure

from tests.conftest import REPOSITORY
from tests.unit.applying import apply, make, recover, snapshot
from tests.unit.test_apply_crash import HOST, difference, ground, outcomes
from tests.unit.test_apply_ends import BASE, SMALL, small

__all__ = ["ground", "small"]


@contextmanager
def swapping(folder: Path, outside: Path) -> Iterator[None]:
    """A process that makes a folder a link to somewhere else, and back, as fast as it can."""
    away = folder.with_name("away")
    child = os.fork()
    if child == 0:
        stop = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        while not stop:
            with suppress(OSError):
                folder.rename(away)
                folder.symlink_to(outside)
                folder.unlink()
                away.rename(folder)
        os._exit(0)
    try:
        yield
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def raced(ground: tuple[Path, Path], bring_in: Callable[[], object], rounds: int) -> int:
    """How often something came to the place outside."""
    project, _ = ground
    outside = make(project.parent / "outside", {"f": "outside\n"})
    reached = 0
    for _ in range(rounds):
        for folder in ground:
            shutil.rmtree(folder, ignore_errors=True)
        make(project, BASE)
        with swapping(project / "d", outside):
            deadline = time.monotonic() + 0.1
            while time.monotonic() < deadline:
                with suppress(Failure, OSError):
                    bring_in()
        if snapshot(outside) != snapshot(make(project.parent / "untouched", {"f": "outside\n"})):
            reached += 1
            shutil.rmtree(outside)
            make(outside, {"f": "outside\n"})
    return reached


def test_a_folder_swapped_for_a_link_leads_nowhere(small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "PAUSE", 0.0005)
    come = {"old\n": 0, "new\n": 0}

    def once() -> None:
        with suppress(Failure):
            recover(*small)
        apply(*small, SMALL)

    for number in range(80):
        # On a busy machine it takes some rounds until an apply comes through.
        if number >= 8 and come["new\n"]:
            break
        assert raced(small, once, 1) == 0
        with suppress(Failure):
            recover(*small)
        come[(small[0] / "d/f").read_text()] += 1
        assert (small[0] / "d/new").exists() == ((small[0] / "d/f").read_text() == "new\n")
    assert come["new\n"] > 0


def test_control_a_naive_apply_follows_the_link(small: tuple[Path, Path]) -> None:
    def naive() -> None:
        target = small[0] / "d/f"
        if not target.is_symlink() and not target.parent.is_symlink():
            target.write_text("new\n")

    assert raced(small, naive, 20) > 0


CALLS = ("mkdirat", "renameat", "linkat", "unlinkat", "fsync", "symlinkat", "syncfs")
CHILD = """
import sys
from pathlib import Path
from tests.unit.applying import apply
from tests.unit.test_apply_crash import VERSIONS
apply(Path(sys.argv[1]), Path(sys.argv[2]), VERSIONS)
"""


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("nth", [1, 4])
@pytest.mark.parametrize("call", CALLS)
def test_really_killed_at_a_call_of_the_system(ground: tuple[Path, Path], call: str, nth: int) -> None:
    project, state = ground
    old, new, _ = outcomes(ground)
    for folder in ground:
        shutil.rmtree(folder)
    make(project, HOST)
    trace = project.parent / "trace"
    tracer = (
        "strace",
        "-f",
        "-qq",
        "-o",
        trace,
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:signal=SIGKILL:when={nth}",
    )
    search = f"{REPOSITORY}:{REPOSITORY / 'templates/lib'}"
    command = (*tracer, sys.executable, "-B", "-c", CHILD, project, state)
    subprocess.run(command, env={**os.environ, "PYTHONPATH": search}, check=False, cwd=REPOSITORY)
    if nth == 1 and call != "syncfs":
        assert re.search("SIGKILL", trace.read_text())
    recover(*ground)
    after = snapshot(project)
    assert after in (old, new), difference(old, new, after)


MOUNTED = """
import os, subprocess, sys
from pathlib import Path
from project.failure import Failure
from tests.unit.applying import apply, snapshot
from tests.unit.test_apply_ends import SMALL, make, BASE
project, state, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
def mount(*words):
    subprocess.run(("mount", *map(str, words)), check=True)
if kind == "a submount":
    mount("-t", "tmpfs", "none", project / "d")
    make(project / "d", {"f": "old\\n"})
elif kind == "a file that is a mount":
    mount("--bind", project / "k", project / "d/f")
    (project / "k").write_text("old\\n")
elif kind == "read-only":
    mount("--bind", project, project)
    mount("-o", "remount,bind,ro", project)
    project = Path(sys.argv[1])
else:
    mount("-t", "tmpfs", "-o", "size=64k", "none", project)
    make(project, BASE)
    (project / "filler").write_bytes(b"x" * (48 << 10))
before = snapshot(project)
os.chdir("/")
try:
    plan = apply(project, state, SMALL)
    print("conflicts", [conflict.path for conflict in plan.conflicts])
except Failure as failure:
    print("failure", failure.code, failure.why)
print("same", snapshot(project) == before)
"""
MOUNTS = {
    "a submount": "conflicts [b'd/f', b'd/new']",
    "a file that is a mount": "failure 1",
    "read-only": "failure 1 Read-only file system",
    "no space": "failure 1 No space left",
}


def may_mount() -> bool:
    """Whether this process may have mounts of its own."""
    return os.geteuid() == 0 and subprocess.run(("unshare", "--mount", "true"), check=False).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="only root mounts, and not in every container")
@pytest.mark.parametrize(("kind", "told"), MOUNTS.items())
def test_mounts_and_full_disks_change_nothing(small: tuple[Path, Path], kind: str, told: str) -> None:
    search = f"{REPOSITORY}:{REPOSITORY / 'templates/lib'}"
    command = ("unshare", "--mount", "--propagation", "private", sys.executable, "-B", "-c", MOUNTED, *small, kind)
    environment = {**os.environ, "PYTHONPATH": search}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    assert "same True" in done.stdout
