"""A fake bundle: scripts that only tell events and print, as a real one's would. Nothing is made or undone."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

from generator.execute.registry import register

GEN = (sys.executable, "-m", "generator")
RUN = "20261122T031000Z-4711"
TITLES = (("10-runs", "It runs"), ("12-safe", "It is safe"))
STEPS = (("10-look", "Look at the host"), ("20-make", "Make the image"), ("30-begin", "Begin the sandbox"))

# What every fake script begins with: `emit EVENT STEP [FIELDS]` as the runner's own.
PREAMBLE = f"""\
emit() {{
    [ -n "${{GEN_EVENTS:-}}" ] || return 0
    local title=fake
    case $2 in
    10-look) title='Look at the host' ;;
    20-make) title='Make the image' ;;
    30-begin) title='Begin the sandbox' ;;
    esac
    printf '{{"schema":1,"time":"2026-11-22T03:10:00Z","run":"{RUN}","event":"%s","step":"%s","title":"%s"%s}}\\n' \\
        "$1" "$2" "$title" "${{3:-}}" >>"$GEN_EVENTS"
}}
"""

UP = """\
echo 'Starting the sandbox fake'
emit run-started -
emit verifying 10-look; emit kept 10-look; echo '  ✓ Look at the host (holds)'
emit verifying 20-make; emit doing 20-make; emit 'done' 20-make; echo '  ✓ Make the image'
emit verifying 30-begin; emit doing 30-begin; emit 'done' 30-begin; echo '  ✓ Begin the sandbox'
echo 'The sandbox fake runs.'
emit run-ended - ',"result":"committed","failed_step":"-"'
echo 'gen: result=committed run=x failed_step=-'
"""

FAILING = """\
emit run-started -
emit verifying 20-make; emit doing 20-make
emit failed 20-make ',"log":".state/logs/x/20-make.do.log"'
echo 'error: step 20-make failed' >&2
emit undoing 20-make; emit undone 20-make; echo '  ↩ Make the image'
emit undoing 10-look; emit left 10-look ',"log":".state/logs/x/10-look.undo.log"'
emit run-ended - ',"result":"residue","failed_step":"20-make"'
echo 'gen: result=residue run=x failed_step=20-make'
exit 3
"""

ENDED = """\
emit run-started -
echo "ended $*"
emit run-ended - ',"result":"ok"'
"""

ASKING = """\
echo "rollback $*"
[ -t 0 ] && [ -t 1 ] && read -r -p 'Go on? ' answer && echo "said $answer"
exit 0
"""

CHECKS = """\
tell() {
    local form='{"schema":1,"event":"check","check":"%s","number":%s,"title":"%s","result":"%s","says":[%s]}\\n'
    [ -z "${GEN_EVENTS:-}" ] || printf "$form" "$@" >>"$GEN_EVENTS"
}
echo "TAP version 13 $*"
echo 'ok 1 - It runs'
tell 10-runs 1 'It runs' holds ''
echo 'not ok 2 - It is safe'
echo '# because'
tell 12-safe 2 'It is safe' does-not-hold '"because"'
exit 1
"""

EFFECTS = '{"engine":["the image"],"host_files":[],"network":[],"root":"none","irreversible":null}'
NONE = '{"engine":[],"host_files":[],"network":[],"root":"none","irreversible":null}'
PLAN = f"""\
[ "${{1:-}}" = --json ] || {{ echo "the plan $*"; echo 'gen: result=ok run=- failed_step=-'; exit; }}
cat <<'END'
{{"schema":1,"name":"fake","hash":"{"a1" * 32}","open_run":"x-1","undo_first":["20-make"],"steps":[
{{"step":"10-look","title":"Look at the host","state":"kept","says":[],"effects":{NONE}}},
{{"step":"20-make","title":"Make the \\u001b[31mimage","state":"do","says":["[bold]not there"],"effects":{EFFECTS}}}],
"rollback":{{"undoes":[],"workspace":"storage/w.img","workspace_bytes":1048576,"newest_copy":null,
"lost_outside_workspace":true,"repositories":[{{"folder":"/workspace/r","changes":2,"commits":null}}]}}}}
END
echo 'gen: result=ok run=- failed_step=-' >&2
"""

SCRIPTS = {
    "scripts/start.sh": UP,
    "scripts/plan.sh": PLAN,
    "scripts/stop.sh": ENDED,
    "scripts/status.sh": "echo 'fake: running'; exit 1",
    "scripts/recover.sh": ENDED,
    "scripts/connect.sh": 'printf "<%s>" "$@"; cat; exit 7',
    "scripts/ps.sh": 'echo ps "$@"; exit 6',
    "scripts/logs.sh": 'echo logs "$@"; exit 6',
    "scripts/prune.sh": 'echo prune "$@"',
    "scripts/kill.sh": 'echo kill "$@"; exit 6',
    "rollback.sh": ASKING,
    "test-setup.sh": CHECKS,
}


def fake_plan(name: str | None = None) -> dict[str, object]:
    """What the plan.json of a fake bundle holds."""
    steps = [{"dir": f"steps/{step}", "title": title, "effects": json.loads(NONE)} for step, title in STEPS]
    return {
        **({} if name is None else {"name": name}),
        "steps": steps,
        "checks": [{"file": f"checks/{check}.sh", "title": title} for check, title in TITLES],
    }


def fake_bundle(folder: Path, *, registered: bool = True, **changed: str) -> Path:
    """Writes a fake bundle, as gen does for its user; a keyword such as `start` gives that script another body."""
    folder.mkdir(parents=True)
    (folder / "MANIFEST.sha256").write_text("", "utf-8")
    (folder / "plan.json").write_text(json.dumps(fake_plan()), "utf-8")
    for path, body in SCRIPTS.items():
        script = folder / path
        script.parent.mkdir(exist_ok=True)
        body = changed.get(script.stem.replace("-", "_"), body)
        script.write_text(f"#!/usr/bin/env bash\n{PREAMBLE}{textwrap.dedent(body)}", "utf-8")
    for step, title in STEPS:
        (folder / "steps" / step).mkdir(parents=True)
        (folder / "steps" / step / "step.conf").write_text(f"id={step}\ntitle={title}\nhint=df -h\n", "utf-8")
    if registered:
        register(folder)
    return folder


def gen(here: Path, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process of its own, with neither terminal nor colour settings of ours."""
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "GEN_EVENTS", "TERM")}
    return subprocess.run(
        (*GEN, *words),
        cwd=here,
        input=stdin,
        capture_output=True,
        text=True,
        env={**kept, "TERM": "xterm", **env},
        timeout=600,
        check=False,
    )


def events(text: str) -> list[str]:
    """The names of the events that a JSON output holds; every line must be one."""
    return [json.loads(line)["event"] for line in text.splitlines()]


def journal(bundle: Path, *records: tuple[str, str, str], run: str = RUN) -> None:
    """Appends records (event, step, scope) to a fake bundle's journal."""
    state = bundle / ".state"
    (state / "logs" / run).mkdir(parents=True, exist_ok=True)
    with (state / "journal.jsonl").open("a", encoding="utf-8") as file:
        for number, (event, step, scope) in enumerate(records, 1):
            time = f"2026-11-22T03:10:{number:02}Z"
            record = {"seq": number, "time": time, "run": run, "event": event, "step": step, "scope": scope, "sum": 1}
            file.write(json.dumps(record) + "\n")


def log(bundle: Path, name: str, lines: Iterable[str], run: str = RUN) -> Path:
    """Writes a log of a run."""
    path = bundle / ".state" / "logs" / run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def named(folder: Path, project: Path) -> None:
    """What scripts/start.sh writes down once nothing refuses the start."""
    (folder / "local").mkdir(exist_ok=True)
    (folder / "local/project").write_text(f"{project}\n", "utf-8")


def copied(folder: Path, project: Path) -> None:
    """What is written down once there is a copy, and goes with it."""
    (folder / ".state/project").mkdir(parents=True, exist_ok=True)
    (folder / ".state/project/settings.json").write_text(json.dumps({"project": str(project)}), "ascii")
