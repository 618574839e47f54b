"""What a file that steers something names is held back, and what that names in turn."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from project import mentions, packages
from project.host import Host
from project.verdict import judge

from tests.unit.applying import Tree, Versions, make


def package(**scripts: str) -> str:
    """A package.json with these scripts."""
    return json.dumps({"name": "x", "main": "index.js", "scripts": scripts})


# The host's files; what the agent changes, of which the first is held back, unless there is a dash.
NAMED: dict[str, tuple[Tree, str]] = {
    "a script of an installation": (
        {"package.json": package(postinstall="node scripts/setup.js")},
        "scripts/setup.js q.js",
    ),
    "without its suffix": ({"package.json": package(prepare="node ./scripts/setup")}, "scripts/setup.js q.js"),
    "a script that such a script runs": (
        {"package.json": package(prepare="npm run build", build="node tools/b.js", test="node t.js")},
        "tools/b.js t.js",
    ),
    "pnpm's own": ({"package.json": package(**{"pnpm:devPreinstall": "node a/b.js"})}, "a/b.js q.js"),
    "what package.json tells to people": ({"package.json": package(test="node t.js")}, "- t.js index.js"),
    "a hook of husky's": ({".husky/pre-push": "#!/bin/sh\n. ./tools/check\n"}, "tools/check q"),
    "a script that a hook runs by name": (
        {
            ".husky/pre-push": "npm run lint-it\n",
            "package.json": package(**{"lint-it": "node l/x.js", "b": "node b.js"}),
        },
        "l/x.js b.js",
    ),
    "a hook below a folder": ({".husky/pre-push": "../tools/check.sh\n"}, "tools/check.sh q.sh"),
    "pre-commit": ({".pre-commit-config.yaml": "hooks:\n- id: x\n  entry: ./tools/run.py --x\n"}, "tools/run.py q.py"),
    "lefthook": (
        {"lefthook.yml": "pre-push:\n  commands:\n    a:\n      run: sh tools/x.sh {files}\n"},
        "tools/x.sh q.sh",
    ),
    "direnv": ({".envrc": "source_env conf/dev.sh\n"}, "conf/dev.sh q.sh"),
    "a folder of programs": ({".envrc": "PATH_add tools/bin\n"}, "tools/bin/ls tools/x"),
    "another folder of programs": ({".envrc": 'export PATH="$PWD/tools/bin:$PATH"\n'}, "tools/bin/ls tools/x"),
    "a task of an editor": (
        {".vscode/tasks.json": '{"tasks": [{"command": "${workspaceFolder}/tools/x.sh", "runOptions": {}}]}'},
        "tools/x.sh q.sh",
    ),
    "a path with a space": ({".vscode/tasks.json": '{"command": "my tools/x.sh"}'}, "my tools/x.sh"),
    "an import in instructions": ({"CLAUDE.md": "Read this: @docs/style.md.\n"}, "docs/style.md docs/q.md"),
    "an import of one's own folder": ({"sub/AGENTS.md": "@./notes.md\n"}, "sub/notes.md q.md"),
    "instructions that only speak of it": ({"CLAUDE.md": "The code is in src/main.py.\n"}, "- src/main.py"),
    "an assistant's hook": ({".claude/settings.json": '{"command": "python3 tools/h.py"}'}, "tools/h.py q.py"),
    "a workflow": ({".github/workflows/x.yml": "- run: ./ci/build --all\n"}, "ci/build q"),
    "an action": ({".github/workflows/x.yml": "- uses: ./tools/act\n"}, "tools/act/action.yml tools/act.txt"),
    "GitLab": ({".gitlab-ci.yml": "include: '/ci/x.yml'\n"}, "ci/x.yml q.yml"),
    "owners and forms": ({".github/CODEOWNERS": "src/x.py @me\n", ".github/ISSUE.yml": "src/x.py"}, "- src/x.py"),
    "a build's backend": (
        {"pyproject.toml": '[build-system]\nbuild-backend = "back"\nbackend-path = ["_b"]\n'},
        "_b/back.py back.txt",
    ),
    "a plugin of pytest": ({"pytest.ini": "[pytest]\naddopts = -p tools.plug\n"}, "tools/plug.py q.py"),
    "another plugin of pytest": ({"conftest.py": 'pytest_plugins = ["tools.plug"]\n'}, "tools/plug.py q.py"),
    "what settings extend": ({".eslintrc.json": '{"extends": "./base/rules.js"}'}, "base/rules.js q.js"),
    "a plugin of settings": ({"vite.config.ts": "import x from './tools/plug'\n"}, "tools/plug.ts q.ts"),
    "what a debugger reads": ({".gdbinit": "source tools/x.gdb\n"}, "tools/x.gdb q.gdb"),
    "a container of an editor's": (
        {".devcontainer/devcontainer.json": '{"postCreateCommand": "bash tools/x.sh"}'},
        "tools/x.sh q.sh",
    ),
    "a makefile": ({"Makefile": "V := $(shell tools/version.sh)\nall: src/a.c\n"}, "tools/version.sh src/a.c"),
    "npm's shell": ({".npmrc": "script-shell=./tools/sh\n"}, "tools/sh q"),
    "in another spelling": ({".envrc": "source_env Conf/Dev.sh\n"}, "conf/dev.SH q.sh"),
    "one step on": (
        {"package.json": package(postinstall="node s/setup.js"), "s/setup.js": "require('./lib')\n"},
        "s/lib.js lib.js",
    ),
    "two steps on": (
        {".envrc": ". s/a.sh\n", "s/a.sh": '. "$(dirname "$0")/b.sh"\n', "s/b.sh": "python3 c.py\n"},
        "s/c.py q.py",
    ),
    "a program one step on": (
        {".envrc": ". s/a.sh\n", "s/a.sh": "echo x\nt/lint --all\n"},
        "t/lint t/q",
    ),
    "in a package that is installed": (
        {"node_modules/x/package.json": package(postinstall="node b.js")},
        "- node_modules/x/q b.js",
    ),
    "a file that steers nothing": ({"README.md": "Run scripts/setup.js\n"}, "- scripts/setup.js"),
}


def named(project: Path, base: Tree, sandbox: Tree) -> dict[str, str]:
    """What is held back since something names it, with the reason."""
    versions = Versions(base, sandbox)
    with Host(os.fsencode(project)) as host:
        found = judge(versions.changes, versions.blob, host)
    return {
        os.fsdecode(one.change.path): reason.reason for one in found for reason in one.held if reason.kind == "named"
    }


@pytest.mark.parametrize(("host", "changed"), NAMED.values(), ids=NAMED)
def test_what_a_file_that_steers_names(tmp_path: Path, host: Tree, changed: str) -> None:
    project = make(tmp_path / "project", host)
    paths = changed.split() if changed != "my tools/x.sh" else [changed]
    found = named(project, {}, dict.fromkeys((path for path in paths if path != "-"), "new"))
    assert set(found) == {path for path in paths[:1] if path != "-"}


def test_the_reason_names_the_file_and_the_way(tmp_path: Path) -> None:
    host: Tree = {"package.json": package(postinstall="node s/setup.js"), "s/setup.js": "require('./lib')\n"}
    found = named(make(tmp_path / "project", host), {}, {"s/setup.js": "new", "s/lib.js": "new"})
    assert found == {
        "s/setup.js": "named by package.json: an installation runs it",
        "s/lib.js": "named by s/setup.js, itself named by package.json: an installation runs it",
    }


def test_what_comes_with_it_names_as_well(tmp_path: Path) -> None:
    """The file that steers is new; it may be accepted without what it names, or come in an apply before."""
    sandbox: Tree = {".envrc": ". tools/x.sh\n", "tools/x.sh": "evil"}
    assert set(named(make(tmp_path / "one", {}), {}, sandbox)) == {"tools/x.sh"}
    host = make(tmp_path / "two", {".envrc": ". tools/x.sh\n"})
    assert set(named(host, {}, {"tools/x.sh": "evil"})) == {"tools/x.sh"}


def test_a_file_that_nobody_tracks_names_as_well(tmp_path: Path) -> None:
    host = make(tmp_path / "project", {".gitignore": ".envrc\n", ".envrc": ". tools/x.sh\n"})
    assert set(named(host, {}, {"tools/x.sh": "evil"})) == {"tools/x.sh"}


def test_past_so_much_everything_is_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make(tmp_path / "project", {".envrc": ". tools/x.sh\n", ".husky/a": "true\n"})
    sandbox: Tree = {"tools/x.sh": "evil", "tools/y.sh": "evil"}
    assert set(named(host, {}, sandbox)) == {"tools/x.sh"}
    monkeypatch.setattr(mentions, "FILES", 1)
    assert set(named(host, {}, sandbox)) == set(sandbox)


@pytest.mark.parametrize("script", ["pnpm:devPreinstall", "postinstall", "prepare", "install"])
def test_what_a_package_manager_runs_by_itself(script: str) -> None:
    versions = Versions({"package.json": package()}, {"package.json": package(**{script: "evil"})})
    assert judge(versions.changes, versions.blob, None)[0].held[0] == packages.INSTALLS
