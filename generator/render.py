"""From a plan to files: every path with its bytes and mode, in order. Nothing is written here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.documents import serialise, to_json, to_yaml
from generator.languages import render
from generator.plan_data import plan_data
from generator.resources import templates
from generator.wording import wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.plan import Plan, PlannedFile

MANIFEST = "MANIFEST.sha256"
PLAN = "plan.json"
_HEADER = "# Written by gen. Your own changes go into {other}, which gen never touches.\n"
FRONT = "SKILL.md"
_OTHER = {"compose.yaml": "local/compose.override.yaml"}


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file's bytes and its permission bits."""

    content: bytes
    mode: int


def render_bundle(plan: Plan) -> dict[str, RenderedFile]:
    """Every file of the bundle by its path, in order, plan.json and the manifest included.

    Raises GenError when a value cannot be written in the language of a file.
    """
    data = plan_data(plan)
    context = _context(plan, data)
    contents = {file.path: _content(file, context) for file in plan.files}
    contents |= {path: _document(path, document) for path, document in plan.documents.items()}
    contents |= plan.texts
    # YAML is never a template: what stands above the text is data, and is written as that.
    contents[FRONT] = f"---\n{to_yaml(plan.skill)}---\n\n".encode() + contents[FRONT]
    files = {path: RenderedFile(contents[path], _mode(contents[path])) for path in sorted(contents)}
    files[PLAN] = RenderedFile(to_json(data | {"files": _listing(files)}).encode(), 0o644)
    files = {path: files[path] for path in sorted(files)}
    return files | {MANIFEST: RenderedFile(manifest(files), 0o644)}


def manifest(files: Mapping[str, RenderedFile]) -> bytes:
    """What `sha256sum -c` reads: a line for each file, by path."""
    return "".join(f"{sha256(file.content)}  {path}\n" for path, file in sorted(files.items())).encode()


def sha256(content: bytes) -> str:
    """The digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _context(plan: Plan, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "settings": plan.settings,
        "plan": data,
        "words": wording(plan),
    }


def _listing(files: Mapping[str, RenderedFile]) -> list[dict[str, str]]:
    return [{"path": path, "mode": f"{file.mode:04o}", "sha256": sha256(file.content)} for path, file in files.items()]


def _content(file: PlannedFile, context: dict[str, Any]) -> bytes:
    if file.language is None:
        return _copy(file.template)
    return render(file.language, file.template, context).encode()


def _document(path: str, data: Any) -> bytes:
    header = _HEADER.format(other=_OTHER[path]).encode() if path in _OTHER else b""
    return header + serialise(path, data)


def _mode(content: bytes) -> int:
    return 0o755 if content.startswith(b"#!") else 0o644


@cache
def _copy(template: str) -> bytes:
    return (templates() / template).read_bytes()
