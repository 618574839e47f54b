"""A whole life writes outside the bundle's folder only what its plan names: every process of it is traced."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, bundle_maker, run
from tests.engine.test_safe import make_project
from tests.engine.tracing import STRACE, written

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

# The kernel's own views of a process, and what takes everything and keeps nothing.
NOWHERE = re.compile(r"/dev/(null|tty|stdout|stderr|fd|pts/.*)|/proc/(self|thread-self|\d+)/.*")

DEV = ("scripts/plan.sh", "scripts/plan.sh --json", "scripts/start.sh", "scripts/start.sh", "scripts/status.sh",
       "test-setup.sh", "scripts/connect.sh -- true", "scripts/backup.sh", "scripts/mount-storage.sh report",
       "scripts/stop.sh", "scripts/recover.sh", "rollback.sh --yes")  # fmt: skip
SAFE = ("scripts/plan.sh", "scripts/start.sh", "scripts/status.sh", "test-setup.sh", "scripts/exec.sh -- touch new.txt",
        "scripts/changes.sh", "scripts/diff.sh", "scripts/review.sh", "scripts/apply.sh --yes", "scripts/stop.sh",
        "rollback.sh --yes")  # fmt: skip


@pytest.fixture
def safe(tmp_path: Path, base_image: str) -> Iterator[MakeBundle]:
    """Bundles of the profile `safe`, in a container."""
    with bundle_maker(tmp_path, base_image, "isolation=docker", profile="safe") as make:
        yield make


def life(bundle: Bundle, scripts: tuple[str, ...], surroundings: dict[str, str]) -> set[str]:
    """All that the scripts write."""
    found = set()
    for number, script in enumerate(scripts):
        trace = bundle.path.parent / f"trace.{number}"
        words = (*STRACE, "-o", trace, "bash", *script.split())
        done = run(*words, cwd=bundle.path, env={**os.environ, **surroundings}, check=False)
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        found |= written(trace, str(bundle.path))
    return found


def named(bundle: Bundle, surroundings: dict[str, str], project: Path) -> Callable[[str], bool]:
    """Whether the bundle's plan names a path outside of its folder."""
    values = {"$TMPDIR/": surroundings["TMPDIR"] + "/", "~/": surroundings["HOME"] + "/", "PROJECT/": f"{project}/"}
    patterns, folders = [], set()
    for place in json.loads((bundle.path / "plan.json").read_text("utf-8"))["outside"]:
        path = place["path"]
        for word, value in values.items():
            path = value + path.removeprefix(word) if path.startswith(word) else path
        folders |= {str(parent) for parent in Path(path, "x").parents}
        pattern = re.escape(path).replace("loopN", r"loop\d+").replace(r"workspace\-ID", r"workspace\-[0-9a-f]{16}")
        patterns.append(pattern + (".*" if path.endswith("/") else ""))
    whole = re.compile("|".join(patterns))
    # A named place's own folder may have to be made.
    return lambda path: bool(whole.fullmatch(path)) or path in folders


@pytest.mark.parametrize("kind", ["dev", "safe"])
def test_a_whole_life_writes_outside_the_folder_only_what_the_plan_names(
    kind: str, make_bundle: MakeBundle, safe: MakeBundle, tmp_path: Path
) -> None:
    bundle = make_bundle() if kind == "dev" else safe()
    project = make_project(tmp_path / "project")
    surroundings = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    for folder in surroundings.values():
        Path(folder).mkdir()
    if kind == "safe":
        (bundle.path / "local").mkdir()
        (bundle.path / "local/project").write_text(f"{project}\n")
    is_named = named(bundle, surroundings, project)

    def strangers(paths: set[str]) -> set[str]:
        outside = {path for path in paths if not Path(path).is_relative_to(bundle.path) and not NOWHERE.fullmatch(path)}
        return {path for path in outside if not is_named(path)}

    found = life(bundle, DEV if kind == "dev" else SAFE, surroundings)
    assert strangers(found) == set()
    # What is named is written, or it would be named for nothing; the trace sees all kinds of it.
    for path in ("/dev/loop-control", surroundings["TMPDIR"], surroundings["HOME"] + "/.docker/buildx"):
        assert any(one.startswith(path) for one in found), path
    # The temporary files are gone.
    assert list(Path(surroundings["TMPDIR"]).iterdir()) == []

    # The control: one step that writes elsewhere, by a relative path at that.
    script = (bundle.path / "steps/20-set-aside/do.sh").read_text()
    bundle.rewrite("steps/20-set-aside/do.sh", f"{script}\n(cd {tmp_path} && mkdir stray && cd stray && touch file)\n")
    assert strangers(life(bundle, ("scripts/start.sh",), surroundings)) == {
        f"{tmp_path}/stray",
        f"{tmp_path}/stray/file",
    }
