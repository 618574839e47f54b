"""What a bundle's documents name is there, or is made by running it: each path and script, in every kind of bundle."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

BUNDLES = tuple(sorted(path.name for path in (REPOSITORY / "bundles").iterdir() if (path / "MANIFEST.sha256").exists()))
DOCUMENTS = ("README.md", "PLAN.md", "AGENTS.md", "SKILL.md", "config/ai-assistant-config.yml")

MADE = re.compile(
    r"\.state/.*|local/(?:env|project|overwritten/?|compose\.override\.yaml(?:\.off)?)?|local/share/ca-certificates/"
    r"|storage/(?:kept/)?|storage/workspace-ID\.img"
)
"""What is made by running it, or by its owner."""
NAMED = re.compile(
    r"(?<![\w/.~-])(?:\./)?((?:scripts|checks|steps|lib|config|image|schemas|local|storage|backups|\.state)/[\w./-]*)"
)


def named(bundle: Path, text: str) -> set[str]:
    """The paths that it names and that neither are there nor come to be there."""
    lost = set()
    for path in (found.rstrip(".") for found in NAMED.findall(text)):
        if path.startswith("backups/") and (bundle / "scripts/backup.sh").exists():
            continue
        if not MADE.fullmatch(path) and not (bundle / path).exists():
            lost.add(path)
    return lost


@pytest.mark.parametrize("name", BUNDLES)
def test_each_path_that_a_document_names_is_there(name: str) -> None:
    bundle = REPOSITORY / "bundles" / name
    assert {doc: named(bundle, (bundle / doc).read_text()) for doc in DOCUMENTS} == {doc: set() for doc in DOCUMENTS}


@pytest.mark.parametrize("name", BUNDLES)
def test_each_script_that_the_plan_names_is_there(name: str) -> None:
    bundle = REPOSITORY / "bundles" / name
    text = (bundle / "plan.json").read_text()
    assert named(bundle, text) == set()
    for script in re.findall(r"(?:\./)?((?:scripts/)?(?:rollback|test-setup|[a-z-]+)\.sh) --?[a-z]", text):
        assert (bundle / script).exists(), script


def test_the_home_of_the_assistant_is_the_sandboxs_own() -> None:
    for name in BUNDLES:
        bundle = REPOSITORY / "bundles" / name
        (home,) = re.findall(r"^  home: (.*)$", (bundle / "config/ai-assistant-config.yml").read_text(), re.MULTILINE)
        assert f'ENV HOME="{home}"' in (bundle / "Dockerfile").read_text()


def test_a_path_that_is_not_there_is_seen() -> None:
    """The control."""
    bundle = REPOSITORY / "bundles/safe"
    assert named(bundle, "run `scripts/backup.sh`, then look into backups/.") == {"scripts/backup.sh", "backups/"}
    assert named(bundle, "run ./scripts/apply.sh; .state/logs/ has more") == set()
