"""The profile `safe` on a real engine: a copy goes in, its changes are seen, and what is accepted comes back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, inventory, run, until

IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false")


def make_project(folder: Path, owner: int = 1000) -> Path:
    """A small repository with a secret, an ignored folder, an untracked file and a link."""
    files = {
        "main.py": "print('one')\n",
        "src/library.py": "def answer():\n    return 42\n",
        "notes.txt": "first\nsecond\nthird\n",
        ".gitignore": "build/\n",
        ".env": "TOKEN=precious\n",
        "build/out.bin": "big\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    run("git", "init", "--quiet", folder)
    run("git", "-C", folder, "add", "--all")
    run("git", "-C", folder, *IDENTITY, "commit", "--quiet", "--message", "first")
    (folder / "untracked.txt").write_text("mine\n")
    (folder / "link").symlink_to("main.py")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)
    return folder


def tree(folder: Path) -> dict[str, object]:
    """Everything below a folder, with contents, modes and owners."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (stat.st_mode, stat.st_uid, content)
    return found


@pytest.fixture
def safe(tmp_path: Path, base_image: str) -> Iterator[MakeBundle]:
    """Bundles of the profile `safe`, in a container unless a test asks for something else."""
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        yield make


PARTS, PART = 12, 200_000
WRITER = f"""
import os
parts = [os.open(f"part-{{number:02}}", os.O_RDWR | os.O_CREAT) for number in range({PARTS})]
for part in parts:
    os.pwrite(part, b"\\n" * {PART}, 0)
turn = 0
while not os.path.exists("end"):
    turn += 1
    for part in parts:
        os.pwrite(part, b"%08d" % turn, 0)
"""
"""Writes the same number into one file after the other, and then the next: at any moment there are two at most."""


def parts_seen(bundle: Bundle) -> list[int]:
    """The numbers in the files, in the order in which they are written, as a review finds them while that goes on."""
    wait = f"timeout 60 sh -c 'until grep -q 1 part-{PARTS - 1}; do sleep 0.1; done'"
    executed(bundle, f"python3 -c '{WRITER}' >/dev/null 2>&1 & {wait}")
    bundle.script("scripts/review.sh")
    track = ("git", "--git-dir", bundle.path / ".state/project/track.git")
    seen = run(*track, "grep", "-h", "^0", "sandbox", "--", "files/part-*").stdout
    executed(bundle, "touch end; sleep 1; rm part-* end")
    return [int(number) for number in seen.split()]


def of_one_moment(parts: list[int]) -> bool:
    return len(parts) == PARTS and parts[0] - parts[-1] in (0, 1) and parts == sorted(parts, reverse=True)


def executed(bundle: Bundle, command: str, code: int = 0) -> str:
    done = bundle.script("scripts/exec.sh", "--", "sh", "-c", command, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def document(bundle: Bundle, script: str, *words: str) -> Any:
    return json.loads(bundle.script(f"scripts/{script}.sh", *words, "--json").stdout)


@pytest.mark.parametrize("backend", ["docker", "gvisor", "microvm"])
def test_a_whole_life(backend: str, safe: MakeBundle, tmp_path: Path) -> None:
    """In, changed, looked at, brought back and thrown away; the host is what it was."""
    before = inventory()
    project = make_project(tmp_path / "project")
    entered = tree(project)
    bundle = safe(f"isolation={backend}")

    bundle.script("scripts/start.sh", "--project", str(project))
    checks = bundle.script("test-setup.sh", check=False)
    assert checks.returncode == 0, checks.stdout + checks.stderr
    assert "running, healthy" in bundle.script("scripts/status.sh").stdout
    assert (bundle.path / ".state/names/isolation").exists() == (backend != "docker")

    seen = executed(bundle, "find . -mindepth 1 | sort").split()
    assert {"./main.py", "./src/library.py", "./untracked.txt", "./link"} <= set(seen)
    assert not {"./.env", "./.git", "./build"} & set(seen), "a secret, the history or what is ignored came along"

    executed(bundle, "echo \"print('two')\" >main.py; mkdir new; echo made >new/file; rm untracked.txt")
    executed(bundle, "echo broken >>notes.txt; exit 3", code=3)
    assert tree(project) == entered, "the project changed before anything was applied"

    log = document(bundle, "changes")
    assert [entry["exit"] for entry in log["commits"]] == [3, 0], log

    bundle.script("scripts/undo.sh")
    assert executed(bundle, "cat notes.txt") == "first\nsecond\nthird\n"

    review = document(bundle, "review")
    bundle.script("scripts/apply.sh", "--approve", review["hash"], "--yes")
    assert (project / "main.py").read_text() == "print('two')\n"
    assert (project / "new/file").read_text() == "made\n"
    assert not (project / "untracked.txt").exists()
    assert (project / "notes.txt").read_text() == "first\nsecond\nthird\n"
    assert (project / ".env").read_text() == "TOKEN=precious\n"
    assert run("git", "-C", project, "-c", f"safe.directory={project}", "log", "--oneline").stdout.count("\n") == 1

    assert of_one_moment(parts_seen(bundle))
    if backend != "microvm":  # tests/microvm has its control
        library = (bundle.path / "lib/project.sh").read_text()
        bundle.rewrite("lib/project.sh", library + 'held_still() { "$@"; }\n')
        assert not of_one_moment(parts_seen(bundle)), "what is written meanwhile is never seen"

    bundle.script("scripts/discard.sh", "--yes")
    assert not inventory() - before
    assert not (bundle.path / ".state/microvm").exists()


def test_what_is_written_down_survives_a_stop_and_a_reboot(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(bundle, "echo kept >file")
    # Something that outlives its command, and writes when no command would see it.
    executed(bundle, "(sleep 1; echo late >late) >/dev/null 2>&1 &")
    until(lambda: bundle.inside("grep", "late", "late", check=False).returncode == 0)
    bundle.script("scripts/stop.sh")
    assert not os.path.ismount(bundle.path / ".state/project/disk")
    assert {"file", "late"} <= set(bundle.script("scripts/review.sh", "--stat").stdout.split())

    bundle.start()
    assert executed(bundle, "cat file") == "kept\n"

    # What a reboot takes: the container's process, the mount, the loop device and the link to it.
    run("docker", "kill", bundle.name)
    run("umount", bundle.path / ".state/project/disk")
    run("losetup", "--detach", bundle.device.readlink())
    bundle.device.unlink()
    bundle.start()
    assert executed(bundle, "cat file") == "kept\n"


def leave_held(bundle: Bundle) -> None:
    """What is left of a look at the copy when all of it is killed, also what would have let go of the disk."""
    folder = bundle.path / ".state/project"
    words = ("python3", bundle.path / "lib/still.py", folder / "disk", folder / "held")
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.communicate()


def test_a_disk_that_was_left_held_is_let_go(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    leave_held(bundle)
    writes = subprocess.Popen(("docker", "exec", bundle.name, "touch", "written"))
    with pytest.raises(subprocess.TimeoutExpired):
        writes.wait(2)
    executed(bundle, "echo more >more")
    assert writes.wait(600) == 0

    leave_held(bundle)
    bundle.script("scripts/review.sh")
    executed(bundle, "echo more >>more")

    leave_held(bundle)
    run("docker", "kill", bundle.name)
    bundle.start()
    assert executed(bundle, "cat more") == "more\nmore\n"

    leave_held(bundle)
    bundle.script("scripts/stop.sh")
    bundle.start()
    leave_held(bundle)
    bundle.rollback("--delete-data")


def test_a_project_of_roots_is_copied_whole(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", owner=0)
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    assert json.loads((bundle.path / ".state/project/settings.json").read_text())["method"] == "plain"
    executed(bundle, "echo more >>main.py")
    assert (project / "main.py").read_text() == "print('one')\n"
    bundle.script("scripts/review.sh")
    bundle.script("scripts/apply.sh", "--yes")
    assert (project / "main.py").read_text() == "print('one')\nmore\n"
    assert (project / "main.py").stat().st_uid == 0
    checks = bundle.script("test-setup.sh", check=False)
    assert checks.returncode == 0, checks.stdout + checks.stderr


def test_another_project_is_refused_and_none_at_all(safe: MakeBundle, tmp_path: Path) -> None:
    project, other = (make_project(tmp_path / name) for name in ("project", "other"))
    bundle = safe()
    unnamed = bundle.start(check=False)
    assert unnamed.returncode == 1
    assert "no project is named" in unnamed.stdout + unnamed.stderr
    bundle.script("scripts/start.sh", "--project", str(project))
    refused = bundle.script("scripts/start.sh", "--project", str(other), check=False)
    assert (refused.returncode, "holds a copy of another project" in refused.stderr) == (4, True)


def test_a_conflict_changes_nothing(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(bundle, "sed -i s/second/theirs/ notes.txt; echo new >new.txt")
    (project / "notes.txt").write_text("first\nours\nthird\n")
    before = tree(project)
    bundle.script("scripts/review.sh")
    done = bundle.script("scripts/apply.sh", "--yes", check=False)
    assert done.returncode == 1
    assert "notes.txt" in done.stdout + done.stderr
    assert tree(project) == before
    assert run("docker", "inspect", "--format", "{{.State.Status}}", bundle.name).stdout == "running\n"


def test_what_could_run_on_the_host_is_held_back(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(
        bundle,
        "mkdir -p .github/workflows .git/hooks; echo x >.github/workflows/ci.yml; echo evil >.git/hooks/post",
    )
    executed(bundle, "mkfifo pipe; ln -s /etc/passwd outside; echo fine >fine.txt")
    bundle.script("scripts/review.sh")
    bundle.script("scripts/apply.sh", "--yes")
    assert (project / "fine.txt").read_text() == "fine\n"
    for never in (".github", "pipe", "outside", ".git/hooks/post"):
        assert not os.path.lexists(project / never), never
    bundle.script("scripts/apply.sh", "--yes", "--accept", ".github/workflows/ci.yml")
    assert (project / ".github/workflows/ci.yml").read_text() == "x\n"


def test_the_check_sees_a_project_that_can_be_written(safe: MakeBundle, tmp_path: Path) -> None:
    """The control: with the project itself mounted the checks `copy` and `host-filesystem` do not hold."""
    project = make_project(tmp_path / "project")
    bundle = safe()
    (bundle.path / "local").mkdir()
    override = {
        "services": {"sandbox": {"volumes": [{"type": "bind", "source": str(project), "target": "/workspace"}]}}
    }
    (bundle.path / "local/compose.override.yaml").write_text(json.dumps(override))
    bundle.script("scripts/start.sh", "--project", str(project))
    checks = bundle.script("test-setup.sh", "--tap", check=False)
    failed = [line for line in checks.stdout.splitlines() if line.startswith("not ok")]
    assert checks.returncode == 1
    assert len(failed) >= 2, checks.stdout


def test_commands_at_once_are_all_written_down(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    script = bundle.path / "scripts/exec.sh"
    at_work = [
        subprocess.Popen([script, "--", "sh", "-c", f"echo {number} >file{number}"], stdin=subprocess.DEVNULL)
        for number in range(4)
    ]
    assert [process.wait(600) for process in at_work] == [0, 0, 0, 0]
    changed = {change["path"] for change in document(bundle, "diff")["changes"]}
    assert {f"file{number}" for number in range(4)} <= changed
