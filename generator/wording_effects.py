"""What a step touches, in the values of the profile: where a build gets things from, what a sandbox can reach."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.engines.oci.isolation import accepted
from generator.profile_facts import base_facts

if TYPE_CHECKING:
    from generator.profile import Profile


def effect_words(profile: Profile, ca_pem: bytes | None) -> dict[str, str]:
    """What the placeholders in effects stand for: nothing, or a line for each effect."""
    return {
        "{origin}": _origin(profile),
        "{workshop}": _workshop(profile),
        "{sources}": _lines(_sources(profile)),
        "{trust}": _trust(profile, ca_pem),
        "{subnet}": _subnet(profile),
        "{reach}": _lines(_reach(profile)),
        "{packages}": _listed(profile.image.packages),
        "{python}": _listed(tuple(dict.fromkeys((*profile.image.packages, "python3")))),
    }


def _listed(packages: tuple[str, ...]) -> str:
    """The profile's own list as `--set` takes it: whoever changes one of them keeps the others."""
    return shlex.quote(f"image.packages=[{', '.join(packages)}]")


def _origin(profile: Profile) -> str:
    image = profile.image
    if image.source == "mirror":
        return _mirror(profile) or "the apt mirror that mmdebstrap asks by itself"
    return f"the registry of {image.base}" if image.source == "registry" else ""


def _workshop(profile: Profile) -> str:
    if profile.image.source == "archive":
        return ".state/mirror/ while the image's parts are taken out of the archive"
    if profile.image.source != "mirror":
        return ""
    return ".state/mirror/ while the base is made (as root, with /dev, /proc and /sys mounted in it meanwhile)"


def _mirror(profile: Profile) -> str:
    mirror = profile.build.apt_mirror
    if mirror == "host":
        return "the apt mirror that this machine itself uses (scripts/plan.sh names it)"
    return f"the apt mirror {_shown(mirror)}" if mirror else ""


def _sources(profile: Profile) -> list[str]:
    build = profile.build
    known = base_facts(profile.image.base)
    apt = _mirror(profile) or f"the apt mirrors that {known.distro if known else 'the base image'} names"
    pip = f"the Python index {_shown(build.pip_index)}" if build.pip_index else "pip's own index, if anything asks it"
    npm = (
        f"the npm registry {_shown(build.npm_registry)}"
        if build.npm_registry
        else "npm's own registry, if anything asks it"
    )
    proxy = {
        None: "",
        "host": "through the proxy that the environment of scripts/start.sh names, if any (scripts/plan.sh shows it)",
    }.get(build.proxy, f"through the proxy {_shown(build.proxy or '')}")
    return [apt, pip, npm, proxy]


def _trust(profile: Profile, ca_pem: bytes | None) -> str:
    trusted = profile.build.ca_certificates
    if not trusted:
        return ""
    if trusted == "host" or ca_pem is None:
        return "trust of the image in all certificates of this machine (scripts/plan.sh counts them)"
    count, digest = ca_pem.count(b"-BEGIN CERTIFICATE-"), hashlib.sha256(ca_pem).hexdigest()
    return f"trust of the image in {count} certificates of config/ca-certificates.crt (sha256 {digest})"


def _subnet(profile: Profile) -> str:
    subnet = profile.network.subnet
    which = "a private subnet that nothing here uses" if subnet == "auto" else f"the subnet {subnet}"
    return f"one bridge interface with {which}, and the engine's rules for it"


def _reach(profile: Profile) -> list[str]:
    network = profile.network
    if network.mode == "none":
        return []
    names = ", ".join(network.dns) if network.dns else "those of this machine"
    return [
        "the sandbox reaches the internet, and whatever else this machine reaches",
        f"name servers: {names}",
        f"published ports: {', '.join(network.ports) or 'none'}",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A place outside the bundle's folder that its scripts write to, what for, and what is there after a rollback."""

    path: str
    what: str
    after: str


_GONE = "gone"


def outside(profile: Profile) -> tuple[Outside, ...]:
    """Every such place; what the engine itself writes is in its own storage. A test traces a whole life to see it."""
    found = [
        Outside(
            path="$TMPDIR/",
            what="temporary files of the scripts (/tmp, if TMPDIR is not set); each script takes away its own",
            after=_GONE,
        ),
        Outside(path="/dev/loop-control", what="the kernel is asked for a free loop device", after="as it was"),
        Outside(path="/dev/loopN", what="the device that the disk image is attached to", after=_GONE),
        Outside(path="/dev/gen-workspace-ID", what="the link to it; ID is in .state/instance", after=_GONE),
        Outside(
            path="~/.docker/buildx/",
            what="what Docker's Buildx notes of each build (below $DOCKER_CONFIG or $BUILDX_CONFIG, if those are set)",
            after="stays: it cannot be told apart from other builds'",
        ),
    ]
    if profile.has_copy:
        found.append(
            Outside(path="PROJECT/", what="what scripts/apply.sh brings back, and nothing before it", after="stays")
        )
    if profile.has_copy and "microvm" in accepted(profile):
        found.append(Outside(path="/dev/kvm", what="the device by which a microVM runs", after="as it was"))
    return tuple(found)


def _shown(address: str) -> str:
    """An address without a user and a password."""
    return re.sub(r"://[^/@]*@", "://***@", address)


def _lines(lines: list[str]) -> str:
    return "\n".join(filter(None, lines))
