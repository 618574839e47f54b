"""`start.sh` and `rollback.sh` against plain Compose on an equal sandbox, and what a 20G workspace costs the host."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Contender, Row, command, passed, race, ratios

ROUNDS = 5
GOAL_START = 1.15
GOAL_AGAIN = 0.5
GOAL_ALLOCATED = 8 * 1000 * 1000
NAME = "gen-bench"
# Small in what is built, since the build is not timed; whole in what is started. Overcommit: 20G are never filled here.
PROFILE = f"""\
extends: dev-mirror
name: {NAME}
agent: {{name: none}}
image: {{node: none, packages: []}}
storage: {{size: 20G, overcommit: true}}
"""


def output_of(*words: str | Path, env: dict[str, str] | None = None) -> str:
    """What a program prints. Raises CalledProcessError when it fails."""
    return subprocess.run(words, capture_output=True, text=True, check=True, env=env).stdout.strip()


def inspected(template: str) -> str:
    """One fact that the engine knows of the sandbox's container."""
    return output_of("docker", "container", "inspect", "--format", template, NAME)


def compose_surroundings() -> dict[str, str]:
    """What the runner tells Compose, read off the container that the runner started."""
    return {
        **os.environ,
        # Each state of a sandbox is a project of its own; Compose reads its name from here too.
        "COMPOSE_PROJECT_NAME": inspected('{{index .Config.Labels "com.docker.compose.project"}}'),
        "GEN_LOCAL": inspected('{{index .Config.Labels "gen.local"}}'),
        "GEN_INSTANCE": inspected('{{index .Config.Labels "gen.instance"}}'),
        "GEN_VOLUME_NAME": inspected("{{range .Mounts}}{{if .Name}}{{.Name}}{{end}}{{end}}"),
        "GEN_NETWORK_NAME": inspected("{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}"),
    }


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A bundle, and what Compose must be told to do the same with it."""

    bundle: Path
    surroundings: dict[str, str]

    def start(self) -> None:
        """Through the bundle's runner."""
        command((self.bundle / "scripts" / "start.sh",))

    def stop(self) -> None:
        """The container and the loop device; all else stays."""
        command((self.bundle / "scripts" / "stop.sh",))

    def back(self) -> None:
        """All of it, the data too."""
        command((self.bundle / "rollback.sh", "--yes", "--delete-data"))

    def compose(self, *words: str) -> None:
        """Compose alone on the bundle's own file."""
        command(
            ("docker", "compose", "--file", self.bundle / "compose.yaml", *words),
            cwd=self.bundle,
            env=self.surroundings,
        )

    def alone(self, *words: str) -> None:
        """Compose alone on an equal sandbox, whose volume and network are Compose's own, so that it takes them away."""
        file = self.bundle / ".state" / "alone.json"
        if not file.exists():
            config = ("docker", "compose", "--file", self.bundle / "compose.yaml", "config", "--format", "json")
            equal = json.loads(output_of(*config, env=self.surroundings))
            equal |= {"name": f"{NAME}-alone", "volumes": {"workspace": {}}, "networks": {"sandbox": {}}}
            equal["services"]["sandbox"]["container_name"] = f"{NAME}-alone"
            del equal["services"]["sandbox"]["labels"]  # they would make it the bundle's
            file.write_text(json.dumps(equal), encoding="utf-8")
        command(("docker", "compose", "--project-directory", self.bundle, "--file", file, *words))


def start_rows(sandbox: Sandbox) -> list[Row]:
    """Times start.sh and Compose in turns, from a stopped sandbox to a healthy one."""

    def leave_the_rest_up() -> None:
        sandbox.start()
        sandbox.compose("down")

    turns = race(
        (
            Contender(name="start.sh", prepare=sandbox.stop, run=sandbox.start),
            Contender(
                name="compose", prepare=leave_the_rest_up, run=lambda: sandbox.compose("up", "--detach", "--wait")
            ),
        ),
        rounds=ROUNDS,
    )
    ratio, _ = ratios(turns["start.sh"], turns["compose"])
    return [
        Row(what="start.sh, image built", measured=f"{passed(turns['start.sh']):.2f} s"),
        Row(what="docker compose up -d --wait", measured=f"{passed(turns['compose']):.2f} s"),
        Row(what="start.sh / compose", measured=f"{ratio:.2f}", goal="≤ 1.15", met=ratio <= GOAL_START),
    ]


def again_rows(sandbox: Sandbox) -> list[Row]:
    """Times both on a sandbox that runs: neither has anything to do but to look."""
    sandbox.start()
    before = inspected("{{.Id}}")
    turns = race(
        (
            Contender(name="start.sh", prepare=lambda: None, run=sandbox.start),
            Contender(name="compose", prepare=lambda: None, run=lambda: sandbox.compose("up", "--detach", "--wait")),
        ),
        rounds=2 * ROUNDS,
    )
    if inspected("{{.Id}}") != before:
        raise RuntimeError("one of them made the container anew: it did not find it running")
    already = passed(turns["start.sh"])
    ratio, _ = ratios(turns["start.sh"], turns["compose"])
    return [
        Row(what="start.sh, when it runs", measured=f"{already:.2f} s", goal="≤ 0.5 s", met=already <= GOAL_AGAIN),
        Row(what="docker compose up -d --wait, when it runs", measured=f"{passed(turns['compose']):.2f} s"),
        Row(what="when it runs, start.sh / compose", measured=f"{ratio:.2f}"),
    ]


def back_rows(sandbox: Sandbox) -> list[Row]:
    """Times a whole rollback against `docker compose down -v`, each from a running sandbox.

    They do not do the same: Compose stops the container and leaves the image. The rollback takes the image too, and the
    loop device and the disk image, each step asked whether it is gone, and looks at the whole host at the end.
    """
    base = re.search(r"^GEN_BASE_REF=(\S+)$", (sandbox.bundle / "lib" / "settings.sh").read_text("utf-8"), re.MULTILINE)
    if base is None:
        raise RuntimeError("lib/settings.sh names no base image")
    # A rollback takes the base image away, and to make it takes long: under a name of ours it stays, and is lent.
    kept = f"kept-for-{NAME}:base"
    command(("docker", "tag", base[1], kept))

    def runs() -> None:
        command(("docker", "tag", kept, base[1]))
        sandbox.start()

    def alone_runs() -> None:
        runs()
        sandbox.alone("up", "--detach", "--wait")

    try:
        turns = race(
            (
                Contender(name="rollback", prepare=runs, run=sandbox.back),
                Contender(name="compose", prepare=alone_runs, run=lambda: sandbox.alone("down", "--volumes")),
            ),
            rounds=ROUNDS,
        )
    finally:
        command(("docker", "rmi", "--no-prune", kept))
    ratio, _ = ratios(turns["rollback"], turns["compose"])
    return [
        Row(what="rollback.sh --delete-data", measured=f"{passed(turns['rollback']):.2f} s"),
        Row(what="docker compose down -v", measured=f"{passed(turns['compose']):.2f} s"),
        Row(what="rollback.sh / compose down -v", measured=f"{ratio:.2f}"),
    ]


def size_row(bundle: Path) -> Row:
    """The bytes that the workspace's disk image really takes."""
    taken = sum(image.stat().st_blocks * 512 for image in (bundle / "storage").glob("*.img"))
    return Row(
        what="20G workspace, on the host's disk",
        measured=f"{taken / 1e6:.1f} MB",
        goal="< 8 MB",
        met=0 < taken < GOAL_ALLOCATED,
    )


def on_the_engine(work: Path) -> list[Row]:
    """Builds a sandbox of its own, measures, and rolls it back with its data."""
    profile, bundle = work / "bench.yaml", work / "bundle"
    profile.write_text(PROFILE, encoding="utf-8")
    command((Path(sys.executable).parent / "gen", "bundle", "--profile", profile, "--out", bundle))
    try:
        command((bundle / "scripts" / "start.sh",))
        sandbox = Sandbox(bundle, compose_surroundings())
        return [size_row(bundle), *start_rows(sandbox), *again_rows(sandbox), *back_rows(sandbox)]
    finally:
        command((bundle / "rollback.sh", "--yes", "--delete-data"))
