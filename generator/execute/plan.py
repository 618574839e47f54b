"""What a bundle's scripts/plan.sh shows: read from its document, believing nothing, into frozen data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from generator.printable import escaped

# Which words of an effect a reader wants before which list.
_KINDS = {"engine": "engine", "host_files": "files", "network": "network"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """One step: its state is `kept`, `do`, `may` or `unknown`; `touches`, `would` and `says` are lines to read."""

    title: str
    state: str
    touches: tuple[str, ...]
    would: tuple[str, ...]
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a start would stop, what mends it, and whether only the owner of the machine may decide that."""

    what: str
    fix: str
    owner_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """What a start would do; `cost` is what a rollback would take, `aside` what is moved now, a line each."""

    name: str
    hash: str
    open_run: str
    undo_first: tuple[str, ...]
    take_back: tuple[str, ...]
    blocked: tuple[Reason, ...]
    aside: tuple[str, ...]
    steps: tuple[StepPlan, ...]
    cost: tuple[str, ...]


def read_plan(text: str) -> ShownPlan | None:
    """The plan that a document holds; None when it holds none. Nothing in it can steer a terminal any more."""
    try:
        data = json.loads(text)
        steps, cost = data["steps"], data["rollback"]
        return ShownPlan(
            name=escaped(str(data["name"])),
            hash=escaped(str(data["hash"] or "")),
            open_run=escaped(str(data["open_run"] or "")),
            undo_first=_texts(data["undo_first"]),
            # What an older bundle does not tell.
            take_back=_texts(data.get("take_back", ())),
            blocked=tuple(map(_reason, data.get("blocked", ()))),
            aside=tuple(map(_aside, data.get("aside", ()))),
            steps=tuple(map(_step, steps)),
            cost=() if cost is None else tuple(_cost(cost)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _reason(data: dict[str, Any]) -> Reason:
    return Reason(
        what=escaped(str(data["what"])), fix=escaped(str(data["fix"])), owner_only=data["owner_only"] is not False
    )


def _aside(data: dict[str, Any]) -> str:
    return escaped(f"{data['kind']} {data['name']} is not ours: called {data['new_name']} until gen rollback")


def _step(data: dict[str, Any]) -> StepPlan:
    effects = data["effects"]
    touches = [f"{word}: {', '.join(_texts(effects[key]))}" for key, word in _KINDS.items() if effects[key]]
    touches += [f"root: {escaped(str(effects['root']))}"] if effects["root"] != "none" else []
    touches += [f"cannot be undone: {escaped(str(effects['irreversible']))}"] if effects["irreversible"] else []
    return StepPlan(
        title=escaped(str(data["title"])),
        state=escaped(str(data["state"])),
        touches=tuple(touches),
        would=_texts(data.get("would", ())),
        says=_texts(data["says"]),
    )


def _cost(data: dict[str, Any]) -> list[str]:
    if not data["workspace"]:
        lines = ["no workspace: there is none"]
    else:
        size, copy = int(data["workspace_bytes"]) / (1 << 20), data["newest_copy"]
        lines = [
            f"the workspace, {size:.1f} MiB in {data['workspace']}: kept, and lost only with --delete-data",
            f"its newest other copy: {copy['file']}, from {copy['time']}"
            if copy
            else "no other copy of it: neither a backup nor a workspace that was kept",
        ]
    if data["lost_outside_workspace"]:
        lines.append("what was installed or written in the sandbox outside the workspace")
    lines += [f"what runs in the sandbox: {command}" for command in data.get("commands", ())]
    for one in data["repositories"] or ():
        if one["changes"] != 0 or one["commits"] != 0:
            changes, commits = _count(one["changes"]), _count(one["commits"])
            lines.append(f"git in {one['folder']}: {changes} files changed, {commits} commits in no remote")
    return [escaped(line) for line in lines]


def _count(number: Any) -> str:
    return "an unknown number of" if number is None else str(number)


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(escaped(str(value)) for value in values)
