"""What the checks of a sandbox came to: titles from the plan, results from events; what they printed is beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.execute.bundle import Bundle
    from generator.execute.events import Event

EVENT = "check"
Result = Literal["holds", "does-not-hold", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One check of the plan and its result; unknown when it told none. `says` is what explains a failure."""

    check: str
    title: str
    result: Result
    says: tuple[str, ...] = ()


def planned_checks(bundle: Bundle) -> tuple[tuple[str, str], ...]:
    """The checks of plan.json in their order, as file name and title each; none when it cannot be read."""
    try:
        plan = json.loads((bundle.path / "plan.json").read_bytes())
        return tuple((PurePosixPath(one["file"]).stem, str(one["title"])) for one in plan["checks"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ()


def told(bundle: Bundle, events: Iterable[Event]) -> tuple[Told, ...]:
    """Each planned check once, with what the first event about it said. An event about anything else tells nothing."""
    said: dict[str, Event] = {}
    for event in events:
        if event.name == EVENT:
            said.setdefault(str(event.data.get("check")), event)
    return tuple(_told(check, title, said.get(check)) for check, title in planned_checks(bundle))


def said_of(event: Event) -> tuple[str, ...]:
    """The lines that explain a check's failure."""
    says = event.data.get("says")
    return tuple(line for line in says if isinstance(line, str)) if isinstance(says, list) else ()


def _told(check: str, title: str, event: Event | None) -> Told:
    if event is None:
        return Told(check=check, title=title, result="unknown")
    results: dict[str, Result] = {"holds": "holds", "does-not-hold": "does-not-hold"}
    return Told(check=check, title=title, result=results.get(event.result, "unknown"), says=said_of(event))
