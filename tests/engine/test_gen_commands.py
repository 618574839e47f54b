"""The commands of `gen` on a real sandbox: each does what its script does, and ends with the script's exit code."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.engine.conftest import Bundle, MakeBundle, run


def gen(bundle: Bundle, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command on that bundle, called from the folder above it."""
    command, *rest = words
    return run("gen", command, bundle.path.name, *rest, check=check, cwd=bundle.path.parent)


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def steps_of(bundle: Bundle) -> list[str]:
    return [Path(step["dir"]).name for step in json.loads((bundle.path / "plan.json").read_text("utf-8"))["steps"]]


def test_a_whole_life_with_gen(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    steps = steps_of(bundle)
    assert gen(bundle, "status", check=False).returncode == 1
    assert gen(bundle, "exec", "--", "true", check=False).returncode == 4

    first = events(gen(bundle, "up", "--json"))
    assert first[0]["event"] == "run-started"
    assert first[-1] == {"event": "exit", "code": 0}
    assert first[-2]["result"] == "committed"
    assert [event["step"] for event in first if event["event"] in ("kept", "done")] == steps

    again = gen(bundle, "up")
    assert [line for line in again.stdout.splitlines() if line.endswith("(holds)")]
    assert "result=unchanged" in again.stdout
    assert "running, healthy" in gen(bundle, "status").stdout

    assert gen(bundle, "exec", "--", "sh", "-c", "echo in; exit 7", check=False).returncode == 7
    gen(bundle, "exec", "--", "sh", "-c", "echo kept >file")
    checks = events(gen(bundle, "test", "--json", check=False))
    assert {event["result"] for event in checks if event["event"] == "check"} == {"holds"}, checks

    gen(bundle, "down", "-q")
    assert gen(bundle, "status", check=False).returncode == 1
    assert ": committed" in gen(bundle, "log").stdout
    gen(bundle, "up")
    assert gen(bundle, "exec", "--", "cat", "file").stdout == "kept\n"
    assert gen(bundle, "recover", "--json").stdout.endswith('{"event":"exit","code":0}\n')

    back = events(gen(bundle, "rollback", "--yes", "--json"))
    assert back[-2]["result"] == "rolled-back"
    assert next(event["step"] for event in back if event["event"] == "undone") == steps[-1]
    assert list((bundle.path / "storage" / "kept").glob("*.img"))
    assert gen(bundle, "log", "--json").stdout.startswith("{")
    assert run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{bundle.name}$").stdout == ""


def test_ctrl_c_in_a_real_run_rolls_back(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    process = subprocess.Popen(
        ("gen", "up", str(bundle.path), "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if '"event":"doing"' in line and "-image" in line:
            break
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 1, out + errors
    assert "SIGINT was passed on" in errors
    assert json.loads(out.splitlines()[-2])["result"] == "rolled-back"
    assert f"run {json.loads(out.splitlines()[0])['run']}: rolled back" in gen(bundle, "log").stdout
