"""A microVM as a bundle drives it: the tool by its command line, run by an ordinary user, all in one folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PARTS = REPOSITORY / "build" / "microvm"
"""What is fetched once and the same for every test."""
USER = 12345
INCLUDED = "python3,dash,coreutils,busybox-static,procps,grep,findutils"
MIB = 1 << 20
SIZES = ("--disk", str(96 * MIB), "--system", str(64 * MIB), "--memory", str(256 * MIB))
# A machine that is busy with other tests takes a multiple of what an idle one does.
LIMIT = 300


def ordinary() -> tuple[str, ...]:
    """What makes a command an ordinary user's, when we are root."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--no-new-privs")


@dataclass(frozen=True, slots=True)
class Vm:
    """One state folder, and the tool beside it."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def words(self, *words: str | Path) -> tuple[str, ...]:
        """The command line of a call."""
        return (*ordinary(), *self.words_of_root(*words))

    def words_of_root(self, *words: str | Path) -> tuple[str, ...]:
        """The same, by whoever runs the tests."""
        tool = ("/usr/bin/python3", "-I", "-B", str(self.folder / "lib" / "microvm"))
        return (*tool, "--state", str(self.state), *map(str, words))

    def run(
        self, *words: str | Path, data: bytes = b"", check: bool = True, limit: float = LIMIT
    ) -> subprocess.CompletedProcess[bytes]:
        """One call to its end; a failure shows what it said."""
        done = subprocess.run(self.words(*words), input=data, capture_output=True, timeout=limit, check=False, cwd="/")
        if check:
            assert done.returncode == 0, (words, done.returncode, done.stderr.decode(errors="replace"))
        return done

    def inside(self, script: str, *options: str, data: bytes = b"", check: bool = True) -> str:
        """What a shell's line in the machine says."""
        done = self.run("exec", *options, "--", "/bin/sh", "-c", script, data=data, check=check)
        return done.stdout.decode(errors="surrogateescape")

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json", check=False).stdout)
        return found

    def put_nothing(self) -> None:
        """The workspace as it was at the start."""
        with tarfile.open(fileobj=(empty := BytesIO()), mode="w"):
            pass
        self.run("put", data=empty.getvalue())

    def end(self) -> None:
        self.run("kill", check=False)


def root_tar() -> Path:
    """The files of a small image: some of the distribution's packages, unpacked, nothing of them run."""
    tar = PARTS / "root.tar"
    if not tar.exists():
        PARTS.mkdir(parents=True, exist_ok=True)
        beside = tar.with_name("new.tar")
        beside.unlink(missing_ok=True)
        words = ("mmdebstrap", "--quiet", "--variant=extract", f"--include={INCLUDED}", "bookworm", str(beside))
        subprocess.run(words, check=True, capture_output=True, timeout=LIMIT)
        beside.replace(tar)
    return tar


def kernel_folder() -> Path:
    """Of a kernel's package, as `--kernel package` fetches one for each build, what a guest needs of it."""
    # The benchmark comes here too, and does not know where a bundle's Python lies.
    sys.path.append(str(REPOSITORY / "templates" / "lib"))
    from microvm import packages

    folder = PARTS / "kernel"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=PARTS) as work:
            whole = packages.kernel("package", Path(work) / "package")
            part = Path(work) / "kernel"
            modules = part / "lib/modules" / whole.version
            modules.mkdir(parents=True)
            (part / "boot").mkdir()
            shutil.copy(whole.image, part / "boot")
            shutil.copy(whole.modules / "modules.builtin", modules)
            for name, content in packages.modules_in_order(whole.modules).items():
                (modules / f"{name}.ko").write_bytes(content)
            part.replace(folder)
    return folder


@contextmanager
def machine() -> Iterator[Vm]:
    """A folder of an ordinary user's, with the tool in it as a bundle has it. What runs in the end is ended."""
    # Not below pytest's own folder: that is closed to others.
    with tempfile.TemporaryDirectory(prefix="gen-microvm-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(REPOSITORY / "templates/lib/microvm", folder / "lib/microvm")
        shutil.copy(REPOSITORY / "templates/lib/still.py", folder / "lib")
        vm = Vm(folder)
        vm.state.mkdir(mode=0o700)
        for source, copy in ((root_tar(), "root.tar"), (kernel_folder(), "kernel")):
            place(source, folder / copy)
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        if ordinary():
            os.chown(vm.state, USER, USER)
        try:
            yield vm
        finally:
            vm.end()


def place(source: Path, copy: Path) -> None:
    """A copy that costs nothing where links are possible."""
    try:
        shutil.copytree(source, copy, copy_function=os.link) if source.is_dir() else os.link(source, copy)
    except OSError:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copyfile(source, copy)


def build(vm: Vm, tar: Path | None = None) -> None:
    """All that a start needs."""
    vm.run(
        "build", "--rootfs", tar or vm.folder / "root.tar", "--size", str(512 * MIB), "--kernel", vm.folder / "kernel"
    )


def eventually(question: Any, limit: float = 30) -> bool:
    """Whether the answer becomes yes in time."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if question():
            return True
        time.sleep(0.1)
    return False
