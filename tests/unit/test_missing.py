"""Without a package that it needs, gen says so and what mends it: no traceback, no log of a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# rich is asked for on a terminal only.
NEEDED = ("click", "pydantic", "ruamel.yaml", "jinja2", "docker")
COMMANDS = (("--version",), ("profile", "list"), ("doctor",), ("status",), ("mcp",), ("bundle", "--profile", "dev"))


@pytest.mark.parametrize("package", NEEDED)
def test_a_package_that_is_not_there_is_named_with_its_mend(package: str, tmp_path: Path) -> None:
    hide = f"import sys; sys.modules[{package!r}] = None; from generator.__main__ import run; sys.exit(run())"
    ended = set()
    for words in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-c", hide, *words], cwd=tmp_path, capture_output=True, text=True, check=False,
            timeout=600,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "XDG_STATE_HOME": str(tmp_path / "state")},
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        assert not (tmp_path / "state").exists()
        if "Python finds no" in done.stderr:
            assert done.returncode == 2
            assert f"make -C '{REPOSITORY}' .venv/.stamp" in done.stderr
            ended.add(words)
    assert ended, "none of them needs it"


def test_what_a_bundle_has_for_a_project_tells_of_itself() -> None:
    """Its help, with each of its commands."""
    folder = REPOSITORY / "templates/lib/project"
    done = subprocess.run([sys.executable, "-I", "-B", folder, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(word in done.stdout for word in ("enter", "left-out", "commit", "log", "undo", "review", "apply"))
