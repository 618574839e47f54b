"""The JSON Schemas of plan.json and of what scripts/plan.sh --json prints."""

from __future__ import annotations

from generator.schema_parts import (
    HASH,
    LINES,
    ONE,
    RUN,
    STEP,
    STEP_EVENTS,
    TIME,
    YES_NO,
    Schema,
    count,
    list_of,
    object_of,
    or_null,
    text,
)

STATES = ("kept", "do", "may", "unknown")

EFFECTS = object_of(
    engine=list_of(text(), "objects of the engine"),
    host_files=list_of(text(), "files and links, here and elsewhere"),
    network=list_of(text(), "what is reached, or what is made of the host's network"),
    root=text(about="none, or how it gets root's rights"),
    irreversible=or_null(text(about="what no undo brings back")),
)


def _plan_step() -> Schema:
    return object_of(
        id=text(),
        dir=text(),
        title=text(),
        reason=text(),
        effects=EFFECTS,
        changes=YES_NO | {"description": "false: it only looks, and is never undone"},
        follows=list_of(
            text(STEP), "while one of these is still to be done, whether this one is needed is not decided"
        ),
        timeout=count("seconds", 1),
        command=text(about="what takes this step: it takes all of them, in order"),
        expect=text(about="what holds afterwards"),
        expected=object_of(
            exit_code=count("of the command"),
            output=list_of(text(), "the command prints one of these lines for the step"),
            events=list_of({"enum": list(STEP_EVENTS)}, "the last event of the step is one of these"),
        ),
        verify=text(about="ends with 0 when the step holds, 1 when not, anything else when that cannot be known"),
        undo=text(),
        do_script=text(),
        verify_script=text(),
        undo_script=text(),
        troubles=list_of(
            object_of(
                symptom=text(),
                cause=text(),
                mend=text(),
                seen=or_null(text(about="the step's log tells of it: an extended regular expression")),
                owner_only=YES_NO | {"description": "true: only the owner of the host may decide this"},
            )
        ),
    )


def plan_schema() -> Schema:
    return object_of(
        **{"$schema": text("")},
        schema=ONE,
        name=text(),
        description=text(),
        version=text(about="of gen"),
        profile=text(about="the file of this folder that holds the profile"),
        engine=text(),
        isolation=object_of(kind={"enum": ["shared-kernel", "userspace-kernel", "own-kernel"]}, caveat=text()),
        requirements=list_of(object_of(program=text(), minimum=text(), reason=text(), instead_of=list_of(text()))),
        commands=list_of(
            object_of(
                command=text(),
                purpose=text(),
                output=text(about="what it prints, or its last line"),
                exit_codes={
                    "type": "object",
                    "propertyNames": {"pattern": "^[0-9]+$"},
                    "additionalProperties": text(),
                },
            ),
            "what somebody does with this folder, in order",
        ),
        steps=list_of(_plan_step()),
        checks=list_of(object_of(id=text(), file=text(), title=text(), asserts=LINES, expect=text())),
        no_return=list_of(
            object_of(action=text(), point=text(), lost=text()), "what cannot be undone, and from which moment on"
        ),
        kept_after_rollback=LINES,
        outside=list_of(
            object_of(path=text(), what=text(), after=text(about="a rollback")),
            "every place outside the folder that its scripts write to; what the engine writes is in its own storage",
        ),
        files=list_of(object_of(path=text(), mode=text("^0[0-7]{3}$"), sha256=text(HASH))),
    )


def plan_state_schema() -> Schema:
    copy = object_of(file=text(), bytes=count(), time=text(TIME))
    git = object_of(
        folder=text(),
        changes=or_null(count("files that differ from the last commit; null when git does not say")),
        commits=or_null(count("commits that no remote has; null when git does not say")),
    )
    moved: dict[str, Schema] = {
        "kind": {"enum": ["container", "image"]},
        "id": text(about="by which the engine knows it"),
        "name": text(about="which a start needs"),
    }
    aside = object_of(**moved, state=text(about="of a container; - for an image"), new_name=text())
    blocked = object_of(
        step=or_null(text(STEP, "null where no step was asked")),
        what=text(about="stands in the way"),
        fix=text(about="the command that puts it right"),
        owner_only=YES_NO | {"description": "true: only the owner of the machine may decide that"},
    )
    return object_of(
        # 1 had no `blocked`, `moves`, `aside`, `names`, `would`, and no state `may`; all that it had is here as it was.
        schema={"const": 2},
        name=text(about="of the sandbox"),
        hash=or_null(text(HASH, "what scripts/start.sh --approve takes; null where no step was asked")),
        blocked=list_of(blocked, "why a start would stop; then nothing can be approved, and plan.sh ends with 4"),
        moves=list_of(aside, "objects of somebody else that a start renames; rollback gives them back"),
        aside=list_of(aside, "those that stand aside now"),
        names=list_of(
            object_of(kind={"enum": ["volume", "network"]}, wanted=text(), name=text()),
            "names that somebody else has, and what ours is called instead",
        ),
        open_run=or_null(text(RUN, "the run that was interrupted, and is undone first")),
        undo_first=list_of(text(STEP), "its steps, in the order of their undoing"),
        take_back=list_of(text(), "what a script that was cut off began, and is taken back first"),
        steps=list_of(
            object_of(
                step=text(STEP),
                title=text(),
                state={"enum": list(STATES), "description": "may: whether it is done is decided on the way"},
                says=list_of(text(), "what its verify.sh printed"),
                would=list_of(text(), "what it would do on this host, besides its effects; the hash covers it"),
                effects=EFFECTS,
            )
        ),
        rollback=or_null(
            object_of(
                undoes=list_of(text(STEP), "the steps that rollback.sh would undo now, in that order"),
                workspace=or_null(text(about="its file, which --delete-data would delete")),
                workspace_bytes=or_null(count("what it takes of the disk")),
                newest_copy=or_null(copy),
                commands=list_of(text(), "those that run in the sandbox, which a stop or a rollback ends"),
                lost_outside_workspace=or_null(YES_NO | {"description": "null when the engine does not say"}),
                repositories=or_null(list_of(git, "as git in the running sandbox says; null when it cannot be asked")),
            )
        ),
    )
