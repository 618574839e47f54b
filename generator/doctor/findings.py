"""What a finding is, and all of them: a pure function from facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Level = Literal["ok", "warning", "problem"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "problem")
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What `--fix` does about a finding: it runs the bundle's own recover.sh, removes a file, or a container by its id.

    `target` is the bundle's folder, the file's path, or the container's id.
    """

    kind: Literal["recover", "remove file", "remove container"]
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `mend` is a command; `left` says why `--fix` does not do it."""

    id: str
    subject: str
    level: Level
    what: str
    why: str = ""
    mend: str = ""
    action: Action | None = None
    left: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level among them."""
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")


def version_at_least(wanted: str, found: str) -> bool:
    """Compares two versions number by number, as far as both have numbers."""
    return _numbers(wanted) <= _numbers(found)


def human(size: float) -> str:
    """Bytes as a person writes them."""
    for unit in ("B", "K", "M", "G"):
        if abs(size) < 1024:
            return f"{size:.4g}{unit}"
        size /= 1024
    return f"{size:.4g}T"


def as_data(finding: Finding) -> dict[str, Any]:
    """The finding for programs."""
    return {
        "id": finding.id,
        "subject": finding.subject,
        "level": finding.level,
        "what": finding.what,
        "why": finding.why or None,
        "mend": finding.mend or None,
        "fixable": finding.action is not None,
    }


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.removeprefix("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
