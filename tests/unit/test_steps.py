"""Steps and checks as their folders tell them; a wrong one is an error that names the file."""

from pathlib import Path

import pytest

from generator.errors import GenError
from generator.resources import templates
from generator.steps import find_checks, find_steps

STEP = """\
id: thing
order: 20
title: Make a thing
reason: It is needed
effects: {engine: [a thing], host_files: [], network: [], root: none, irreversible: null}
timeout: 60
expect: the thing is there
troubles: [{symptom: no thing, cause: none was made, mend: make one}]
"""
CHECK = "id: thing\norder: 20\ntitle: A thing is there\nasserts: [a.b]\nexpect: a thing\n"


def step_at(root: Path, text: str = STEP, name: str = "thing", scripts: str = "do.sh verify.sh undo.sh") -> Path:
    """A step's folder below root/steps."""
    folder = root / "steps" / name
    folder.mkdir(parents=True)
    (folder / "step.yaml").write_text(text, "utf-8")
    for script in scripts.split():
        (folder / script).write_text("#!/usr/bin/env bash\n", "utf-8")
    return root


def test_a_step_is_a_folder(tmp_path: Path) -> None:
    (step,) = find_steps(step_at(tmp_path))
    assert step.folder == "20-thing"
    assert "20-thing.*.log" in step.hint
    assert step.command == "scripts/start.sh"
    assert step.scripts == ("do.sh", "undo.sh", "verify.sh")
    assert step.effects.engine == ("a thing",)


def test_a_check_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "checks" / "thing"
    folder.mkdir(parents=True)
    (folder / "check.yaml").write_text(CHECK, "utf-8")
    (folder / "check.sh").write_text("#!/usr/bin/env bash\n", "utf-8")
    (check,) = find_checks(tmp_path)
    assert check.file == "checks/20-thing.sh"
    assert check.asserts == ("a.b",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("timeout: 60", "timeout: 60\nretries: 2"), "retries: Unexpected keyword argument"),
        (("timeout: 60", "timeout: '60'"), "timeout: Input should be a valid integer"),
        (("timeout: 60", "timeout: 0"), "timeout: Input should be greater than or equal to 1"),
        (("order: 20", "order: 5"), "order: Input should be greater than or equal to 10"),
        (("title: Make a thing", "title: [Make]"), "title: Input should be a valid string"),
        (("title: Make a thing", 'title: "two\\nlines"'), "title: String should match pattern"),
        (("expect: the thing is there\n", ""), "expect: Field required"),
        (("root: none", "roots: none"), "effects.roots: Unexpected keyword argument"),
        (("mend: make one", "mend: make one, wenn: {}"), "troubles.0.wenn: Unexpected keyword argument"),
        (("mend: make one", "mend: ''"), "troubles.0.mend: String should match pattern"),
        (("[{symptom: no thing, cause: none was made, mend: make one}]", "[]"), "troubles: Tuple should have at least"),
        (("id: thing", "id: other"), "id: other is not the name of its folder"),
        (("id: thing", "id: Thing"), "id: String should match pattern"),
        (("id: thing", "id: thing\nscripts: [x]"), "scripts: unknown key"),
        (("id: thing", "id: ["), "while parsing"),
        ((STEP, "- a list"), "is not a mapping"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_step_is_named_with_its_file(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    with pytest.raises(GenError) as caught:
        find_steps(step_at(tmp_path, STEP.replace(*change)))
    assert caught.value.brief == f"A template of gen is wrong: {tmp_path / 'steps/thing/step.yaml'}"
    assert says in (caught.value.details or "")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("scripts", "file", "says"),
    [
        ("do.sh verify.sh", "undo.sh", "is missing, or there twice"),
        ("do.sh do.sh.j2 verify.sh undo.sh", "do.sh", "is missing, or there twice"),
        ("do.sh verify.sh undo.sh notes.txt", "notes.txt", "is not one of do.sh, verify.sh, undo.sh, commit.sh"),
    ],
)
def test_a_steps_scripts_are_complete(tmp_path: Path, scripts: str, file: str, says: str) -> None:
    with pytest.raises(GenError) as caught:
        find_steps(step_at(tmp_path, scripts=scripts))
    assert caught.value.brief.endswith(file)
    assert says in (caught.value.details or "")


def test_two_steps_do_not_share_a_place(tmp_path: Path) -> None:
    step_at(tmp_path)
    step_at(tmp_path, STEP.replace("id: thing", "id: other"), "other")
    with pytest.raises(GenError, match="A template of gen is wrong") as caught:
        find_steps(tmp_path)
    assert caught.value.details == "order 20 belongs to other"


def test_ours_are_in_order_and_complete() -> None:
    steps, checks = find_steps(templates()), find_checks(templates())
    assert [step.order for step in steps] == sorted(step.order for step in steps)
    assert [check.order for check in checks] == sorted(check.order for check in checks)
    assert {"preflight", "image", "storage", "sandbox"} <= {step.id for step in steps}


def test_the_title_of_a_check_is_the_second_line_of_its_script() -> None:
    # test-setup.sh reads it there: it has no YAML.
    for check in find_checks(templates()):
        script = templates() / "checks" / check.id / "check.sh"
        assert script.read_text("utf-8").splitlines()[1] == f"# {check.title}"
