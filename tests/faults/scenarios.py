"""The states of a host in which a fault strikes, and the script that runs then."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.engine.conftest import Inventory
from tests.faults import applying
from tests.faults.lane import Lane, digest_of
from tests.faults.points import Fault, Point, by_start, faults_at, faults_in_calls, points_in

START, STOP, ROLLBACK, RECOVER = "scripts/start.sh", "scripts/stop.sh", "rollback.sh", "scripts/recover.sh"
APPLY = "scripts/apply.sh"
DATA = "--delete-data"
MARK = "what-the-workspace-holds-"


class LaneIsBroken(Exception):
    """An unharmed script did not do what it must: no fault can be judged on this lane any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A state of the host, and a script that a fault strikes."""

    name: str
    prepare: Callable[[Lane], None]
    script: str
    late: bool = False
    """Whether a step fails first, so that its undo can be struck."""
    runner: bool = False
    """Whether the commands of the script itself and of the runner are points, besides those of the steps."""

    base: str = "present"
    """Which of the bundles: where the base image comes from; `copy`, where the workspace is the copy of a project;
    `apply`, where that project is written to; `gvisor` and `machine`, where that isolates the sandbox.
    """
    journal: bool = False
    """Whether the points are the system calls by which the runner writes its journal, and nothing else."""

    @property
    def only(self) -> tuple[str, ...]:
        """Where the scripts of the steps are that are points: of another bundle, those that the first does not have."""
        image = ("steps/30-base-image/",)
        copy = ("steps/62-disk/", "steps/64-project/", "steps/66-tree/")
        choice = ("steps/45-isolation/",)
        machine = (*choice, "steps/47-machine/", "steps/80-sandbox/")
        return {
            "present": ("steps/",), "archive": image, "mirror": image, "copy": copy, "apply": (), "gvisor": choice,
            "machine": machine,
        }[self.base]  # fmt: skip

    @property
    def slow(self) -> int:
        """How many times longer than another one a fault takes, so that fewer are taken when not all are."""
        slow = {"archive": 2, "gvisor": 2, "mirror": 6, "machine": 10}
        return slow.get(self.base, 1)

    @property
    def args(self) -> tuple[str, ...]:
        return {ROLLBACK: (DATA,), APPLY: ("--yes",)}.get(self.script, ())


def must(lane: Lane, script: str, *args: str) -> None:
    """Runs a script that no fault is in."""
    done = lane.bundle.script(script, *args, check=False)
    if done.returncode != 0:
        raise LaneIsBroken(f"{script} {' '.join(args)} ended with {done.returncode}\n{done.stdout}{done.stderr}")


def _nothing(lane: Lane) -> None:
    """The host never saw the bundle."""


def _committed(lane: Lane) -> None:
    must(lane, START)
    must(lane, "scripts/connect.sh", "--", "sh", "-c", f"echo {MARK}$(hostname) >/workspace/mark && sync")


def _stopped(lane: Lane) -> None:
    _committed(lane)
    must(lane, STOP)


def _changed(lane: Lane) -> None:
    """The user's own settings are other ones than those that the sandbox was made with, so it is made anew."""
    _committed(lane)
    local = lane.bundle.path / "local/env"
    local.parent.mkdir(exist_ok=True)
    local.write_text(f"FAULT={secrets.token_hex(4)}\n")


def _entered(lane: Lane) -> None:
    """The sandbox holds the copy of a project. Something was applied once, so Python has compiled what it needs."""
    applying.make_projects(lane)
    must(lane, START)
    applying.edit(lane)
    must(lane, APPLY, "--yes")


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="first start", prepare=_nothing, script=START, runner=True),
        Scenario(name="first start, undone", prepare=_nothing, script=START, late=True),
        Scenario(name="start again", prepare=_stopped, script=START),
        Scenario(name="start again, undone", prepare=_stopped, script=START, late=True),
        Scenario(name="changed sandbox", prepare=_changed, script=START),
        Scenario(name="changed sandbox, undone", prepare=_changed, script=START, late=True),
        Scenario(name="rollback", prepare=_committed, script=ROLLBACK, runner=True),
        Scenario(name="base from an archive", prepare=_nothing, script=START, base="archive"),
        Scenario(name="base from an archive, undone", prepare=_nothing, script=START, late=True, base="archive"),
        Scenario(name="base from a mirror", prepare=_nothing, script=START, base="mirror"),
        Scenario(name="base from a mirror, undone", prepare=_nothing, script=START, late=True, base="mirror"),
        Scenario(name="copy of a project", prepare=_nothing, script=START, base="copy"),
        Scenario(name="copy of a project, undone", prepare=_nothing, script=START, late=True, base="copy"),
        Scenario(name="copy of a project, again", prepare=_stopped, script=START, base="copy"),
        Scenario(name="copy of a project, rollback", prepare=_committed, script=ROLLBACK, base="copy"),
        Scenario(name="gVisor", prepare=_nothing, script=START, base="gvisor"),
        Scenario(name="gVisor, undone", prepare=_nothing, script=START, late=True, base="gvisor"),
        Scenario(name="microVM", prepare=_nothing, script=START, base="machine"),
        Scenario(name="microVM, undone", prepare=_nothing, script=START, late=True, base="machine"),
        Scenario(name="microVM, rollback", prepare=_committed, script=ROLLBACK, base="machine"),
        Scenario(name="apply", prepare=_entered, script=APPLY, base="apply", runner=True),
        Scenario(name="journal of a start", prepare=_nothing, script=START, journal=True),
        Scenario(name="journal of a rollback", prepare=_committed, script=ROLLBACK, journal=True),
    )
}


def enter(lane: Lane, scenario: Scenario) -> Inventory:
    """Brings the lane's host into the scenario's state, unless it is there; what it holds then."""
    state = f"{scenario.base} {scenario.prepare.__name__}"
    if lane.state != state or lane.baseline is None:
        must(lane, ROLLBACK, DATA)
        if harm := lane.harmed():
            raise LaneIsBroken(f"a rollback left somebody else's things otherwise than they were: {harm}")
        lane.base = scenario.base
        scenario.prepare(lane)
        lane.state, lane.baseline = state, lane.engine.inventory()
    return lane.baseline


def data_is_there(lane: Lane, scenario: Scenario) -> bool:
    """Whether the workspace has what was written into it, and the project is untouched."""
    if lane.base in ("copy", "machine") and digest_of(lane.folder / "project") != lane.project:
        return False
    if scenario.prepare is _nothing or scenario.script == ROLLBACK:
        return True
    return MARK.encode() in lane.workspace.read_bytes()


def faults_of(lane: Lane, scenario: Scenario) -> Iterator[Fault]:
    """Every fault of a scenario, found by counting runs."""
    if scenario.journal:
        yield from faults_in_calls(scenario.name, scenario.script, _journal_calls(lane, scenario))
        return
    if scenario.script == APPLY:
        enter(lane, scenario)
        applying.edit(lane)
    plain = count(lane, scenario)
    done = sorted({p.script for p in plain if p.script.startswith(scenario.only) and p.script.endswith("/do.sh")})
    if scenario.late:
        for script in done:
            undo = script.replace("do.sh", "undo.sh")
            points = count(lane, scenario, late=script)
            for start in by_start([point for point in points if point.script == undo]):
                yield from faults_at(scenario.name, start)
        return
    steps = {script.rpartition("/")[0] for script in done}
    for start in by_start(plain):
        script = start[0].script
        # Of a step that is kept, and of the scripts above the steps, one state is enough.
        undone = script.startswith(scenario.only) and script.endswith("undo.sh")
        if script.rpartition("/")[0] in steps or undone or scenario.runner:
            yield from faults_at(scenario.name, start)
    if scenario.script == APPLY:
        enter(lane, scenario)
        yield from applying.faults_of_program(lane, scenario.name, plain)


def _journal_calls(lane: Lane, scenario: Scenario) -> list[str]:
    enter(lane, scenario)
    lane.clear()
    lane.state = ""
    if lane.injected(scenario.script, {}, *scenario.args, under=lane.journal_traced()) != 0:
        raise LaneIsBroken((lane.folder / "last.log").read_text())
    return [line.partition("(")[0] for line in (lane.faults / "strace").read_text().splitlines()]


def count(lane: Lane, scenario: Scenario, late: str = "") -> list[Point]:
    """The points that a run comes by which nothing strikes."""
    enter(lane, scenario)
    lane.clear()
    counted = late.replace("do.sh", "undo.sh") or ("*" if scenario.runner else "steps/*")
    code = lane.injected(scenario.script, {"FAULT_COUNT": counted, "FAULT_LATE": late or "none"}, *scenario.args)
    if code != (1 if late else 0):
        raise LaneIsBroken(f"a run without a fault ended with {code}: {(lane.folder / 'last.log').read_text()}")
    if not late:
        lane.state = ""
    return points_in(lane.faults)
