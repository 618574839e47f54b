"""Ways to weaken a sandbox by local/compose.override.yaml, and who notices."""

from __future__ import annotations

import re

# What looks, from compose.yaml; here it is only a word.
HEALTHY = 'mountpoint -q "$$1" && test -w "$$1" && {{ test -z "$$2" || command -v "$$2" >/dev/null; }}'.format()

# What is weakened: how, in local/compose.override.yaml; what the check of settings names; which checks see it as well.
WEAKENED = {
    "host mounts": ("volumes: ['/etc:/host:ro']", "Binds[]", {"host-filesystem"}),
    "a tmpfs of the host": ("volumes: ['/run/lock:/host']", "Binds[]", {"host-filesystem"}),
    "the host's devices, as a mount": ("volumes: ['/dev:/dev/all']", "Binds[]", {"host-filesystem"}),
    "the engine's socket": ("volumes: ['/var/run/docker.sock:/run/docker.sock']", "Binds[]", {"host-filesystem"}),
    "the host's processes": ("pid: host", "PidMode", {"host-filesystem"}),
    "another container's processes": ("ipc: host", "IpcMode", {"host-filesystem"}),
    "the host's name": ("uts: host\n    hostname: ''", "UTSMode", {"host-filesystem"}),
    "the host's control groups": ("cgroup: host", "CgroupnsMode", set()),
    "another control group": ("cgroup_parent: /elsewhere", "CgroupParent", set()),
    "a capability": ("cap_add: [NET_RAW]", "CapAdd[]", {"capabilities"}),
    "the capability that is all": (
        "cap_add: [SYS_ADMIN]\n    security_opt: ['seccomp:unconfined']",
        "CapAdd[]",
        {"capabilities", "seccomp"},
    ),
    "privileged": ("privileged: true", "Privileged", {"capabilities", "host-filesystem"}),
    "no filter": ("security_opt: ['seccomp:unconfined']", "SecurityOpt[]", {"seccomp"}),
    "no profile": ("security_opt: ['apparmor:unconfined']", "SecurityOpt[]", set()),
    "root": ("user: '0:0'\n    cap_add: [DAC_OVERRIDE]", "Config.User", {"user", "capabilities"}),
    "a group": ("group_add: ['0', '27']", "GroupAdd[]", {"user"}),
    "devices by their numbers": ("device_cgroup_rules: ['b 8:* rmw']", "DeviceCgroupRules[]", set()),
    "a device": ("devices: ['/dev/loop-control:/dev/x']", "Devices[]", {"host-filesystem"}),
    "a setting of the kernel": ("sysctls: {net.ipv4.ip_unprivileged_port_start: '0'}", "Sysctls.", set()),
    "more memory": ("mem_limit: 1500m\n    memswap_limit: 1500m", "Memory ", {"limits"}),
    "more processors": ("cpus: 1.5", "NanoCpus", {"limits"}),
    "more processes": ("pids_limit: 4000", "PidsLimit", {"limits"}),
    "less of what may be open": ("ulimits: {nofile: 512}", "Ulimits[]", set()),
    "more shared memory": ("shm_size: 1g", "ShmSize", set()),
    "no end by the kernel": ("oom_kill_disable: true", "OomKillDisable", set()),
    "a published port": ("ports: ['127.0.0.1:18099:80']", "PortBindings.80/tcp[]", {"ports"}),
    "another resolver": ("dns: [192.0.2.1]", "Dns[]", {"dns"}),
    "a name for the host": ("extra_hosts: ['host:host-gateway']", "ExtraHosts[]", set()),
    "a read-only root": ("read_only: true", "ReadonlyRootfs", {"root-filesystem"}),
    "a larger /tmp": ("tmpfs: ['/tmp:size=200m,mode=1777,nosuid,nodev']", "Tmpfs./tmp", {"temporary"}),
    "a tmpfs where none was": ("tmpfs: ['/srv:size=1m']", "Tmpfs./srv", set()),
    "an endless restart": ("restart: always", "RestartPolicy.Name", set()),
    "another first process": ("init: false", "Init", set()),
    "another command": ("entrypoint: ['sleep', 'infinity']", "Entrypoint[]", set()),
    "a library for every program": ("environment: {LD_PRELOAD: /workspace/x.so}", "Config.Env[]", set()),
    "a tmpfs of no size": ("tmpfs: [/dev/more]", "Tmpfs./dev/more", set()),
    "a port that the engine chooses": ("ports: ['80']", "PortBindings.80/tcp[].HostPort", {"ports"}),
    "a volume that nobody named": ("volumes: [/more]", "Mounts[].Target has one more", {"host-filesystem"}),
    "the workspace in a second place": ("volumes: ['workspace:/more']", "Mounts[].Target has one more", set()),
    "a label": ("labels: {some.label: x}", "Labels.some.label", set()),
    "another health check of the same words": (
        f"healthcheck: {{test: !override ['CMD', 'sh', '-c', '', 'healthy', /workspace, '{HEALTHY}']}}",
        "Healthcheck.Test[]",
        set(),
    ),
    "a log elsewhere": ("logging: {driver: none}", "LogConfig.Type", set()),
}


ALONE = re.compile("read_only|user:|privileged|ipc:|SYS_ADMIN")
"""What changes more than itself, or leaves no program of the sandbox's to be replaced."""


def batches() -> list[tuple[str, ...]]:
    """All of them, several to a sandbox where each can be told from the others.

    No two use the same key, are named alike, or are seen by the same check besides that of the settings.
    """
    found: list[list[str]] = []
    for name, (yaml, _, _) in WEAKENED.items():
        fitting = (batch for batch in found if not ALONE.search(yaml) and all(apart(name, other) for other in batch))
        batch = next(fitting, None)
        if batch is None:
            found.append([name])
        else:
            batch.append(name)
    return [tuple(batch) for batch in found]


def apart(one: str, other: str) -> bool:
    (yaml, named, seen), (others_yaml, others_named, seen_too) = WEAKENED[one], WEAKENED[other]
    if ALONE.search(others_yaml) or keys(yaml) & keys(others_yaml) or seen & seen_too:
        return False
    return named not in others_named and others_named not in named


def keys(yaml: str) -> set[str]:
    """The keys of the service that a piece of it sets."""
    return set(re.findall(r"^ *([a-z_]+):", yaml, re.MULTILINE))
