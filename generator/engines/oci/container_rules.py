"""What Docker says of a container that was made from the service in compose.yaml, and nothing else was: a rule a line.

    PATH is VALUE      the engine says this, and for a list: this is among it
    PATH then VALUE    for a list whose order counts: it is these, one after the other, and no more
    PATH may VALUE     the engine may say this as well; * is any value, and a path that ends with .* is all below it

A value that no rule names has to be a field of the engine that nobody has set: null, false, 0, empty. In a list, and
under a name that somebody chose (a mount, a port), empty is a value like any other. The check `settings` compares.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_NANOSECONDS = {"ms": 10**6, "s": 10**9}
# Where the engine covers /proc and /sys. A newer one may cover more.
_MASKED = ("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/scsi",
           "/sys/firmware")  # fmt: skip
_READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def container_rules(service: Mapping[str, Any], said_at_the_start: Iterable[str]) -> list[str]:
    """The rules. `said_at_the_start` names what the check adds, since it is not known before.

    Raises KeyError for a part of the service that has no rules here: nothing of it is left out in silence.
    """
    rules = [*_ALWAYS]
    for key, value in service.items():
        if key not in said_at_the_start:
            rules += _RULES[key](value)
    return rules


def _is(path: str, value: object) -> str:
    return f"{path} is {json.dumps(value, ensure_ascii=False)}"


def _then(path: str, value: object) -> str:
    return f"{path} then {json.dumps(value, ensure_ascii=False)}"


def _plain(path: str, convert: Callable[[Any], object] = lambda value: value) -> Callable[[Any], list[str]]:
    return lambda value: [_is(path, convert(value))]


def _each(path: str) -> Callable[[Any], list[str]]:
    return lambda values: [_is(f"{path}[]", value) for value in values]


def _only_true(path: str) -> Callable[[Any], list[str]]:
    return lambda value: [_is(path, True)] if value else []


def _bytes(text: str) -> int:
    return int(text.removesuffix("b"))


def _nanoseconds(text: str) -> int:
    number = text.rstrip("ms")
    return int(number) * _NANOSECONDS[text.removeprefix(number)]


def _restart(policy: str) -> list[str]:
    name, _, count = policy.partition(":")
    path = "HostConfig.RestartPolicy"
    return [_is(f"{path}.Name", name), _is(f"{path}.MaximumRetryCount", int(count))]


def _security(options: Iterable[str]) -> list[str]:
    # Compose puts the filter's whole text there: the check reads it from the same file.
    return [_is("HostConfig.SecurityOpt[]", option) for option in options if not option.startswith("seccomp:./")]


def _granted(names: Iterable[str]) -> list[str]:
    # Some engines write the prefix and some do not. That no other is in force is asked of the kernel.
    return [f"HostConfig.CapAdd[] may {json.dumps(spelled)}" for name in names for spelled in (name, f"CAP_{name}")]


def _tmpfs(mounts: Iterable[str]) -> list[str]:
    return [_is(f"HostConfig.Tmpfs.{path}", options) for path, _, options in (mount.partition(":") for mount in mounts)]


def _workspace(volumes: Iterable[Mapping[str, str]]) -> list[str]:
    return [
        rule
        for volume in volumes
        for rule in (
            _then("HostConfig.Mounts[].Type", volume["type"]),
            _then("HostConfig.Mounts[].Target", volume["target"]),
            _then("Mounts[].Type", volume["type"]),
            _then("Mounts[].Destination", volume["target"]),
            _then("Mounts[].Driver", "local"),
            _then("Mounts[].RW", True),
            *(f"Mounts[].{field} may *" for field in ("Source", "Mode", "Propagation")),
        )
    ]


def _ports(ports: Iterable[str]) -> list[str]:
    rules = []
    for address, host, inside in (port.rsplit(":", 2) for port in ports):
        path = f"HostConfig.PortBindings.{inside}[]"
        rules += [_then(f"{path}.HostIp", address.strip("[]")), _then(f"{path}.HostPort", host)]
        rules.append(f"Config.ExposedPorts.{inside} may {{}}")
    return rules


def _environment(variables: Mapping[str, str | None]) -> list[str]:
    return [_is("Config.Env[]", f"{name}={value}") for name, value in variables.items() if value is not None]


def _health(check: Mapping[str, Any]) -> list[str]:
    path = "Config.Healthcheck"
    times = (("Interval", "interval"), ("Timeout", "timeout"), ("StartPeriod", "start_period"))
    return [
        *(_then(f"{path}.Test[]", word) for word in check["test"]),
        *(_is(f"{path}.{name}", _nanoseconds(check[key])) for name, key in times),
        _is(f"{path}.StartInterval", _nanoseconds(check["start_interval"])),
        _is(f"{path}.Retries", check["retries"]),
    ]


def _name(labels: Mapping[str, object]) -> list[str]:
    # The others are known when the check runs.
    return [_is("Config.Labels.gen.name", labels["gen.name"])]


def _logging(logging: Mapping[str, Any]) -> list[str]:
    path = "HostConfig.LogConfig"
    options = [_is(f"{path}.Config.{name}", value) for name, value in logging["options"].items()]
    return [_is(f"{path}.Type", logging["driver"]), *options]


_ALWAYS = (
    *(_is("HostConfig.MaskedPaths[]", path) for path in _MASKED),
    "HostConfig.MaskedPaths[] may *",
    *(_is("HostConfig.ReadonlyPaths[]", path) for path in _READONLY),
    "HostConfig.ReadonlyPaths[] may *",
    'HostConfig.IpcMode may "private"',
    'HostConfig.IpcMode may "shareable"',
    "HostConfig.ShmSize may 67108864",
    "HostConfig.MemorySwappiness may -1",
    "Config.AttachStdout may true",
    "Config.AttachStderr may true",
    # Compose's own.
    "Config.Labels.com.docker.compose.* may *",
    # Which gen wrote the bundle from which the container was made: a newer one may say the same of it.
    "Config.Labels.gen.version may *",
    # Zero would end it without warning.
    "Config.StopTimeout may null",
    "HostConfig.ConsoleSize[] may 0",
)

_RULES: Mapping[str, Callable[[Any], list[str]]] = {
    "pull_policy": lambda _: [],
    "hostname": _plain("Config.Hostname"),
    "init": _only_true("HostConfig.Init"),
    "restart": _restart,
    "user": _plain("Config.User"),
    "working_dir": _plain("Config.WorkingDir"),
    "privileged": _only_true("HostConfig.Privileged"),
    "security_opt": _security,
    "cap_drop": _each("HostConfig.CapDrop"),
    "cap_add": _granted,
    "cgroup": _plain("HostConfig.CgroupnsMode"),
    "read_only": _only_true("HostConfig.ReadonlyRootfs"),
    "cpus": _plain("HostConfig.NanoCpus", lambda cpus: round(cpus * 10**9)),
    "mem_limit": _plain("HostConfig.Memory", _bytes),
    "memswap_limit": _plain("HostConfig.MemorySwap", _bytes),
    "pids_limit": _plain("HostConfig.PidsLimit"),
    "tmpfs": _tmpfs,
    "volumes": _workspace,
    "network_mode": _plain("HostConfig.NetworkMode"),
    "dns": _each("HostConfig.Dns"),
    "ports": _ports,
    "environment": _environment,
    "healthcheck": _health,
    "logging": _logging,
    "labels": _name,
}
