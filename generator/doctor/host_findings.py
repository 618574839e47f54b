"""What the host's facts say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.doctor.findings import Finding, version_at_least
from generator.execute.bundle import write_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.facts import Facts
    from generator.doctor.findings import Level

BASH = "3.2"
# Since then `sync` takes the names of files.
COREUTILS = "8.24"
# Programs whose package is not called as they are.
_PACKAGES = {"docker": "docker.io", "awk": "mawk"} | dict.fromkeys(
    ("cksum", "df", "od", "sort", "comm", "sync", "timeout", "truncate", "sha256sum"), "coreutils"
)


def host_findings(facts: Facts) -> Iterator[Finding]:
    """Programs, kernel, proxy and certificates."""
    yield from _programs(facts)
    yield from _runsc(facts)
    yield from _kernel(facts)
    yield from _network(facts)


def _programs(facts: Facts) -> Iterator[Finding]:
    host = facts.host
    if host.missing:
        packages = sorted({_PACKAGES.get(program, program) for program in host.missing})
        what = f"not installed: {', '.join(host.missing)}"
        mend = f"sudo apt-get install {' '.join(packages)}"
        yield _host("problem", "programs", what, "a bundle's scripts call them", mend)
    for name, found, wanted in (("bash", host.bash, BASH), ("coreutils", host.coreutils, COREUTILS)):
        if found and not version_at_least(wanted, found):
            mend = f"sudo apt-get install {name}"
            yield _host("problem", name, f"{name} {found} is too old", f"{wanted} or newer is needed", mend)
        elif found:
            yield _host("ok", name, f"{name} {found}", "")
        else:
            yield _host(
                "warning", name, f"{name} tells no version", f"{wanted} or newer is needed", f"{name} --version"
            )


# The newest one in which these were seen (Debian's runsc 0.0~20240729.0).
FAULTY_RUNSC = "20240729"


def _runsc(facts: Facts) -> Iterator[Finding]:
    found = facts.host.runsc
    if found and found <= FAULTY_RUNSC:
        why = "`ls -l` calls each link a bad file descriptor there, and systemd does not start in it"
        mend = "apt-cache policy runsc   (install a newer one, from a newer release or from gVisor's own packages)"
        yield _host("warning", "runsc", f"gVisor is of {found}", why, mend)
    elif found:
        yield _host("ok", "runsc", f"gVisor is of {found}", "")


def _kernel(facts: Facts) -> Iterator[Finding]:
    host = facts.host
    if host.loop_devices:
        yield _host("ok", "loop", "the kernel has loop devices", "")
    else:
        yield _host("problem", "loop", "the kernel has no loop devices", "a workspace is on one", "sudo modprobe loop")
    for name, why in (("ext4", "a workspace is formatted with it"), ("overlay", "the engine stores images with it")):
        if name in host.filesystems:
            yield _host("ok", name, f"the kernel knows {name}", "")
        else:
            yield _host("warning", name, f"the kernel does not list {name}", why, f"sudo modprobe {name}")
    if not host.seccomp:
        yield _host(
            "problem", "seccomp", "the kernel has no seccomp", "system calls cannot be filtered", "another kernel"
        )
    yield from _user_namespaces(facts)
    kvm = {
        "usable": "KVM can be used",
        "denied": "KVM is there, and your user may not use it",
        "absent": "there is no KVM",
    }[host.kvm]
    yield _host("ok", "kvm", kvm, "" if host.kvm == "usable" else "no engine of today's needs it")


def _user_namespaces(facts: Facts) -> Iterator[Finding]:
    """Only mmdebstrap needs them, and only when it is not root."""
    needed = not facts.host.root and any(bundle.setting("GEN_IMAGE_SOURCE") == "mirror" for bundle in facts.bundles)
    if facts.host.user_namespaces:
        yield _host("ok", "user-namespaces", "the kernel gives user namespaces", "")
    elif needed:
        mend = "sudo sysctl user.max_user_namespaces=10000"
        why = "mmdebstrap makes the base image in one, unless it is root"
        yield _host("problem", "user-namespaces", "the kernel gives no user namespaces", why, mend)
    else:
        yield _host("ok", "user-namespaces", "the kernel gives no user namespaces", "nothing here needs them")


def _network(facts: Facts) -> Iterator[Finding]:
    """A host behind a proxy, and bundles whose builds would not know of it."""
    host = facts.host
    for id_, signs, key, what in (
        ("proxy", host.proxies, "GEN_PROXY", "this host uses a proxy"),
        ("certificates", host.certificates, "GEN_CA", "this host trusts certificates of its own"),
    ):
        if not signs:
            continue
        setting = {"GEN_PROXY": "build.proxy", "GEN_CA": "build.ca_certificates"}[key]
        unaware = [bundle for bundle in facts.bundles if bundle.setting(key, "none") == "none"]
        if not unaware:
            yield _host("ok", id_, what, ", ".join(signs))
        for bundle in unaware:
            why = f"{', '.join(signs)}; the build of {bundle.bundle.shown} does not know of it"
            yield _host("warning", id_, what, why, f"{write_again(bundle.bundle.path)} --set {setting}=host")


def _host(level: Level, id_: str, what: str, why: str, mend: str = "") -> Finding:
    return Finding(id=f"host-{id_}", subject="host", level=level, what=what, why=why, mend=mend)
