"""The user goes on in the project while an agent works on its copy, as on any ordinary day."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, run, until
from tests.engine.test_safe import IDENTITY, document, executed, make_project, safe
from tests.engine.test_users import as_user, open_folder

__all__ = ["open_folder", "safe"]


def pulled(project: Path, upstream: Path, files: dict[str, str | None]) -> None:
    """Somebody else's commit, which the user pulls."""
    if not upstream.exists():
        run("cp", "-r", project, upstream)
        run("git", "-C", upstream, "clean", "--quiet", "--force", "-x")
    for name, text in files.items():
        (upstream / name).parent.mkdir(parents=True, exist_ok=True)
        (upstream / name).write_text(text) if text is not None else (upstream / name).unlink()
    run("git", "-C", upstream, "add", "--all")
    run("git", "-C", upstream, *IDENTITY, "commit", "--quiet", "--message", "theirs")
    run("git", "-C", project, "-c", f"safe.directory={project}", "pull", "--quiet", "--ff-only", upstream, "HEAD")
    for path in project.rglob("*"):
        if path.lstat().st_uid != 1000:
            os.chown(path, 1000, 1000, follow_symlinks=False)


def reviewed(bundle: Bundle) -> dict[str, Any]:
    bundle.script("scripts/review.sh")
    return {each["path"]: each for each in document(bundle, "review")["changes"]}


@pytest.mark.parametrize("backend", ["docker", "gvisor"])
def test_what_the_user_pulls_is_what_the_agent_builds_on(backend: str, safe: MakeBundle, tmp_path: Path) -> None:
    project, upstream = make_project(tmp_path / "project"), tmp_path / "upstream"
    bundle = safe(f"isolation={backend}")
    bundle.script("scripts/start.sh", "--project", str(project))
    # As agents do: every name of it has been looked up, and most are open files' neighbours.
    executed(bundle, "grep -r . . >/dev/null; cat new.py pkg/x 2>/dev/null; ls -R >/dev/null")
    pulled(project, upstream, {"main.py": "print('pulled')\n", "new.py": "one\n", "pkg/x": "x\n", ".gitignore": None})
    with (project / "notes.txt").open("a") as notes:
        notes.write("mine\n")

    look = "cat main.py new.py pkg/x; tail -n 1 notes.txt"
    if backend == "gvisor":
        # It holds open what was once looked up.
        seen = bundle.script("scripts/exec.sh", "--", "sh", "-c", look)
        assert seen.stdout == "print('one')\none\nx\nmine\n"
        assert "may still have what was there before: .gitignore, main.py\n" in seen.stderr
        bundle.script("scripts/stop.sh")
        bundle.start()
    assert executed(bundle, look) == "print('pulled')\none\nx\nmine\n"
    executed(bundle, "for f in main.py new.py pkg/x notes.txt; do echo '# agent' >>$f; done")
    executed(bundle, "sed -i 's/answer/reply/' src/library.py; rm untracked.txt; test ! -e .gitignore")
    found = reviewed(bundle)
    assert {path for path, each in found.items() if each["newer"]} == {"main.py", "new.py", "pkg/x", "notes.txt"}
    assert found["new.py"]["lines"] == {"added": 1, "removed": 0}

    # And on it goes.
    pulled(project, upstream, {"main.py": "import os\n\nprint('pulled')\n", "new.py": "zero\none\n"})
    done = bundle.script("scripts/apply.sh", "--yes")
    assert "brought back" in done.stdout
    assert (project / "main.py").read_text() == "import os\n\nprint('pulled')\n# agent\n"
    assert (project / "new.py").read_text() == "zero\none\n# agent\n"
    assert (project / "pkg/x").read_text() == "x\n# agent\n"
    assert (project / "notes.txt").read_text() == "first\nsecond\nthird\nmine\n# agent\n"
    assert "reply" in (project / "src/library.py").read_text()
    assert not (project / "untracked.txt").exists()
    assert reviewed(bundle) == {}


def test_what_the_agent_had_open_is_not_taken_for_what_it_sees(safe: MakeBundle, tmp_path: Path) -> None:
    """A process of the agent's holds the old file, which the kernel goes on showing under that name."""
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(bundle, "tail -f main.py >/dev/null 2>&1 & sleep 0.2")
    until(lambda: bundle.inside("pgrep", "tail", check=False).returncode == 0)
    (project / "fresh").write_text("print('mine')\n")
    os.chown(project / "fresh", 1000, 1000)
    (project / "fresh").rename(project / "main.py")
    seen = bundle.script("scripts/exec.sh", "--", "sh", "-c", "echo '# agent' >>main.py; cat main.py")
    assert (seen.stdout, seen.stderr.count("may still have")) == ("print('one')\n# agent\n", 1)
    assert "may still have" not in bundle.script("scripts/exec.sh", "--", "true").stderr
    assert reviewed(bundle).keys() <= {"main.py"}
    done = bundle.script("scripts/apply.sh", "--yes", check=False)
    assert (done.returncode, "which version of it the sandbox had is not known" in done.stdout) == (1, True)
    assert (project / "main.py").read_text() == "print('mine')\n"


@pytest.mark.parametrize(("group", "reaches"), [(12345, True), (20, False)])
def test_an_ordinary_user_may_only_be_told_of_it(
    tmp_path: Path, base_image: str, open_folder: None, group: int, reaches: bool
) -> None:
    """The kernel looks again for root alone; to see what the sandbox sees, one has to have its group as well."""
    project = make_project(tmp_path / "project", owner=12345)
    run("chown", "-R", f"12345:{group}", project)
    engine = str(Path("/var/run/docker.sock").stat().st_gid)
    with bundle_maker(tmp_path, base_image, "isolation=docker", "image.user.uid=12345", profile="safe") as make:
        bundle = make()

        def script(*words: str, give: bool = False) -> subprocess.CompletedProcess[str]:
            argv = (str(bundle.path / words[0]), *words[1:])
            return as_user(bundle, f"--groups {engine}", *argv, give=give, user=12345, group=group)

        started = script("scripts/start.sh", "--project", str(project), give=True)
        assert started.returncode == 0, started.stdout + started.stderr
        script("scripts/exec.sh", "--", "cat", "main.py", "notes.txt")
        for name, text in (("fresh", "print('mine')\n"), ("pkg/x", "x\n")):
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).write_text(text)
        (project / "fresh").rename(project / "main.py")
        with (project / "src/library.py").open("a") as library:
            library.write("# mine\n")
        run("chown", "-R", f"12345:{group}", project / "main.py", project / "pkg")
        done = script("scripts/exec.sh", "--", "sh", "-c", "for f in main.py pkg/x; do echo '# agent' >>$f; done")
        assert ("may still have what was there before: main.py\n" in done.stderr) == reaches, done.stderr
        script("scripts/exec.sh", "--", "sh", "-c", "echo '# agent' >>src/library.py")
        script("scripts/review.sh")
        done = script("scripts/apply.sh", "--yes")
        assert (done.returncode, "main.py: which version" in done.stdout) == (1, True)
        done = script("scripts/apply.sh", "--yes", "--except", "main.py", *(() if reaches else ("--theirs", "pkg")))
        assert done.returncode == 0, done.stdout + done.stderr
        assert (project / "pkg/x").read_text() == "x\n# agent\n"
        assert (project / "main.py").read_text() == "print('mine')\n"


def test_a_conflict_is_settled_path_by_path_or_by_hand(safe: MakeBundle, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    bundle = safe()
    bundle.script("scripts/start.sh", "--project", str(project))
    executed(bundle, "for f in main.py notes.txt src/library.py untracked.txt; do echo agent >$f; done; echo n >new")
    for name in ("main.py", "notes.txt", "src/library.py", "untracked.txt"):
        (project / name).write_text("host\n")
    bundle.script("scripts/review.sh")
    done = bundle.script("scripts/apply.sh", "--yes", check=False)
    assert (done.returncode, "scripts/apply.sh --theirs main.py" in done.stdout) == (1, True)

    words = ("--ours", "main.py", "--theirs=notes.txt", "--except", "src", "--except", "untracked.txt", "--yes")
    run("gen", "apply", bundle.path.name, *words, cwd=bundle.path.parent)
    texts = {name: (project / name).read_text() for name in ("main.py", "notes.txt", "src/library.py", "new")}
    assert texts == {"main.py": "host\n", "notes.txt": "agent\n", "src/library.py": "host\n", "new": "n\n"}
    assert reviewed(bundle).keys() == {"src/library.py", "untracked.txt"}
    assert bundle.script("scripts/apply.sh", "--ours", "src", "--except", "src", check=False).returncode == 2

    # The folder may be named from where the user stands; git's own tool ends what is in it.
    script = (
        f"cd {shlex.quote(str(tmp_path))} && {shlex.quote(str(bundle.path))}/scripts/apply.sh --yes --conflicts out"
    )
    done = run("bash", "-c", script, check=False)
    assert done.returncode == 1, done.stderr
    tool = ("-c", "mergetool.both.cmd=cat $LOCAL $REMOTE >$MERGED", "-c", "mergetool.both.trustExitCode=true")
    merged = tmp_path / "out/merged"
    run("git", "-C", merged, *tool, "mergetool", "--no-prompt", "--tool=both")
    lines = [line.split("    (")[0].strip() for line in done.stdout.splitlines()]
    for line in lines:
        if line.startswith("cp "):
            subprocess.run(shlex.split(line), check=True)
    (last,) = (shlex.split(line) for line in lines if "scripts/apply.sh --ours" in line)
    run(*last, "--yes")
    assert (project / "src/library.py").read_text() == (project / "untracked.txt").read_text() == "host\nagent\n"
    assert reviewed(bundle) == {}
