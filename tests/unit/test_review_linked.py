"""What a link leads to is read as what the link is called: by its text, too, others are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project.host import Host
from project.scan import Scan
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make

PYTHON = "export PYTHONPATH=$PWD/search\n"
TASK = '{"tasks": [{"runOptions": {"runOn": "folderOpen"}, "command": "sh bin/start"}]}\n'
STORIES: dict[str, tuple[Tree, str]] = {
    "the control: no link": ({".envrc": PYTHON, "search/own.py": ""}, "search/json.py"),
    "a link": ({".envrc": Link("tools/env.sh"), "tools/env.sh": PYTHON, "search/own.py": ""}, "search/json.py"),
    "one by another": (
        {
            ".envrc": Link("links/one"),
            "links/one": Link("../tools/env.sh"),
            "tools/env.sh": PYTHON,
            "search/own.py": "",
        },
        "search/json.py",
    ),
    "a link to a folder": ({".vscode": Link("tools/ed"), "tools/ed/tasks.json": TASK, "bin/start": "0\n"}, "bin/start"),
}


def held(folder: Path, base: Tree, path: str) -> bool:
    """Whether a change of that path is."""
    make(folder, base)
    versions = Versions(base, {**base, path: "evil\n"})
    with Host(os.fsencode(folder)) as host:
        (verdict,) = judge(versions.changes, versions.blob, host, Scan(host.real))
        return bool(verdict.held)


@pytest.mark.parametrize("story", STORIES)
def test_what_its_text_names_is_held(tmp_path: Path, story: str) -> None:
    assert held(tmp_path / "project", *STORIES[story])


def test_what_a_link_of_no_such_name_leads_to_is_not_read(tmp_path: Path) -> None:
    plain: Tree = {"notes": Link("tools/env.sh"), "tools/env.sh": PYTHON, "search/own.py": ""}
    assert not held(tmp_path / "project", plain, "search/json.py")
