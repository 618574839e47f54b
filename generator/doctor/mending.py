"""Gathers the facts, and does what a finding says is safe: through the bundle's own script where there is one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from generator.doctor.bundles import bundles_to_look_at, find_owners, look_at_bundle
from generator.doctor.engine import look_at_engine, remove_container
from generator.doctor.facts import Facts
from generator.doctor.host import look_at_host
from generator.errors import GenError
from generator.execute import commands
from generator.execute.bundle import Bundle
from generator.execute.lock import is_at_work
from generator.execute.process import drive
from generator.execute.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.doctor.findings import Action, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What became of one finding: done, failed, or left alone, and in words why."""

    finding: Finding
    result: Literal["done", "failed", "left"]
    words: str


def gather(given: str | None, here: Path) -> Facts:
    """Everything that there is to know. Raises GenError (exit code 2) when the named bundle is none."""
    known, unknown = bundles_to_look_at(given, here)
    bundles = tuple(look_at_bundle(bundle) for bundle in known)
    # What a bundle has made is seen by the client that it was made with.
    used = next((bundle.client for bundle in bundles if bundle.client), "")
    images = tuple(image for bundle in bundles for image in bundle.images)
    engine = look_at_engine({**os.environ, "GEN_CLIENT": used} if used else os.environ, images)
    owners = find_owners(engine.objects, bundles)
    return Facts(
        engine=engine, host=look_at_host(engine.root, engine.client), bundles=bundles, owners=owners, unknown=unknown
    )


def mend(findings: Iterable[Finding], facts: Facts) -> Iterator[Mended]:
    """Does each action once, and says of every finding that is not ok what became of it."""
    done: dict[Action, tuple[Literal["done", "failed"], str]] = {}
    for finding in findings:
        if finding.level == "ok":
            continue
        if finding.action is None:
            yield Mended(finding=finding, result="left", words=finding.left or "it takes your decision, or root")
            continue
        if finding.action not in done:
            done[finding.action] = _carry_out(finding.action, facts)
        result, words = done[finding.action]
        yield Mended(finding=finding, result=result, words=words)


def as_data(mended: Mended) -> dict[str, Any]:
    """For programs."""
    finding = mended.finding
    return {
        "id": finding.id,
        "subject": finding.subject,
        "what": finding.what,
        "result": mended.result,
        "words": mended.words,
        "mend": finding.mend or None,
    }


def _carry_out(action: Action, facts: Facts) -> tuple[Literal["done", "failed"], str]:
    if action.kind == "recover":
        return _recover(Path(action.target))
    if action.kind == "remove file":
        # A run that began since we looked may be writing a file of that name.
        if any(Path(action.target).is_relative_to(one.bundle.path) and is_at_work(one.bundle) for one in facts.bundles):
            return "failed", "a run began meanwhile; look again when it has ended"
        try:
            Path(action.target).unlink(missing_ok=True)
        except OSError as error:
            return "failed", f"{action.target} could not be removed: {error.strerror}"
        return "done", f"removed {action.target}"
    wrong = remove_container(facts.engine, action.target)
    return ("failed", wrong) if wrong else ("done", f"removed the container {action.target}")


def _recover(folder: Path) -> tuple[Literal["done", "failed"], str]:
    recorder = Recorder()
    try:
        code = drive(commands.present(commands.recover(Bundle(path=folder, shown=str(folder)))), recorder)
    except GenError as error:
        return "failed", str(error).replace("\n", "; ")
    if code == 0:
        return "done", "ran scripts/recover.sh"
    said = "; ".join((*recorder.errors,)[-3:])
    return "failed", f"scripts/recover.sh ended with {code}: {said}"
