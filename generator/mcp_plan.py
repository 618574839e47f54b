"""What scripts/plan.sh --json prints, for a model: what the bundle and the runner say apart from the words of others.

What is passed on as `plan` is looked up in the bundle's own plan.json, or has the shape of a number, a hash or one of
the runner's words. Everything else of the document is somebody's text: what a verify.sh printed, names of what is on
the host, folders in the sandbox.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.execute.names import is_hash, is_run, is_step, is_word
from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from generator.execute.bundle import Bundle

# How much of somebody else's text an answer holds at most, in characters, and how many things of a list.
MOST_TEXT = 16_000
MOST_THINGS = 200
_COUNTS = ("workspace_bytes", "lost_outside_workspace")


def plan_of(bundle: Bundle, text: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The plan that the text holds, or None, and beside it what others say in it, by the keys of the document."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list) or "hash" not in data:
        return None, {"output": text_of(text.split("\n"))}
    planned = _planned(bundle)
    steps = [step for step in data["steps"][:MOST_THINGS] if isinstance(step, dict) and is_step(step.get("step"))]
    cost = data["rollback"] if isinstance(data.get("rollback"), dict) else {}
    plan = {
        "hash": _one(data["hash"], is_hash),
        "open_run": _one(data.get("open_run"), is_run),
        "undo_first": _list(data.get("undo_first"), is_step),
        "blocked": [_stop(stop) for stop in _list(data.get("blocked"), lambda one: isinstance(one, dict))],
        "steps": [_step(step, planned.get(step["step"], {})) for step in steps],
        "rollback": {"undoes": _list(cost.get("undoes"), is_step), **{key: _count(cost.get(key)) for key in _COUNTS}},
    }
    taken = ("schema", "name", "hash", "open_run", "undo_first", "steps", "rollback")
    others = {str(key): value for key, value in data.items() if key not in taken}
    for key in ("says", "would"):
        others[key] = {step["step"]: step[key] for step in steps if step.get(key)}
    others["rollback"] = {key: value for key, value in cost.items() if key not in ("undoes", *_COUNTS)}
    return plan, _harmless(others)


def text_of(lines: Iterable[str], most: int = MOST_TEXT) -> str:
    """The lines as one text, control characters written out; of a long one the end."""
    text = "\n".join(escaped(line) for line in lines)
    return text if len(text) <= most else f"…{text[-most:]}"


def _step(step: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """What is to come of one step: its state from the runner, title and effects from the bundle's plan."""
    state = _one(step.get("state"), is_word)
    return {"step": step["step"], "title": planned.get("title"), "state": state, "effects": planned.get("effects")}


def _stop(stop: dict[str, Any]) -> dict[str, Any]:
    """Where a start would stop, and whether only the owner of the machine may decide it; why is somebody's text."""
    return {"step": _one(stop.get("step"), is_step), "owner_only": stop.get("owner_only") is True}


def _planned(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """The steps of plan.json by the names of their folders."""
    try:
        steps = json.loads((bundle.path / "plan.json").read_bytes())["steps"]
        return {str(step["dir"]).rpartition("/")[2]: step for step in steps}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _one(value: object, fits: Callable[[object], bool]) -> object:
    return value if fits(value) else None


def _list(values: object, fits: Callable[[object], bool]) -> list[Any]:
    return [value for value in values[:MOST_THINGS] if fits(value)] if isinstance(values, list) else []


def _count(value: object) -> object:
    return value if isinstance(value, int) else None


def _harmless(others: dict[str, Any]) -> dict[str, Any]:
    """The same data with each text written out and cut; too much of it is one text, of which the end is there."""
    found = _written_out(others)
    text = json.dumps(found)
    return found if isinstance(found, dict) and len(text) <= MOST_TEXT else {"document": f"…{text[-MOST_TEXT:]}"}


def _written_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {escaped(str(key))[:100]: _written_out(one) for key, one in list(value.items())[:MOST_THINGS]}
    if isinstance(value, list):
        return [_written_out(one) for one in value[:MOST_THINGS]]
    return escaped(value)[:1000] if isinstance(value, str) else value
