"""Shared set-up: engine tests run on a real Docker Engine, or are skipped by name and with the reason.

`GEN_REQUIRE_ENGINE=1` makes a missing engine a failure. `GEN_TEST_REPORT` names a file for the list of skipped engine
tests, so that whoever runs several suites can print it last.
"""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SKIPPED = pytest.StashKey[list[tuple[str, str]]]()


@functools.cache
def engine_trouble() -> str | None:
    """Why no engine test can run here, or None when an engine answers with Compose and buildx."""
    for words in (("info",), ("compose", "version"), ("buildx", "version")):
        command = ("docker", *words)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        except FileNotFoundError:
            return "there is no docker command"
        except subprocess.TimeoutExpired:
            return f"`{' '.join(command)}` did not answer in 300 seconds"
        if done.returncode != 0:
            words_of_it = (done.stderr or done.stdout).strip().splitlines()
            return f"`{' '.join(command)}` says: {words_of_it[-1] if words_of_it else done.returncode}"
    return None


def engine_required() -> bool:
    """Whether a missing engine is a failure (CI) and not a reason to skip."""
    return os.environ.get("GEN_REQUIRE_ENGINE") == "1"


@pytest.fixture(scope="session", autouse=True)
def own_registry() -> Iterator[None]:
    """Tests register their bundles where no person's are."""
    with tempfile.TemporaryDirectory(prefix="gen-tests-data-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", folder)
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker Engine that answers; the test is skipped, or fails in CI, when there is none."""
    trouble = engine_trouble()
    if trouble is None:
        return
    if engine_required():
        pytest.fail(f"GEN_REQUIRE_ENGINE=1, yet no engine: {trouble}", pytrace=False)
    pytest.skip(f"no engine: {trouble}")


@pytest.fixture(scope="session")
def strace() -> None:
    """The strace command, which injects faults; the test is skipped, or fails in CI, without it."""
    if not shutil.which("strace"):
        (pytest.fail if engine_required() else pytest.skip)("strace is not installed: apt-get install strace")


def pytest_configure(config: pytest.Config) -> None:
    """Starts the list of skipped engine tests."""
    config.stash[SKIPPED] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all of tests/engine, and gives each marked test the fixture, first: the marker alone is enough."""
    for item in items:
        if item.path.is_relative_to(REPOSITORY / "tests" / "engine"):
            item.add_marker("engine")
        if item.get_closest_marker("engine") is not None and isinstance(item, pytest.Function):
            # A session fixture runs before those of a smaller scope; among its equals the order here decides.
            item.fixturenames[:] = ["engine", *(name for name in item.fixturenames if name != "engine")]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]  # pluggy has no public type for it
    """Notes each engine test that was skipped, for whatever reason."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.skipped and item.get_closest_marker("engine") is not None and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        item.config.stash[SKIPPED].append((item.nodeid, reason.removeprefix("Skipped: ")))


def skipped_lines(skipped: list[tuple[str, str]]) -> list[str]:
    """The summary of the skipped engine tests, counted and named."""
    if not skipped:
        return ["engine tests skipped: 0"]
    return [f"engine tests skipped: {len(skipped)}:", *(f"  {name}: {reason}" for name, reason in skipped)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says at the end which engine tests did not run, and why."""
    lines = skipped_lines(config.stash[SKIPPED])
    for line in lines:
        terminalreporter.write_line(line)
    report = os.environ.get("GEN_TEST_REPORT")
    if report:
        Path(report).write_text("\n".join(lines) + "\n", encoding="utf-8")
