"""A bundle that is written anew, moved, copied or renamed while its sandbox stands."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.engine.conftest import SMALL, Bundle, MakeBundle, generate, inventory, on_base, run


def test_a_changed_bundle_makes_the_sandbox_anew_and_keeps_the_workspace(shared: Bundle, base_image: str) -> None:
    shared.inside("sh", "-c", "echo kept > /workspace/file; echo gone > /usr/local/share/file")
    before = shared.inspect("{{.Id}}")
    generate(shared.path, shared.name, *SMALL, *on_base(base_image), "resources.pids=300")
    cost = "the sandbox is made anew: what was installed or written in it outside the workspace goes with the old one"
    assert cost in shared.script("scripts/plan.sh").stdout
    started = shared.start().stdout
    assert started.index(cost) < started.index("runs.")
    assert cost not in shared.start().stdout
    assert shared.inspect("{{.Id}}") != before
    assert shared.inspect("{{.HostConfig.PidsLimit}}") == "300"
    assert shared.inside("cat", "/workspace/file").stdout == "kept\n"
    assert shared.inside("cat", "/usr/local/share/file", check=False).returncode == 1
    assert not run("docker", "ps", "--all", "--quiet", "--filter", f"name={shared.name}-prior").stdout


def test_a_change_that_fails_gives_the_old_sandbox_back(shared: Bundle, base_image: str) -> None:
    """What an earlier run committed is not lost to a later one that fails: the same container runs again."""
    shared.start()
    shared.inside("sh", "-c", "echo installed > /usr/local/share/file")
    before, container = inventory(), shared.inspect("{{.Id}}")
    override = shared.path / "local" / "compose.override.yaml"
    override.parent.mkdir(exist_ok=True)
    override.write_text("services:\n  sandbox:\n    command: ['false']\n    restart: 'no'\n")
    failed = shared.start(check=False)
    override.unlink()
    assert failed.returncode == 1
    assert "This host is what it was before the run" in failed.stdout
    assert shared.inspect("{{.Id}} {{.State.Status}}") == f"{container} running"
    assert shared.inside("cat", "/usr/local/share/file").stdout == "installed\n"
    assert (inventory() - before) == {}


def test_only_the_base_image_that_was_brought_is_taken_away(tmp_path: Path, base_image: str) -> None:
    theirs, name = f"gt-{secrets.token_hex(4)}:theirs", f"gt-{secrets.token_hex(4)}"
    run("docker", "save", "--output", tmp_path / "base.tar", base_image)
    run("docker", "tag", base_image, theirs)
    before = inventory()
    archive = ("image.source=archive", f"image.archive={tmp_path}/base.tar")
    bundle = generate(tmp_path / name, name, *SMALL, *archive)
    try:
        bundle.start()
        brought = f"gen-{name}-base:archive"
        assert run("docker", "images", "--quiet", brought).stdout
        generate(tmp_path / name, name, *SMALL, *on_base(theirs))
        bundle.start()
        bundle.rollback("--delete-data")
        assert not run("docker", "images", "--quiet", brought).stdout
        assert run("docker", "images", "--quiet", theirs).stdout
        assert (inventory() - before) == {}
    finally:
        bundle.rollback("--delete-data", check=False)
        run("docker", "rmi", theirs)


def test_another_name_is_refused_while_the_old_one_stands(make_bundle: MakeBundle, base_image: str) -> None:
    bundle = make_bundle()
    before = inventory()
    bundle.start()
    standing = inventory() - before
    renamed = f"gt-{secrets.token_hex(4)}"
    generate(bundle.path, renamed, *SMALL, *on_base(base_image))
    done = bundle.start(check=False)
    assert done.returncode == 1
    assert f"this folder's sandbox is called {bundle.name}" in done.stderr
    # Nor is it stopped or saved by halves: the loop device is in use, though nothing of the new name is there.
    for script in ("scripts/stop.sh", "scripts/backup.sh"):
        assert bundle.script(script, check=False).returncode == 4
    assert (inventory() - before) == standing
    bundle.rollback("--delete-data")
    assert (inventory() - before) == {}, "a rollback finds its objects by their mark, not by today's name"


def test_a_container_that_its_owner_renamed_is_still_ours(shared: Bundle) -> None:
    """It is looked at, saved and stopped by its id; a start makes no second one beside it, and says what to do."""
    shared.start()
    other = f"{shared.name}-mine"
    run("docker", "rename", shared.name, other)
    try:
        said = shared.script("scripts/status.sh").stdout
        assert "running, healthy" in said
        assert f"is called {other} now" in said
        run(next((shared.path / "checks").glob("*-running.sh")))
        kept = shared.script("scripts/backup.sh").stdout
        assert f"is called {other} now" in kept
        for archive in (shared.path / "backups").glob("*"):
            archive.unlink()
        assert run("docker", "inspect", "--format", "{{.State.Status}}", other).stdout.strip() == "running"
        assert shared.script("scripts/resize-volume.sh", "512M", check=False).returncode == 4
        shared.script("scripts/stop.sh")
        assert run("docker", "inspect", "--format", "{{.State.Status}}", other).stdout.strip() == "exited"
        done, plan = shared.start(check=False), shared.script("scripts/plan.sh", check=False)
        assert (done.returncode, plan.returncode) == (1, 4)
        for told in (done.stdout + done.stderr, plan.stdout + plan.stderr):
            assert f"docker rename '{other}' {shared.name}" in told
        using = run("docker", "ps", "--all", "--quiet", "--filter", f"volume={shared.name}-workspace").stdout.split()
        assert len(using) == 1
    finally:
        run("docker", "rename", other, shared.name)
    shared.start()
    assert shared.script("scripts/connect.sh", "--", "true").returncode == 0


MEANWHILE = {
    "it goes on": "docker unpause $(sandbox_id)",
    "it goes on for a moment": "docker unpause $(sandbox_id); docker pause $(sandbox_id)",
    "another one comes for a moment": 'docker run --rm --volume "$VOLUME:/w" $(tool_image) touch /w/theirs',
}
"""What somebody does with the sandbox while an archive is written."""


def test_an_archive_is_named_only_when_it_is_of_one_moment(shared: Bundle) -> None:
    shared.start()
    for case, does in MEANWHILE.items():
        script = (shared.path / "scripts/backup.sh").read_text()
        was = shared.rewrite("scripts/backup.sh", script.replace('tick "saving"\n', f"{does} >/dev/null\n"))
        done = shared.script("scripts/backup.sh", check=False)
        shared.rewrite("scripts/backup.sh", was)
        assert (done.returncode, list((shared.path / "backups").glob("*"))) == (1, []), (case, done.stderr)
        assert "not of one moment" in done.stderr
        assert shared.inspect("{{.State.Status}}") == "running"
    beside = ("--detach", "--init", "--volume", f"{shared.name}-workspace:/w")
    other = run("docker", "run", *beside, shared.inspect("{{.Image}}"), "sleep", "100").stdout.strip()
    done = shared.script("scripts/backup.sh", check=False)
    run("docker", "rm", "--force", other)
    assert done.returncode == 1
    assert "docker pause" in done.stderr


def test_a_copy_never_acts_for_the_original(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.start()
    copy = tmp_path / "copy"
    run("cp", "-a", "--sparse=always", bundle.path, copy)
    before = inventory()
    for script in ("scripts/start.sh", "scripts/stop.sh", "scripts/connect.sh", "rollback.sh"):
        done = run(copy / script, check=False)
        assert (done.returncode, "this folder is a copy" in done.stderr) == (4, True), done.stderr
    assert (inventory() - before) == {}
    bundle.script("test-setup.sh")


def test_a_moved_bundle(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """While its sandbox stands it is told to go back; after a rollback it works from its new place."""
    bundle = make_bundle()
    bundle.start()
    bundle.script("scripts/stop.sh")
    moved = tmp_path / "moved"
    bundle.path.rename(moved)
    done = run(moved / "scripts/start.sh", check=False)
    moved.rename(bundle.path)
    assert done.returncode == 4
    assert f"mv '{moved}' '{bundle.path}'" in done.stderr
    bundle.rollback()
    bundle.path.rename(moved)
    for script in ("scripts/start.sh", "scripts/stop.sh", "scripts/start.sh", "rollback.sh"):
        run(moved / script)
    moved.rename(bundle.path)
