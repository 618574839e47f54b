"""Docker Engine with Compose v2, or Podman in its place: what they need, and how a bundle's documents look for them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.engines import Capabilities, Documents, Names, Request, Requirement
from generator.engines.oci.assistant import assistant_document
from generator.engines.oci.container_rules import container_rules
from generator.engines.oci.isolation import capabilities
from generator.engines.oci.podman import podman_options
from generator.engines.oci.policy import RUN, TMP, VAR_TMP, policies, security_document
from generator.engines.oci.seccomp import seccomp_document

if TYPE_CHECKING:
    from generator.profile import Profile

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
PASSED = "config/passed.env"
"""The names of the variables that the sandbox gets from the environment of start.sh; no values."""
PODMAN = "config/podman.options"
RULES = "config/container.rules"
_BY_THE_CHECK = ("image", "container_name", "runtime", "networks", "env_file", "annotations")
"""Parts of the service of which checks/*-settings.sh says what the engine is to say: they are known when it runs."""
_BY_THE_SCRIPT = ("image", "container_name", "runtime", "volumes", "networks", "annotations")
"""Parts of the service that are chosen when the bundle runs: lib/podman.sh says them."""
_MIB = 1024 * 1024

# Compose reads these values itself: a script of positional parameters, so that no value becomes shell text.
_HEALTHY = 'mountpoint -q "$1" && test -w "$1" && { test -z "$2" || command -v "$2" >/dev/null; }'


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that Compose takes from its environment when it runs, or else the default."""

    name: str
    default: str

    def __str__(self) -> str:
        return f"${{{self.name}:-{self.default}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Docker:
    """The engine `docker`."""

    name: str = "docker"
    requirements: tuple[Requirement, ...] = (
        Requirement(program="docker", minimum="25.0", reason="health checks that look every second while starting"),
        Requirement(program="docker compose", minimum="2.24", reason="an env_file that may be missing"),
        Requirement(program="docker buildx", minimum="0.8", reason="builds that mount files for one command only"),
        Requirement(
            program="podman",
            minimum="4.3",
            reason="in place of these three, as root, where a host has no Docker",
            instead_of=("docker", "docker compose", "docker buildx"),
        ),
    )

    def capabilities(self, profile: Profile) -> Capabilities:
        """What it gives a sandbox of that profile."""
        return capabilities(profile)

    def names(self, profile: Profile, digest: str) -> Names:
        """The names of its objects; `digest` is that of everything that goes into the image."""
        return Names(
            image=f"gen-{profile.name}:{digest[:12]}",
            container=profile.name,
            network=f"{profile.name}-network",
            volume=f"{profile.name}-workspace",
        )

    def documents(self, request: Request) -> Documents:
        """The documents of one bundle. Raises GenError when a policy has no check."""
        service = _service(request)
        project = f"{request.profile.name}-{_digest([request.names.image, literally(service)])[:8]}"
        service["labels"] = _labels(request, project)
        # Nothing inherits an annotation: by this one lib/owned.sh knows a container whose id it could not write down.
        service["annotations"] = {"gen.token": Variable("GEN_TOKEN", "none")}
        files = {
            "compose.yaml": _compose(request, project, service),
            "config/security.json": security_document(request, self.capabilities(request.profile)),
            "config/ai-assistant-config.yml": assistant_document(request),
            PASSED: _passed(request.profile),
            PODMAN: podman_options(service, _BY_THE_SCRIPT),
            RULES: container_rules(service, _BY_THE_CHECK),
        }
        if request.profile.security.seccomp == "strict":
            granted = [capability.name for capability in request.profile.security.capabilities]
            files["config/seccomp.json"] = seccomp_document(granted)
        enforced = {policy.path: policy.enforced_by for policy in policies(request)}
        return Documents(project=project, files=files, policies=enforced)


ENGINE = Docker()


def _compose(request: Request, project: str, service: dict[str, Any]) -> dict[str, Any]:
    names = request.names
    volume = {"external": True, "name": Variable("GEN_VOLUME_NAME", names.volume)}
    document = {"name": project, "services": {"sandbox": service}, "volumes": {"workspace": volume}}
    if request.profile.network.mode != "none":
        document["networks"] = {"sandbox": {"external": True, "name": Variable("GEN_NETWORK_NAME", names.network)}}
    literal: dict[str, Any] = literally(document)
    return literal


def _service(request: Request) -> dict[str, Any]:
    profile, names = request.profile, request.names
    uid = profile.image.user.uid
    return {
        "image": names.image,
        "pull_policy": "never",
        "container_name": names.container,
        "hostname": profile.name,
        "init": True,
        **_runtime(profile),
        # Not `unless-stopped`: after a reboot the disk image is not attached until start.sh has run.
        "restart": "on-failure:3",
        "user": f"{uid}:{uid}",
        "working_dir": profile.storage.path,
        **_confinement(profile),
        **_limits(profile),
        "tmpfs": _tmpfs(profile),
        "volumes": [{"type": "volume", "source": "workspace", "target": profile.storage.path}],
        **_network(profile),
        "environment": _environment(profile),
        # The later file goes first: what stands in local/env wins over the environment of start.sh.
        "env_file": [{"path": PASSED, "required": True}, {"path": "local/env", "required": False}],
        "healthcheck": _healthcheck(request),
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    }


def _runtime(profile: Profile) -> dict[str, Any]:
    """What starts the container, where that is chosen when the bundle runs; empty is the engine's own choice."""
    return {} if profile.isolation.backend == "docker" else {"runtime": Variable("GEN_RUNTIME", "")}


def _confinement(profile: Profile) -> dict[str, Any]:
    options = ["no-new-privileges:true"]
    if profile.security.seccomp == "strict":
        options.append("seccomp:./config/seccomp.json")
    granted = [capability.name for capability in profile.security.capabilities]
    return {
        "privileged": False,
        "security_opt": options,
        "cap_drop": ["ALL"],
        # Where control groups are of version 1, some engines would show the host's.
        "cgroup": "private",
        **({"cap_add": granted} if granted else {}),
        "read_only": profile.security.readonly_root,
    }


def _limits(profile: Profile) -> dict[str, Any]:
    resources = profile.resources
    memory = f"{int(resources.memory)}b"
    cpus = int(resources.cpus) if resources.cpus == int(resources.cpus) else resources.cpus
    return {"cpus": cpus, "mem_limit": memory, "memswap_limit": memory, "pids_limit": resources.pids}


def _tmpfs(profile: Profile) -> list[str]:
    uid = profile.image.user.uid
    # The folder /run belongs to the user, so that packages which start services can be installed.
    mounts = [
        f"{TMP}:size={int(profile.resources.tmpfs)},mode=1777,exec,nosuid,nodev",
        f"{RUN}:size={64 * _MIB},mode=755,uid={uid},gid={uid},noexec,nosuid,nodev",
    ]
    if profile.has_copy:
        mounts.append(
            f"{profile.home}:size={int(profile.resources.tmpfs)},mode=700,uid={uid},gid={uid},exec,nosuid,nodev"
        )
    if profile.security.readonly_root:
        mounts.append(f"{VAR_TMP}:size={64 * _MIB},mode=1777,noexec,nosuid,nodev")
    return mounts


def _network(profile: Profile) -> dict[str, Any]:
    network = profile.network
    if network.mode == "none":
        return {"network_mode": "none"}
    settings: dict[str, Any] = {"networks": ["sandbox"]}
    if network.dns:
        settings["dns"] = list(network.dns)
    if network.ports:
        settings["ports"] = list(network.ports)
    return settings


def _proxy(profile: Profile) -> str | None:
    return profile.build.proxy if profile.network.mode != "none" else None


def _environment(profile: Profile) -> dict[str, str | None]:
    address = _proxy(profile)
    return {
        "HOME": profile.home,
        "USER": profile.image.user.name,
        **(dict.fromkeys(PROXY_VARIABLES, address) if address and address != "host" else {}),
    }


def _passed(profile: Profile) -> list[str]:
    """The variables that come from the environment of start.sh, if they are set there."""
    return [*profile.agent.env, *(PROXY_VARIABLES if _proxy(profile) == "host" else ())]


def _healthcheck(request: Request) -> dict[str, Any]:
    command = request.agent.command
    return {
        "test": ["CMD", "sh", "-c", _HEALTHY, "healthy", request.profile.storage.path, command],
        "interval": "30s",
        "timeout": "10s",
        "retries": 3,
        "start_period": "30s",
        "start_interval": "200ms",
    }


def _labels(request: Request, project: str) -> dict[str, Any]:
    return {
        "gen.name": request.profile.name,
        "gen.version": request.version,
        "gen.bundle": project,
        # Which copy of the bundle made it, and with which additions of the user's: the runner says both.
        "gen.instance": Variable("GEN_INSTANCE", "none"),
        "gen.local": Variable("GEN_LOCAL", "none"),
    }


def literally(value: Any) -> Any:
    """The same data with every `$` doubled, so that Compose reads it as it is; variables stay what they are."""
    if isinstance(value, Variable):
        return str(value)
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: literally(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [literally(entry) for entry in value]
    return value


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
