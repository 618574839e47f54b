"""What an agent inside could try: every backend holds each attack, and a sandbox that is weakened does not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.private import PrivateEngine
from tests.hostile.attacks import ATTACKS, PROBES, WEAKENED, Attack, Outcome
from tests.hostile.field import Field, backends, field
from tests.hostile.lies import LIES, Lie
from tests.hostile.plants import FOLDER, PLANTS, Plant
from tests.hostile.report import document, faults

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a private engine needs root")


FLOOD = 500
"""`python -m tests.hostile` plants more."""


@pytest.fixture(scope="module")
def ready(private_engine: PrivateEngine, base_image: str) -> Iterator[Field]:
    """The sandboxes, on a private engine."""
    patch = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory(prefix="h-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        patch.setenv("DOCKER_HOST", private_engine.env["DOCKER_HOST"])
        with field(private_engine, base_image, folder, FLOOD) as standing:
            yield standing
    patch.undo()


ALL = (*ATTACKS, *PLANTS, *LIES)


@pytest.mark.parametrize("attack", ALL, ids=[attack.id for attack in ALL])
def test_an_attack_is_held_and_its_control_is_a_breach(ready: Field, attack: Attack | Plant | Lie) -> None:
    columns = (WEAKENED, *ready.bundles)
    assert faults({(attack.id, column): ready.outcome(attack, column) for column in columns}) == []


@pytest.mark.parametrize(("folder", "rows"), [(PROBES, ATTACKS), (FOLDER, PLANTS)], ids=["probes", "plants"])
def test_each_one_is_in_the_table_and_the_committed_one_has_them_all(folder: Path, rows: tuple[Attack | Plant]) -> None:
    assert {path.stem for path in folder.glob("*.py")} == {attack.id for attack in rows} | {"prelude"}
    committed = (Path(__file__).parents[2] / "docs" / "containment.md").read_text()
    assert all(f"| {attack.title} |" in committed for attack in rows)


def test_a_breach_and_a_control_that_shows_nothing_are_faults() -> None:
    good, bad = Outcome(verdict="held", saw="EPERM"), Outcome(verdict="breach", saw="a | b")
    assert faults({("tcp", "docker"): good, ("tcp", WEAKENED): bad}) == []
    assert faults({("tcp", "docker"): bad}) == ["tcp on docker: breach: a | b"]
    assert faults({("tcp", WEAKENED): good}) == [f"tcp on {WEAKENED}: held: EPERM"]
    assert faults({("tcp", "docker"): Outcome(verdict="unknown", saw="")}) != []
    everything = {(attack.id, column): bad for attack in ALL for column in ("docker", WEAKENED)}
    assert document(everything, ("docker",)).count("**breach**: a \\| b") == 2 * len(ALL)
    assert "docker" in backends()
