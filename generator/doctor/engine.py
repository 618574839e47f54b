"""Looks at the engine that a bundle would use. Only looks, and waits for no answer longer than LIMIT.

gVisor's runtime is tried, by a container that is gone a moment later: that it is installed proves nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docker
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import DockerException
from requests.exceptions import RequestException

from generator.doctor import podman
from generator.doctor.facts import EngineFacts, EngineObject, Gvisor, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    TryGvisor = Callable[[docker.APIClient, Mapping[str, Any], str], tuple[Gvisor, str]]
    TokenOf = Callable[[docker.APIClient, str], str]

LIMIT = 5
GVISOR, BOOT_LIMIT = "runsc", 20
DEFAULT = "unix:///var/run/docker.sock"
_ASIDE = re.compile(r"(?P<name>.+)-aside-(?P<instance>[0-9a-f]{16})(-[0-9]+)?")
_ASIDE_IMAGE = re.compile(r"(localhost/)?gen-aside:(?P<instance>[0-9a-f]{16})(-[0-9]+)?")
_IMAGE = re.compile(r"(localhost/)?gen-[^:]+:.+")
# What an engine says that it cannot limit, and the field in which it says so.
_LIMITS = {"MemoryLimit": "memory", "SwapLimit": "swap", "CpuCfsQuota": "processors", "PidsLimit": "processes"}


def endpoint(environment: Mapping[str, str]) -> str:
    """Where the engine is, as the docker client finds it: DOCKER_HOST, then DOCKER_CONTEXT, then the chosen context.

    Empty when there is no such context.
    """
    if environment.get("DOCKER_HOST"):
        return environment["DOCKER_HOST"]
    try:
        context = ContextAPI.get_context(environment.get("DOCKER_CONTEXT") or None)
    except (DockerException, OSError, ValueError, KeyError, TypeError):
        context = None
    if context is None:
        return ""
    # The SDK writes its own default with the protocol before it.
    host = str(context.Host or DEFAULT)
    return host.removeprefix("http+") if host.startswith("http+unix:") else host


def look_at_engine(environment: Mapping[str, str] = os.environ, images: Iterable[str] = ()) -> EngineFacts:
    """What the engine says of itself, and everything in it that bears our label; or why it says nothing.

    Which engine, the environment says: GEN_CLIENT, PATH, and what Docker's client reads. `images` are the ids of those
    that bundles have built: gVisor is tried with one of them, and with no other.
    """
    if podman.client_here(environment) == "podman":
        return replace(_look_at_podman(images), client="podman")
    where = endpoint(environment)
    if not where:
        name = environment.get("DOCKER_CONTEXT") or get_current_context_name()
        return EngineFacts(trouble="no context", said=f"it is to use {name}")
    if not where.startswith("unix://"):
        return EngineFacts(endpoint=where, trouble="remote")
    trouble = _knock(where.removeprefix("unix://"))
    if trouble is not None:
        return EngineFacts(endpoint=where, trouble=trouble[0], said=trouble[1])
    return _look(where, _gvisor, _token, images)


def _look_at_podman(images: Iterable[str]) -> EngineFacts:
    if os.geteuid() != 0:
        return EngineFacts(
            trouble="denied", said="each user has containers of their own, and only root attaches a disk"
        )
    try:
        with podman.podman_service() as where:
            return _look(where, _gvisor_of_podman, lambda _, container: podman.token(container), images)
    except OSError as error:
        return EngineFacts(trouble="other", said=_first_line(error))


def _look(where: str, gvisor: TryGvisor, token: TokenOf, images: Iterable[str]) -> EngineFacts:
    try:
        client = docker.APIClient(base_url=where, version="auto", timeout=LIMIT)
        try:
            return _asked(client, where, gvisor, token, images)
        finally:
            client.close()
    except (DockerException, RequestException, OSError) as error:
        hangs = "timed out" in str(error).lower()
        return EngineFacts(endpoint=where, trouble="hangs" if hangs else "other", said=_first_line(error))


def remove_container(engine: EngineFacts, container: str) -> str:
    """Removes one container by its id. Gives what went wrong; empty when it is gone."""
    if engine.client == "podman":
        return podman.remove(container)
    try:
        client = docker.APIClient(base_url=engine.endpoint, version="auto", timeout=60)
        try:
            client.remove_container(container, force=True)
        finally:
            client.close()
    except docker.errors.NotFound:
        return ""
    except (DockerException, RequestException, OSError) as error:
        return _first_line(error)
    return ""


def _knock(path: str) -> tuple[Trouble, str] | None:
    """Why nobody opens at that socket; None when somebody does. The SDK's own errors do not tell these apart."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(LIMIT)
        try:
            probe.connect(path)
        except PermissionError as error:
            return "denied", error.strerror or ""
        except TimeoutError:
            return "hangs", "nobody takes the connection"
        except OSError as error:
            return "absent", error.strerror or str(error)
    return None


def _asked(
    client: docker.APIClient, where: str, try_gvisor: TryGvisor, token: TokenOf, images: Iterable[str]
) -> EngineFacts:
    info = client.info()
    objects = tuple(_objects(client, time.time(), token))
    there = {thing.id.removeprefix("sha256:") for thing in objects if thing.kind == "image"}
    gvisor, said = try_gvisor(client, info, next((image for image in images if image in there), ""))
    return EngineFacts(
        endpoint=where,
        version=str(info.get("ServerVersion", "")),
        system=str(info.get("OSType", "")),
        cgroup=str(info.get("CgroupVersion", "")),
        driver=str(info.get("Driver", "")),
        root=str(info.get("DockerRootDir", "")),
        security=tuple(str(option) for option in info.get("SecurityOptions") or ()),
        without_limits=tuple(what for key, what in _LIMITS.items() if info.get(key) is False),
        proxy=bool(info.get("HttpProxy") or info.get("HttpsProxy")),
        gvisor=gvisor,
        gvisor_said=said,
        objects=objects,
    )


def _gvisor(client: docker.APIClient, info: Mapping[str, Any], image: str) -> tuple[Gvisor, str]:
    """What became of it, and what it said when it failed."""
    runtime = (info.get("Runtimes") or {}).get(GVISOR)
    if runtime is None:
        return "absent", ""
    if any(word.lstrip("-") in ("ignore-cgroups", "ignore-cgroups=true") for word in runtime.get("runtimeArgs") or ()):
        return "limitless", ""
    return _tried(image, lambda image: _boot(client, image))


def _gvisor_of_podman(_: docker.APIClient, __: Mapping[str, Any], image: str) -> tuple[Gvisor, str]:
    """The same: every program of that name is a runtime."""
    if shutil.which(GVISOR) is None:
        return "absent", ""
    return _tried(image, lambda image: podman.boot_under(GVISOR, image, BOOT_LIMIT))


def _tried(image: str, boot: Callable[[str], str]) -> tuple[Gvisor, str]:
    if not image:
        return "untried", ""
    said = boot(image)
    return ("fails", said) if said else ("works", "")


def _boot(client: docker.APIClient, image: str) -> str:
    """Runs `true` under it. Empty when that went well, else what was said instead."""
    container = ""
    try:
        host = client.create_host_config(runtime=GVISOR, network_mode="none", cap_drop=["ALL"])
        labels = {"gen.role": "probe"}
        made = client.create_container(image, entrypoint=["true"], command=[], host_config=host, labels=labels)
        container = made["Id"]
        client.start(container)
        code = client.wait(container, timeout=BOOT_LIMIT)["StatusCode"]
        return f"`true` ended with {code}" if code else ""
    except (DockerException, RequestException, OSError) as error:
        return _first_line(error)
    finally:
        if container:
            with contextlib.suppress(DockerException, RequestException, OSError):
                client.remove_container(container, force=True)


def _objects(client: docker.APIClient, now: float, token: TokenOf) -> Iterator[EngineObject]:
    for row in client.containers(all=True):
        yield from _container(row, now, lambda container: token(client, container))
    for kind, ask, key in (("volume", client.volumes, "Name"), ("network", client.networks, "Id")):
        yield from _labelled(kind, key, ask)
    for row in client.images():
        yield from _image(row)


def _labelled(kind: Any, key: str, ask: Callable[..., Any]) -> Iterator[EngineObject]:
    found = ask(filters={"label": "gen.instance"})
    for row in (found.get("Volumes") or ()) if isinstance(found, dict) else found:
        labels = row.get("Labels") or {}
        yield EngineObject(
            kind=kind,
            id=str(row[key]),
            name=str(row["Name"]),
            instance=labels.get("gen.instance", ""),
            sandbox=labels.get("gen.name", ""),
        )


def _token(client: docker.APIClient, container: str) -> str:
    """The annotation of whoever made it; empty when it has none, or is gone by now."""
    try:
        host = client.inspect_container(container).get("HostConfig") or {}
    except docker.errors.NotFound:
        return ""
    return str((host.get("Annotations") or {}).get("gen.token", ""))


def _container(row: Mapping[str, Any], now: float, token_of: Callable[[str], str]) -> Iterator[EngineObject]:
    labels = row.get("Labels") or {}
    name = str((row.get("Names") or ["/"])[0]).removeprefix("/")
    instance, aside = labels.get("gen.instance", ""), _ASIDE.fullmatch(name)
    token = token_of(str(row["Id"])) if instance else ""
    if not token:
        # It bears the label of the image that it was made from, or of the container that somebody committed.
        instance = ""
    if not instance and aside is None:
        return
    yield EngineObject(
        kind="container",
        id=str(row["Id"]),
        name=name,
        instance=instance or (aside["instance"] if aside else ""),
        sandbox=labels.get("gen.name", ""),
        tool=bool(token) and labels.get("gen.role") == "tool",
        running=row.get("State") in ("running", "paused", "restarting"),
        age=max(0.0, now - float(row.get("Created") or now)),
        folder=_folder(row, labels),
        moved_from=aside["name"] if aside and not instance else "",
        mark=token,
    )


def _folder(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """The bundle's folder: a sandbox's label tells it, and a tool has the bundle's storage at its own path."""
    told = labels.get("com.docker.compose.project.working_dir", "")
    if told:
        return told
    sources = (str(mount.get("Source", "")) for mount in row.get("Mounts") or ())
    return next((source.removesuffix("/storage") for source in sources if source.endswith("/storage")), "")


def _image(row: Mapping[str, Any]) -> Iterator[EngineObject]:
    labels, tags = row.get("Labels") or {}, [str(tag) for tag in row.get("RepoTags") or ()]
    aside = next((found for tag in tags if (found := _ASIDE_IMAGE.fullmatch(tag))), None)
    # An image that somebody built on ours, or committed, has the label too, but a name of its own.
    name = next((tag for tag in tags if _IMAGE.fullmatch(tag) and not _ASIDE_IMAGE.fullmatch(tag)), "")
    instance, image = labels.get("gen.instance", ""), str(row["Id"])
    if instance and name:
        yield EngineObject(kind="image", id=image, name=name, instance=instance, sandbox=labels.get("gen.name", ""))
    elif aside is not None:
        yield EngineObject(kind="image", id=image, name=aside[0], instance=aside["instance"], moved_from=aside[0])


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
