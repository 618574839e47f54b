"""A copy that was made before the profile said otherwise what is in one: the plan, the start and the check say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.conftest import SMALL, Bundle, bundle_maker, generate, on_base
from tests.engine.test_safe import make_project

BEFORE = "the copy was made before "
COPY = ("isolation=docker", "project.method=plain")
CHANGES = (
    # a key; another value; what is there in a copy that is made with it, as a test of a shell
    ("project.secrets", "[notes.txt]", "! [ -e notes.txt ]"),
    ("project.keep", "[.env]", "[ -e .env ]"),
    ("project.ignored", "true", "[ -e build/out ]"),
    ("project.history", "true", "[ -e .git/HEAD ]"),
)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Bundle]:
    folder = tmp_path_factory.mktemp("made")
    project = make_project(folder / "the project")
    (project / ".env").write_text("KEY=value\n")
    (project / ".gitignore").write_text("build/\n.env\n")
    (project / "build").mkdir(exist_ok=True)
    (project / "build/out").write_text("made\n")
    with bundle_maker(folder, base_image, *COPY, profile="safe") as make:
        bundle = make()
        bundle.script("scripts/start.sh", "--project", str(project))
        yield bundle


def written_anew(bundle: Bundle, base_image: str, *sets: str) -> None:
    generate(bundle.path, bundle.name, *SMALL, *on_base(base_image), *COPY, *sets, profile="safe")


def said(bundle: Bundle, script: str) -> tuple[int, str]:
    done = bundle.script(script, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_control_nothing_is_said_of_a_copy_as_the_profile_wants_it(copied: Bundle) -> None:
    for script in ("scripts/plan.sh", "scripts/start.sh", "test-setup.sh"):
        code, words = said(copied, script)
        assert (code, BEFORE in words) == (0, False), words


@pytest.mark.parametrize(("key", "value"), [change[:2] for change in CHANGES], ids=[change[0] for change in CHANGES])
def test_each_key_is_named_by_the_plan_the_start_and_the_check(
    copied: Bundle, base_image: str, key: str, value: str
) -> None:
    written_anew(copied, base_image, f"{key}={value}")
    for script, wanted in (("scripts/plan.sh", 0), ("scripts/start.sh", 0), ("test-setup.sh", 1)):
        code, words = said(copied, script)
        assert (code, f"{BEFORE}{key} changed" in words) == (wanted, True), f"{script}: {words}"
    written_anew(copied, base_image)
    copied.start()
    assert BEFORE not in said(copied, "scripts/plan.sh")[1]


def test_a_new_copy_is_made_with_them(copied: Bundle, base_image: str) -> None:
    written_anew(copied, base_image, *(f"{key}={value}" for key, value, _ in CHANGES))
    copied.script("scripts/discard.sh", "--yes")
    copied.start()
    for _, _, there in CHANGES:
        copied.inside("sh", "-c", there)
    assert BEFORE not in said(copied, "scripts/plan.sh")[1]
    assert BEFORE not in said(copied, "test-setup.sh")[1]
