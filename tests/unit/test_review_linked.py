"""What a link leads to is read as what the link is called: by its text, too, others are named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from project.host import Host
from project.scan import Scan
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make
from tests.unit.copying import Copy, git, program

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


# What the project has, of which the first line of `.gitignore` is one; the agent's links; those that are held for that.
SECRETS = {".env": "K=1\n", "conf/prod.pem": "x\n", "conf/a": "x\n", "static/a": "x\n", "lone/ign/.env": "K=2\n"}
LINKS = {
    "static/env.txt": "../.env",
    "static/up": "..",
    "static/again": "env.txt",
    "static/conf": "../conf",
    "static/below": "../lone/ign/.env",
    "static/to": "../conf/PROD.pem",
    "static/b": "a",
    "static/c": "../conf/a",
    "static/made": "../none.key",
}
OPEN = {"static/b", "static/c"}


@pytest.mark.parametrize("ignored", [True, False])
def test_a_new_link_to_a_secret_is_held_back(tmp_path: Path, ignored: bool) -> None:
    copy = Copy(tmp_path, "plain")
    make(copy.project, {**SECRETS, ".gitignore": ".env\nign/\n*.pem\n" if ignored else "ign/\n"})
    git(copy.project, "init", "-q")
    copy.enter()
    assert ".env" not in copy.look()
    for name, target in LINKS.items():
        (copy.root / name).symlink_to(target)
    copy.commit()
    found = json.loads(program(copy.state, "review", "--json").stdout)["changes"]
    held = {each["path"] for each in found if "secret" in [reason["kind"] for reason in each["held"]]}
    assert held == LINKS.keys() - OPEN
