"""`start.sh` against plain Compose on the same bundle, and what a 20G workspace costs the host."""

import os
import subprocess
import sys
from pathlib import Path

from bench.measure import Contender, Row, command, passed, race

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


def inspected(kind: str, name: str, template: str) -> str:
    """One fact that the engine knows. Raises CalledProcessError when the object is not there."""
    words = ("docker", kind, "inspect", "--format", template, name)
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def compose_surroundings() -> dict[str, str]:
    """What the runner tells Compose, read off the container that the runner started."""
    labels = inspected("container", NAME, '{{index .Config.Labels "gen.instance"}}')
    volume = inspected("container", NAME, "{{range .Mounts}}{{if .Name}}{{.Name}}{{end}}{{end}}")
    network = inspected("container", NAME, "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}")
    # Each state of a sandbox is a project of its own; Compose reads its name from here too.
    project = inspected("container", NAME, '{{index .Config.Labels "com.docker.compose.project"}}')
    local = inspected("container", NAME, '{{index .Config.Labels "gen.local"}}')
    return {
        **os.environ,
        "COMPOSE_PROJECT_NAME": project,
        "GEN_LOCAL": local,
        "GEN_INSTANCE": labels,
        "GEN_VOLUME_NAME": volume,
        "GEN_NETWORK_NAME": network,
    }


def allocated(bundle: Path) -> int:
    """The bytes that the workspace's disk image really takes."""
    return sum(image.stat().st_blocks * 512 for image in (bundle / "storage").glob("*.img"))


def start_rows(bundle: Path) -> list[Row]:
    """Times start.sh and Compose in turns, from a stopped sandbox to a healthy one; then start.sh on a running one."""
    start = (bundle / "scripts" / "start.sh",)
    command(start)
    surroundings = compose_surroundings()

    def compose(*words: str) -> None:
        command(("docker", "compose", "--file", bundle / "compose.yaml", *words), cwd=bundle, env=surroundings)

    def leave_the_rest_up() -> None:
        command(start)
        compose("down")

    turns = race(
        (
            Contender(
                name="start.sh", prepare=lambda: command((bundle / "scripts" / "stop.sh",)), run=lambda: command(start)
            ),
            Contender(name="compose", prepare=leave_the_rest_up, run=lambda: compose("up", "--detach", "--wait")),
        ),
        rounds=ROUNDS,
    )
    again = race((Contender(name="again", prepare=lambda: None, run=lambda: command(start)),), rounds=ROUNDS)
    runner, compose_alone, already = passed(turns["start.sh"]), passed(turns["compose"]), passed(again["again"])
    ratio = runner / compose_alone
    return [
        Row(what="start.sh, image built", measured=f"{runner:.2f} s"),
        Row(what="docker compose up -d --wait", measured=f"{compose_alone:.2f} s"),
        Row(what="start.sh / compose", measured=f"{ratio:.2f}", goal="≤ 1.15", met=ratio <= GOAL_START),
        Row(what="start.sh, when it runs", measured=f"{already:.2f} s", goal="≤ 0.5 s", met=already <= GOAL_AGAIN),
    ]


def on_the_engine(work: Path) -> list[Row]:
    """Builds a sandbox of its own, measures, and rolls it back with its data."""
    profile, bundle = work / "bench.yaml", work / "bundle"
    profile.write_text(PROFILE, encoding="utf-8")
    command((Path(sys.executable).parent / "gen", "bundle", "--profile", profile, "--out", bundle))
    try:
        command((bundle / "scripts" / "start.sh",))
        taken = allocated(bundle)
        size = Row(
            what="20G workspace, on the host's disk",
            measured=f"{taken / 1e6:.1f} MB",
            goal="< 8 MB",
            met=0 < taken < GOAL_ALLOCATED,
        )
        return [*start_rows(bundle), size]
    finally:
        command((bundle / "rollback.sh", "--yes", "--delete-data"))
