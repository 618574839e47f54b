"""Who QEMU runs as. Root's QEMU is nobody's: a number that no account has, another for each machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

FIRST, COUNT = 61184, 4336
"""Numbers that are set aside for what has no account (systemd's dynamic users)."""
KVM = "/dev/kvm"
READ, WRITTEN = ("kernel", "initrd", "root.img"), ("system.img", "work.img")


def number(state: Path) -> int:
    """The user and the group of a machine that root started."""
    return FIRST + int.from_bytes(hashlib.sha256(os.fsencode(state)).digest()[:4], "big") % COUNT


def words(state: Path) -> dict[str, Any]:
    """What has to be said when QEMU is started: nothing, unless we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": number(state), "group": number(state), "extra_groups": kvm_group()}


def kvm_group() -> list[int]:
    """The group that may use KVM, where there is one."""
    try:
        found = os.stat(KVM)
    except OSError:
        return []
    return [found.st_gid] if found.st_mode & 0o060 == 0o060 and found.st_gid != 0 else []


def hand_over(state: Path) -> None:
    """Gives QEMU what it reads and writes, and nothing else in the folder."""
    if os.geteuid() != 0:
        return
    state.chmod(0o711)
    for names, owner, mode in ((READ, 0, 0o640), (WRITTEN, number(state), 0o600)):
        for path in (state / name for name in names):
            if path.exists():
                os.chown(path, owner, number(state))
                path.chmod(mode)
