"""Calls of the kernel that Python's library does not have, by ctypes."""

from __future__ import annotations

import ctypes
import os
import struct

MS_NOSUID, MS_NODEV = 2, 4
MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096
MNT_DETACH = 2
RESTART, POWER_OFF = 0x01234567, 0x4321FEDC
SET_SECCOMP, CAPBSET_DROP, SET_NO_NEW_PRIVS = 22, 24, 38

_LIBC = ctypes.CDLL(None, use_errno=True)

_X86_64 = 0xC000003E
_SOCKET = 41
_DENIED_FAMILIES = (38, 40)
"""AF_ALG, AF_VSOCK."""
_DENIED_CALLS = (246, 250, 298, 321, 323, 425, 426, 427)
"""kexec_load, keyctl, perf_event_open, bpf, userfaultfd, io_uring_*."""


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str, options: str = "", flags: int = MS_NOSUID | MS_NODEV) -> None:
    """mount(2)."""
    words = (os.fsencode(word) for word in (source, target, kind))
    _checked(_LIBC.mount(*words, ctypes.c_ulong(flags), os.fsencode(options)), f"mount {target}")


def unmount(target: str) -> None:
    """Out of sight at once; gone when its last user is."""
    _checked(_LIBC.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def stop_machine(how: int) -> None:
    """RESTART or POWER_OFF."""
    os.sync()
    _LIBC.reboot(how)


def give_up_rights(uid: int, gid: int) -> None:
    """This process becomes an ordinary user for good: no capabilities, no new privileges, no needless calls."""
    for capability in range(64):
        _LIBC.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _checked(_LIBC.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    code = _filter()
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer := ctypes.create_string_buffer(code)))
    _checked(_LIBC.prctl(SET_SECCOMP, 2, program, 0, 0), "seccomp")
    del buffer


def _filter() -> bytes:
    """A program for the kernel: calls of another architecture and the denied ones fail with EPERM."""
    load, equal, ret = 0x20, 0x15, 0x06
    allow, deny = 0x7FFF0000, 0x00050001
    # Each test jumps to the last instruction, `deny`, when it matches: its distance is filled in at the end.
    lines: list[tuple[int, int, int, int]] = [(load, 0, 0, 4), (equal, 0, -1, _X86_64), (load, 0, 0, 0)]
    lines += [(equal, -1, 0, call) for call in _DENIED_CALLS]
    # What is no socket call skips the look at its first argument.
    lines += [(equal, 0, 1 + len(_DENIED_FAMILIES), _SOCKET), (load, 0, 0, 16)]
    lines += [(equal, -1, 0, family) for family in _DENIED_FAMILIES]
    lines += [(ret, 0, 0, allow), (ret, 0, 0, deny)]
    last = len(lines) - 1
    packed = (
        (code, *(last - at - 1 if jump == -1 else jump for jump in (yes, no)), value)
        for at, (code, yes, no, value) in enumerate(lines)
    )
    return b"".join(struct.pack("HBBI", *line) for line in packed)
