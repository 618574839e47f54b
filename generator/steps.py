"""Finds the steps and checks among the templates, and reads each one's YAML into frozen data.

What is in these files is ours, but a wrong file is an error that names it: a new step is one new folder, so people
write them without reading this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from generator.errors import ExitCode, GenError

if TYPE_CHECKING:
    from pathlib import Path

_STRICT = ConfigDict(extra="forbid")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=32)]
# One line of text: these values end up in step.conf, a line each.
Line = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$")]
Order = Annotated[int, Field(strict=True, ge=10, le=99)]
When = dict[Line, tuple[bool | int | str | None, ...]]

Scripts = tuple[tuple[str, ...], tuple[str, ...]]  # those that must be there, those that may

STEP_SCRIPTS = ("do.sh", "verify.sh", "undo.sh")
OPTIONAL_STEP_SCRIPTS = ("commit.sh",)
CHECK_SCRIPTS = ("check.sh",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One entry of the debugging guide; `when` says for which profiles.

    `seen` is how the step's log tells of it, in the words of the step's own programs: an extended regular expression,
    whatever the case of letters; `heard` is searched in what a build's RUN lines said, too. With `owner` only the owner
    of the host may decide whether its mend is done.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    symptom: Line
    cause: Line
    mend: Line
    seen: Line | None = None
    heard: Line | None = None
    owner: bool = False
    when: When = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a step changes on the host."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    engine: tuple[Line, ...]
    host_files: tuple[Line, ...]
    network: tuple[Line, ...]
    root: Line
    irreversible: Line | None

    @property
    def any(self) -> bool:
        """Whether it changes anything at all, and so has to be undone."""
        return bool(self.engine or self.host_files or self.network or self.root != "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One reversible change to the host, as its `step.yaml` tells it; `scripts` are the files beside that.

    `follows` are the steps before it on which its need depends: while one of them is to be done, that is undecided.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: Name
    order: Order
    title: Line
    reason: Line
    effects: Effects
    timeout: Annotated[int, Field(strict=True, ge=1, le=86400)]
    expect: Line
    troubles: Annotated[tuple[Trouble, ...], Field(min_length=1)]
    when: When = field(default_factory=dict)
    follows: tuple[Name, ...] = ()
    command: Line = "scripts/start.sh"
    scripts: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Its folder in a bundle, below steps/."""
        return f"{self.order}-{self.id}"

    @property
    def hint(self) -> str:
        """What is said of a failure whose log tells of none of the troubles."""
        return f"tail -n 40 .state/logs/last/{self.folder}.*.log   (its cause is none that this bundle knows)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """One assertion about the running sandbox; `asserts` are paths of policies in config/security.json."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: Name
    order: Order
    title: Line
    asserts: tuple[Line, ...]
    expect: Line
    when: When = field(default_factory=dict)
    scripts: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Its file in a bundle."""
        return f"checks/{self.order}-{self.id}.sh"


Spec = TypeVar("Spec", bound=StepSpec | CheckSpec)


@cache
def find_steps(templates: Path) -> tuple[StepSpec, ...]:
    """Every step below `templates`/steps, in order.

    Raises GenError naming the file when one is malformed, incomplete, or has the same id or place as another.
    """
    found = _find(templates / "steps", "step.yaml", TypeAdapter(StepSpec), (STEP_SCRIPTS, OPTIONAL_STEP_SCRIPTS))
    for step in found:
        before = {other.id for other in found if other.order < step.order}
        for name in step.follows:
            if name not in before:
                raise _wrong(templates / "steps" / step.id / "step.yaml", f"follows: {name} is no step before it")
    return found


@cache
def find_checks(templates: Path) -> tuple[CheckSpec, ...]:
    """Every check below `templates`/checks, in order. Raises GenError naming the file when one is wrong."""
    return _find(templates / "checks", "check.yaml", TypeAdapter(CheckSpec), (CHECK_SCRIPTS, ()))


def _find(folder: Path, name: str, adapter: TypeAdapter[Spec], scripts: Scripts) -> tuple[Spec, ...]:
    found = tuple(_read(path, name, adapter, scripts) for path in sorted(folder.glob("*")) if path.is_dir())
    ordered = tuple(sorted(found, key=lambda spec: (spec.order, spec.id)))
    for first, second in pairwise(ordered):
        # Two may share a place only if `when` keeps them apart, which the plan sees to.
        if first.order == second.order and not (first.when and second.when):
            raise _wrong(folder / second.id / name, f"order {second.order} belongs to {first.id}")
    return ordered


def _read(folder: Path, name: str, adapter: TypeAdapter[Spec], scripts: Scripts) -> Spec:
    path = folder / name
    data = _yaml(path)
    if "scripts" in data:
        raise _wrong(path, "scripts: unknown key")
    files = tuple(sorted(entry.name for entry in folder.iterdir() if entry.name != name))
    names = tuple(entry.removesuffix(".j2") for entry in files)
    required, optional = scripts
    for script in required:
        if names.count(script) != 1:
            raise _wrong(folder / script, "is missing, or there twice (with and without .j2)")
    for script in set(names) - {*required, *optional}:
        raise _wrong(folder / script, "is not one of " + ", ".join((*required, *optional)))
    try:
        spec = adapter.validate_python({**data, "scripts": files})
    except ValidationError as error:
        raise _wrong(path, "\n".join(_findings(error))) from None
    if spec.id != folder.name:
        raise _wrong(path, f"id: {spec.id} is not the name of its folder")
    return spec


def _yaml(path: Path) -> dict[str, Any]:
    try:
        data = _reader().load(path.read_text("utf-8"))
    except OSError as error:
        raise _wrong(path, error.strerror or "cannot be read") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from None
    if not isinstance(data, dict):
        raise _wrong(path, "is not a mapping")
    return data


@cache
def _reader() -> YAML:
    # Takes the parser in C where it is installed: five times as fast, and these files are read on every call.
    return YAML(typ="safe")


def _findings(error: ValidationError) -> list[str]:
    return [".".join(map(str, finding["loc"])) + f": {finding['msg']}" for finding in error.errors()]


def _wrong(path: Path, why: str) -> GenError:
    return GenError(
        f"A template of gen is wrong: {path}",
        details=why,
        resolution="Correct that file; docs/architecture.md lists its keys",
        exit_code=ExitCode.USAGE,
    )
