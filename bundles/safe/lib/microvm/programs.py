"""Other programs of the host: found, run to their end, and bounded."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .failure import Failure

PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mkfs.ext4": "e2fsprogs",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
}


def find(name: str) -> str | None:
    """Where a program is; those for the administrator are often not in a user's path."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))


def needed(name: str) -> str:
    """Where a program is. Raises Failure when it is missing."""
    found = find(name)
    if not found:
        package = PACKAGES.get(name, name)
        raise Failure(f"{name} is missing", "the microVM is made and run with it", f"sudo apt-get install {package}")
    return found


def run(
    *argv: str, where: Path | None = None, limit: float = 300, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program in the C locale. Raises Failure with its last words when it fails or takes too long."""
    surroundings = {**os.environ, "LC_ALL": "C", **(env or {})}
    words: Sequence[str] = (needed(argv[0]), *argv[1:])
    try:
        done = subprocess.run(
            words, cwd=where, env=surroundings, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=limit, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Failure(f"{argv[0]} took too long", f"it was ended after {limit:.0f} seconds") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise Failure(f"{argv[0]} ended with {done.returncode}", last[-1] if last else "it said nothing")
    return done
