"""The values of a bundle as flat text: what lib/settings.sh gives to every script of the bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.engines.oci.isolation import accepted
from generator.image import agent_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.agents import AgentSpec
    from generator.engines import Names
    from generator.image import Image
    from generator.profile import Profile


def bundle_settings(
    profile: Profile, agent: AgentSpec, *, image: Image, names: Names, project: str, version: str
) -> dict[str, str]:
    """Every setting by its name, in the order in which people read them."""
    return {
        "GEN_VERSION": version,
        "GEN_NAME": profile.name,
        **_isolation(profile),
        "GEN_ENGINE": profile.engine,
        "GEN_COMPOSE_PROJECT": project,
        "GEN_CONTAINER": names.container,
        "GEN_VOLUME": names.volume,
        "GEN_NETWORK": names.network,
        **_image(profile, image, names),
        **_agent(profile, agent),
        **_limits(profile),
        **_confinement(profile),
        **_project(profile),
    }


def _isolation(profile: Profile) -> dict[str, str]:
    """What may isolate the sandbox, the strongest first: the bundle takes the first that works where it runs."""
    return {
        "GEN_BACKENDS": _words(accepted(profile)),
        "GEN_ISOLATION_MINIMUM": profile.isolation.minimum,
    }


def _image(profile: Profile, image: Image, names: Names) -> dict[str, str]:
    authority = profile.build.ca_certificates
    return {
        "GEN_IMAGE_REF": names.image,
        "GEN_IMAGE_BASE": profile.image.base,
        "GEN_IMAGE_SOURCE": profile.image.source,
        "GEN_IMAGE_ARCHIVE": profile.image.archive,
        "GEN_BASE_REF": image.base.ref,
        "GEN_BASE_SUITE": image.base.suite,
        "GEN_APT_MIRROR": profile.build.apt_mirror or "none",
        "GEN_PROXY": profile.build.proxy or "none",
        "GEN_CA": authority if authority == "host" else "file" if authority else "none",
        "GEN_NODE": _or_none(profile.image.node),
        "GEN_PYTHON": profile.image.python,
        "GEN_USER": profile.image.user.name,
        "GEN_UID": str(profile.image.user.uid),
        "GEN_SUDO": profile.image.sudo,
    }


def _agent(profile: Profile, agent: AgentSpec) -> dict[str, str]:
    return {
        "GEN_AGENT": agent.name,
        "GEN_AGENT_COMMAND": agent.command,
        "GEN_AGENT_VERSION": agent_version(profile, agent),
        "GEN_ENV_KEYS": _words(profile.agent.env),
    }


def _limits(profile: Profile) -> dict[str, str]:
    resources, storage = profile.resources, profile.storage
    return {
        "GEN_CPUS": f"{resources.cpus:g}",
        "GEN_MEMORY_BYTES": str(int(resources.memory)),
        "GEN_PIDS": str(resources.pids),
        "GEN_TMPFS_BYTES": str(int(resources.tmpfs)),
        "GEN_STORAGE_BYTES": str(int(storage.size)),
        "GEN_STORAGE_PATH": storage.path,
        "GEN_STORAGE_OVERCOMMIT": _bool(storage.overcommit),
        "GEN_STORAGE_RESERVE_BYTES": str(int(storage.reserve)),
    }


def _confinement(profile: Profile) -> dict[str, str]:
    network, security = profile.network, profile.security
    return {
        "GEN_NETWORK_MODE": network.mode,
        "GEN_SUBNET": network.subnet,
        "GEN_DNS": _words(network.dns),
        "GEN_PORTS": _words(network.ports),
        "GEN_CAPABILITIES": _words(granted.name for granted in security.capabilities),
        "GEN_READONLY_ROOT": _bool(security.readonly_root),
        "GEN_SECCOMP": security.seccomp,
    }


def _project(profile: Profile) -> dict[str, str]:
    project = profile.project
    return {
        "GEN_PROJECT_METHOD": project.method,
        "GEN_PROJECT_IGNORED": _bool(project.ignored),
        "GEN_PROJECT_HISTORY": _bool(project.history),
        "GEN_PROJECT_SECRETS": _words(project.secrets),
        "GEN_PROJECT_KEEP": _words(project.keep),
    }


def _words(values: Iterable[str]) -> str:
    return " ".join(values)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)
