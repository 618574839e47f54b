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


def held_links(copy: Copy, links: dict[str, str]) -> set[str]:
    """Which new links are held back as ways to a secret, where none of them is for another reason."""
    for name, target in links.items():
        (copy.root / name).parent.mkdir(exist_ok=True)
        (copy.root / name).symlink_to(target)
    copy.commit()
    found = json.loads(program(copy.state, "review", "--json").stdout)["changes"]
    assert not [each for each in found if each["never"]]
    return {each["path"] for each in found if "secret" in [reason["kind"] for reason in each["held"]]}


# What git ignores an entry does not look into, and what is a bundle or a history it leaves out whole.
LEFT: Tree = {
    ".gitignore": "certs/\nbuild/\nplain/\nauto.tfvars.json\n",
    "certs/sub/server.key": "x\n",
    "build/out/deep/id_rsa": "x\n",
    "build/bun/MANIFEST.sha256": "x\n",
    "build/bun/plan.json": "{}\n",
    "build/bun/local/env": "K=1\n",
    "build/nest/.hg/hgrc": "x\n",
    "build/by/content/database.yml": "password: hunter2\n",
    "plain/a": "x\n",
    "plain/public.pem": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
    ".hg/hgrc": "x\n",
    "bun/MANIFEST.sha256": "x\n",
    "bun/plan.json": "{}\n",
    "bun/local/env": "K=1\n",
    "sub/.git/config": "x\n",
    "sub/a": "x\n",
    "docs/a": "x\n",
    "app/a": "x\n",
    "ways/to": Link("../app"),
    "ways/keys": Link("../certs"),
    "more/ways": Link("../ways"),
    "calm/ways": Link("../docs"),
}
WAYS = {
    "certs": "../certs",
    "below": "../certs/sub",
    "another": "certs",
    "build": "../build",
    "out": "../build/out",
    "deep": "../build/out/deep",
    "bundle": "../build/bun",
    "local": "../build/bun/local",
    "local-env": "../build/bun/local/env",
    "nested-hg": "../build/nest",
    "content": "../build/by",
    "file": "../build/by/content/database.yml",
    "hg": "../.hg",
    "hgrc": "../.hg/hgrc",
    "bun": "../bun",
    "bun-local": "../bun/local",
    "env": "../bun/local/env",
    "repository": "../sub",
    "later": "../app",
    "by-links": "../ways",
    "by-more": "../more",
}
CALM = {"plain": "../plain", "calm": "../calm", "x": "a", "suba": "../sub/a", "self": "../docs/x"}


@pytest.mark.parametrize("later", [True, False])
def test_a_new_link_to_what_an_entry_did_not_look_into_is_held_back(tmp_path: Path, later: bool) -> None:
    copy = Copy(tmp_path, "plain")
    make(copy.project, LEFT)
    git(copy.project, "init", "-q")
    copy.enter()
    assert not [path for path in copy.look() if path.startswith(("certs", "build", "bun", ".hg", "plain"))]
    if later:
        make(copy.project, {"app/server.key": "of its user, who goes on\n"})
    found = held_links(copy, {f"docs/{name}": target for name, target in (WAYS | CALM).items()})
    assert {f"docs/{name}" for name in WAYS.keys() - ({"later"} if not later else set())} == found


def test_a_link_of_the_host_that_leads_out_to_a_secret_counts(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "plain")
    make(copy.project, {"deploy/key": Link("/nowhere/.ssh/id_rsa"), "docs/a": "x\n", "calm/b": Link("/nowhere/b")})
    copy.enter()
    assert held_links(copy, {"docs/d": "../deploy", "docs/c": "../calm"}) == {"docs/d"}
