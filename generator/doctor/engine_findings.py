"""What the engine's facts say."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from generator.doctor.findings import Finding, human, version_at_least
from generator.engines import find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.facts import BundleFacts, Facts
    from generator.doctor.findings import Level

# What every bundle of today needs; a bundle may ask for more.
MINIMUM = {need.key: need.minimum for need in find_engine("docker").requirements}
SPACE_TO_BUILD = 4 << 30
SPACE_TO_RUN = 1 << 29
_START = "sudo systemctl start docker   (without systemd: sudo dockerd &)"
_RESTART = "sudo systemctl restart docker   (running containers may stop)"


def engine_findings(facts: Facts) -> Iterator[Finding]:
    """Whether the engine answers, and whether it is one that bundles can use."""
    engine, host = facts.engine, facts.host
    if engine.trouble:
        yield _no_answer(facts)
    else:
        name, package = ("Podman", "podman") if engine.client == "podman" else ("Docker", "docker.io")
        wanted = minimum(facts, name.upper())
        yield _new_enough("engine", name, engine.version, wanted, f"sudo apt-get install {package}")
        yield from _kind(facts)
        yield from _space(facts)
        yield _gvisor(facts)
    if engine.client == "docker" and "docker" not in host.missing:
        compose = "sudo apt-get install docker-compose   (or docker-compose-v2, docker-compose-plugin)"
        buildx = "sudo apt-get install docker-buildx   (or docker-buildx-plugin)"
        yield _new_enough("compose", "Compose", host.compose, minimum(facts, "COMPOSE"), compose)
        yield _new_enough("buildx", "Buildx", host.buildx, minimum(facts, "BUILDX"), buildx)


def minimum(facts: Facts, program: str) -> str:
    """The highest version that one of the bundles asks for."""
    asked = (bundle.setting(f"GEN_MINIMUM_{program}") for bundle in facts.bundles)
    highest = MINIMUM[program]
    for version in filter(None, asked):
        if not version_at_least(version, highest):
            highest = version
    return highest


def _no_answer(facts: Facts) -> Finding:
    engine, user = facts.engine, facts.host.user
    if engine.client == "podman":
        denied = engine.trouble == "denied"
        what, mend = (
            ("Podman is used as root here", "sudo gen doctor") if denied else ("Podman gives no answer", "podman info")
        )
        return _engine_trouble(what, engine.said, mend)
    what, why, mend = {
        "absent": ("the engine does not answer", f"nobody listens at {engine.endpoint}: {engine.said}", _START),
        "denied": (
            "your user may not use the engine",
            f"{engine.endpoint}: {engine.said}",
            f"sudo usermod -aG docker {user}   (then log out and in again)",
        ),
        "hangs": ("the engine hangs", f"{engine.endpoint} did not answer in time", _RESTART),
        "remote": (
            "the engine is not on this machine",
            f"{engine.endpoint}: a workspace is attached to a loop device here",
            "unset DOCKER_HOST; docker context use default",
        ),
        "no context": ("the docker client has no such context", engine.said, "docker context ls"),
    }.get(engine.trouble, ("the engine cannot be asked", engine.said, "docker version"))
    return _engine_trouble(what, why, mend)


def _engine_trouble(what: str, why: str, mend: str) -> Finding:
    return Finding(id="engine", subject="engine", level="problem", what=what, why=why, mend=mend)


def _new_enough(id_: str, name: str, found: str, wanted: str, mend: str) -> Finding:
    if not found:
        why = f"{wanted} or newer is needed"
        return Finding(
            id=id_,
            subject="engine",
            level="problem",
            what=f"{name} is not there, or tells no version",
            why=why,
            mend=mend,
        )
    if not version_at_least(wanted, found):
        what = f"{name} {found} is too old"
        why = f"{wanted} or newer is needed"
        return Finding(id=id_, subject="engine", level="problem", what=what, why=why, mend=mend)
    return Finding(id=id_, subject="engine", level="ok", what=f"{name} {found}", why=f"at least {wanted} is needed")


def _kind(facts: Facts) -> Iterator[Finding]:
    engine = facts.engine
    options = {word for option in engine.security for word in option.split(",")}
    if engine.system != "linux":
        yield _engine(
            "problem", "system", f"the engine runs {engine.system or 'unknown'} containers", "bundles need Linux"
        )
    if "name=rootless" in options:
        mend = "docker context use default"
        yield _engine("problem", "rootless", "the engine is rootless", "it cannot attach a loop device", mend)
    if "name=seccomp" in options:
        yield _engine("ok", "seccomp", "the engine filters system calls", "")
    else:
        why = "a bundle's config/seccomp.json would not be enforced"
        mend = f"{engine.client} info | grep seccomp"
        yield _engine("problem", "seccomp", "the engine filters no system calls", why, mend)
    if engine.without_limits:
        why = "a profile's limits would not hold"
        what = f"the engine cannot limit {', '.join(engine.without_limits)}"
        yield _engine(
            "problem", "limits", what, why, f"{engine.client} info | tail -n 5   (and mend the kernel's cgroups)"
        )
    if engine.cgroup:
        yield _engine(
            "ok", "cgroups", f"cgroups are version {engine.cgroup}", "" if engine.cgroup == "2" else "1 works too"
        )


def _space(facts: Facts) -> Iterator[Finding]:
    root, free = facts.engine.root, facts.host.root_free
    if free is None:
        if root:
            yield _engine("ok", "space", f"{root} cannot be seen from here", "its free space is not known")
        return
    what = f"{human(free)} are free in {root}"
    mend = f"df -h {shlex.quote(root)}; {facts.engine.client} system df   (look what may go)"
    if free < SPACE_TO_RUN:
        yield _engine("problem", "space", what, "a sandbox that writes would fail", mend)
    elif free < SPACE_TO_BUILD:
        yield _engine("warning", "space", what, f"building an image may take {human(SPACE_TO_BUILD)}", mend)
    else:
        yield _engine("ok", "space", what, "")


_REGISTER = {
    "docker": "sudo apt-get install runsc; sudo runsc install; sudo systemctl reload docker",
    "podman": "sudo apt-get install runsc",
}
_TOLD = {
    "docker": "docker info --format '{{json .Runtimes.runsc}}'   (and see what it is told)",
    "podman": "podman --runtime runsc info   (and see what it says)",
}


def _gvisor(facts: Facts) -> Finding:
    """Only a bundle that cannot do without it makes a problem of what is wrong with it."""
    engine = facts.engine
    needed = any(_only_gvisor(bundle) for bundle in facts.bundles)
    what, why, mend = {
        "absent": ("gVisor is not to be had", "the engine has no runtime runsc", _REGISTER[engine.client]),
        "limitless": (
            "gVisor would hold no limit",
            "the engine's runtime runsc is told --ignore-cgroups",
            "take --ignore-cgroups out of /etc/docker/daemon.json; sudo systemctl reload docker",
        ),
        "fails": (
            "gVisor does not start",
            engine.gvisor_said,
            _TOLD[engine.client],
        ),
        "untried": ("the engine has gVisor's runtime", "there is no image of ours to try it with", ""),
        "works": ("gVisor works", "a container under the runtime runsc ran", ""),
    }[engine.gvisor]
    bad = engine.gvisor in ("limitless", "fails")
    level: Level = "ok"
    if mend and (needed or bad):
        level = "problem" if needed else "warning"
    return _engine(level, "gvisor", what, why, mend if level != "ok" else "")


def _only_gvisor(bundle: BundleFacts) -> bool:
    accepted = bundle.setting("GEN_BACKENDS", "docker").split()
    return bundle.isolation == "gvisor" or ("gvisor" in accepted and "docker" not in accepted)


def _engine(level: Level, id_: str, what: str, why: str, mend: str = "") -> Finding:
    return Finding(id=f"engine-{id_}", subject="engine", level=level, what=what, why=why, mend=mend)
