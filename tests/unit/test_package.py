"""The wheel alone is enough: installed into an empty virtual environment, with the checkout it came from gone."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SHIPPED = ("generator", "templates", "pyproject.toml", "README.md", "LICENSE", "requirements.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A virtual environment that holds nothing but the wheel and what it requires."""

    python: Path
    wheel: Path
    outside: Path

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment, in a folder that is no checkout and without PYTHONPATH."""
        program = self.python.parent / words[0]
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            (program, *words[1:]), cwd=self.outside, env=surroundings, capture_output=True, text=True, check=False
        )


def run(*words: str | Path, cwd: Path | None = None) -> None:
    """Runs a command that must succeed; shows its words when it does not."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Installed:
    """Builds from a copy of the checkout, deletes the copy, and installs the wheel."""
    work = tmp_path_factory.mktemp("package")
    checkout = work / "checkout"
    checkout.mkdir()
    for name in SHIPPED:
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, checkout / name)
    build = ("-c", "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])", work / "dist")
    (work / "dist").mkdir()
    run(sys.executable, *build, cwd=checkout)
    requirements = work / "requirements.lock"
    shutil.copy2(checkout / "requirements.lock", requirements)
    shutil.rmtree(checkout)

    (wheel,) = (work / "dist").glob("*.whl")
    venv.create(work / "venv", with_pip=True)
    python = work / "venv" / "bin" / "python"
    # The lock's releases only as constraints: what is installed is what the wheel itself asks for. pip takes no hashes
    # in constraints, so they are left out.
    constraints = work / "constraints.txt"
    pins = [line.rstrip(" \\") for line in requirements.read_text("utf-8").splitlines() if "==" in line]
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    run(python, "-m", "pip", "install", "--quiet", "--no-compile", "--constraint", constraints, wheel)
    outside = work / "outside"
    outside.mkdir()
    return Installed(python=python, wheel=wheel, outside=outside)


def test_the_wheel_holds_templates_and_profiles(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    assert {"generator/cli.py", "generator/templates/profiles/dev.yaml"} <= names
    assert not {name for name in names if name.startswith(("templates/", "tests/", "tools/", "bundles/"))}


def test_the_wheel_holds_every_template_of_the_checkout(installed: Installed, repository: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(installed.wheel).namelist() if name.startswith("generator/templates/")}
    here = {f"generator/{path.relative_to(repository)}" for path in (repository / "templates").rglob("*")}
    files = {name for name in here if not (repository / name.removeprefix("generator/")).is_dir()}
    assert shipped == files


def test_profiles_are_listed_outside_the_checkout(installed: Installed) -> None:
    done = installed.run(("gen", "profile", "list"))
    assert done.returncode == 0, done.stderr
    assert "dev" in done.stdout
    assert "dev-mirror" in done.stdout


def test_a_bundle_is_written_outside_the_checkout(installed: Installed, repository: Path) -> None:
    done = installed.run(("gen", "bundle", "--profile", "dev", "--out", "X"))
    assert done.returncode == 0, done.stderr
    bundle = installed.outside / "X"
    check = subprocess.run(
        ("sha256sum", "--check", "--strict", "--quiet", "MANIFEST.sha256"), cwd=bundle, capture_output=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert str(repository).encode() not in b"".join(file.read_bytes() for file in bundle.rglob("*") if file.is_file())


def test_templates_come_from_the_environment(installed: Installed) -> None:
    done = installed.run(("python", "-c", "from generator.resources import templates; print(templates())"))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(installed.python.parent.parent)


def test_the_version_is_the_packages(installed: Installed) -> None:
    words = "import generator, importlib.metadata as m; assert generator.__version__ == m.version('gen-sandbox')"
    done = installed.run(("python", "-c", words))
    assert done.returncode == 0, done.stderr


def test_without_its_extra_the_server_names_the_command_that_installs_it(installed: Installed) -> None:
    done = installed.run(("gen", "mcp"))
    assert (done.returncode, done.stdout) == (4, "")
    assert "pip install 'gen-sandbox[mcp]'" in done.stderr
