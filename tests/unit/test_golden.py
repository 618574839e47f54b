"""The committed bundles are what gen writes today, and what it writes anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.plan import build_plan
from generator.profile import load_profile
from generator.render import render_bundle

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"
OWN = {".state", "storage", "backups", "local"}
BUILT_IN = sorted(path.name for path in BUNDLES.iterdir() if path.is_dir())


def files_of(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Every file below a bundle that gen writes, with whether it may be run."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.parts[0] not in OWN:
            found[name.as_posix()] = (path.read_bytes(), os.access(path, os.X_OK))
    return found


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_committed_bundle_is_what_gen_writes(name: str) -> None:
    rendered = render_bundle(build_plan(load_profile(name)))
    expected = {path: (file.content, bool(file.mode & 0o100)) for path, file in rendered.items()}
    committed = files_of(BUNDLES / name)
    assert sorted(committed) == sorted(expected)
    assert [path for path in committed if committed[path] != expected[path]] == [], "run: make golden"


def test_the_goldens_are_the_profiles_that_the_issue_names() -> None:
    assert {"dev", "dev-mirror", "safe"} <= set(BUILT_IN)


SURROUNDINGS = (
    {"LANG": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"},
    {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "4242"},
    {"PYTHONUTF8": "0", "LC_ALL": "C", "TZ": "America/St_Johns", "PYTHONOPTIMIZE": "2", "COLUMNS": "20"},
)


def test_the_same_bytes_in_any_surroundings(tmp_path: Path) -> None:
    """Directory, locale, time zone, hash seed, umask and optimisation leave no trace."""
    results = []
    for number, surroundings in enumerate(SURROUNDINGS):
        here = tmp_path / f"somewhere {number}"
        here.mkdir()
        command = [sys.executable, "-m", "generator", "bundle", "--profile", "dev", "--out", "out", "--quiet"]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "TZ"))}
        environment = {**clean, **surroundings, "XDG_CACHE_HOME": str(here / "cache")}
        subprocess.run(command, cwd=here, env=environment, check=True, umask=(0o022, 0o077, 0o002)[number])
        results.append(files_of(here / "out"))
    assert results[0] == results[1] == results[2]
    assert results[0] == files_of(BUNDLES / "dev")
