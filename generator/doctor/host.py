"""Looks at this machine: programs, kernel, free space, proxy and certificates. Only looks."""

from __future__ import annotations

import os
import platform
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from generator.doctor.facts import HostFacts, Kvm, Loop
from generator.execute.process import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.doctor.podman import Client

LIMIT = 10
# What the scripts of a bundle call beside the engine's client.
PROGRAMS = ("bash", "awk", "sed", "grep", "gzip", "tar", "cksum", "df", "od", "sort", "comm", "sync",
            "timeout", "truncate")  # fmt: skip
FILESYSTEMS = ("ext4", "overlay")
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_VERSION = re.compile(r"(?<![0-9])[0-9]+(\.[0-9]+)+")
_DAY = re.compile(r"\b20[0-9]{6}\b")
_WORKSPACE = re.compile(r"workspace-(?P<instance>[0-9a-f]{16})\.img(?P<deleted> \(deleted\))?")
_LINK = re.compile(r"gen-workspace-(?P<instance>[0-9a-f]{16})")


def look_at_host(engine_root: str, client: Client) -> HostFacts:
    """What this machine has of what a bundle needs. `engine_root`: where the engine keeps its data, if it told."""
    links = tuple(_links())
    missing = tuple(program for program in (client, *PROGRAMS) if shutil.which(program) is None)
    return HostFacts(
        missing=(*missing, *(() if _digests() else ("sha256sum",))),
        bash=_version("bash", "-c", 'echo "$BASH_VERSION"'),
        coreutils=_version("timeout", "--version"),
        compose=_version("docker", "compose", "version", "--short"),
        buildx=_version("docker", "buildx", "version"),
        runsc=_runsc(),
        loop_devices=Path("/dev/loop-control").exists(),
        filesystems=frozenset(name for name in FILESYSTEMS if _has_filesystem(name)),
        seccomp=Path("/proc/sys/kernel/seccomp").is_dir(),
        user_namespaces=_number("/proc/sys/user/max_user_namespaces") > 0,
        kvm=_kvm(),
        root=os.geteuid() == 0,
        user=os.environ.get("USER") or os.environ.get("LOGNAME") or "$USER",
        root_free=free_bytes(engine_root) if engine_root else None,
        proxies=tuple(name for name in PROXIES if os.environ.get(name)),
        certificates=_certificates(),
        loops=tuple(_loops(dict(links))),
        links=links,
    )


def free_bytes(folder: str | Path) -> int | None:
    """What an ordinary user may still write there; None where that cannot be seen."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _digests() -> bool:
    return shutil.which("sha256sum") is not None or shutil.which("shasum") is not None


def _version(*words: str) -> str:
    """The first version that the program prints; empty when it fails or takes too long."""
    answer = ask(*words, limit=LIMIT)
    found = _VERSION.search(answer.text)
    return found[0] if answer.code == 0 and found else ""


def _runsc() -> str:
    """The day of the gVisor that is installed, as its releases are named: eight digits; empty where there is none."""
    found = _DAY.search(ask("runsc", "--version", limit=LIMIT).text) if shutil.which("runsc") else None
    return found[0] if found else ""


def _number(path: str) -> int:
    try:
        return int(Path(path).read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _has_filesystem(name: str) -> bool:
    """Whether the kernel knows it, or has a module that it loads when it is asked."""
    modules = Path("/lib/modules") / platform.release()
    return _mentions(Path("/proc/filesystems"), (f"\t{name}\n",)) or any(
        _mentions(modules / file, (f"/{name}.ko",)) for file in ("modules.builtin", "modules.dep")
    )


def _mentions(path: Path, words: Iterable[str]) -> bool:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return False
    return any(word in text for word in words)


def _kvm() -> Kvm:
    device = Path("/dev/kvm")
    if not device.exists():
        return "absent"
    return "usable" if os.access(device, os.R_OK | os.W_OK) else "denied"


def _certificates() -> tuple[str, ...]:
    """Signs that this host trusts an authority of its own: a proxy that inspects TLS, mostly."""
    named = tuple(name for name in CERTIFICATES if os.environ.get(name))
    try:
        own = any(OWN_CERTIFICATES.rglob("*.crt"))
    except OSError:
        own = False
    return (*named, *((str(OWN_CERTIFICATES),) if own else ()))


def _loops(links: dict[str, str]) -> Iterator[Loop]:
    """Those that have a workspace. One that was detached and taken up again keeps the kernel's mark, and has a link."""
    for file in sorted(Path("/sys/block").glob("loop*/loop/backing_file")):
        try:
            found = _WORKSPACE.fullmatch(Path(file.read_text("utf-8", "replace").strip()).name)
        except OSError:
            continue
        if found:
            device, instance = f"/dev/{file.parts[3]}", found["instance"]
            going = _first_line(file.with_name("autoclear")) == "1" and links.get(instance) != device
            holders = _holders(_first_line(file.parents[1] / "dev")) if going else ()
            yield Loop(device=device, instance=instance, going=going, holders=holders)


def _holders(number: str) -> tuple[int, ...]:
    """The first process of each mount namespace in which the device of that number is mounted."""
    spaces: dict[str, int] = {}
    for folder in sorted((found for found in Path("/proc").glob("[0-9]*")), key=lambda folder: int(folder.name)):
        try:
            lines = (folder / "mountinfo").read_text("utf-8", "replace").splitlines()
            if any(line.split(" ", 3)[2] == number for line in lines):
                spaces.setdefault(str((folder / "ns/mnt").readlink()), int(folder.name))
        except OSError:
            continue
    return tuple(spaces.values())


def _first_line(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _links() -> Iterator[tuple[str, str]]:
    """The links of ours in /dev, by instance, and what they point to."""
    for link in sorted(Path("/dev").glob("gen-workspace-*")):
        found = _LINK.fullmatch(link.name)
        if found:
            try:
                yield found["instance"], str(link.readlink())
            except OSError:
                continue
