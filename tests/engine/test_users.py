"""An ordinary user, of whatever number, and the engine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, inventory, run


def as_user(
    bundle: Bundle, groups: str, *argv: str, give: bool = True, user: int = 12345, group: int = 12345
) -> subprocess.CompletedProcess[str]:
    """A program run by an ordinary user to whom the bundle's folder belongs."""
    if give:
        run("chown", "-R", f"{user}:{group}", bundle.path)
    become = ("setpriv", "--reuid", str(user), "--regid", str(group), *groups.split(), "--inh-caps=-all")
    own = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return run(*become, *argv, check=False, env={**own, "HOME": str(bundle.path)})


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[None]:
    """Lets an ordinary user come as far as the test's own folder."""
    changed = [
        (folder, folder.stat().st_mode) for folder in (tmp_path, *tmp_path.parents) if not folder.stat().st_mode & 1
    ]
    for folder, mode in changed:
        folder.chmod(mode | 0o011)
    yield
    for folder, mode in changed:
        folder.chmod(mode)


def test_an_ordinary_user_of_the_engine_needs_no_sudo(make_bundle: MakeBundle, open_folder: None) -> None:
    bundle = make_bundle()
    before = inventory()
    group = str(Path("/var/run/docker.sock").stat().st_gid)
    for argv in (
        ("scripts/start.sh",),
        ("test-setup.sh",),
        ("scripts/resize-volume.sh", "300M"),
        ("scripts/backup.sh",),
        ("scripts/stop.sh",),
    ):
        done = as_user(bundle, f"--groups {group}", str(bundle.path / argv[0]), *argv[1:])
        assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    done = as_user(bundle, f"--groups {group}", str(bundle.path / "rollback.sh"), "--delete-data")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (inventory() - before) == {}


def test_a_name_is_not_taken_from_another_user_whose_folder_is_shut(
    make_bundle: MakeBundle, tmp_path: Path, open_folder: None
) -> None:
    """Two users of one engine, each with a home that the other may not enter, and the same profile."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    first = make_bundle(name="gt-same", where="home/first")
    first.start()
    running = first.inspect("{{.Id}} {{.Name}}")
    second = make_bundle(name="gt-same", where="second")
    group = str(Path("/var/run/docker.sock").stat().st_gid)
    done = as_user(second, f"--groups {group}", str(second.path / "scripts/start.sh"))
    assert done.returncode != 0
    assert "another bundle on this machine runs a sandbox named gt-same" in done.stdout + done.stderr
    assert "--set name=gt-same-2" in done.stdout + done.stderr
    assert first.inspect("{{.Id}} {{.Name}}") == running
    told = as_user(second, f"--groups {group}", "gen", "doctor", str(second.path), give=False)
    of_theirs = [line for line in told.stdout.splitlines() if "gt-same" in line]
    assert of_theirs
    assert not any("docker rm" in line or "volume rm" in line for line in of_theirs)
    assert f"gen doctor {first.path}   (as whoever owns that folder)" in told.stdout


#   the user; their first group; whose the project is; how its copy is made
USERS = (
    (12345, 12345, 12345, "overlay"),
    (70000, 70000, 70000, "overlay"),
    (501, 20, 501, "overlay"),
    (33, 33, 0, "plain"),
)


@pytest.mark.parametrize(("user", "group", "owner", "method"), USERS, ids=[f"{row[0]} {row[3]}" for row in USERS])
def test_an_ordinary_user_works_on_a_copy_of_a_project(
    tmp_path: Path, base_image: str, open_folder: None, user: int, group: int, owner: int, method: str
) -> None:
    """Mounting the disk and holding it still take root: short-lived containers do that. Directory services give large
    numbers, other systems begin at 501 and at 20, and the base has users of small ones."""
    (project := tmp_path / "project").mkdir()
    (project / "file").write_text("theirs\n")
    run("chown", "-R", f"{owner}:{group}", project)
    before, engine = inventory(), str(Path("/var/run/docker.sock").stat().st_gid)
    with bundle_maker(tmp_path, base_image, "isolation=docker", f"image.user.uid={user}", profile="safe") as make:
        bundle = make()

        def script(name: str, *words: str, give: bool = False) -> str:
            path = str(bundle.path / name)
            done = as_user(bundle, f"--groups {engine}", path, *words, give=give, user=user, group=group)
            assert done.returncode == 0, f"{name} {words}\n{done.stdout}\n{done.stderr}"
            return done.stdout

        script("scripts/start.sh", "--project", str(project), give=True)
        assert json.loads((bundle.path / ".state/project/settings.json").read_text())["method"] == method
        script("scripts/exec.sh", "--", "sh", "-c", "echo agent >>file; umask 077; echo new >new")
        script("scripts/exec.sh", "--", "rm", "file")
        script("scripts/undo.sh")
        review = json.loads(script("scripts/review.sh", "--json"))
        run("chown", "-R", f"{user}:{group}", project)
        script("scripts/apply.sh", "--approve", review["hash"], "--yes")
        assert (project / "file").read_text() + (project / "new").read_text() == "theirs\nagent\nnew\n"
        script("scripts/stop.sh")
        script("scripts/discard.sh", "--yes")
        assert (inventory() - before) == {}


def test_a_user_of_another_number_than_the_sandbox_is_told_before_anything_is_made(
    tmp_path: Path, base_image: str, open_folder: None
) -> None:
    (project := tmp_path / "project").mkdir()
    run("chown", "12345:12345", project)
    before, engine = inventory(), str(Path("/var/run/docker.sock").stat().st_gid)
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        bundle = make()
        done = as_user(bundle, f"--groups {engine}", str(bundle.path / "scripts/start.sh"), "--project", str(project))
        assert done.returncode == 1
        assert "the sandbox's user is number 1000 and you are 12345" in done.stderr
        assert "--set image.user.uid=12345" in done.stderr
        assert (inventory() - before) == {}


@pytest.mark.parametrize("end", [("rollback.sh", "--yes"), ("scripts/discard.sh", "--yes")])
def test_an_ordinary_user_takes_away_what_the_kernel_kept_as_root_s(
    tmp_path: Path, base_image: str, open_folder: None, end: tuple[str, ...]
) -> None:
    """What an agent removes through an overlay is hidden by a device of root's, in a folder that only root may read."""
    (project := tmp_path / "project").mkdir()
    for name in ("file", "other", "moved"):
        (project / name).write_text("theirs\n")
    run("chown", "-R", "12345:12345", project)
    before, group = inventory(), str(Path("/var/run/docker.sock").stat().st_gid)
    with bundle_maker(tmp_path, base_image, "isolation=docker", "image.user.uid=12345", profile="safe") as make:
        bundle = make()

        def script(name: str, *words: str) -> str:
            done = as_user(bundle, f"--groups {group}", str(bundle.path / name), *words, give=name.endswith("start.sh"))
            assert done.returncode == 0, f"{name} {words}\n{done.stdout}\n{done.stderr}"
            return done.stdout

        script("scripts/start.sh", "--project", str(project))
        script("scripts/exec.sh", "--", "sh", "-c", "rm file other; mv moved away")
        script(*end)
        assert not (bundle.path / ".state/project/disk").exists()
        assert (inventory() - before) == {}


def test_a_user_who_may_not_use_the_engine_is_told_so(make_bundle: MakeBundle, open_folder: None) -> None:
    bundle = make_bundle()
    done = as_user(bundle, "--clear-groups", str(bundle.path / "scripts/start.sh"))
    assert done.returncode == 1
    assert "may not use the engine" in done.stderr
    assert "usermod -aG docker" in done.stderr
