"""The plan on a real engine: looking changes nothing, and what was approved is what is done."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.engine.conftest import Bundle, Inventory, MakeBundle, bundle_maker, inventory, run
from tests.engine.struck import killed_in
from tests.engine.test_safe import make_project

DEAD = {"DOCKER_HOST": "unix:///nonexistent.sock"}


def folder(bundle: Bundle) -> list[tuple[object, ...]]:
    """Every name in the bundle's folder with number, mode, size and times, but for when it was read."""
    found = []
    for path in sorted((bundle.path, *bundle.path.rglob("*"))):
        seen = path.lstat()
        # The kernel writes to the image whenever it likes.
        written = () if path.suffix == ".img" else (seen.st_mtime_ns, seen.st_ctime_ns)
        found.append((str(path), seen.st_ino, seen.st_mode, seen.st_size, *written))
    return found


def surroundings(bundle: Bundle) -> Inventory:
    """The engine, the mounts, and this bundle's own loop devices: those of others come and go while we look."""
    name = bundle.path / ".state" / "instance"
    own = name.read_text("utf-8").strip() if name.exists() else "no instance"
    found = inventory()
    return replace(found, loops=frozenset(loop for loop in found.loops if own in loop))


def plan(bundle: Bundle, code: int = 0, **env: str) -> dict[str, Any]:
    """The plan as data. Neither the folder nor the engine nor the kernel holds anything else afterwards."""
    before, around = folder(bundle), surroundings(bundle)
    done = run(bundle.path / "scripts/plan.sh", "--json", check=False, cwd="/", env={**os.environ, **env})
    assert done.returncode == code, done.stderr
    assert folder(bundle) == before
    assert surroundings(bundle) - around == {}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def states(found: dict[str, Any]) -> set[str]:
    return {step["state"] for step in found["steps"] if step["step"] not in ("10-preflight", "30-base-image")}


def test_a_plan_is_shown_approved_run_and_shown_again(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("image.packages=[git]")
    first = plan(bundle)
    assert not (bundle.path / ".state").exists()
    assert states(first) == {"do"}
    assert first["rollback"]["workspace"] is None
    assert states(plan(bundle, 4, **DEAD)) == {"unknown"}

    approved = bundle.script("scripts/start.sh", "--approve", first["hash"])
    assert "result=committed" in approved.stdout
    refused = bundle.script("scripts/start.sh", "--approve", first["hash"], check=False)
    assert (refused.returncode, refused.stdout.splitlines()[-1]) == (4, "gen: result=refused run=- failed_step=plan")

    # A setting that has git run a program of the agent's own: it must not run for us, as whoever.
    bundle.inside("sh", "-c", "cd /workspace && git init -q r && cd r && echo x >f && ln -s f 'a b'")
    bundle.inside("git", "-C", "/workspace/r", "config", "core.fsmonitor", "touch /workspace/ran; false")
    second = plan(bundle)
    assert states(second) == {"kept"}
    assert second["rollback"]["repositories"] == [{"folder": "/workspace/r", "changes": 2, "commits": 0}]
    assert bundle.inside("test", "-e", "/workspace/ran", check=False).returncode == 1
    bundle.inside("git", "-C", "/workspace/r", "status")
    assert bundle.inside("test", "-e", "/workspace/ran", check=False).returncode == 0
    assert second["rollback"]["lost_outside_workspace"] is True
    image = bundle.image_file
    assert second["rollback"]["workspace"] == f"storage/{image.name}"
    assert 0 < second["rollback"]["workspace_bytes"] <= image.stat().st_blocks * 512
    assert second["rollback"]["newest_copy"] is None
    assert plan(bundle)["hash"] == second["hash"] != first["hash"]

    bundle.script("scripts/backup.sh")
    copy = plan(bundle)["rollback"]["newest_copy"]
    assert (bundle.path / copy["file"]).stat().st_size == copy["bytes"]


def test_a_plan_with_an_interrupted_run_undoes_it_first(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    killed_in(bundle, "70-network")
    record = json.loads((bundle.path / ".state/journal.jsonl").read_text("utf-8").splitlines()[0])
    found = plan(bundle)
    assert found["open_run"] == record["run"]
    assert found["undo_first"][:2] == ["70-network", "65-volume"]
    assert states(found) == {"do"}
    done = bundle.script("scripts/start.sh", "--approve", found["hash"])
    assert f"The last run ({record['run']}) was interrupted" in done.stdout
    assert states(plan(bundle)) == {"kept"}


def test_the_commands_of_the_plan_work_as_it_says(make_bundle: MakeBundle) -> None:
    """As an AI would that has the folder alone: each command as written, with what the one before it printed."""
    bundle = make_bundle()
    around, shown = surroundings(bundle), ""
    for action in json.loads((bundle.path / "plan.json").read_text("utf-8"))["commands"]:
        command = action["command"].replace("HASH", json.loads(shown)["hash"]) if "HASH" in action["command"] else ""
        done = run("bash", "-c", command or action["command"], cwd=bundle.path, check=False)
        assert done.returncode == 0, (action, done.stdout, done.stderr)
        assert "0" in action["exit_codes"]
        shown = done.stdout
        said = re.search(r"last line `([^`]*)`", action["output"])
        if action["output"] == "nothing":
            assert shown == ""
        elif said:
            last = re.escape(said[1]).replace("run=ID", r"run=\S+")
            assert re.search(f"{last}\n$", shown), (action, shown)
    events = (bundle.path / ".state/events.jsonl").read_text("utf-8").splitlines()
    assert json.loads(events[-1])["result"] == "committed"
    assert surroundings(bundle) - around == {}


def test_what_is_somebody_elses_is_named_before_it_is_moved_and_after(make_bundle: MakeBundle, base_image: str) -> None:
    bundle = make_bundle()
    name = bundle.name
    container = run("docker", "run", "--detach", "--name", name, base_image, "sleep", "1000").stdout.strip()
    try:
        run("docker", "network", "create", f"{name}-network")
        found = plan(bundle)
        assert found["moves"] == [
            {"kind": "container", "id": container, "state": "running", "name": name, "new_name": f"{name}-aside-ID"}
        ]
        assert found["names"] == [{"kind": "network", "wanted": f"{name}-network", "name": f"{name}-network-2"}]
        assert found["aside"] == []
        # Its state is part of what is approved.
        run("docker", "pause", container)
        refused = bundle.script("scripts/start.sh", "--approve", found["hash"], check=False)
        assert (refused.returncode, refused.stdout.splitlines()[-1]) == (
            4,
            "gen: result=refused run=- failed_step=plan",
        )
        run("docker", "unpause", container)

        done = bundle.script("scripts/start.sh", "--approve", found["hash"])
        number = (bundle.path / ".state/instance").read_text("utf-8").strip()
        aside = f"{name}-aside-{number}"
        before, after = done.stdout.split("Record what stands under our names")
        assert f"container {name} ({container[:12]}, running) is not ours: renamed to {aside}" in before
        assert f"container {name} is not ours: called {aside} until ./rollback.sh gives it back" in after
        said = bundle.script("scripts/status.sh").stdout
        assert f"called {aside} until ./rollback.sh gives it back" in said
        assert f"network {name}-network is not ours and is left alone: ours is called {name}-network-2" in said
        found = plan(bundle)
        assert (found["moves"], [one["new_name"] for one in found["aside"]]) == ([], [aside])
        bundle.rollback("--yes", "--delete-data")
        assert (
            run("docker", "inspect", "--format", "{{.Name}} {{.State.Status}}", container).stdout
            == f"/{name} running\n"
        )
    finally:
        bundle.rollback("--yes", "--delete-data", check=False)
        run("docker", "rm", "--force", container)
        run("docker", "network", "rm", f"{name}-network", check=False)


def test_a_plan_that_would_stop_says_why_and_its_exit_code_says_so(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("resources.cpus=900")
    (reason,) = plan(bundle, 4)["blocked"]
    assert reason["step"] == "10-preflight"
    assert "900 processors" in reason["what"]
    assert reason["fix"].startswith("gen bundle --profile ")
    assert bundle.start(check=False).returncode == 1


def test_what_the_choice_of_isolation_decides_may_be_done(tmp_path: Path, base_image: str) -> None:
    """Where qemu and /dev/kvm are: a microVM may be chosen, and if it is, more is done than was certain."""
    with bundle_maker(tmp_path, base_image, profile="safe") as make:
        bundle = make()
        (bundle.path / "local").mkdir()
        (bundle.path / "local/project").write_text(f"{make_project(tmp_path / 'project')}\n")
        found = {step["step"]: step for step in plan(bundle)["steps"]}
        would = found["45-isolation"]["would"]
        possible = not any(line.startswith("not microvm: ") for line in would)
        assert found["47-machine"]["state"] == ("may" if possible else "kept")
        assert found["50-storage"]["state"] == ("may" if possible else "do")
        assert any("decided at the start, by booting it" in line for line in would)
        # Whoever cannot have one knows it beforehand: nothing is left open then.
        away = tmp_path / "bin"
        away.mkdir()
        for program in Path("/usr/bin").iterdir():
            if not program.name.startswith("qemu-system"):
                (away / program.name).symlink_to(program)
        other = {step["step"]: step for step in plan(bundle, PATH=str(away))["steps"]}
        assert "not microvm: qemu-system-x86_64 is not installed" in other["45-isolation"]["would"]
        assert (other["47-machine"]["state"], other["50-storage"]["state"]) == ("kept", "do")
        done = bundle.script("scripts/start.sh", "--approve", plan(bundle)["hash"])
        assert "result=committed" in done.stdout
