"""What runs once another text asks for it by name: recipes, tasks, scripts, programs and modules on a search path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import packages
from project.host import Host
from project.verdict import judge

from tests.unit.applying import Tree, Versions, make
from tests.unit.test_review_calls import HOOK, script
from tests.unit.test_review_mentions import named, package

# The host's files; what is held back since somebody asks for it; what is not.
ASKED: dict[str, tuple[Tree, str, str]] = {
    "a recipe that a hook asks for": (
        {HOOK: "make lint\n", "Makefile": "lint:\n\t@./tools/lint.sh\n"},
        "tools/lint.sh",
        "q.sh",
    ),
    "a recipe that an earlier name asks for": (
        {"lefthook.yml": "run: make lint\n", "Makefile": "lint: x\nx:\n\tpython3 tools/x.py\n"},
        "tools/x.py",
        "q.py",
    ),
    "a target that is not known": (
        {HOOK: 'make "$what"\n', "Makefile": "a:\n\ttrue\nb: c\n\t+@-tools/b.sh\n"},
        "tools/b.sh",
        "q.sh",
    ),
    "what make runs first, and by a pattern": (
        {HOOK: "make -s\n", "Makefile": ".PHONY: a\na: b.x\n\ttools/a.sh\n%.x:\n\ttools/x.sh\nc:\n\ttools/c.sh\n"},
        "tools/a.sh tools/x.sh",
        "tools/c.sh",
    ),
    "a target in a list": (
        {".vscode/tasks.json": '{"command": "make", "args": ["lint"]}', "Makefile": "x:\n\tt/x.sh\nlint:\n\tt/l.sh\n"},
        "t/l.sh",
        "t/x.sh",
    ),
    "a target in a list over lines": (
        {".vscode/tasks.json": '{"command": "make",\n"args": [\n"l"\n]}', "Makefile": "x:\n\tt/x.sh\nl:\n\tt/l.sh\n"},
        "t/l.sh",
        "t/q.sh",
    ),
    "what a recipe has made": (
        {HOOK: "make a\n", "Makefile": "a:\n\t$(MAKE) b\nb:\n\ttools/b.sh\nc:\n\ttools/c.sh\n"},
        "tools/b.sh",
        "tools/c.sh",
    ),
    "a recipe that nobody asks for": ({HOOK: "true\n", "Makefile": "lint:\n\t@./tools/lint.sh\n"}, "", "tools/lint.sh"),
    "a task that a hook asks for": (
        {HOOK: "pdm run lint\n", "pyproject.toml": '[tool.pdm.scripts]\nlint = "tools/a.sh"\nother = "tools/b.sh"\n'},
        "tools/a.sh",
        "tools/b.sh",
    ),
    "an alias of Cargo's": (
        {HOOK: "cargo xtask lint\n", ".cargo/config.toml": '[alias]\nxtask = "run --package xtask --"\n'},
        "xtask/src/main.rs",
        "src/main.rs",
    ),
    "a program of Go's": ({HOOK: "go run ./tools/lint\n"}, "tools/lint/main.go tools/lint/a.go", "tools/q.go"),
    "what make runs while it reads": (
        {"Makefile": "SRCS := $(shell $(PYTHON) tools/sources.py) src/b.py\n"},
        "tools/sources.py",
        "src/b.py",
    ),
    "what Meson runs": (
        {"meson.build": "r = run_command(files('tools/gen.py'), check: true)\nx = files('src/a.py')\n"},
        "tools/gen.py",
        "src/a.py",
    ),
    # -- search paths
    "Python's path": ({".envrc": "export PYTHONPATH=$PWD/src\n"}, "src/json.py", "src/mine.py json2.py"),
    "Python's path in JSON": (
        {".vscode/settings.json": '{"terminal.env": {"PYTHONPATH": "${workspaceFolder}/src"}}'},
        "src/json.py",
        "src/mine.py",
    ),
    "node's path": ({".envrc": "export NODE_PATH=vendored\n"}, "vendored/eslint/index.js", "src/a.js"),
    "a workflow's path": (
        {".github/workflows/x.yml": 'run: echo "$GITHUB_WORKSPACE/tools/bin" >> "$GITHUB_PATH"\n'},
        "tools/bin/x",
        "tools/x",
    ),
    "a folder below what is not known": (
        {".envrc": 'PATH_add "tools/$GOOS"\nexport PATH="$PWD/t/$(uname -s | tr A-Z a-z):$PATH"\n'},
        "tools/linux/x t/linux/x",
        "q",
    ),
    "direnv's own": ({".envrc": "layout go\nload_prefix opt\n"}, "bin/x opt/bin/x", "q"),
    "an editor's tools": (
        {".vscode/settings.json": '{"typescript.tsdk": "ts/lib", "eslint.nodePath": "nodes"}'},
        "ts/lib/tsserver.js nodes/eslint/index.js",
        "src/a.js",
    ),
    "a setting that is no search path": (
        {".github/workflows/x.yml": "env:\n  APP_PATH: src/app\n"},
        "",
        "src/app/a.py",
    ),
    # -- Cargo's workspaces
    "what builds, by a workspace's name": (
        {
            "Cargo.toml": '[workspace.dependencies]\nfoo = { path = "crates/foo-x" }\nbar = { path = "crates/q" }\n',
            "app/Cargo.toml": "[build-dependencies]\nfoo = { workspace = true }\n",
        },
        "crates/foo-x/src/lib.rs",
        "crates/q/src/lib.rs",
    ),
    "what that depends on": (
        {
            "Cargo.toml": '[build-dependencies]\na = { path = "a" }\n[dependencies]\nc = { path = "c" }\n',
            "a/Cargo.toml": '[dependencies]\nb = { path = "../b" }\n',
        },
        "a/src/lib.rs b/src/lib.rs",
        "c/src/lib.rs",
    ),
}


@pytest.mark.parametrize(("host", "held", "others"), ASKED.values(), ids=ASKED)
def test_what_is_asked_for(tmp_path: Path, host: Tree, held: str, others: str) -> None:
    project = make(tmp_path / "project", host)
    found = named(project, {}, dict.fromkeys(f"{held} {others}".split(), "new"))
    assert set(found) == set(held.split())


# Who runs a script of the package's in which words.
RUNNERS: dict[str, Tree] = {
    "command and arguments": {".mcp.json": '{"command": "npm", "args": ["run", "build"]}'},
    "over lines": {".vscode/tasks.json": '{"command": "npm",\n "args": [\n  "run",\n  "build"\n ]}'},
    "a blank before the colon": {".vscode/tasks.json": '{"type": "npm", "script" : "build"}'},
    "YAML": {".pre-commit-config.yaml": "- entry: yarn\n  args: [run, build]\n"},
    "a program": script("spawnSync('npm', ['run', 'build'])", "k/run.js"),
}


@pytest.mark.parametrize("host", RUNNERS.values(), ids=RUNNERS)
def test_a_script_of_the_package_in_any_words(tmp_path: Path, host: Tree) -> None:
    old = package(build="ok", other="ok")
    project = make(tmp_path / "project", {**host, "package.json": old})
    for name, wanted in (("build", [packages.CALLED]), ("other", [])):
        versions = Versions(
            {"package.json": old}, {"package.json": old.replace(f'"{name}": "ok"', f'"{name}": "evil"')}
        )
        with Host(os.fsencode(project)) as opened:
            assert [*judge(versions.changes, versions.blob, opened)[0].held] == wanted
