"""The lock of a bundle: a link whose target names its owner as pid:start:boot (lib/lock.sh). Only read here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.execute.bundle import Bundle

BOOT = Path("/proc/sys/kernel/random/boot_id")


def lock_owner(bundle: Bundle) -> str:
    """The process that holds the lock, or held it when it died; empty when the lock is free."""
    try:
        return str((bundle.state / "lock").readlink())
    except OSError:
        return ""


def is_at_work(bundle: Bundle) -> bool:
    """Whether the process that holds the bundle's lock lives."""
    return process_lives(lock_owner(bundle))


def process_lives(name: str) -> bool:
    """Whether the process of that name still runs. A number that was given out again is another process."""
    try:
        pid, start, boot = name.split(":")
        stat = Path(f"/proc/{int(pid)}/stat").read_text("utf-8", "replace")
        same_boot = boot == BOOT.read_text("ascii").strip()
    except (OSError, ValueError):
        return False
    # The program's name may hold spaces and brackets; what counts stands behind the last bracket.
    words = stat.rpartition(")")[2].split()
    return same_boot and len(words) > 19 and words[0] not in "ZX" and words[19] == start
