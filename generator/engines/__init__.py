"""The engines that run a sandbox: one module each, found by its name.

A module here defines `ENGINE`. What several engines share lives in packages beside them, which are not engines.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from generator.errors import ExitCode, GenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.agents import AgentSpec
    from generator.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A program that an engine's bundle needs on the host, and the oldest version that will do.

    `instead_of`: the programs that are not needed where this one is; empty for one that is always needed.
    """

    program: str
    minimum: str
    reason: str
    instead_of: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is called in a bundle's settings: COMPOSE for `docker compose`."""
        return self.program.split()[-1].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine gives a profile. `isolation` is "shared-kernel", "userspace-kernel" or "own-kernel"; where it is
    chosen at the first start, the least that it may be. `caveat` says what that means.
    """

    isolation: str
    caveat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names that a bundle gives to the engine's objects."""

    image: str
    container: str
    network: str
    volume: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an engine's documents are made from. `checks` says which checks assert a policy, by the policy's path."""

    profile: Profile
    agent: AgentSpec
    names: Names
    version: str
    checks: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The documents of one bundle, as data by path: the ending says whether it becomes JSON or YAML.

    `project` is the name under which the engine keeps what belongs together; it changes when the sandbox changes.
    `policies` maps the path of each policy to the file in the bundle that enforces it.
    """

    project: str
    files: Mapping[str, Any]
    policies: Mapping[str, str]


class Engine(Protocol):
    """What an engine module's `ENGINE` is: pure data and pure functions."""

    @property
    def name(self) -> str:
        """The name that profiles use: the module's."""

    def capabilities(self, profile: Profile) -> Capabilities:
        """What it gives a sandbox of that profile."""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What must be on the host."""

    def names(self, profile: Profile, digest: str) -> Names:
        """The names of its objects; `digest` is that of everything that goes into the image."""

    def documents(self, request: Request) -> Documents:
        """The documents of one bundle. Raises GenError when a policy has no check."""


@cache
def engine_names() -> tuple[str, ...]:
    """The engines there are, by looking at the modules in this package."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg))


def find_engine(name: str) -> Engine:
    """The engine of that name. Raises GenError (exit code 2), naming those there are, when there is none."""
    if name not in engine_names():
        raise GenError(
            f"There is no engine called {name!r}",
            details=f"The engines are: {', '.join(engine_names())}",
            resolution=f"gen bundle --profile dev --set engine={engine_names()[0]}",
            exit_code=ExitCode.USAGE,
        )
    return cast("Engine", import_module(f"{__name__}.{name}").ENGINE)
