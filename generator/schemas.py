"""The JSON Schemas of what a bundle holds and of what its runner writes: data, in this one place.

Written by hand and not by pydantic, since they stand in every bundle, whose bytes must not change with a library.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
RUN = r"^[0-9]{8}T[0-9]{6}Z-[0-9]+$"
STEP = r"^[0-9]{2}-[a-z0-9-]+$"
HASH = "^[0-9a-f]{64}$"

STEP_EVENTS = ("verifying", "kept", "doing", "done", "failed", "undoing", "undone", "left")
RESULTS = ("committed", "unchanged", "rolled-back", "residue", "failed", "refused", "usage", "ok")
RECORDS = ("begin", "doing", "done", "undone", "commit", "end")
STATES = ("kept", "do", "unknown")


def schema_names() -> tuple[str, ...]:
    """The names of the schemas there are."""
    return tuple(_SCHEMAS)


def find_schema(name: str) -> Schema:
    """The schema of that name, with what it is a schema of. Raises KeyError for a name that there is not."""
    title, schema = _SCHEMAS[name]
    return {"$schema": DIALECT, "title": title, **schema}


def schema_title(name: str) -> str:
    """What the schema of that name describes, in one line."""
    return _SCHEMAS[name][0]


def schema_file(name: str) -> str:
    """Where a bundle has it."""
    return f"schemas/{name}.schema.json"


def schema_documents() -> dict[str, Schema]:
    """All of them by their paths in a bundle."""
    return {schema_file(name): find_schema(name) for name in _SCHEMAS}


def _object(*optional: str, **properties: Schema) -> Schema:
    """An object of exactly these properties; all but the optional ones must be there."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _text(pattern: str = "", about: str = "") -> Schema:
    return {"type": "string"} | ({"pattern": pattern} if pattern else {}) | ({"description": about} if about else {})


def _list(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items} | ({"description": about} if about else {})


def _count(about: str = "", least: int = 0) -> Schema:
    return {"type": "integer", "minimum": least} | ({"description": about} if about else {})


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


_ONE = {"const": 1}
_YES_NO = {"type": "boolean"}
_LINES = _list(_text())
_EFFECTS = _object(
    engine=_list(_text(), "objects of the engine"),
    host_files=_list(_text(), "files and links, here and elsewhere"),
    network=_list(_text(), "what is reached, or what is made of the host's network"),
    root=_text(about="none, or how it gets root's rights"),
    irreversible=_or_null(_text(about="what no undo brings back")),
)


def _plan_step() -> Schema:
    return _object(
        id=_text(),
        dir=_text(),
        title=_text(),
        reason=_text(),
        effects=_EFFECTS,
        changes=_YES_NO | {"description": "false: it only looks, and is never undone"},
        timeout=_count("seconds", 1),
        command=_text(about="what takes this step: it takes all of them, in order"),
        expect=_text(about="what holds afterwards"),
        expected=_object(
            exit_code=_count("of the command"),
            output=_list(_text(), "the command prints one of these lines for the step"),
            events=_list({"enum": list(STEP_EVENTS)}, "the last event of the step is one of these"),
        ),
        verify=_text(about="ends with 0 when the step holds, 1 when not, anything else when that cannot be known"),
        undo=_text(),
        do_script=_text(),
        verify_script=_text(),
        undo_script=_text(),
        troubles=_list(_object(symptom=_text(), cause=_text(), mend=_text())),
    )


def _plan() -> Schema:
    return _object(
        **{"$schema": _text("")},
        schema=_ONE,
        name=_text(),
        description=_text(),
        version=_text(about="of gen"),
        profile=_text(),
        engine=_text(),
        isolation=_object(kind={"enum": ["shared-kernel", "userspace-kernel", "own-kernel"]}, caveat=_text()),
        requirements=_list(_object(program=_text(), minimum=_text(), reason=_text(), instead_of=_list(_text()))),
        commands=_list(
            _object(
                command=_text(),
                purpose=_text(),
                output=_text(about="what it prints, or its last line"),
                exit_codes={
                    "type": "object",
                    "propertyNames": {"pattern": "^[0-9]+$"},
                    "additionalProperties": _text(),
                },
            ),
            "what somebody does with this folder, in order",
        ),
        steps=_list(_plan_step()),
        checks=_list(_object(id=_text(), file=_text(), title=_text(), asserts=_LINES, expect=_text())),
        no_return=_list(
            _object(action=_text(), point=_text(), lost=_text()), "what cannot be undone, and from which moment on"
        ),
        kept_after_rollback=_LINES,
        files=_list(_object(path=_text(), mode=_text("^0[0-7]{3}$"), sha256=_text(HASH))),
    )


def _plan_state() -> Schema:
    copy = _object(file=_text(), bytes=_count(), time=_text(TIME))
    git = _object(
        folder=_text(),
        changes=_or_null(_count("files that differ from the last commit; null when git does not say")),
        commits=_or_null(_count("commits that no remote has; null when git does not say")),
    )
    return _object(
        schema=_ONE,
        name=_text(about="of the sandbox"),
        hash=_text(HASH, "what scripts/start.sh --approve takes"),
        open_run=_or_null(_text(RUN, "the run that was interrupted, and is undone first")),
        undo_first=_list(_text(STEP), "its steps, in the order of their undoing"),
        steps=_list(
            _object(
                step=_text(STEP),
                title=_text(),
                state={"enum": list(STATES)},
                says=_list(_text(), "what its verify.sh printed"),
                effects=_EFFECTS,
            )
        ),
        rollback=_object(
            undoes=_list(_text(STEP), "the steps that rollback.sh would undo now, in that order"),
            workspace=_or_null(_text(about="its file, which --delete-data would delete")),
            workspace_bytes=_or_null(_count("what it takes of the disk")),
            newest_copy=_or_null(copy),
            lost_outside_workspace=_or_null(_YES_NO | {"description": "null when the engine does not say"}),
            repositories=_or_null(_list(git, "as git in the running sandbox says; null when it cannot be asked")),
        ),
    )


def _event() -> Schema:
    """A line of GEN_EVENTS; gen adds its own to those, with --json."""
    begin: Schema = {"schema": _ONE, "time": _text(TIME), "run": _text(f"^-$|{RUN}")}
    step: Schema = begin | {"event": {"enum": list(STEP_EVENTS)}, "step": _text(STEP), "title": _text()}
    ended: Schema = {"event": {"const": "run-ended"}, "result": {"enum": list(RESULTS)}}
    whole: Schema = {"step": {"const": "-"}, "title": _text(about="the sandbox")}
    check: Schema = {"number": _count(least=1), "title": _text(), "result": {"enum": ["holds", "does-not-hold"]}}
    return {
        "oneOf": [
            _object("log", **step, log=_text(about="a path in the bundle")),
            _object(**begin, event={"const": "run-started"}, **whole),
            _object(**begin, **whole, **ended),
            _object(schema=_ONE, event={"const": "check"}, **check),
            _object(schema=_ONE, event={"const": "output"}, text=_text()),
            _object(event={"const": "exit"}, code=_count("what the command ends with; the last line")),
        ]
    }


def _journal() -> Schema:
    return _object(
        seq=_count("of the record, from 1", 1),
        time=_text(TIME),
        run=_text(RUN),
        event={"enum": list(RECORDS)},
        step=_text(f"^-$|{STEP}"),
        scope={"enum": ["-", "run", "all"], "description": "how far an undo goes: this run, or all of them"},
        sum=_count("the cksum (POSIX) of what stands before it in the line"),
    )


def _audit() -> Schema:
    head: Schema = {"schema": _ONE, "time": _text(TIME), "id": _text(RUN)}
    who: Schema = {"user": _text(), "uid": _count(), "sudo_user": _or_null(_text())}
    where: Schema = {"tty": _or_null(_text()), "parent": _or_null(_text(about="the program that started connect.sh"))}
    return {
        "oneOf": [
            _object(**head, event={"const": "begin"}, sandbox=_text(), **who, **where, command=_LINES),
            _object(**head, event={"const": "end"}, code=_count("the exit code"), seconds=_count()),
        ]
    }


_PATH: dict[str, Schema] = {
    "path": _text(about="as it is shown: what could steer a terminal is spelled out"),
    "base64": _text(about="its bytes, where they are not just that"),
}
_NAMED = _object("base64", **_PATH)
_PATHS = _list(_NAMED)
_OID = _text("^([0-9a-f]{40}|[0-9a-f]{64})$", "git's name for it")
_VERSION = _or_null(
    _object(mode={"enum": ["100644", "100755", "120000"]}, oid=_OID, size=_count("bytes"))
    | {"description": "null where there is none"}
)
_CHANGE: dict[str, Schema] = _PATH | {
    "status": {"enum": ["added", "changed", "removed"]},
    "old": _VERSION,
    "new": _VERSION,
}
_REASON = _object("pattern", kind=_text(), reason=_text(), pattern=_text())


def _review() -> Schema:
    change = _object(
        *("base64", "lines", "renamed_from", "similarity"),
        **_CHANGE,
        lines=_or_null(_object(added=_count(), removed=_count()) | {"description": "null where it is no text"}),
        renamed_from=_NAMED,
        similarity=_count("percent"),
        held=_list(_REASON, "why it comes back only with apply --accept PATH"),
        never=_or_null(_REASON | {"description": "why it never comes back"}),
    )
    counts = ("added", "changed", "removed", "renamed", "modes", "held", "never")
    note = _object("base64", **_PATH, kind=_text(), size=_count(), count=_count(), reason=_text())
    return _object(
        schema=_ONE,
        commit=_or_null(_OID),
        hash=_OID | {"description": "what apply --approve takes"},
        summary=_object(**dict.fromkeys(counts, _count())),
        changes=_list(change),
        notes=_list(note, "what cannot be tracked"),
        rules=_list(_object(pattern=_text(), kind=_text(), reason=_text()), "all patterns that hold a path back"),
    )


def _apply() -> Schema:
    return _object(
        schema=_ONE,
        hash=_OID | {"description": "of what was reviewed"},
        applied=_PATHS,
        merged=_PATHS,
        conflicts=_list(_object("base64", **_PATH, reason=_text()), "where there is one, nothing is changed"),
        held=_PATHS,
        never=_PATHS,
    )


def _commits() -> Schema:
    commit = _object(
        commit=_OID,
        kind={"enum": ["command", "outside", "undo", "applied"]},
        command=_or_null(_text()),
        exit=_or_null(_count("the command's exit code")),
        seconds=_or_null({"type": "number", "minimum": 0}),
        time=_count("seconds since 1970"),
    )
    return _object(schema=_ONE, commits=_list(commit, "the newest first"))


def _changes() -> Schema:
    ends = {"from": _or_null(_OID | {"description": "null is what entered"}), "to": _or_null(_OID)}
    return _object(schema=_ONE, **ends, changes=_list(_object("base64", **_CHANGE)))


_SCHEMAS: dict[str, tuple[str, Schema]] = {
    "plan": ("plan.json: the steps and checks of a bundle", _plan()),
    "plan-state": ("What scripts/plan.sh --json prints: what a start would do now", _plan_state()),
    "event": ("A line of the file that GEN_EVENTS names, or of a command of gen with --json", _event()),
    "audit": ("A line of .state/audit.jsonl: what the sandbox was told to do, or how that ended", _audit()),
    "review": ("What scripts/review.sh --json prints: all that the sandbox changed, with a verdict each", _review()),
    "apply": ("What scripts/apply.sh --json prints: what came back, and what did not", _apply()),
    "commits": ("What scripts/changes.sh --json prints: what was done in the copy, a commit a command", _commits()),
    "changes": ("What scripts/diff.sh --json prints: what differs between two commits", _changes()),
    "journal": ("A line of .state/journal.jsonl: a record of the journal", _journal()),
}
