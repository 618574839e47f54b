"""The policy of a sandbox, config/security.json. Each line names the file that enforces it and the checks that assert
it; a line that no check asserts is an error, because then it would be prose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.engines.oci.isolation import chosen
from generator.errors import GenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.engines import Capabilities, Request

# Folders inside the sandbox, each a tmpfs of its own there: nobody else writes to them.
TMP, VAR_TMP, RUN = "/tmp", "/var/tmp", "/run"  # noqa: S108


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One promise: a value, where it is enforced, and why it is made."""

    path: str
    value: Any
    enforced_by: str
    reason: str


def policies(request: Request) -> tuple[Policy, ...]:
    """What this sandbox promises, in the order in which people read it."""
    return (
        *_isolation(request),
        *_filesystem(request),
        *_network(request),
        *_resources(request),
        *_process(request),
        *_contents(request),
    )


def security_document(request: Request, capabilities: Capabilities) -> dict[str, Any]:
    """The policy as JSON data. Raises GenError when a policy has no check, or a check asserts no policy."""
    promised = policies(request)
    _complete(promised, request.checks)
    groups: dict[str, dict[str, Any]] = {}
    for policy in promised:
        group, _, key = policy.path.partition(".")
        groups.setdefault(group, {})[key] = {
            "value": policy.value,
            "reason": policy.reason,
            "enforced_by": policy.enforced_by,
            "asserted_by": list(request.checks[policy.path]),
        }
    return {
        "schema": 1,
        "sandbox": request.profile.name,
        "isolation": {"kind": capabilities.isolation, "caveat": capabilities.caveat},
        "security_policies": groups,
    }


def _complete(promised: tuple[Policy, ...], checks: Mapping[str, tuple[str, ...]]) -> None:
    paths = [policy.path for policy in promised]
    wrong = [f"{path}: no check asserts it" for path in paths if not checks.get(path)]
    wrong += [f"{path}: asserted by {', '.join(checks[path])}, but no policy says so" for path in checks.keys() - paths]
    if wrong:
        raise GenError(
            "The policy and the checks do not fit together",
            details="\n".join(sorted(wrong)),
            resolution="Correct `asserts` in templates/checks/*/check.yaml, or generator/engines/oci/policy.py",
        )


def _compose(path: str, value: object, reason: str) -> Policy:
    return Policy(path=path, value=value, enforced_by="compose.yaml", reason=reason)


def _image(path: str, value: object, reason: str) -> Policy:
    return Policy(path=path, value=value, enforced_by="Dockerfile", reason=reason)


def _isolation(request: Request) -> tuple[Policy, ...]:
    isolation = request.profile.isolation
    if isolation.backend == "docker":
        return ()
    step = "steps/45-isolation/do.sh"
    value = {"backend": isolation.backend, "minimum": isolation.minimum}
    return (Policy(path="isolation.kernel", value=value, enforced_by=step, reason=chosen(request.profile)),)


def _filesystem(request: Request) -> tuple[Policy, ...]:
    path, readonly = request.profile.storage.path, request.profile.security.readonly_root
    alone = "Work is kept here, on a disk image of its own"
    workspace = "A copy of the project, changed on a disk image of its own: the project itself is never written"
    return (
        _compose("filesystem.no_host_mounts", True, "No folder of the host is visible in the sandbox"),
        _compose("filesystem.engine_socket", False, "Whoever reaches the engine's socket owns the host"),
        _compose("filesystem.workspace", path, workspace if request.profile.has_copy else alone),
        _compose("filesystem.readonly_root", readonly, "Whether anything outside the workspace and tmpfs can change"),
    )


def _network(request: Request) -> tuple[Policy, ...]:
    network = request.profile.network
    always = (
        _compose("network.mode", network.mode, "What the sandbox can reach"),
        _compose("network.published_ports", list(network.ports), "What can reach the sandbox from outside"),
    )
    if network.mode == "none":
        return always
    return (*always, _compose("network.dns_servers", list(network.dns), "Empty: the engine's own choice"))


_STORAGE = {
    False: "The size of the workspace at the first start: writing more fails inside. scripts/resize-volume.sh "
    "changes it, and the check compares the filesystem with its disk image",
    True: "What the agent may write into its copy of the project: writing more fails inside",
}
"""Why the storage has a size, by whether the workspace is a copy of a project."""


def _resources(request: Request) -> tuple[Policy, ...]:
    resources, storage = request.profile.resources, request.profile.storage
    size = Policy(
        path="resources.max_storage",
        value=str(storage.size),
        enforced_by="steps/50-storage/do.sh",
        reason=_STORAGE[request.profile.has_copy],
    )
    return (
        _compose("resources.max_cpu", resources.cpus, "Processors that it may use at once"),
        _compose("resources.max_memory", str(resources.memory), "Beyond this the kernel ends a process inside"),
        _compose("resources.max_swap", "0K", "No swap on top of memory"),
        _compose("resources.max_processes", resources.pids, "A fork bomb stops here"),
        _compose("resources.max_tmp", str(resources.tmpfs), "Size of /tmp, which lives in memory"),
        size,
    )


def _process(request: Request) -> tuple[Policy, ...]:
    image, security = request.profile.image, request.profile.security
    granted = [{"name": granted.name, "reason": granted.reason} for granted in security.capabilities]
    user = {"name": image.user.name, "uid": image.user.uid}
    return (
        _compose("process.running", True, "One container, healthy while its workspace is mounted"),
        _compose("process.user", user, "Nothing inside runs as root"),
        _compose("process.privileged", False, "It has no device of the host"),
        _compose("process.settings", "exact", "The engine was told nothing about it that this bundle does not say"),
        _compose("process.capabilities", granted, "All others are dropped"),
        _compose("process.no_new_privileges", True, "No program can gain rights that its caller lacks"),
        _seccomp(request),
    )


def _seccomp(request: Request) -> Policy:
    kind = request.profile.security.seccomp
    if kind == "strict":
        reason = "Only system calls on a list may be made"
        if request.profile.isolation.backend != "docker":
            reason += "; under gVisor by what the container starts itself, and gVisor is filtered on the host"
        return Policy(path="process.seccomp", value=kind, enforced_by="config/seccomp.json", reason=reason)
    return _compose("process.seccomp", kind, "The engine's own filter of system calls is on")


def _contents(request: Request) -> tuple[Policy, ...]:
    image, agent = request.profile.image, request.agent
    return (
        _image("packages.install", image.sudo == "packages", "The user owns the system's folders, and is never root"),
        _image("agent.command", agent.command, _assistant(request)),
        _image("runtime.python", image.python, "The oldest Python that will do"),
        _image("runtime.node", image.node, "The oldest major version of Node.js that will do"),
        _image("secrets.in_image", False, "Keys come at run time, from local/env or the environment of start.sh"),
    )


def _assistant(request: Request) -> str:
    if request.agent.install.kind == "none":
        return "There is no assistant"
    where = "The assistant is in an environment of its own, apart from the system's packages"
    if request.profile.image.sudo == "packages":
        return f"{where}. The user owns /usr/local/bin, and could put another program under this name"
    return f"{where}, and its files belong to root"
