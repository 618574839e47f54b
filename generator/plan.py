"""From a profile to a plan: which steps and checks a bundle has, which files, and every value in them.

All branching on the profile happens here, in `image` and in the engine's documents. What comes out is frozen data;
rendering it only loops and prints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from generator import __version__
from generator.agents import AgentSpec, load_agent
from generator.engines import Documents, Names, Request, Requirement, find_engine
from generator.errors import ExitCode, GenError
from generator.image import plan_image
from generator.languages import DOCKERFILE, MARKDOWN, SHELL
from generator.plan_data import step_conf
from generator.profile_show import CA_FILE, OWN_PROFILE, own_profile
from generator.resources import templates
from generator.schemas import schema_documents
from generator.settings import bundle_settings
from generator.steps import CheckSpec, StepSpec, find_checks, find_steps
from generator.wording import skill_front, step_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from generator.image import Image
    from generator.profile import LoadedProfile, Profile
    from generator.steps import When

_LANGUAGES = {".md.j2": MARKDOWN, ".sh.j2": SHELL, ".env.example.j2": SHELL, "Dockerfile.j2": DOCKERFILE}
_COPY: When = {"project.method": ("auto", "overlay", "plain")}
_NO_COPY: When = {"project.method": ("none",)}
# A microVM has its workspace from the copy of a project.
_MACHINE: When = {**_COPY, "isolation.backend": ("auto", "microvm")}
_ONLY_WHEN: Mapping[str, When] = {
    "lib/project": _COPY,
    "lib/still.py": _COPY,
    "lib/machine.sh": _MACHINE,
    "lib/microvm": _MACHINE,
    **{f"scripts/{name}.sh": _COPY for name in ("apply", "changes", "diff", "discard", "exec", "review", "undo")},
    **{f"schemas/{name}.": _COPY for name in ("apply", "changes", "commits", "review", "rules")},
    **{f"scripts/{name}.sh": _NO_COPY for name in ("backup", "mount-storage", "resize-volume", "restore")},
}
"""What only some bundles have, by how its path begins: files of steps and checks say so themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file that comes from a template. Without a language it is copied byte for byte."""

    path: str
    template: str
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The ordered steps and checks of one bundle, and all that its files are made from."""

    name: str
    description: str
    version: str
    engine: str
    isolation: str
    caveat: str
    requirements: tuple[Requirement, ...]
    profile: Profile
    agent: AgentSpec
    steps: tuple[StepSpec, ...]
    checks: tuple[CheckSpec, ...]
    settings: Mapping[str, str]
    documents: Mapping[str, Any]
    skill: Mapping[str, str]
    texts: Mapping[str, bytes]
    files: tuple[PlannedFile, ...]


def build_plan(loaded: LoadedProfile) -> Plan:
    """The plan of a profile; the same one for the same profile and version.

    Raises GenError when the profile asks for what the engine, the base image or the templates do not have.
    """
    profile, agent, engine = loaded.profile, load_agent(loaded.profile.agent.name), find_engine(loaded.profile.engine)
    root = templates()
    dumped = profile.model_dump()
    # For `when`: an assistant that is none is installed nowhere.
    dumped["agent"]["installed"] = agent.install.kind != "none"
    words = step_words(profile, loaded.ca_pem)
    steps = tuple(_worded(step, words, dumped) for step in find_steps(root) if _applies(step.when, dumped, step.id))
    checks = tuple(check for check in find_checks(root) if _applies(check.when, dumped, check.id))
    image = plan_image(profile, agent, loaded.ca_pem)
    names, capabilities = engine.names(profile, image.digest), engine.capabilities(profile)
    documents = engine.documents(
        Request(profile=profile, agent=agent, names=names, version=__version__, checks=_asserted(checks))
    )
    plan = Plan(
        name=profile.name,
        description=profile.description,
        version=__version__,
        engine=engine.name,
        isolation=capabilities.isolation,
        caveat=capabilities.caveat,
        requirements=(*_host_programs(profile), *engine.requirements),
        profile=profile,
        agent=agent,
        steps=steps,
        checks=checks,
        settings=_settings(loaded, agent, image, names, documents) | _minimums(engine.requirements),
        skill=skill_front(profile),
        documents={
            **documents.files,
            **{path: schema for path, schema in schema_documents().items() if _belongs(path, dumped)},
        },
        texts=_texts(steps, image, loaded),
        files=_files(root, steps, checks, image, dumped),
    )
    _complete(plan, documents)
    return plan


def _worded(step: StepSpec, words: Mapping[str, str], profile: Mapping[str, Any]) -> StepSpec:
    """The step in words that fit this profile: its placeholders filled, its troubles only those that can be met.

    In a list of effects a placeholder may stand for none, or for several, a line each.
    """

    def fill(text: str) -> str:
        return re.sub(r"\{[a-z]+\}", lambda match: words.get(match[0], match[0]), text)

    def lines(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line for text in texts for line in fill(text).splitlines() if line)

    troubles = (trouble for trouble in step.troubles if _applies(trouble.when, profile, step.id))
    effects = step.effects
    return replace(
        step,
        reason=fill(step.reason),
        effects=replace(
            effects,
            engine=lines(effects.engine),
            host_files=lines(effects.host_files),
            network=lines(effects.network),
        ),
        troubles=tuple(replace(trouble, mend=fill(trouble.mend)) for trouble in troubles),
    )


def _host_programs(profile: Profile) -> tuple[Requirement, ...]:
    programs = [
        Requirement(program="bash", minimum="3.2", reason="the runner and every script"),
        Requirement(program="coreutils, awk, sed, grep, gzip, tar", minimum="any", reason="the scripts' tools"),
    ]
    if profile.image.source == "mirror":
        programs.append(Requirement(program="mmdebstrap", minimum="any", reason="makes the base image from packages"))
    if profile.has_copy:
        programs += [
            Requirement(
                program="python3", minimum="3.9", reason="reads and writes trees that somebody may be changing"
            ),
            Requirement(program="git", minimum="2.30", reason="tracks what changes in the copy of the project"),
        ]
    return tuple(programs)


def _applies(when: When, profile: Mapping[str, Any], who: str) -> bool:
    return all(_value(profile, path, who) in allowed for path, allowed in when.items())


def _value(profile: Mapping[str, Any], path: str, who: str) -> Any:
    value: Any = profile
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            raise _fault(f"{who}: `when` names {path}, which no profile has")
        value = value[key]
    return value


def _asserted(checks: Iterable[CheckSpec]) -> dict[str, tuple[str, ...]]:
    """Which checks assert a policy, by the policy's path."""
    found: dict[str, tuple[str, ...]] = {}
    for check in checks:
        for path in check.asserts:
            found[path] = (*found.get(path, ()), check.id)
    return found


def _settings(
    loaded: LoadedProfile, agent: AgentSpec, image: Image, names: Names, documents: Documents
) -> dict[str, str]:
    return bundle_settings(
        loaded.profile,
        agent,
        image=image,
        names=names,
        project=documents.project,
        version=__version__,
    )


def _minimums(requirements: Iterable[Requirement]) -> dict[str, str]:
    """GEN_MINIMUM_COMPOSE and so on: the oldest version of each program that will do."""
    return {f"GEN_MINIMUM_{item.key}": item.minimum for item in requirements}


def _texts(steps: tuple[StepSpec, ...], image: Image, loaded: LoadedProfile) -> dict[str, bytes]:
    texts = {f"steps/{step.folder}/step.conf": step_conf(step, steps).encode() for step in steps}
    texts["Dockerfile"] = image.dockerfile.encode()
    texts[OWN_PROFILE] = own_profile(loaded)
    if loaded.ca_pem is not None:
        texts[CA_FILE] = loaded.ca_pem
    return texts


def _files(
    root: Path, steps: tuple[StepSpec, ...], checks: tuple[CheckSpec, ...], image: Image, profile: Mapping[str, Any]
) -> tuple[PlannedFile, ...]:
    found = [*_below(root, "files", ""), *_below(root, "lib", "lib/")]
    # The Dockerfile is planned with the image, whose name depends on it; image/ holds what this build needs.
    files = [
        file
        for file in found
        if file.path != "Dockerfile"
        and (not file.path.startswith("image/") or file.path in image.files)
        and _belongs(file.path, profile)
    ]
    for step in steps:
        files += [_planned(f"steps/{step.id}/{name}", f"steps/{step.folder}/{name}") for name in step.scripts]
    for check in checks:
        files += [_planned(f"checks/{check.id}/{name}", f"{check.file}{_j2(name)}") for name in check.scripts]
    return tuple(sorted(files, key=lambda file: file.path))


def _j2(name: str) -> str:
    return ".j2" if name.endswith(".j2") else ""


@cache
def _below(root: Path, folder: str, prefix: str) -> tuple[PlannedFile, ...]:
    start = root / folder
    names = sorted(
        path.relative_to(start).as_posix() for path in start.rglob("*") if path.is_file() and path.suffix != ".pyc"
    )
    return tuple(_planned(f"{folder}/{name}", prefix + name) for name in names)


def _belongs(path: str, profile: Mapping[str, Any]) -> bool:
    """Whether a bundle of this profile has that file."""
    return all(_applies(when, profile, begin) for begin, when in _ONLY_WHEN.items() if path.startswith(begin))


def _planned(template: str, path: str) -> PlannedFile:
    if not path.endswith(".j2"):
        return PlannedFile(path=path, template=template, language=None)
    for ending, language in _LANGUAGES.items():
        if template.endswith(ending):
            return PlannedFile(path=path.removesuffix(".j2"), template=template, language=language)
    raise _fault(f"{template}: gen knows no language for this ending")


def _complete(plan: Plan, documents: Documents) -> None:
    """Every path is one that any tool can take, occurs once, and each policy's file is there."""
    paths = [file.path for file in plan.files] + [*plan.texts, *plan.documents]
    wrong = [f"{path}: is planned twice" for path in sorted(set(paths)) if paths.count(path) > 1]
    wrong += [f"{path}: is not a plain path" for path in paths if not re.fullmatch(r"[A-Za-z0-9._/-]+", path)]
    wrong += [
        f"{policy}: {file} enforces it, but is not planned"
        for policy, file in documents.policies.items()
        if file not in paths
    ]
    if wrong:
        raise _fault("\n".join(wrong))


def _fault(why: str) -> GenError:
    return GenError(
        "The templates of gen do not fit together",
        details=why,
        resolution="Correct the templates; docs/architecture.md says how they fit",
        exit_code=ExitCode.USAGE,
    )
