"""What somebody does with a bundle's folder, in order, and what cannot be undone: data for plan.json."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.plan import Plan
    from generator.steps import StepSpec

_REFUSED = "refused, nothing was changed: see the lines after `error:`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A command, why it is given, what it prints, and what each exit code means for what comes next."""

    command: str
    purpose: str
    output: str
    exit_codes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReturn:
    """What an action loses, and from which moment on."""

    action: str
    point: str
    lost: str


def actions(plan: Plan) -> tuple[Action, ...]:
    """What is done with the folder, in this order; the last two when something went wrong, or in the end."""
    none = plan.agent.install.kind == "none"
    return (
        *_naming(plan),
        Action(
            command="sha256sum -c --quiet MANIFEST.sha256",
            purpose="see that nobody changed a file",
            output="nothing",
            exit_codes={"0": "go on", "1": "a file was changed: stop, and report which"},
        ),
        Action(
            command="scripts/plan.sh --json",
            purpose="see what a start would do now; take `hash` from it",
            output="one document (`schemas/plan-state.schema.json`)",
            exit_codes={
                "0": "go on if you may do what it says",
                "4": "a start would stop: `blocked` says why, what mends it, and what only the owner may decide",
            },
        ),
        Action(
            command="GEN_EVENTS=.state/events.jsonl scripts/start.sh --approve HASH",
            purpose="do that plan, and nothing else",
            output="last line `gen: result=committed run=ID failed_step=-`, or `result=unchanged`",
            exit_codes={
                "0": "the sandbox runs",
                "1": "a step failed, and all that the run did is undone",
                "3": "a step failed, and what is named could not be undone",
                "4": f"{_REFUSED}; after `failed_step=plan`, or `result=rolled-back`, look at the plan again",
            },
        ),
        Action(
            command="./test-setup.sh",
            purpose="run every check on the running sandbox",
            output=f"{len(plan.checks)} lines with ✓, and a last line `gen: result=ok run=- failed_step=-`",
            exit_codes={"0": "every check holds", "1": "a line with ✗ says which does not, and why"},
        ),
        Action(
            command=f"scripts/connect.sh -- {shlex.join(plan.agent.version_command)}",
            purpose="see that a command in it runs" if none else "see that the assistant answers",
            output="its version, and the last line on standard error",
            exit_codes={"0": "done: report", "4": "the sandbox does not run: `scripts/status.sh`"},
        ),
        *_returning(plan),
        Action(
            command="scripts/recover.sh",
            purpose="undo what a run began that was killed; the next start or rollback does so first by itself",
            output="last line `gen: result=ok run=ID failed_step=-`",
            exit_codes={"0": "no run is open", "3": "what is named could not be undone", "4": _REFUSED},
        ),
        Action(
            command="./rollback.sh --yes",
            purpose="undo everything; the workspace is kept in `storage/kept/`",
            output="last line `gen: result=rolled-back run=ID failed_step=-`, or `result=unchanged`",
            exit_codes={"0": "this machine is what it was, and that was measured", "3": "what is named is left",
                        "4": _REFUSED},
        ),
    )  # fmt: skip


def _naming(plan: Plan) -> tuple[Action, ...]:
    """With the copy of a project: which project. It is named before the plan is looked at."""
    if not plan.profile.has_copy:
        return ()
    return (
        Action(
            command="mkdir -p local && printf '%s\\n' PATH >local/project",
            purpose="name the project that is copied; PATH is absolute",
            output="nothing",
            exit_codes={"0": "go on"},
        ),
    )


def _returning(plan: Plan) -> tuple[Action, ...]:
    """With the copy of a project: how what changed in it is looked at. Bringing it back is a person's decision."""
    if not plan.profile.has_copy:
        return ()
    return (
        Action(
            command="scripts/review.sh --json",
            purpose="see what was changed in the copy, what is held back, and the hash of all that",
            output="one document; report it. `scripts/apply.sh --approve HASH --yes` only if you were told to",
            exit_codes={"0": "report", "4": "there is no copy yet"},
        ),
    )


def points_of_no_return(steps: tuple[StepSpec, ...], *, has_copy: bool) -> tuple[NoReturn, ...]:
    """Each loss that no undo brings back. A run that has not committed loses nothing."""
    stays = "storage/kept/ stays" if has_copy else "backups/ and storage/kept/ stay"
    folders = {step.id: step.folder for step in steps}
    outside = "what was written in the container outside the workspace"
    return (
        NoReturn(
            action="scripts/start.sh",
            point="none before the run commits, after its last step; then the container that it replaced goes",
            lost=f"{outside}, and only if the run made an older sandbox anew",
        ),
        NoReturn(
            action="./rollback.sh",
            point=f"the undoing of {folders['sandbox']}",
            lost=f"{outside}; the workspace is kept in storage/kept/",
        ),
        NoReturn(
            action="./rollback.sh --delete-data",
            point=f"the undoing of {folders['storage']}",
            lost=f"the workspace, with everything in it; {stays}",
        ),
    )


def kept(*, has_copy: bool) -> tuple[str, ...]:
    """What a rollback leaves. Of a copy of a project there are no backups."""
    return (
        "what the engine keeps of the image's build (its build cache), and what Buildx notes of it in "
        "~/.docker/buildx/: neither can be told apart from other builds'",
        "a base image that was on this machine before",
        "storage/kept/ (workspaces) and local/" if has_copy else "storage/kept/ (workspaces), backups/ and local/",
        ".state/ (journal and logs)",
    )
