"""What must fit together: rules between the keys of a profile, each with the mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.agents import AgentSpec, agent_names, load_agent
from generator.engines import engine_names
from generator.profile_facts import BACKENDS, BASES, backends_for, base_facts
from generator.profile_net import any_address, port_key
from generator.profile_values import nearest, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.profile_model import Profile


@dataclass(frozen=True, slots=True)
class Clash:
    """Keys that do not fit together. It is reported at the one of `paths` that was written last."""

    paths: tuple[str, ...]
    what: str
    mend: str


def clashes(profile: Profile) -> Iterator[Clash]:
    """Every rule that this profile breaks."""
    yield from _names(profile)
    yield from _isolation(profile)
    yield from _base(profile)
    yield from _resources(profile)
    yield from _network(profile)
    yield from _duplicates(profile)
    if profile.agent.name in agent_names():
        yield from _agent(profile, load_agent(profile.agent.name))


def _names(profile: Profile) -> Iterator[Clash]:
    if profile.agent.name not in agent_names():
        what = f"{show(profile.agent.name)} is not an agent that gen knows"
        yield Clash(("agent.name",), what, nearest(profile.agent.name, agent_names()))
    if profile.engine not in engine_names():
        what = f"{show(profile.engine)} is not an engine that gen knows"
        yield Clash(("engine",), what, nearest(profile.engine, engine_names()))


def _isolation(profile: Profile) -> Iterator[Clash]:
    backend, minimum = profile.isolation.backend, profile.isolation.minimum
    enough = backends_for(minimum)
    if not profile.has_copy and (backend == "microvm" or enough == ("microvm",)):
        what = "a microVM has its workspace from the copy of a project, and this profile has none"
        yield Clash(("isolation.backend", "isolation.minimum", "project.method"), what, "Write project.method: auto")
    if backend == "auto" or backend in enough:
        return
    what = f"{backend} gives a {BACKENDS[backend]}, which is weaker than the {minimum} that isolation.minimum asks for"
    mend = f"Write isolation.backend: {', '.join(enough)} or auto, or isolation.minimum: {BACKENDS[backend]}"
    yield Clash(("isolation.backend", "isolation.minimum"), what, mend)


def _base(profile: Profile) -> Iterator[Clash]:
    image, facts = profile.image, base_facts(profile.image.base)
    if image.source == "mirror" and facts is None:
        what = f"a mirror can only give a base that gen knows, and {show(image.base)} is not one"
        mend = f"Write one of {', '.join(BASES)} for image.base, or another image.source"
        yield Clash(("image.base", "image.source"), what, mend)
    if facts and _version(facts.python) < _version(image.python):
        newer = [base for base, other in BASES.items() if _version(other.python) >= _version(image.python)]
        mend = f'Write image.python: "{facts.python}"' + (
            f", or choose another image.base: {', '.join(newer)}" if newer else ""
        )
        what = f"{image.base} has Python {facts.python}, which is older than {image.python}"
        yield Clash(("image.python", "image.base"), what, mend)
    if image.sudo == "packages" and profile.security.readonly_root:
        what = "packages cannot be installed into a read-only root"
        yield Clash(
            ("security.readonly_root", "image.sudo"), what, "Write image.sudo: none, or security.readonly_root: false"
        )


def _agent(profile: Profile, agent: AgentSpec) -> Iterator[Clash]:
    if agent.name == "none" and profile.agent.version:
        what = "there is no agent that could have a version"
        yield Clash(("agent.version", "agent.name"), what, "Remove the version, or choose an agent")
    node, has = agent.requires.node, profile.image.node
    if node and (has or 0) < node:
        now = f"image.node is {has}" if has else "image.node is none"
        what = f"{agent.name} needs Node.js {node} or newer, and {now}"
        yield Clash(("image.node", "agent.name"), what, f"Write image.node: {node}, or choose another agent")
    yield from _agent_python(profile, agent)


def _agent_python(profile: Profile, agent: AgentSpec) -> Iterator[Clash]:
    facts = base_facts(profile.image.base)
    python = facts.python if facts else profile.image.python
    owner = profile.image.base if facts else "image.python"
    oldest, below = agent.requires.python, agent.requires.python_below
    if oldest and _version(python) < _version(oldest):
        what = f"{agent.name} needs Python {oldest} or newer, and {owner} has {python}"
    elif below and _version(python) >= _version(below):
        what = f"{agent.name} needs a Python older than {below}, and {owner} has {python}"
    else:
        return
    good = [
        base
        for base, other in BASES.items()
        if _version(other.python) >= _version(oldest or "3.0") and _version(other.python) < _version(below or "3.999")
    ]
    mend = f"Choose another agent, or another image.base: {', '.join(good)}"
    yield Clash(("agent.name", "image.base", "image.python"), what, mend)


def _resources(profile: Profile) -> Iterator[Clash]:
    resources = profile.resources
    if resources.tmpfs > resources.memory:
        what = f"{resources.tmpfs!s} for /tmp is more than the memory that it lives in ({resources.memory!s})"
        mend = f"Write at most {resources.memory!s} for resources.tmpfs, or more for resources.memory"
        yield Clash(("resources.tmpfs", "resources.memory"), what, mend)


def _network(profile: Profile) -> Iterator[Clash]:
    network = profile.network
    if network.mode != "none":
        return
    given = {"ports": network.ports, "dns": network.dns, "subnet": network.subnet != "auto"}
    for key, value in given.items():
        if value:
            mend = f"Remove network.{key}, or write network.mode: internet"
            yield Clash((f"network.{key}", "network.mode"), f"without a network, {key} has no meaning", mend)


def _duplicates(profile: Profile) -> Iterator[Clash]:
    lists: dict[str, list[object]] = {
        "image.packages": [package.partition("=")[0] for package in profile.image.packages],
        "agent.env": list(profile.agent.env),
        "network.dns": list(profile.network.dns),
        "network.ports": [port_key(mapping) for mapping in profile.network.ports],
        "security.capabilities": [capability.name for capability in profile.security.capabilities],
    }
    for path, keys in lists.items():
        for index, key in enumerate(keys):
            first = keys.index(key)
            if first < index:
                shown = " ".join(map(str, key)) if isinstance(key, tuple) else key
                what = f"{shown} is already given in {path}[{first}]"
                yield Clash((f"{path}[{index}]",), what, "Remove one of the two")
    yield from _wildcards(profile.network.ports)


def _wildcards(ports: tuple[str, ...]) -> Iterator[Clash]:
    keys = [port_key(mapping) for mapping in ports]
    for index, (address, host, protocol) in enumerate(keys):
        for other, (wild, number, kind) in enumerate(keys):
            if any_address(wild) and address != wild and (host, protocol) == (number, kind):
                what = f"port {host} is already taken on every address by network.ports[{other}]"
                yield Clash((f"network.ports[{index}]",), what, "Remove one of the two")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
