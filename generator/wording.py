"""What the documents of a bundle say that depends on the profile: text is chosen here, so that templates only print."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator import wording_project as project
from generator.engines.oci.isolation import chosen
from generator.languages import Raw
from generator.languages import markdown_code as code
from generator.languages import markdown_value as text
from generator.profile_facts import base_facts
from generator.profile_show import OWN_PROFILE
from generator.wording_effects import effect_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.plan import Plan
    from generator.profile import Profile
    from generator.steps import StepSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Lines of Markdown, quoted already; an empty tuple prints nothing."""

    about: tuple[Raw, ...]
    again: str
    start: Raw
    first: int
    workspace_commands: tuple[tuple[str, Raw], ...]
    work: tuple[Raw, ...]
    waits: tuple[Raw, ...]
    kept: Raw
    when_full: Raw
    needs: Raw
    keys: tuple[Raw, ...]
    contents: tuple[tuple[str, Raw], ...]
    containment: tuple[Raw, ...]
    objects: tuple[tuple[str, Raw], ...]
    undo: Mapping[str, Raw]
    space: Raw
    inside: tuple[Raw, ...]
    key_lines: tuple[Raw, ...]


def wording(plan: Plan) -> Wording:
    """The chosen text of one bundle."""
    return Wording(
        about=(Raw(text(plan.description)),) if plan.description else (),
        again=AGAIN,
        start=project.start(plan.profile),
        first=1 + plan.profile.has_copy,
        workspace_commands=project.workspace_commands(plan.profile),
        work=project.work(plan.profile),
        waits=project.waits(plan.profile),
        kept=project.kept(plan.profile),
        when_full=project.when_full(plan.profile),
        needs=_needs(plan),
        keys=_keys(plan.profile),
        contents=_contents(plan),
        containment=_containment(plan),
        objects=_objects(plan.profile, plan.settings),
        undo={step.id: _undo(step) for step in plan.steps},
        space=_space(plan.profile),
        inside=_inside(plan),
        key_lines=_key_lines(plan),
    )


def _needs(plan: Plan) -> Raw:
    needed = ", ".join(text(need.program) for need in plan.requirements if not need.instead_of)
    others = (
        f"; {text(need.program)} will do in place of {', '.join(need.instead_of)}"
        for need in plan.requirements
        if need.instead_of
    )
    return Raw(needed + "".join(others))


AGAIN = f"gen bundle --profile {OWN_PROFILE} --out ."
"""The command that writes the bundle again, for somebody who is in its folder. `--set` behind it changes the bundle."""


def _unreached(mirror: str | None) -> str:
    """What to change where the packages' mirror does not answer: an address that somebody named may be wrong."""
    if mirror in (None, "host"):
        return "build.proxy=host   (or name a mirror that answers: build.apt_mirror=ADDRESS)"
    return "build.apt_mirror=ADDRESS   (of a mirror that answers; or build.proxy=host, if this machine needs one)"


def step_words(profile: Profile, ca_pem: bytes | None) -> dict[str, str]:
    """What the placeholders in a step's texts stand for."""
    image = profile.image
    base = {
        "registry": "It is pulled from its registry.",
        "mirror": "It is made from the packages of an apt mirror.",
        "archive": f"It is loaded from your archive, {image.archive}.",
    }[image.source]
    archive = shlex.quote(image.archive)
    return {
        "{again}": AGAIN,
        "{base}": base,
        "{archive}": archive,
        "{unreached}": _unreached(profile.build.apt_mirror),
        "{isolation}": chosen(profile),
        **effect_words(profile, ca_pem),
    }


def skill_front(profile: Profile) -> dict[str, str]:
    """What an assistant that reads skills knows of SKILL.md before it opens it."""
    return {
        "name": f"sandbox-{profile.name}",
        "description": f"Sets up, checks and undoes the sandbox {profile.name} for a coding agent, from this folder "
        "alone. Use it when somebody asks to start, verify, repair or remove that sandbox.",
    }


def _keys(profile: Profile) -> tuple[Raw, ...]:
    names = ", ".join(map(code, profile.agent.env))
    if not names:
        return ()
    lines = textwrap.wrap(
        f"Keys for the assistant ({names}) go into `local/env`, one `NAME=value` a line, or stand in the environment "
        "of `scripts/start.sh`. The sandbox gets them when it is made; they are never in its image. After a change "
        "of `local/env` the next `scripts/start.sh` makes it anew; a change of the environment alone does nothing "
        "until then.",
        width=118,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return (
        *map(Raw, lines),
        Raw(""),
        Raw("```"),
        Raw("mkdir -p local && cp .env.example local/env && chmod 600 local/env"),
        Raw("```"),
    )


def _contents(plan: Plan) -> tuple[tuple[str, Raw], ...]:
    profile, settings, agent = plan.profile, plan.settings, plan.agent
    resources, user = profile.resources, profile.image.user
    ports = settings["GEN_PORTS"]
    none = agent.install.kind == "none"
    assistant = "none" if none else f"{text(agent.title)} {text(settings['GEN_AGENT_VERSION'])}".strip()
    rows = {
        "assistant": assistant if none else f"{assistant}, command {code(agent.command)}",
        "base image": code(profile.image.base),
        "user": f"{code(user.name)}, uid {user.uid}; nothing in it runs as root",
        "workspace": project.workspace(profile),
        "limits": f"{settings['GEN_CPUS']} processors, {resources.memory} of memory and no swap, {resources.pids} "
        f"processes, {resources.tmpfs} in `/tmp`",
        "network": f"{profile.network.mode}; published ports: {_ports(ports)}",
        "Node.js": f"{profile.image.node}, with npm" if profile.image.node else "none",
        "Python": _python(profile),
        "packages": _packages(profile),
    }
    return tuple((name, Raw(value)) for name, value in rows.items())


def _ports(ports: str) -> str:
    if not ports:
        return "none"
    return f"{code(ports)} (in the sandbox, listen on `0.0.0.0`: what listens on `127.0.0.1` there is not reached)"


def _python(profile: Profile) -> str:
    facts = base_facts(profile.image.base)
    return f"{facts.python}, the base image's" if facts else f"the base image's, {profile.image.python} or newer"


def _packages(profile: Profile) -> str:
    if profile.image.sudo != "packages":
        return "none can be installed from inside"
    how = "`sudo apt-get install NAME` works"
    if profile.network.mode == "none":
        how = "`sudo dpkg -i FILE.deb` installs local files (there is no network to get others from)"
    return f"{how}, though nobody is root; they go when the sandbox is made anew"


def _containment(plan: Plan) -> tuple[Raw, ...]:
    granted = plan.profile.security.capabilities
    lines = [text(plan.caveat), _disk(plan.profile)]
    if plan.profile.network.mode == "none":
        lines.append("It has no network, so an assistant in it that asks a model elsewhere gets no answer.")
    else:
        lines.append(
            "It can reach the internet, and whatever else this machine can reach: give it no key that you would not "
            "give to a stranger's program."
        )
    if plan.profile.security.seccomp != "strict":
        lines.append("System calls are filtered by the engine's own list, which is longer than ours.")
    if plan.profile.build.ca_certificates:
        whose = "this machine" if plan.profile.build.ca_certificates == "host" else "`config/ca-certificates.crt`"
        lines.append(
            f"Its image trusts the certificates of {whose}, as they were when it was built: whoever has their keys can "
            "read and change what it sends."
        )
    lines.append(
        "Layers of its image may come from the engine's build cache, however old: what a layer installed is of the "
        "day on which it was built. After `docker builder prune` and a rollback all of them are built again."
    )
    lines += [f"It has the capability {code(entry.name)}: {text(entry.reason)}." for entry in granted]
    return tuple(Raw(line) for line in lines)


def _disk(profile: Profile) -> str:
    if profile.security.readonly_root:
        return "Only the workspace, `/tmp`, `/run` and `/var/tmp` can be written, and each has a size."
    return (
        "The size of the workspace is a limit for the workspace. What the agent writes elsewhere in the container "
        "(`/var/tmp`, `/usr`) goes to the engine's disk, which has no limit here unless the profile says "
        "`security.readonly_root: true` and `image.sudo: none`."
    )


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
    device = "the next free one, with the link `/dev/gen-workspace-ID`; the ID is in `.state/instance`"
    cache = "what the engine keeps of the build; it cannot be told apart from other builds', and is left"
    objects = {kind: code(settings[key]) for kind, key in names.items()}
    return (*objects.items(), ("loop device:", Raw(device)), ("build cache:", Raw(cache)))


def _undo(step: StepSpec) -> Raw:
    if not step.effects.any:
        return Raw("nothing, since it only looks")
    script = code(f"steps/{step.folder}/undo.sh")
    return Raw(f"`./rollback.sh`, which calls {script} if a run of this bundle did the step")


def _space(profile: Profile) -> Raw:
    storage = profile.storage
    if storage.overcommit:
        return Raw(
            f"The workspace may grow to {storage.size}; the profile allows that there is less free space than that."
        )
    return Raw(f"The workspace may grow to {storage.size}: that much, and {storage.reserve} more, must be free.")


# As it was tried with Debian's packages.
_POSTGRES = (
    "bin=$(echo /usr/lib/postgresql/*/bin); $bin/initdb -D ~/pg && $bin/pg_ctl -D ~/pg -o '-k /tmp' -l ~/pg.log start; "
    "psql -h /tmp postgres"
)


def _inside(plan: Plan) -> tuple[Raw, ...]:
    profile = plan.profile
    lines = [f"You are {code(profile.image.user.name)}. Work in {code(profile.storage.path)}: only that is kept."]
    offline = profile.network.mode == "none"
    if offline:
        lines.append("There is no network: what is to be installed must be in the workspace as a file.")
    if profile.image.sudo == "packages":
        how = "sudo dpkg -i FILE.deb" if offline else "sudo apt-get install NAME"
        lines.append(f"{code(how)} installs packages. `sudo` does nothing else.")
        lines.append(f"There is no init system: run a service as yourself. PostgreSQL, for example: {code(_POSTGRES)}.")
    else:
        lines.append("Packages of the system cannot be installed.")
    pip = f".venv/bin/pip install {'--no-index FILE.whl' if offline else 'NAME'}"
    lines.append(f"Python packages go into an environment: {code(f'python3 -m venv .venv && {pip}')}.")
    lines += [_own_programs(profile), *([_pinned(plan)] if plan.agent.install.kind != "none" else [])]
    return tuple(Raw(line) for line in (*lines, *map(text, plan.agent.notes)))


def _own_programs(profile: Profile) -> str:
    ways = "pip, pipx, npm, cargo and go" if profile.image.node else "pip, pipx, cargo and go"
    kept = "in memory and empty after a stop" if profile.has_copy else "kept with the workspace"
    return f"Programs that you install by {ways} go into your home, where they are found; it is {kept}."


def _pinned(plan: Plan) -> str:
    version = text(plan.settings["GEN_AGENT_VERSION"])
    how = f"For another one, set {code('agent.version')} in the profile, write the bundle again and start it."
    return f"The assistant is version {version}, as the profile says, and root's: it cannot update itself. {how}"


def _key_lines(plan: Plan) -> tuple[Raw, ...]:
    if plan.profile.agent.env:
        return tuple(Raw(f"{name}=") for name in plan.profile.agent.env)
    known = " ".join(plan.agent.env) or "none"
    return (Raw(f"# The profile names no keys (agent.env). Those that the assistant knows: {known}"),)
