"""What isolates a sandbox, in words: what each backend gives, and what it does not protect from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.engines import Capabilities
from generator.profile_facts import BACKENDS, backends_for

if TYPE_CHECKING:
    from generator.profile import Profile

_KINDS = {"container": "shared-kernel", "userspace-kernel": "userspace-kernel", "separate-kernel": "own-kernel"}
_CAVEATS = {
    "docker": "The sandbox is a container: it shares the host's kernel, and a hole in that kernel is a way out.",
    "gvisor": "The sandbox is a container under gVisor, a kernel in user space that answers its system calls: the "
    "host's kernel is asked little, and a hole in gVisor leads to a process without rights, not yet to the host.",
    "microvm": "The sandbox is a virtual machine with a kernel of its own: a hole in that kernel and another in the "
    "machine's monitor are a way out.",
}


def capabilities(profile: Profile) -> Capabilities:
    """What the profile's backend gives; where it is chosen at the first start, the least that it may be."""
    isolation = profile.isolation
    if isolation.backend != "auto":
        return Capabilities(isolation=_KINDS[BACKENDS[isolation.backend]], caveat=_CAVEATS[isolation.backend])
    least = backends_for(isolation.minimum)[0]
    return Capabilities(
        isolation=_KINDS[isolation.minimum], caveat=f"{chosen(profile)} At the least: {_CAVEATS[least]}"
    )


def chosen(profile: Profile) -> str:
    """How it comes to the backend that the sandbox has, in a sentence."""
    isolation = profile.isolation
    if isolation.backend != "auto":
        return f"The profile asks for {isolation.backend}."
    return f"Where it is started first, the strongest that works is taken: {', then '.join(accepted(profile))}."


def accepted(profile: Profile) -> tuple[str, ...]:
    """The backends that the bundle may take, the strongest first. A microVM has its workspace from a project's copy."""
    if profile.isolation.backend != "auto":
        return (profile.isolation.backend,)
    enough = reversed(backends_for(profile.isolation.minimum))
    return tuple(backend for backend in enough if backend != "microvm" or profile.has_copy)
