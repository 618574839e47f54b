"""What the MCP tools answer, as data: bounded in size, and with everything that somebody else wrote marked as such.

Nothing here knows the protocol. The structure of an answer comes from the bundle's plan, from exit codes and from words
of a fixed shape in the runner's events and journal. Whatever a script, a log, a sandbox, a build or an engine printed
stands under the key `untrusted`, with the characters that could steer a terminal written out.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from generator.errors import ExitCode, GenError
from generator.execute.bundle import BUNDLES, bundle_names, find_bundle, is_bundle, strangers
from generator.execute.checks import told
from generator.execute.history import (
    as_data,
    hint,
    last_run,
    log_files,
    open_run,
    read_journal,
    run_history,
    split_name,
    tail,
)
from generator.execute.lock import is_at_work
from generator.execute.names import is_run, is_step, is_word
from generator.execute.registry import sandbox_of
from generator.execute.trust import is_known
from generator.mcp_plan import MOST_TEXT, plan_of, text_of
from generator.printable import escaped

if TYPE_CHECKING:
    from pathlib import Path

    from generator.execute.bundle import Bundle
    from generator.execute.recorder import Recorder

SCHEMA = 1
# How much of a log an answer holds at most, in characters, and how many lines of a failed step's.
MOST_LOG = 60_000
FAILED_LINES = 40
MOST_SAID = MOST_TEXT // 10
MOST_BUNDLES = 200
# What is no plain name is not told: it would be somebody's text.
_PLACE = re.compile(r"[\w.@+/-]{1,200}", re.ASCII)
PLANNED = {0: "this is what a start would do now", 4: "a start would stop: see blocked, also under untrusted"}
MEANING = {
    0: "done",
    1: "failed, and everything that this run did is undone",
    2: "wrong arguments",
    3: "failed, and something is left: it is named in the errors",
    4: "refused: nothing was changed",
    137: "the script was killed before it had ended: call recover",
}
TELL = "tell the user"
MENDS = {
    2: "list_bundles names the bundles, and step_status the runs and logs",
    4: "ask the user, who alone decides about it",
}


def confined(root: Path, given: str | None) -> Bundle:
    """The bundle that is meant, below the root. Raises GenError (exit code 4) for one outside, 2 when there is none."""
    if given is not None and not all(p.resolve().is_relative_to(root) for p in (root / given, root / BUNDLES / given)):
        raise _outside(given, root)
    bundle = find_bundle(given, root)
    # A link below the root may still lead out of it.
    if not bundle.path.is_relative_to(root):
        raise _outside(bundle.shown, root)
    return bundle


def bundles(root: Path) -> dict[str, Any]:
    """The user's bundles in the root, below it and in its ./bundles, with their sandboxes; and what only looks so."""
    direct = bundle_names(root, folder=".")
    # Of two with one name, the name alone means the one that is nearer.
    further = (f"{BUNDLES}/{name}" if name in direct else name for name in bundle_names(root))
    names = [*(["."] if is_known(root) else []), *further, *direct]
    found = []
    for name in filter(_PLACE.fullmatch, names[:MOST_BUNDLES]):
        try:
            bundle = confined(root, name)
        except GenError:
            continue
        found.append({"bundle": name, "sandbox": sandbox_of(bundle.path), "run_at_work": is_at_work(bundle)})
    unknown = [
        *([root] if is_bundle(root) and not is_known(root) else []),
        *strangers(root),
        *strangers(root, folder="."),
    ]
    return {
        "schema": SCHEMA,
        "root": escaped(str(root)),
        "bundles": found,
        # Whoever can make a folder there chose its name.
        "untrusted": {"not_trusted": [escaped(str(path))[:300] for path in unknown[:MOST_BUNDLES]]},
    }


def refusal(error: GenError) -> str:
    """What could not even begin, as a tool's error: fixed words by the exit code, and below them the error's own.

    Those name folders, files and what stands in them, which anybody may have chosen.
    """
    parts = {"what": error.brief, "why": error.details, "mend": error.resolution}
    told = {key: text_of((part or "")[: 2 * MOST_SAID].split("\n"))[:MOST_SAID] for key, part in parts.items() if part}
    meaning = MEANING.get(error.exit_code, "it could not be done")
    return f"{meaning}; {MENDS.get(error.exit_code, TELL)} (exit code {error.exit_code})\nuntrusted: {json.dumps(told)}"


def run_result(bundle: Bundle, code: int, recorder: Recorder) -> dict[str, Any]:
    """How a script ended: its exit code, which alone decides, what its last event says, and what explains a failure."""
    result, run, step = _ended(recorder)
    failed = recorder.last("left", "failed")
    answer: dict[str, Any] = {
        "schema": SCHEMA,
        "ok": code == ExitCode.DONE,
        "exit_code": code,
        "meaning": MEANING.get(code, "the script was ended by a signal" if code > 128 else "an unknown exit code"),
        "last_line": f"gen: result={result} run={run or '-'} failed_step={step or '-'}" if result else "",
        "result": result or None,
        "run": run or None,
        "failed_step": step or None,
        "mend": escaped(hint(bundle, step, run)) or None if is_step(step) else None,
        "untrusted": {"output": text_of(recorder.lines), "errors": text_of(recorder.errors)},
    }
    if failed is not None and code != ExitCode.DONE:
        answer["untrusted"]["log"] = _log_tail(bundle, failed.log)
    return answer


def _ended(recorder: Recorder) -> tuple[str, str, str]:
    """The result, the run and the failed step, from the runner's last event; empty what is no word of its own."""
    ended = recorder.last("run-ended")
    if ended is None:
        return "", "", ""
    step = ended.data.get("failed_step")
    return (
        ended.result if is_word(ended.result) else "",
        ended.run if is_run(ended.run) else "",
        str(step) if is_step(step) or is_word(step) else "",
    )


def plan_result(bundle: Bundle, code: int, recorder: Recorder) -> dict[str, Any]:
    """What scripts/plan.sh shows: `plan` has what the bundle and the runner say, `untrusted` the words of others."""
    plan, others = plan_of(bundle, "\n".join(recorder.lines))
    answer: dict[str, Any] = {
        "schema": SCHEMA,
        "ok": code == ExitCode.DONE and plan is not None,
        "exit_code": code,
        "meaning": PLANNED.get(code, MEANING.get(code, "")) if plan is not None else MEANING.get(code, ""),
        "plan": plan,
        "untrusted": others,
    }
    if not answer["ok"]:
        answer["untrusted"] = others | {"errors": text_of(recorder.errors)}
    return answer


def checks_result(bundle: Bundle, code: int, recorder: Recorder) -> dict[str, Any]:
    """Every check of the plan with its result, and what the failed ones said."""
    found = told(bundle, recorder.events)
    return {
        "schema": SCHEMA,
        "ok": code == ExitCode.DONE and bool(found) and all(one.result == "holds" for one in found),
        "exit_code": code,
        "meaning": {0: "every check holds", 1: "at least one check does not hold"}.get(code, MEANING.get(code, "")),
        "checks": [{"check": one.check, "title": escaped(one.title), "result": one.result} for one in found],
        "untrusted": {
            "explained": {one.check: text_of(one.says, MOST_SAID) for one in found if one.says},
            "errors": text_of(recorder.errors),
        },
    }


def status_result(code: int, recorder: Recorder) -> dict[str, Any]:
    """What scripts/status.sh says."""
    meaning = {0: "the sandbox runs and is healthy", 1: "it does not run, or is not healthy"}
    return {
        "schema": SCHEMA,
        "ok": code == ExitCode.DONE,
        "exit_code": code,
        "meaning": meaning.get(code, MEANING.get(code, "")),
        "untrusted": {"output": text_of(recorder.lines), "errors": text_of(recorder.errors)},
    }


def step_status(bundle: Bundle, run: str | None) -> dict[str, Any]:
    """What the journal and the logs tell of a run: the last one, or the one that is named."""
    journal = read_journal(bundle)
    chosen = run or last_run(bundle, journal)
    at_work = is_at_work(bundle)
    history = None if chosen is None else run_history(bundle, journal, chosen, alive=at_work)
    if history is None or not (history.steps or history.began):
        if run is not None:
            raise _unknown(f"There is no run {run} of {bundle.shown}", "Neither its journal nor its logs know it")
        return {"schema": SCHEMA, "run": None, "run_at_work": at_work, "open_run": None, "steps": []}
    failed = history.failed
    return as_data(history, bundle) | {
        "run_at_work": at_work,
        "open_run": None if at_work else open_run(journal) or None,
        "mend": (escaped(hint(bundle, failed, history.run)) or None) if failed else None,
        "unreadable_records": journal.unreadable,
    }


def log_of(bundle: Bundle, step: str, phase: str | None, run: str | None, most: int) -> dict[str, Any]:
    """The end of one step's log. Only logs that are there are read: no path is made of what was asked for."""
    chosen = run or last_run(bundle, read_journal(bundle))
    logs = [log for log in log_files(bundle) if log.parent.name == chosen]
    mine = [log for log in logs if (name := split_name(log)) and name[0] == step and phase in (None, name[1])]
    # A failure is told by what the step did, not by the look before it; an empty log tells nothing.
    order = ("do", "undo", "commit", "verify")
    mine.sort(key=lambda log: (log.stat().st_size == 0, order.index((split_name(log) or ("", "verify"))[1])))
    if not mine or chosen is None:
        known = ", ".join(sorted(log.name.removesuffix(".log") for log in logs)) or "none"
        raise _unknown(f"There is no such log of {bundle.shown}", f"Of the run {chosen} there are: {known}")
    log = mine[0]
    # Logs lie in the bundle; whatever a link leads to elsewhere is none.
    if not log.resolve().is_relative_to(bundle.path):
        raise _unknown(f"{log.name} is no log of this bundle", "It is a link that leads out of it")
    text = "\n".join(escaped(line) for line in tail(log, most))
    return {
        "schema": SCHEMA,
        "run": chosen,
        "file": str(log.relative_to(bundle.path)),
        "bytes": log.stat().st_size,
        "cut": len(text) > most or log.stat().st_size > most,
        "untrusted": {"text": text[-most:]},
    }


def _log_tail(bundle: Bundle, named: str) -> dict[str, str]:
    """The end of the log that an event named, if it is one of the bundle's own."""
    log = next((log for log in log_files(bundle) if str(log.relative_to(bundle.path)) == named), None)
    if log is None or not log.resolve().is_relative_to(bundle.path):
        return {"file": escaped(named)[:200], "text": ""}
    return {"file": named, "text": text_of(tail(log, FAILED_LINES))}


def _outside(given: str, root: Path) -> GenError:
    return GenError(
        f"{given} is outside of the folder that this server serves",
        details=f"It serves {root}",
        resolution="Start it with: gen mcp --root FOLDER",
        exit_code=ExitCode.REFUSED,
    )


def _unknown(brief: str, details: str) -> GenError:
    return GenError(brief, details=details, resolution="step_status names runs and logs", exit_code=ExitCode.USAGE)
