"""The faults of a bundle, found by running it: every command of every script is a point, and has its kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READERS = {
    *("awk", "cat", "cksum", "cut", "date", "df", "dirname", "basename", "du", "grep", "head", "id", "od"),
    *("printenv", "ps", "readlink", "sed", "sha256sum", "sleep", "sort", "tail", "tr", "true", "uname", "wc"),
}
"""Programs that change nothing on this host."""

QUESTION = re.compile(r"docker (ps|images|info|version|inspect|logs|(image |volume |network )(ls|inspect))\b")
"""What asks the engine, and changes nothing there."""

WRITING = "write,pwrite64,fsync,ftruncate,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
CLIENT_WRITES = (1, 2, 3, 5, 8)
"""At which of its writes a docker client is killed: before it asks, after it has asked, while it is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One command: the `at`-th of the `nth` start of a script in a run."""

    script: str
    nth: int
    at: int
    kind: str
    command: str

    @property
    def program(self) -> str:
        """The program that the command starts; empty when it starts none."""
        return self.command.split(" ")[0] if self.kind == "program" else ""

    @property
    def changes(self) -> bool:
        """Whether the host may be another one after it: between two such commands a kill leaves the same behind."""
        if self.program == "docker":
            return not QUESTION.match(self.command)
        return self.kind == "write" or (self.kind == "program" and self.program not in READERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens at a point of a scenario. `inject` is what strace does to the system calls of that command."""

    scenario: str
    point: Point
    kind: str
    inject: str = ""

    @property
    def place(self) -> tuple[str, str, int, int, str, str]:
        """What tells it from any other."""
        return self.scenario, self.point.script, self.point.nth, self.point.at, self.kind, self.inject


def points_in(folder: Path) -> list[Point]:
    """The points that a counting run has written down, in the order of the scripts' names and of time."""
    found = []
    for file in sorted(folder.glob("*.points")):
        script, _, nth = file.stem.replace(",", "/").rpartition("/")
        for line in file.read_text(errors="replace").rstrip("\n").split("\n"):
            # A command may go over several lines; its first one says enough.
            if match := re.fullmatch(r"(\d+) (-|program|write) (.*)", line):
                at, kind, command = match.groups()
                found.append(Point(script=script, nth=int(nth), at=int(at), kind=kind, command=command))
    return sorted(found, key=lambda point: (point.script, point.nth, point.at))


def faults_at(scenario: str, points: list[Point]) -> Iterator[Fault]:
    """Every fault of one start of a script."""
    last = points[-1]
    for point in points:
        if point.changes or point is last:
            yield Fault(scenario=scenario, point=point, kind="kill")
        if point.program and point.program != "dirname":
            yield Fault(scenario=scenario, point=point, kind="fail")
        if point.program == "docker":
            yield Fault(scenario=scenario, point=point, kind="daemon")
            for write in CLIENT_WRITES if point.changes else CLIENT_WRITES[1:2]:
                yield _injected(scenario, point, "client", f"write:signal=SIGKILL:when={write}")
            yield _injected(scenario, point, "EIO", "write,connect:error=EIO")
        elif point.changes and point.program:
            yield _injected(scenario, point, "ENOSPC", f"{WRITING}:error=ENOSPC")
            yield _injected(scenario, point, "EIO", f"{WRITING}:error=EIO")
    if last.script.endswith(("/do.sh", "/verify.sh")):
        yield Fault(scenario=scenario, point=points[len(points) * 3 // 4], kind="hang")


def faults_in_calls(scenario: str, script: str, calls: list[str]) -> Iterator[Fault]:
    """The faults of the system calls by which a runner writes its journal, in the order of time."""
    for number, name in enumerate(calls, 1):
        nth = calls[:number].count(name)
        point = Point(script=script, nth=nth, at=number, kind="syscall", command=name)
        yield _injected(scenario, point, "kill", f"{name}:signal=SIGKILL:when={nth}")
        if name in ("openat", "write"):
            yield _injected(scenario, point, "ENOSPC", f"{name}:error=ENOSPC:when={nth}")
            yield _injected(scenario, point, "EIO", f"{name}:error=EIO:when={nth}")


def _injected(scenario: str, point: Point, kind: str, inject: str) -> Fault:
    return Fault(scenario=scenario, point=point, kind=kind, inject=inject)


def by_start(points: list[Point]) -> Iterator[list[Point]]:
    """The points of each start of each script."""
    starts: dict[tuple[str, int], list[Point]] = {}
    for point in points:
        starts.setdefault((point.script, point.nth), []).append(point)
    yield from starts.values()
