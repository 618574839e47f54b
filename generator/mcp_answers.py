"""What the MCP tools answer, as data: bounded in size, and with everything that somebody else wrote marked as such.

Nothing here knows the protocol. What programs in a sandbox, a build or an engine printed stands under the key
`untrusted`, with the characters that could steer a terminal written out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.errors import ExitCode, GenError
from generator.execute.bundle import BUNDLES, bundle_names, find_bundle, is_bundle
from generator.execute.events import check_event, escaped
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
from generator.execute.view import LAST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from generator.execute.bundle import Bundle
    from generator.execute.recorder import Recorder

SCHEMA = 1
# How much of somebody else's text an answer holds at most, in characters, and how many lines of a failed step's log.
MOST_TEXT = 16_000
MOST_LOG = 60_000
FAILED_LINES = 40
MOST_BUNDLES = 200
MEANING = {
    0: "done",
    1: "failed, and everything that this run did is undone",
    2: "wrong arguments",
    3: "failed, and something is left: it is named in the errors",
    4: "refused: nothing was changed",
    137: "the script was killed before it had ended: call recover",
}


def confined(root: Path, given: str | None) -> Bundle:
    """The bundle that is meant, below the root. Raises GenError (exit code 4) for one outside, 2 when there is none."""
    if given is not None and not (root / given).resolve().is_relative_to(root):
        raise _outside(given, root)
    bundle = find_bundle(given, root)
    # A link below the root may still lead out of it.
    if not bundle.path.is_relative_to(root):
        raise _outside(bundle.shown, root)
    return bundle


def bundles(root: Path) -> dict[str, Any]:
    """The bundles that stand in the root, below it and in its ./bundles, with the names of their sandboxes."""
    direct = bundle_names(root, folder=".")
    # Of two with one name, the name alone means the one that is nearer.
    further = (f"{BUNDLES}/{name}" if name in direct else name for name in bundle_names(root))
    names = [*(["."] if is_bundle(root) else []), *further, *direct]
    found = []
    for name in names[:MOST_BUNDLES]:
        try:
            bundle = confined(root, name)
        except GenError:
            continue
        found.append({"bundle": name, "sandbox": sandbox_name(bundle), "run_at_work": is_at_work(bundle)})
    return {"schema": SCHEMA, "root": str(root), "bundles": found}


def sandbox_name(bundle: Bundle) -> str:
    """The sandbox's name as the bundle's plan has it; empty when that cannot be read."""
    try:
        name = json.loads((bundle.path / "plan.json").read_bytes())["name"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""
    return escaped(name) if isinstance(name, str) else ""


def run_result(bundle: Bundle, code: int, recorder: Recorder) -> dict[str, Any]:
    """How a script ended: its exit code, which alone decides, its last line, and what explains a failure."""
    last = next((line for line in reversed(recorder.lines) if LAST_LINE.fullmatch(line)), "")
    words = dict(word.partition("=")[::2] for word in last.split()[1:])
    failed = recorder.last("left", "failed")
    step, run = (escaped(words.get(key, "-")) for key in ("failed_step", "run"))
    answer: dict[str, Any] = {
        "schema": SCHEMA,
        "ok": code == ExitCode.DONE,
        "exit_code": code,
        "meaning": MEANING.get(code, "the script was ended by a signal" if code > 128 else "an unknown exit code"),
        "last_line": escaped(last),
        "result": escaped(words.get("result", "")) or None,
        "run": _none(run),
        "failed_step": _none(step),
        "mend": escaped(hint(bundle, step, run)) or None if step != "-" else None,
        "untrusted": {"output": text_of(recorder.lines), "errors": text_of(recorder.errors)},
    }
    if failed is not None and code != ExitCode.DONE:
        answer["untrusted"]["log"] = _log_tail(bundle, failed.log)
    return answer


def plan_result(code: int, recorder: Recorder) -> dict[str, Any]:
    """The document that scripts/plan.sh prints, with the reasons where a start would stop.

    Raises GenError with the script's own words when there is none.
    """
    try:
        plan = json.loads("\n".join(recorder.lines))
    except (ValueError, RecursionError):
        plan = None
    stops = code == ExitCode.REFUSED and isinstance(plan, dict) and bool(plan.get("blocked"))
    if not isinstance(plan, dict) or (code != ExitCode.DONE and not stops):
        raise GenError(
            f"The plan cannot be shown (exit code {code})", details=text_of(recorder.errors) or None, exit_code=code
        )
    return {"schema": SCHEMA, "ok": not stops, "exit_code": code, "plan": plan}


def checks_result(code: int, recorder: Recorder) -> dict[str, Any]:
    """Every check with its result, and what the failed ones said."""
    found = [check for line in recorder.lines if (check := check_event(line)) is not None]
    return {
        "schema": SCHEMA,
        "ok": code == ExitCode.DONE and bool(found),
        "exit_code": code,
        "meaning": {0: "every check holds", 1: "at least one check does not hold"}.get(code, MEANING.get(code, "")),
        "checks": [{"title": escaped(check["title"]), "result": check["result"]} for check in found],
        "untrusted": {
            "explained": text_of(line[2:] for line in recorder.lines if line.startswith("# ")),
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


def text_of(lines: Iterable[str], most: int = MOST_TEXT) -> str:
    """The lines as one text, control characters written out; of a long one the end."""
    text = "\n".join(escaped(line) for line in lines)
    return text if len(text) <= most else f"…{text[-most:]}"


def _log_tail(bundle: Bundle, told: str) -> dict[str, str]:
    """The end of the log that an event named, if it is one of the bundle's own."""
    log = next((log for log in log_files(bundle) if str(log.relative_to(bundle.path)) == told), None)
    if log is None or not log.resolve().is_relative_to(bundle.path):
        return {"file": escaped(told)[:200], "text": ""}
    return {"file": escaped(told), "text": text_of(tail(log, FAILED_LINES))}


def _none(word: str) -> str | None:
    return None if word in ("-", "") else escaped(word)


def _outside(given: str, root: Path) -> GenError:
    return GenError(
        f"{given} is outside of the folder that this server serves",
        details=f"It serves {root}",
        resolution="Start it with: gen mcp --root FOLDER",
        exit_code=ExitCode.REFUSED,
    )


def _unknown(brief: str, details: str) -> GenError:
    return GenError(brief, details=details, resolution="step_status names runs and logs", exit_code=ExitCode.USAGE)
