"""A plan as plain data: what plan.json and steps/*/step.conf hold, and what PLAN.md is rendered from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from generator.guide import actions, kept, points_of_no_return
from generator.profile_show import OWN_PROFILE
from generator.schemas import schema_file
from generator.wording_effects import outside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.plan import Plan
    from generator.steps import Effects, StepSpec


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data: what plan.json holds and what PLAN.md is rendered from."""
    return {
        "$schema": schema_file("plan"),
        "schema": 1,
        "name": plan.name,
        "description": plan.description,
        "version": plan.version,
        "profile": OWN_PROFILE,
        "engine": plan.engine,
        "isolation": {"kind": plan.isolation, "caveat": plan.caveat},
        "requirements": [asdict(requirement) for requirement in plan.requirements],
        "commands": [asdict(action) for action in actions(plan)],
        "steps": [_step_data(step, plan.steps) for step in plan.steps],
        "checks": [
            {"id": check.id, "file": check.file, "title": check.title, "asserts": check.asserts, "expect": check.expect}
            for check in plan.checks
        ],
        "no_return": [asdict(point) for point in points_of_no_return(plan.steps, has_copy=plan.profile.has_copy)],
        "kept_after_rollback": kept(has_copy=plan.profile.has_copy),
        "outside": [asdict(place) for place in outside(plan.profile)],
    }


def _step_data(step: StepSpec, steps: Iterable[StepSpec]) -> dict[str, Any]:
    folder = f"steps/{step.folder}"
    return {
        "id": step.id,
        "dir": folder,
        "title": step.title,
        "reason": step.reason,
        "effects": asdict(step.effects),
        "changes": step.effects.any,
        "follows": _follows(step, steps),
        "timeout": step.timeout,
        "command": step.command,
        "expect": step.expect,
        # One of two: a step that holds already is kept.
        "expected": {
            "exit_code": 0,
            "output": [f"  ✓ {step.title}", f"  ✓ {step.title} (holds)"],
            "events": ["done", "kept"],
        },
        "verify": f"bash {folder}/verify.sh",
        "undo": "./rollback.sh",
        # For reading: the runner alone calls these, in order and with its journal.
        "do_script": f"{folder}/do.sh",
        "verify_script": f"{folder}/verify.sh",
        "undo_script": f"{folder}/undo.sh",
        "troubles": [
            {
                "symptom": trouble.symptom,
                "cause": trouble.cause,
                "mend": trouble.mend,
                "seen": trouble.seen or trouble.heard,
                "owner_only": trouble.owner,
            }
            for trouble in step.troubles
        ],
    }


def _follows(step: StepSpec, steps: Iterable[StepSpec]) -> list[str]:
    """Those of the steps before it that this bundle has, by their folders."""
    return [other.folder for other in steps if other.id in step.follows]


def step_conf(step: StepSpec, steps: Iterable[StepSpec]) -> str:
    """What the runner reads of a step: a line each, since it has nothing that reads JSON."""
    values = {
        "id": step.id,
        "title": step.title,
        "timeout": step.timeout,
        "changes": "yes" if step.effects.any else "no",
        "hint": step.hint,
        "follows": " ".join(_follows(step, steps)),
        "touches": touches(step.effects),
        # For scripts/plan.sh --json, which prints it as it stands.
        "effects": json.dumps(asdict(step.effects), separators=(",", ":")),
    }
    # What mends a failure, by what its log tells: lib/troubles.sh takes the first that is seen.
    troubles = (
        ((key, pattern), ("owner" if trouble.owner else "mend", trouble.mend))
        for trouble in step.troubles
        for key, pattern in (("seen", trouble.seen), ("heard", trouble.heard))
        if pattern
    )
    lines = (*values.items(), *(line for pair in troubles for line in pair))
    return "".join(f"{key}={value}\n" for key, value in lines)


def touches(effects: Effects) -> str:
    """What a step changes, in one line."""
    if not effects.any:
        return "changes nothing"
    parts = {"engine": effects.engine, "files": effects.host_files, "network": effects.network}
    said = [f"{kind}: {', '.join(values)}" for kind, values in parts.items() if values]
    said += [f"root: {effects.root}"] if effects.root != "none" else []
    said += [f"cannot be undone: {effects.irreversible}"] if effects.irreversible else []
    return "; ".join(said)
