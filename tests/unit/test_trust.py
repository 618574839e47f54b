"""What gen runs: bundles that it wrote for this user or that the user trusts, as they were then, and nothing else.

Each attack has its control: the same folder, once it is trusted, does run.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from generator import cli
from generator.errors import GenError
from generator.execute import registry, trust
from generator.execute.bundle import find_bundle
from tests.unit.faking import copied, fake_bundle, gen, journal, named

SCRIPTS = ("start", "plan", "stop", "status", "recover", "connect", "rollback", "test_setup")
COMMANDS = (
    "up", "plan", "plan --json", "down", "status", "status --json", "test", "shell", "log", "review", "apply --yes",
    "diff", "undo", "discard --yes", "recover", "rollback --yes", "doctor --fix",
)  # fmt: skip


def seal(folder: Path) -> None:
    """A manifest that is right for whatever stands there."""
    files = [path for path in sorted(folder.rglob("*.sh")) if ".state" not in path.parts]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "MANIFEST.sha256").write_text("".join(lines), "utf-8")


def planted(folder: Path) -> Path:
    """What an agent could leave: a whole bundle whose scripts leave a trace, with a run that is open."""
    trace = f'touch "{folder.parent}/ran-$(basename "$0")"'
    fake_bundle(folder, registered=False, **dict.fromkeys(SCRIPTS, trace))
    for verb in ("review", "apply", "diff", "undo", "discard", "changes"):
        (folder / f"scripts/{verb}.sh").write_text(trace, "utf-8")
    seal(folder)
    journal(folder, ("begin", "-", "-"), ("doing", "20-make", "-"))
    (folder / ".state/lock").symlink_to("999999:1:boot")
    return folder


def ran(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.glob("ran-*"))


@pytest.mark.parametrize("words", COMMANDS)
def test_a_bundle_that_was_planted_in_the_current_folder_is_never_run(tmp_path: Path, words: str) -> None:
    folder = planted(tmp_path / "repo")
    done = gen(folder, *words.split())
    assert ran(folder) == []
    assert "gen trust" in done.stdout + done.stderr
    assert done.returncode == (1 if words.startswith("doctor") else 4) or words.startswith("doctor")


def test_the_control_a_trusted_one_runs(tmp_path: Path) -> None:
    folder = planted(tmp_path / "repo")
    assert gen(folder, "trust", ".").returncode == 4
    assert gen(folder, "trust", ".", "--yes").returncode == 0
    gen(folder, "status")
    gen(folder, "doctor", "--fix")
    assert ran(folder)[-1] == "ran-status.sh"
    assert gen(folder, "trust", ".", "--revoke").returncode == 0
    assert gen(folder, "status").returncode == 4


@pytest.mark.parametrize("given", ["bundles/x", "x", "./bundles/x"])
def test_nor_is_one_that_was_named(tmp_path: Path, given: str) -> None:
    folder = planted(tmp_path / "bundles" / "x")
    for words in (("status", given), ("exec", given, "--", "id"), ("doctor", given, "--fix")):
        assert "gen trust" in "".join((done := gen(tmp_path, *words)).stdout + done.stderr)
    assert ran(folder) == []


def test_doctor_names_what_is_unknown_and_believes_nothing_of_it(tmp_path: Path) -> None:
    planted(tmp_path / "bundles" / "x")
    found = json.loads(gen(tmp_path, "doctor", "--json", "--fix").stdout)["findings"]
    (one,) = [row for row in found if "bundle" in row["id"]]
    assert (one["id"], one["fixable"]) == ("bundle-unknown", False)


def test_a_link_of_a_bundles_name_leads_nowhere(tmp_path: Path) -> None:
    mine = fake_bundle(tmp_path / "elsewhere")
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "safe").symlink_to(mine)
    with pytest.raises(GenError):
        find_bundle("safe", tmp_path / "repo")
    # Whoever writes a path means that path.
    assert find_bundle("./safe", tmp_path / "repo").path == mine


@pytest.mark.parametrize("change", ["edit", "add", "manifest", "link", "replace", "instance"])
def test_what_is_no_longer_what_was_registered_is_not_run(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "b"
    fake_bundle(folder, registered=False, status='touch "$(dirname "$0")/../../ran-status.sh"')
    seal(folder)
    (folder / ".state").mkdir(mode=0o700)
    (folder / ".state/instance").write_text("a" * 16, "ascii")
    registry.register(folder)
    gen(tmp_path, "status", "./b")
    assert ran(folder) == ["ran-status.sh"], "the control"
    (tmp_path / "ran-status.sh").unlink()
    script = folder / "scripts/status.sh"
    if change == "edit":
        script.write_text(script.read_text("utf-8") + "\n", "utf-8")
    elif change == "add":
        (folder / "scripts/json.py").write_text("", "utf-8")
    elif change == "manifest":
        script.write_text(script.read_text("utf-8") + "\n", "utf-8")
        seal(folder)
    elif change == "link":
        script.rename(folder.parent / "same.sh")
        script.symlink_to(folder.parent / "same.sh")
    elif change == "replace":
        folder.rename(tmp_path / "was")
        subprocess.run(("cp", "-a", tmp_path / "was", folder), check=True)
    else:
        (folder / ".state/instance").write_text("b" * 16, "ascii")
    assert gen(tmp_path, "status", "./b").returncode == 4
    assert ran(folder) == []


def test_a_bundle_lives_in_the_sandboxes_home_and_is_found_from_the_project(
    tmp_path: Path, data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "repo"
    (project / "src").mkdir(parents=True)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "bash").write_text('#!/bin/sh\necho "would run $*"\n', "utf-8")
    (bin_ / "bash").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    done = gen(project, "up", "--profile", "safe", "--project", ".")
    home = data_home / "sandboxes" / "safe"
    assert f"would run {home}/scripts/start.sh --project {project}" in done.stdout
    assert [path.name for path in project.iterdir()] == ["src"]
    assert [data_home.stat().st_mode & 0o777, (data_home / "sandboxes").stat().st_mode & 0o777] == [0o700, 0o700]
    assert (data_home / "registry.json").stat().st_mode & 0o777 == 0o600
    named(home, project)
    copied(home, project)
    for here, words in ((project, ("status",)), (project / "src", ("status",)), (tmp_path, ("status", "safe"))):
        assert f"would run {home}/scripts/status.sh" in gen(here, *words).stdout
    assert gen(tmp_path, "status").returncode == 2
    other = tmp_path / "other"
    other.mkdir()
    clash = gen(other, "up", "--profile", "safe", "--project", ".")
    assert clash.returncode == 2
    assert "works on another project" in clash.stderr
    assert "--set name=safe-other" in clash.stderr


@pytest.mark.parametrize("words", ["up --profile safe --project . --out box", "up --profile safe --out box"])
def test_a_bundle_is_not_written_into_a_project(tmp_path: Path, data_home: Path, words: str) -> None:
    project = tmp_path / "repo"
    project.mkdir()
    mine = fake_bundle(data_home / "sandboxes" / "mine")
    if "--project" not in words:
        copied(mine, project)
    for given in (words, words.replace("up", "bundle").replace(" --project .", "")):
        done = gen(project, *given.split())
        if given == words or "--project" not in words:
            assert done.returncode == 2, done.stderr
            assert "must lie apart" in done.stderr
            assert "--project" in words or f"gen discard {mine}" in done.stderr
            assert not (project / "box").exists()


def test_a_project_that_holds_or_lies_in_a_bundle_is_refused(tmp_path: Path, data_home: Path) -> None:
    mine = fake_bundle(tmp_path / "all" / "mine")
    (mine / "local").mkdir()
    home = fake_bundle(tmp_path / "far")
    for project in (tmp_path / "all", mine / "local", data_home.parent):
        with pytest.raises(GenError) as raised:
            trust.require_apart(mine if project == mine / "local" else home, project)
        assert raised.value.exit_code == 2
    trust.require_apart(home, tmp_path / "elsewhere")


@pytest.mark.parametrize("name", [".state", "local", "storage"])
def test_no_bundle_is_written_over_state_that_somebody_else_put_there(tmp_path: Path, name: str) -> None:
    box = tmp_path / "box"
    assert cli.main(["bundle", "--profile", "dev", "--out", str(box), "-q"]) == 0
    registry.forget(box)
    (box / name).mkdir()
    assert cli.main(["bundle", "--profile", "dev", "--out", str(box), "-q"]) == 4
    # The control: of one's own bundle it is one's own state.
    registry.register(box)
    assert cli.main(["bundle", "--profile", "dev", "--out", str(box), "-q"]) == 0


def test_the_list_is_believed_only_where_nobody_else_can_write(tmp_path: Path, data_home: Path) -> None:
    fake_bundle(tmp_path / "b")
    for place, mode in ((data_home, 0o777), (data_home / "registry.json", 0o666)):
        was = place.stat().st_mode & 0o777
        place.chmod(mode)
        with pytest.raises(GenError) as raised:
            registry.entries()
        assert raised.value.exit_code == 4
        place.chmod(was)
    assert len(registry.entries()) == 1
    kept = data_home / "registry.json"
    kept.rename(data_home / "other.json")
    kept.symlink_to(data_home / "other.json")
    with pytest.raises(GenError):
        registry.entries()
    kept.unlink()
    kept.write_text("{", "utf-8")
    with pytest.raises(GenError, match="cannot be used"):
        registry.entries()


# What an agent brings back, a clone has or an archive unpacks to, where a bundle is written later.
FILLED = {
    "a manifest and a check": {"MANIFEST.sha256": f"{'0' * 64}  x\n", "checks/00-hello.sh": "id"},
    "a manifest of its own": {"MANIFEST.sha256": f"{'0' * 64}  checks/00-hello.sh\n", "lib/json.py": "x"},
    "what a killed writer leaves": {"MANIFEST.sha256.pending": f"{'0' * 64}  lib/x\n", "lib/x": "x"},
    "an environment": {".env": "MY_KEY=theirs"},
    "a state": {".state/instance": "0123456789abcdef"},
    "anything": {"thesis.txt": "mine"},
}


@pytest.mark.parametrize("there", FILLED)
@pytest.mark.parametrize("words", [("bundle", "--force"), ("up",), ("plan",)], ids=lambda words: words[0])
def test_no_bundle_is_written_into_what_somebody_else_has_filled(
    tmp_path: Path, there: str, words: tuple[str, ...]
) -> None:
    place = tmp_path / "b"
    for name, text in FILLED[there].items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, "utf-8")
    before = sorted(path for path in tmp_path.rglob("*"))
    done = gen(tmp_path, *words, "--profile", "dev", "--out", "b")
    assert (done.returncode, "gen trust b" in done.stderr) == (4, True), done.stderr
    assert sorted(path for path in tmp_path.rglob("*")) == before
    assert not trust.is_known(place)


def test_the_control_an_empty_folder_and_a_bundle_of_ones_own_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for pids in ("100", "200"):
        done = gen(tmp_path, "bundle", "--profile", "dev", "--out", "b", "--set", f"resources.pids={pids}")
        assert done.returncode == 0, done.stderr
        (tmp_path / "b/notes.txt").write_text("mine")
    # A copy is somebody's too, until its user says otherwise.
    subprocess.run(("cp", "-r", tmp_path / "b", tmp_path / "c"), check=True)
    assert gen(tmp_path, "bundle", "--profile", "dev", "--out", "c").returncode == 4
    assert gen(tmp_path, "trust", "c", "--yes").returncode == 0
    assert gen(tmp_path, "bundle", "--profile", "dev", "--out", "c").returncode == 0
