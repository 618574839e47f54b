"""The JSON Schemas of what a bundle holds and of what its runner writes: data, in this one place.

Written by hand and not by pydantic, since they stand in every bundle, whose bytes must not change with a library.
"""

from __future__ import annotations

from generator.schema_parts import LINES as _LINES
from generator.schema_parts import ONE as _ONE
from generator.schema_parts import RUN, STEP, STEP_EVENTS, TIME, Schema
from generator.schema_parts import count as _count
from generator.schema_parts import list_of as _list
from generator.schema_parts import object_of as _object
from generator.schema_parts import or_null as _or_null
from generator.schema_parts import text as _text
from generator.schemas_plan import plan_schema, plan_state_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RESULTS = ("committed", "unchanged", "rolled-back", "residue", "failed", "refused", "usage", "ok", "stopped", "none")
RECORDS = ("begin", "doing", "done", "undone", "commit", "end", "delete-data")


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


def _event() -> Schema:
    """A line of GEN_EVENTS; gen adds its own to those, with --json."""
    begin: Schema = {"schema": _ONE, "time": _text(TIME), "run": _text(f"^-$|{RUN}")}
    step: Schema = begin | {"event": {"enum": list(STEP_EVENTS)}, "step": _text(STEP), "title": _text()}
    ended: Schema = {"event": {"const": "run-ended"}, "result": {"enum": list(RESULTS)}, "failed_step": _text()}
    whole: Schema = {"step": {"const": "-"}, "title": _text(about="the sandbox")}
    check: Schema = {"check": _text(STEP), "number": _count(least=1), "title": _text(), "says": _LINES}
    return {
        "oneOf": [
            _object("log", **step, log=_text(about="a path in the bundle")),
            _object(**begin, event={"const": "run-started"}, **whole),
            _object("failed_step", **begin, **whole, **ended),
            _object(
                "says", schema=_ONE, event={"const": "check"}, **check, result={"enum": ["holds", "does-not-hold"]}
            ),
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


# Which table of what is held back: as long as the digest is the same one, so is the table.
_RULES: dict[str, Schema] = {
    "count": _count("how many rules"),
    "sha256": _text("^[0-9a-f]{64}$", "of the table"),
    "command": _text(about="what shows the table"),
}


def _review() -> Schema:
    change = _object(
        *("base64", "lines", "renamed_from", "similarity"),
        **_CHANGE,
        newer={"type": "boolean", "description": "whether `old` is what you changed after the copy was made"},
        lines=_or_null(_object(added=_count(), removed=_count()) | {"description": "null where it is no text"}),
        renamed_from=_NAMED,
        similarity=_count("percent"),
        held=_list(
            _REASON, "why it comes back only with apply --accept PATH, or --accept-kind where all are of that kind"
        ),
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
        rules=_object(**_RULES),
    )


def _rules() -> Schema:
    rule = _object(pattern=_text(), kind=_text(), reason=_text())
    return _object(schema=_ONE, **_RULES, rules=_list(rule, "all patterns that hold a path back"))


def _apply() -> Schema:
    return _object(
        schema=_ONE,
        hash=_OID | {"description": "of what was reviewed"},
        applied=_PATHS,
        merged=_PATHS,
        dropped=_list(_NAMED, "of --ours: the host's version stays, and the sandbox's waits no longer"),
        conflicts=_list(
            _object(
                "base64",
                **_PATH,
                reason=_text(),
                held=_list(_REASON, "why the sandbox's version, if it comes whole, wants --accept PATH as well"),
                theirs={"type": "boolean", "description": "whether --theirs can end it"},
            ),
            "where there is one, nothing is changed",
        ),
        written=_or_null(_NAMED | {"description": "the folder of --conflicts; null where none was made"}),
        held=_PATHS,
        never=_PATHS,
    )


def _commits() -> Schema:
    commit = _object(
        commit=_OID,
        kind={"enum": ["command", "moment", "outside", "undo", "applied"]},
        command=_or_null(_text()),
        exit=_or_null(_count("the command's exit code")),
        seconds=_or_null({"type": "number", "minimum": 0}),
        time=_count("seconds since 1970"),
        beside=_list(_text(), "commands that ran at that moment as well: nobody can tell which of them changed what"),
    )
    return _object(schema=_ONE, commits=_list(commit, "the newest first"))


def _command() -> Schema:
    return _object(
        number=_count("what scripts/logs.sh and scripts/kill.sh take", 1),
        began=_text(TIME),
        seconds=_or_null(_count("how long it runs, or ran")),
        how={"enum": ["attached", "detached"]},
        state={"enum": ["running", "ended", "lost"], "description": "lost: nobody waits for it, and it may still run"},
        exit=_or_null(_count("the exit code")),
        ended_by={"enum": ["itself", "signal", "time", "sandbox", None]},
        id=_text(RUN, "in .state/audit.jsonl"),
        command=_LINES,
    )


def _commands() -> Schema:
    return _object(schema=_ONE, commands=_list(_command(), "the newest first"))


def _output() -> Schema:
    lines = _list(_text(), "what it printed on both outputs, a line each; of much the beginning and the newest end")
    return _object(schema=_ONE, command=_command(), output=lines)


def _changes() -> Schema:
    ends = {"from": _or_null(_OID | {"description": "null is what entered"}), "to": _or_null(_OID)}
    return _object(schema=_ONE, **ends, changes=_list(_object("base64", **_CHANGE)))


_SCHEMAS: dict[str, tuple[str, Schema]] = {
    "plan": ("plan.json: the steps and checks of a bundle", plan_schema()),
    "plan-state": ("What scripts/plan.sh --json prints: what a start would do now", plan_state_schema()),
    "event": ("A line of the file that GEN_EVENTS names, or of a command of gen with --json", _event()),
    "audit": ("A line of .state/audit.jsonl: what the sandbox was told to do, or how that ended", _audit()),
    "review": ("What scripts/review.sh --json prints: all that the sandbox changed, with a verdict each", _review()),
    "rules": ("What scripts/review.sh --rules prints: the table of what is held back", _rules()),
    "apply": ("What scripts/apply.sh --json prints: what came back, and what did not", _apply()),
    "commits": ("What scripts/changes.sh --json prints: what was done in the copy, a commit a command", _commits()),
    "commands": ("What scripts/ps.sh --json prints: what runs in the sandbox, or ran detached", _commands()),
    "output": ("What scripts/logs.sh --json prints: a detached command, and what it printed", _output()),
    "changes": ("What scripts/diff.sh --json prints: what differs between two commits", _changes()),
    "journal": ("A line of .state/journal.jsonl: a record of the journal", _journal()),
}
