"""The sandbox's service as words for `podman run`: what compose.yaml says, where a host has Podman instead."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_CHOWN = re.compile(r"uid=\d+,gid=\d+")


def podman_options(service: Mapping[str, Any], said_at_the_start: Iterable[str]) -> list[str]:
    """A word a line. `said_at_the_start` names what the script adds when it runs, since it is not known before.

    Raises KeyError for a part of the service that has no words here: nothing of it is left out in silence.
    """
    words = ["--passwd=false"]
    for key, value in service.items():
        if key not in said_at_the_start:
            words += _WORDS[key](value)
    return words


def _options(name: str) -> Callable[[Any], list[str]]:
    return lambda values: [f"--{name}={value}" for value in (values if isinstance(values, list) else [values])]


def _flag(*words: str) -> Callable[[Any], list[str]]:
    return lambda value: list(words) if value else []


def _security(options: list[str]) -> list[str]:
    # Its path is read by the client, which is started in the bundle's folder.
    return [f"--security-opt={option.replace(':./', '=').removesuffix(':true')}" for option in options]


def _tmpfs(mounts: list[str]) -> list[str]:
    """Podman knows no owner by number: U gives it to the container's user, who is the only one that we name."""
    return [f"--tmpfs={_CHOWN.sub('U', mount)}" for mount in mounts]


def _environment(variables: Mapping[str, str | None]) -> list[str]:
    return [f"--env={name}" if value is None else f"--env={name}={value}" for name, value in variables.items()]


def _env_files(files: list[Mapping[str, Any]]) -> list[str]:
    # One that may be missing is named by the script when it is there.
    return [f"--env-file={file['path']}" for file in files if file["required"]]


def _health(check: Mapping[str, Any]) -> list[str]:
    # Who looks is the script: by itself Podman does so only with systemd.
    return [
        f"--health-cmd={json.dumps(check['test'][1:], ensure_ascii=False)}",
        "--health-interval=disable",
        f"--health-timeout={check['timeout']}",
        f"--health-retries={check['retries']}",
        f"--health-start-period={check['start_period']}",
    ]


def _logging(logging: Mapping[str, Any]) -> list[str]:
    return ["--log-driver=k8s-file", f"--log-opt=max-size={logging['options']['max-size']}"]


def _labels(labels: Mapping[str, object]) -> list[str]:
    """Those whose value is known now."""
    return [f"--label={name}={value}" for name, value in labels.items() if isinstance(value, str)]


_WORDS: Mapping[str, Callable[[Any], list[str]]] = {
    "pull_policy": _options("pull"),
    "hostname": _options("hostname"),
    "init": _flag("--init"),
    "restart": _options("restart"),
    "user": _options("user"),
    "working_dir": _options("workdir"),
    "privileged": _flag("--privileged"),
    "security_opt": _security,
    "cap_drop": _options("cap-drop"),
    "cap_add": _options("cap-add"),
    "cgroup": _options("cgroupns"),
    "read_only": _flag("--read-only", "--read-only-tmpfs=false"),
    "cpus": _options("cpus"),
    "mem_limit": _options("memory"),
    "memswap_limit": _options("memory-swap"),
    "pids_limit": _options("pids-limit"),
    "tmpfs": _tmpfs,
    "network_mode": _options("network"),
    "dns": _options("dns"),
    "ports": _options("publish"),
    "environment": _environment,
    "env_file": _env_files,
    "healthcheck": _health,
    "logging": _logging,
    "labels": _labels,
}
