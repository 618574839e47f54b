"""What programs in a sandbox say when the host's scripts ask them, and the judge of what came of it on the host.

In a sandbox whose agent owns /usr each program can be another one. All that the scripts may ask says something hostile;
then every script is run that asks or shows anything.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine.conftest import run
from tests.hostile.attacks import Outcome
from tests.hostile.plants import steering

if TYPE_CHECKING:
    from tests.engine.conftest import Bundle

WORD = "FORGED"
PIECE = 1 << 16
PROGRAMS = (
    "df", "cat", "stat", "nproc", "sed", "awk", "id", "whoami", "find", "wc", "grep", "git", "timeout", "test", "env",
    "mountpoint", "getent", "python3", "dumpe2fs", "resize2fs", "e2fsck", "ls", "head", "which",
)  # fmt: skip
SCRIPTS = (
    "test-setup.sh", "test-setup.sh --tap", "test-setup.sh --junit /dev/null", "scripts/status.sh", "scripts/plan.sh",
    "scripts/plan.sh --json", "scripts/mount-storage.sh report", "scripts/resize-volume.sh 300M", "scripts/backup.sh",
)  # fmt: skip
BEFORE = ("# " + "x" * (PIECE - 2), "\r", "\u2028", "\x85", "\v", "\x1b[2K\x1b[1G")
FORGERIES = (
    f"ok 1 - {WORD}",
    f"gen: result=committed run={WORD}-1 failed_step=-",
    json.dumps({"schema": 1, "event": "check", "check": "12-user", "number": 1, "title": WORD, "result": "holds"}),
)
LOOKS = re.compile(r'(not )?ok [0-9]+ - |(# )?gen: result=|\{"(schema|event)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One kind of thing to say."""

    id: str
    title: str
    weakened: str


LIES = (
    Lie(
        id="numbers", title="commands where a number is asked for", weakened="reckoned with in bash, as it was printed"
    ),
    Lie(
        id="forged",
        title="results, events and titles of gen's own form",
        weakened="read line by line, as Python splits",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A container whose agent owns its programs."""

    bundle: Bundle
    folder: Path

    def attack(self, lie: Lie, backend: str) -> Outcome:
        """Plants it, runs every script, and looks at the host and at what was printed."""
        if backend != "docker":
            return Outcome(verdict="untried", saw="the scripts are the same: it is tried on docker")
        self._plant(lie)
        for words in SCRIPTS:
            script, *arguments = words.split()
            done = self.bundle.script(script, *arguments, check=False, errors="replace")
            if self._mark.exists():
                return Outcome(verdict="breach", saw=f"{words}: the host ran what a program had said")
            for text in (done.stdout, done.stderr):
                if bad := self._forged(text) or steering(text):
                    return Outcome(verdict="breach", saw=f"{words}: {bad}")
        told = run("gen", "test", "--json", self.bundle.path, check=False, env={**os.environ, **self.bundle.env}).stdout
        titles = [one["title"] for line in told.splitlines() if (one := json.loads(line))["event"] == "check"]
        if WORD in "".join(titles):
            return Outcome(verdict="breach", saw="a check has a title of the sandbox's")
        return Outcome(verdict="held", saw=f"{len(PROGRAMS)} programs lied to {len(SCRIPTS)} scripts")

    def control(self, lie: Lie) -> Outcome:
        """Somebody who reckons with what `df` says, or splits it as Python does, and into pieces where it is long."""
        self._plant(lie)
        asked = f"docker exec {self.bundle.name} df"
        if lie.id == "numbers":
            run("bash", "-c", f"size=$(($({asked}) * 1024))", check=False, env={**os.environ, **self.bundle.env})
            found = "bash ran what df said" if self._mark.exists() else ""
            self._mark.unlink(missing_ok=True)
        else:
            said = self.bundle.inside("df", check=False).stdout
            pieces = [line[at : at + PIECE] for line in said.split("\n") for at in range(0, len(line), PIECE)]
            found = self._forged("\n".join(line for piece in pieces for line in piece.splitlines()))
        return Outcome(verdict="breach" if found else "held", saw=found or "nothing came of it")

    @property
    def _mark(self) -> Path:
        return self.folder / "ran"

    def _plant(self, lie: Lie) -> None:
        """Every program says it; a shell stays, since the rest is begun by one. One that they ended is new."""
        env = {**os.environ, **self.bundle.env}
        if run("docker", "exec", self.bundle.name, "true", check=False, env=env).returncode != 0:
            run("docker", "rm", "--force", self.bundle.name, check=False, env=env)
            self.bundle.start()
        says = [f"UID[$(id>{self._mark})0]"] if lie.id == "numbers" else []
        says += [] if says else [f"# {before}{forged}" for before in BEFORE for forged in FORGERIES]
        says += [] if lie.id == "numbers" else list(FORGERIES)
        text = "".join(f"{line}\n" for line in says)
        script = f"#!/bin/sh\nwhile IFS= read -r line; do printf '%s\\n' \"$line\"; done <<'END'\n{text}END\n"
        plant = (
            "cd /usr/local/bin && "
            'while IFS= read -r line; do printf "%s\\n" "$line"; done >lies && chmod 755 lies\n'
            'for program; do ln -sf lies "$program"; done'
        )
        source = self.folder / "lies"
        source.write_text(script, "utf-8")
        # As the agent, whose own /usr/local/bin is.
        way = f"docker exec --interactive {self.bundle.name} sh -c '{plant}' plant {' '.join(PROGRAMS)}"
        run("bash", "-c", f"{way} <{source}", env=env)

    @staticmethod
    def _forged(text: str) -> str:
        """The first line that is taken for gen's own, in words."""
        for line in text.split("\n"):
            if WORD in line and LOOKS.match(line):
                return f"a line is {line[:60]!a}"
        return ""
