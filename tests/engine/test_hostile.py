"""What an agent inside could try: every backend holds each attack, and a sandbox that is weakened does not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.private import PrivateEngine
from tests.hostile.attacks import ATTACKS, PROBES, Attack
from tests.hostile.field import Field, Outcome, backends, field
from tests.hostile.report import WEAKENED, faults, table

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a private engine needs root")


@pytest.fixture(scope="module")
def ready(base_image: str) -> Iterator[Field]:
    """The sandboxes, on a private engine."""
    patch = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory(prefix="hostile-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        engine = PrivateEngine(folder=folder)
        engine.start(base_image)
        patch.setenv("DOCKER_HOST", engine.env["DOCKER_HOST"])
        try:
            with field(engine, base_image, folder) as standing:
                yield standing
        finally:
            patch.undo()
            engine.stop()


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.id for attack in ATTACKS])
def test_an_attack_is_held_and_its_control_is_a_breach(ready: Field, attack: Attack) -> None:
    results = {(attack.id, backend): ready.attack(attack, backend) for backend in ready.bundles}
    results[attack.id, WEAKENED] = ready.control(attack)
    assert faults(results) == []


def test_each_probe_is_in_the_table_and_the_committed_one_has_them_all() -> None:
    assert {path.stem for path in PROBES.glob("*.py")} == {attack.id for attack in ATTACKS} | {"prelude"}
    committed = (Path(__file__).parents[2] / "docs" / "containment.md").read_text()
    assert all(f"| {attack.title} |" in committed for attack in ATTACKS)


def test_a_breach_and_a_control_that_shows_nothing_are_faults() -> None:
    good, bad = Outcome(verdict="held", saw="EPERM"), Outcome(verdict="breach", saw="a | b")
    assert faults({("tcp", "docker"): good, ("tcp", WEAKENED): bad}) == []
    assert faults({("tcp", "docker"): bad}) == ["tcp on docker: breach: a | b"]
    assert faults({("tcp", WEAKENED): good}) == [f"tcp on {WEAKENED}: held: EPERM"]
    assert faults({("tcp", "docker"): Outcome(verdict="unknown", saw="")}) != []
    everything = {(attack.id, column): bad for attack in ATTACKS for column in ("docker", WEAKENED)}
    assert table(everything, ("docker",)).count("**breach**: a \\| b") == 2 * len(ATTACKS)
    assert "docker" in backends()
