"""Which bundle is meant, and which script of it is started with which words."""

import json
from pathlib import Path

import pytest

from generator.errors import GenError
from generator.execute import commands
from generator.execute.bundle import Bundle, PlannedStep, find_bundle, planned_steps
from generator.execute.registry import register
from tests.unit.faking import STEPS, fake_bundle

BUNDLE = Bundle(path=Path("/b"), shown="b")


@pytest.fixture(autouse=True)
def registry_of_one_test(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have registered is none of these bundles."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


def test_the_current_folder_comes_first(tmp_path: Path) -> None:
    here = fake_bundle(tmp_path / "here")
    fake_bundle(here / "bundles" / "other")
    assert find_bundle(None, here) == Bundle(path=here, shown=".")


def test_else_the_only_one_in_bundles(tmp_path: Path) -> None:
    (tmp_path / "bundles" / "no-bundle").mkdir(parents=True)
    only = fake_bundle(tmp_path / "bundles" / "only")
    assert find_bundle(None, tmp_path) == Bundle(path=only, shown="only")


def test_a_name_is_looked_for_under_bundles_and_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    named = fake_bundle(tmp_path / "bundles" / "dev")
    assert find_bundle("dev", tmp_path).path == named
    assert find_bundle("bundles/dev", tmp_path).path == named
    assert find_bundle(str(named), Path("/")).path == named
    beside = fake_bundle(tmp_path / "dev")
    assert find_bundle("dev", tmp_path).path == beside


def test_a_folder_that_is_no_bundle_does_not_hide_a_name(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    named = fake_bundle(tmp_path / "bundles" / "dev")
    assert find_bundle("dev", tmp_path).path == named


@pytest.mark.parametrize(
    ("bundles", "given", "says"),
    [
        ((), None, "There is no bundle here"),
        (("one", "two"), None, "There are several\nThere are: one, two\nName one, for example: one"),
        (
            ("one",),
            "two",
            "There is no folder two or ./bundles/two, and no sandbox of that name. There are: one",
        ),
        (("one",), "a/b", "There is no folder a/b. There are: one"),
        ((), "plain", "plain is not a bundle\nIt has no MANIFEST.sha256. There are none"),
        (("one",), "", "is not a bundle"),
        (("one",), "../bundles/one/x", "There is no bundle"),
    ],
)
def test_what_is_no_bundle_is_said_with_what_there_is(
    tmp_path: Path, bundles: tuple[str, ...], given: str | None, says: str
) -> None:
    (tmp_path / "plain").mkdir()
    for name in bundles:
        fake_bundle(tmp_path / "bundles" / name)
    with pytest.raises(GenError) as raised:
        find_bundle(given, tmp_path)
    assert says in str(raised.value)
    assert raised.value.exit_code == 2


def test_every_command_is_a_script_with_its_words() -> None:
    table = {
        commands.start(BUNDLE): ("scripts/start.sh",),
        commands.stop(BUNDLE): ("scripts/stop.sh",),
        commands.status(BUNDLE): ("scripts/status.sh",),
        commands.recover(BUNDLE): ("scripts/recover.sh",),
        commands.run_checks(BUNDLE): ("test-setup.sh",),
        commands.run_checks(BUNDLE, tap=True, junit="-"): ("test-setup.sh", "--tap", "--junit", "-"),
        commands.rollback(BUNDLE): ("rollback.sh",),
        commands.rollback(BUNDLE, yes=True): ("rollback.sh", "--yes"),
        commands.rollback(BUNDLE, delete_data=True): ("rollback.sh", "--delete-data"),
        commands.prune(BUNDLE): ("scripts/prune.sh",),
        commands.prune(BUNDLE, yes=True): ("scripts/prune.sh", "--yes"),
        commands.connect(BUNDLE): ("scripts/connect.sh",),
        commands.connect(BUNDLE, ("ls", "-l")): ("scripts/connect.sh", "--", "ls", "-l"),
        commands.connect(BUNDLE, ("ls",), "5m", detach=True): (
            "scripts/connect.sh",
            "--timeout",
            "5m",
            "--detach",
            "--",
            "ls",
        ),
        commands.list_commands(BUNDLE, as_json=True): ("scripts/ps.sh", "--json"),
        commands.show_output(BUNDLE, 3, follow=True): ("scripts/logs.sh", "--follow", "3"),
        commands.end_command(BUNDLE, 3): ("scripts/kill.sh", "3"),
    }
    for command, (script, *words) in table.items():
        assert command.argv == ("bash", f"/b/{script}", *words)


def test_a_real_bundle_has_every_script_that_is_started(repository: Path) -> None:
    register(repository / "bundles/dev")
    dev = find_bundle("dev", repository)
    for make in (
        commands.start,
        commands.stop,
        commands.status,
        commands.recover,
        commands.prune,
        commands.connect,
        commands.list_commands,
    ):
        assert commands.present(make(dev)).bundle == dev
    commands.present(commands.show_output(dev, 1))
    commands.present(commands.end_command(dev, 1))
    commands.present(commands.rollback(dev))
    commands.present(commands.run_checks(dev))


def test_a_missing_script_is_refused_with_the_mend(tmp_path: Path) -> None:
    folder = fake_bundle(tmp_path / "b")
    (folder / "scripts/recover.sh").unlink()
    with pytest.raises(GenError) as raised:
        commands.present(commands.recover(Bundle(path=folder, shown="b")))
    assert raised.value.exit_code == 4
    assert "The bundle b has no scripts/recover.sh" in str(raised.value)
    assert f"gen bundle --profile PROFILE --out {folder}" in str(raised.value)


def test_the_plans_steps_come_in_order(tmp_path: Path) -> None:
    bundle = Bundle(path=fake_bundle(tmp_path / "b"), shown="b")
    assert planned_steps(bundle) == tuple(PlannedStep(step=step, title=title) for step, title in STEPS)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"steps": 1}', '{"steps": [{}]}', "[" * 100_000, json.dumps(None)])
def test_a_plan_that_cannot_be_read_is_no_plan(tmp_path: Path, content: str) -> None:
    folder = fake_bundle(tmp_path / "b")
    (folder / "plan.json").write_text(content, "utf-8")
    assert planned_steps(Bundle(path=folder, shown="b")) == ()
