"""`gen doctor` beside a real engine: what a killed run, a lost folder or a stopped engine leaves is found."""

import json
import os
from pathlib import Path
from typing import Any

from tests.engine.conftest import Bundle, MakeBundle, inventory, run
from tests.engine.struck import killed_in

OF_THIS_MACHINE = ("loop-orphan", "loop-held", "host-certificates", "host-proxy", "host-runsc")


def doctor(bundle: Bundle, *words: str, **env: str) -> tuple[int, list[dict[str, Any]], dict[str, str]]:
    """The exit code, what is not ok, and what became of each finding with --fix."""
    done = run(
        "gen", "doctor", bundle.path.name, "--json", *words,
        check=False, cwd=bundle.path.parent, env={**os.environ, **env},
    )  # fmt: skip
    assert done.stderr == ""
    data = json.loads(done.stdout)
    # Other sandboxes of this machine, and what it trusts, are no concern of a test.
    amiss = [row for row in data["findings"] if row["level"] != "ok" and row["id"] not in OF_THIS_MACHINE]
    mended = {row["id"]: row["result"] for row in data["mended"] or () if row["id"] not in OF_THIS_MACHINE}
    return done.returncode, amiss, mended


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_killed_run_is_found_and_undone(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    assert doctor(bundle)[:2] == (0, [])
    before = inventory()
    killed_in(bundle, "40-image")

    code, found, _ = doctor(bundle)
    assert code == 1
    assert {"bundle-open-run", "bundle-stale-lock"} <= set(ids(found)), found
    assert all(row["fixable"] for row in found)

    code, found, mended = doctor(bundle, "--fix")
    assert (code, found) == (0, [])
    assert mended["bundle-open-run"] == mended["bundle-stale-lock"] == "done"
    assert not (bundle.path / ".state/lock").is_symlink()
    # It was killed before it had a loop device; those of other engines on this machine come and go.
    assert set(inventory() - before) <= {"loops"}
    assert doctor(bundle, "--fix") == (0, [], {})


def test_a_running_sandbox_is_well_until_somebody_takes_its_device(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    assert doctor(bundle)[:2] == (0, [])

    instance = (bundle.path / ".state/instance").read_text().strip()
    image = run("docker", "inspect", "--format", "{{.Image}}", bundle.name).stdout.strip()
    labels = ("--label", f"gen.instance={instance}", "--label", "gen.role=tool")
    token = (bundle.path / ".state/token").read_text().strip()
    tool = run("docker", "create", "--annotation", f"gen.token={token}", *labels, image, "true")
    theirs = run("docker", "create", *labels, image, "true").stdout.strip()
    run("docker", "stop", "--time", "1", bundle.name)
    run("losetup", "-d", bundle.device.readlink())
    code, found, _ = doctor(bundle)
    assert (code, ids(found)) == (1, ["bundle-link", "tool"]), found
    assert tool.stdout.strip() in found[1]["mend"]

    code, found, mended = doctor(bundle, "--fix")
    assert (code, ids(found)) == (1, ["bundle-link"])
    assert mended == {"bundle-link": "left", "tool": "done"}
    there = run("docker", "ps", "--all", "--quiet", "--no-trunc").stdout
    assert tool.stdout.strip() not in there
    assert theirs in there, "the labels of a short-lived container make none"
    run("docker", "rm", theirs)
    bundle.start()
    assert doctor(bundle)[:2] == (0, [])


def test_what_a_lost_folder_left_is_listed_with_the_commands_that_remove_it(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    bundle, other = make_bundle(), make_bundle()
    bundle.start()
    moved = tmp_path / "kept"
    bundle.path.rename(moved)
    try:
        code, found, mended = doctor(other, "--fix")
        mine = [row for row in found if row["id"].endswith("-orphan")]
        assert code == 1
        assert {row["id"] for row in mine} == {f"{kind}-orphan" for kind in ("container", "volume", "network", "image")}
        assert all(mended[row["id"]] == "left" and not row["fixable"] for row in mine)
        container = run("docker", "inspect", "--format", "{{.Id}}", bundle.name).stdout.strip()
        assert f"docker rm --force '{container}'" in [row["mend"] for row in mine]
        assert str(bundle.path) in mine[0]["why"]
    finally:
        moved.rename(bundle.path)
    assert ids(doctor(other)[1]) == []


def test_an_engine_that_does_not_answer_is_named(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    code, found, _ = doctor(bundle, DOCKER_HOST=f"unix://{tmp_path}/none")
    assert (code, ids(found)) == (1, ["engine"])
    # The same by a context, which the SDK's own from_env does not read.
    config, plugins = tmp_path / "config", Path.home() / ".docker/cli-plugins"
    config.mkdir()
    if plugins.is_dir():
        (config / "cli-plugins").symlink_to(plugins)
    own = {"DOCKER_CONFIG": str(config)}
    lost = f"host=unix://{tmp_path}/none"
    run("docker", "context", "create", "lost", "--docker", lost, env={**os.environ, **own})
    assert ids(doctor(bundle, DOCKER_CONTEXT="lost", DOCKER_HOST="", **own)[1]) == ["engine"]
