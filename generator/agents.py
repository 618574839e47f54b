"""The AI assistants that a sandbox can hold: one YAML each under templates/agents/."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from generator.errors import ExitCode, GenError
from generator.profile_values import nearest, show
from generator.profile_yaml import Finding, Items, Mark, Node, Source, Table, Value, parse
from generator.resources import templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """How an assistant gets into the image. With kind none, package and version are None."""

    kind: Literal["pip", "npm", "none"]
    package: str | None
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requires:
    """What an assistant needs: the oldest Node.js major and Python, and the first Python that is too new."""

    node: int | None
    python: str | None
    python_below: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """One assistant. `config_dir` is where it keeps its settings, seen from the user's home."""

    name: str
    title: str
    description: str
    install: Install
    requires: Requires
    command: str
    version_command: tuple[str, ...]
    env: tuple[str, ...]
    config_dir: str
    notes: tuple[str, ...]


# Every key that such a file has, and the types that its value may have; `tuple` is a list of text.
_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "title": (str,),
    "description": (str,),
    "install.kind": (str,),
    "install.package": (str, type(None)),
    "install.version": (str, type(None)),
    "requires.node": (int, type(None)),
    "requires.python": (str, type(None)),
    "requires.python_below": (str, type(None)),
    "command": (str,),
    "version_command": (tuple,),
    "env": (tuple,),
    "config_dir": (str,),
    "notes": (tuple,),
}


@cache
def agent_names() -> tuple[str, ...]:
    """The names of the assistants, sorted; `none` is one of them."""
    return tuple(sorted(path.stem for path in (templates() / "agents").glob("*.yaml")))


@cache
def load_agent(name: str) -> AgentSpec:
    """The assistant of that name.

    Raises GenError (exit code 2) when there is none, or when its file says something that it may not say.
    """
    if name not in agent_names():
        raise GenError(
            f"There is no agent called {show(name)}",
            details=f"{nearest(name, agent_names())}",
            resolution=f"Write one of {', '.join(agent_names())} for agent.name.",
            exit_code=ExitCode.USAGE,
        )
    return read_agent((templates() / "agents" / f"{name}.yaml").read_bytes(), name)


def read_agent(data: bytes, name: str) -> AgentSpec:
    """The assistant that this YAML describes. Raises GenError, with every finding, when it is not as it must be."""
    findings: list[Finding] = []
    source = Source(f"templates/agents/{name}.yaml", built_in=True)
    node = parse(data, source, findings)
    given: dict[str, Node] = {}
    if node is not None:
        _flatten(node, "", given)
    missing = [key for key in _KEYS if key not in given]
    findings += [_wrong(Mark(source, 1, 1), key, "is missing", "Add it") for key in missing]
    for path, value in given.items():
        _check(path, value, findings)
    if not findings:
        _check_whole(given, name, findings)
    if findings:
        raise GenError(
            f"The agent {show(name)} is not described as it must be",
            details="\n".join(map(str, findings)),
            resolution=f"Mend {source.name}.",
            exit_code=ExitCode.USAGE,
        )
    return _spec({path: _plain(value) for path, value in given.items()})


def _wrong(mark: Mark, path: str, what: str, mend: str) -> Finding:
    return Finding(mark, path or "agent", what, mend)


def _flatten(node: Node, path: str, given: dict[str, Node]) -> None:
    sections = {key.partition(".")[0] for key in _KEYS if "." in key}
    if isinstance(node, Table) and (not path or path in sections):
        for key, entry in node.entries.items():
            _flatten(entry.node, f"{path}.{key}".removeprefix("."), given)
    else:
        given[path] = node


def _check(path: str, node: Node, findings: list[Finding]) -> None:
    kinds = _KEYS.get(path)
    if kinds is None:
        findings.append(_wrong(node.mark, path, "is not a key that is known here", nearest(path, list(_KEYS))))
        return
    value = _plain(node)
    texts = isinstance(value, tuple) and all(isinstance(item, str) and item for item in value)
    if type(value) not in kinds or value == "" or (isinstance(value, tuple) and not texts):
        names = {str: "text", int: "a whole number", tuple: "a list of text", type(None): "nothing"}
        mend = f"Write {' or '.join(names[kind] for kind in kinds)}"
        findings.append(_wrong(node.mark, path, "is not what it must be", mend))


def _check_whole(given: dict[str, Node], name: str, findings: list[Finding]) -> None:
    values = {path: _plain(node) for path, node in given.items()}
    if values["name"] != name:
        findings.append(_wrong(given["name"].mark, "name", "is not the name of the file", f"Write {name}"))
    kind, package, version = values["install.kind"], values["install.package"], values["install.version"]
    if kind not in ("pip", "npm", "none"):
        findings.append(_wrong(given["install.kind"].mark, "install.kind", "is not known", "Write pip, npm or none"))
    elif (kind == "none") != (package is None and version is None):
        what, mend = "does not fit package and version", "Give both for pip and npm, and neither for none"
        findings.append(_wrong(given["install.kind"].mark, "install.kind", what, mend))


def _plain(node: Node) -> Any:
    if isinstance(node, Value):
        return node.value
    return tuple(_plain(item) for item in node.items) if isinstance(node, Items) else node


def _spec(values: dict[str, Any]) -> AgentSpec:
    def section(name: str) -> dict[str, Any]:
        return {path.partition(".")[2]: value for path, value in values.items() if path.startswith(f"{name}.")}

    top = {path: value for path, value in values.items() if "." not in path}
    install, requires = Install(**section("install")), Requires(**section("requires"))
    return AgentSpec(**top, install=install, requires=requires)
