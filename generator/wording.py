"""What the documents of a bundle say that depends on the profile: text is chosen here, so that templates only print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.languages import Raw
from generator.languages import markdown_code as code
from generator.languages import markdown_value as text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.plan import Plan
    from generator.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Lines of Markdown, quoted already; an empty tuple prints nothing."""

    about: tuple[Raw, ...]
    keys: tuple[Raw, ...]
    contents: tuple[tuple[str, Raw], ...]
    containment: tuple[Raw, ...]
    objects: tuple[tuple[str, Raw], ...]
    space: Raw
    inside: tuple[Raw, ...]
    key_lines: tuple[Raw, ...]


def wording(plan: Plan) -> Wording:
    """The chosen text of one bundle."""
    return Wording(
        about=(Raw(text(plan.description)),) if plan.description else (),
        keys=_keys(plan.profile),
        contents=_contents(plan),
        containment=_containment(plan),
        objects=_objects(plan.profile, plan.settings),
        space=_space(plan.profile),
        inside=_inside(plan),
        key_lines=_key_lines(plan),
    )


def _keys(profile: Profile) -> tuple[Raw, ...]:
    names = ", ".join(map(code, profile.agent.env))
    if not names:
        return ()
    return (
        Raw(
            f"Keys for the assistant ({names}) go into `local/env`, one `NAME=value` a line. The sandbox gets them when"
        ),
        Raw("it runs; they are never in its image."),
        Raw(""),
        Raw("```"),
        Raw("mkdir -p local && cp .env.example local/env && chmod 600 local/env"),
        Raw("```"),
    )


def _contents(plan: Plan) -> tuple[tuple[str, Raw], ...]:
    profile, settings, agent = plan.profile, plan.settings, plan.agent
    resources, user = profile.resources, profile.image.user
    ports = settings["GEN_PORTS"]
    assistant = f"{text(agent.title)} {text(settings['GEN_AGENT_VERSION'])}".strip()
    rows = {
        "assistant": f"{assistant}, command {code(agent.command)}",
        "base image": code(profile.image.base),
        "user": f"{code(user.name)}, uid {user.uid}; nothing in it runs as root",
        "workspace": f"{code(profile.storage.path)}, {profile.storage.size}: an ext4 filesystem in one sparse file in "
        "`storage/`",
        "limits": f"{settings['GEN_CPUS']} processors, {resources.memory} of memory and no swap, {resources.pids} "
        f"processes, {resources.tmpfs} in `/tmp`",
        "network": f"{profile.network.mode}; published ports: {code(ports) if ports else 'none'}",
        "packages": "`sudo apt-get install NAME` works, though nobody is root; they go when the sandbox is made anew"
        if profile.image.sudo == "packages"
        else "none can be installed from inside",
    }
    return tuple((name, Raw(value)) for name, value in rows.items())


def _containment(plan: Plan) -> tuple[Raw, ...]:
    granted = plan.profile.security.capabilities
    lines = [text(plan.caveat)]
    if plan.profile.network.mode != "none":
        lines.append(
            "It can reach the internet, and whatever else this machine can reach: give it no key that you would not "
            "give to a stranger's program."
        )
    if plan.profile.security.seccomp != "strict":
        lines.append("System calls are filtered by the engine's own list, which is longer than ours.")
    lines += [f"It has the capability {code(entry.name)}: {text(entry.reason)}." for entry in granted]
    return tuple(Raw(line) for line in lines)


def _objects(profile: Profile, settings: Mapping[str, str]) -> tuple[tuple[str, Raw], ...]:
    names = {
        "container": "GEN_CONTAINER",
        "volume": "GEN_VOLUME",
        "network": "GEN_NETWORK",
        "image": "GEN_IMAGE_REF",
        "base image": "GEN_BASE_REF",
    }
    if profile.network.mode == "none":
        del names["network"]
    return tuple((kind, code(settings[key])) for kind, key in names.items())


def _space(profile: Profile) -> Raw:
    storage = profile.storage
    if storage.overcommit:
        return Raw(
            f"The workspace may grow to {storage.size}; the profile allows that there is less free space than that."
        )
    return Raw(f"The workspace may grow to {storage.size}: that much, and {storage.reserve} more, must be free.")


def _inside(plan: Plan) -> tuple[Raw, ...]:
    profile = plan.profile
    lines = [f"You are {code(profile.image.user.name)}. Work in {code(profile.storage.path)}: only that is kept."]
    if profile.image.sudo == "packages":
        lines.append(
            "`sudo apt-get update && sudo apt-get install -y NAME` installs packages. `sudo` does nothing else."
        )
    else:
        lines.append("Packages of the system cannot be installed.")
    lines.append("Python packages go into an environment: `python3 -m venv .venv && .venv/bin/pip install NAME`.")
    if profile.network.mode == "none":
        lines.append("There is no network.")
    return tuple(Raw(line) for line in (*lines, *map(text, plan.agent.notes)))


def _key_lines(plan: Plan) -> tuple[Raw, ...]:
    if plan.profile.agent.env:
        return tuple(Raw(f"{name}=") for name in plan.profile.agent.env)
    known = " ".join(plan.agent.env) or "none"
    return (Raw(f"# The profile names no keys (agent.env). Those that the assistant knows: {known}"),)
