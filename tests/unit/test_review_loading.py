"""What settings load is held back wherever its name stands in them; not what they are about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project.host import Host
from project.verdict import judge

from tests.unit.applying import Tree, Versions, make

# The file of the host's that names something; what is held back for it; what is not.
LOADED: dict[str, tuple[str, str, str, str]] = {
    "the second plugin": (".prettierrc", '{"plugins":["./a.mjs","./b.mjs"]}', "a.mjs b.mjs", "c.mjs"),
    "a list of YAML's": (
        ".prettierrc",
        "plugins:\n  - ./tools/a.mjs\n  - ./tools/b.mjs\n",
        "tools/a.mjs tools/b.mjs",
        "",
    ),
    "a parser": (".eslintrc.json", '{"root":true,"parser":"./tools/parser.js"}', "tools/parser.js", "tools/x.js"),
    "the second that is extended": (".eslintrc.json", '{"extends":["./a/x.js","./a/y.js"]}', "a/x.js a/y.js", ""),
    "after a list of sources": (
        ".eslintrc.json",
        '{"overrides":[{"files":["src/a.js"],"parser":"./tools/p.js"}],"ignorePatterns":["src/b.js"]}',
        "tools/p.js",
        "src/a.js src/b.js",
    ),
    "node's options": (".npmrc", "node-options=--require ./tools/pre.js\n", "tools/pre.js", ""),
    "yarn itself": (".yarnrc.yml", "yarnPath: tools/yarn.cjs\n", "tools/yarn.cjs", ""),
    "cargo's wrapper": (".cargo/config.toml", '[build]\nrustc-wrapper = "tools/wrap.sh"\n', "tools/wrap.sh", ""),
    "cargo's wrapper in a folder": ("k/.cargo/config.toml", '[build]\nrustc-wrapper = "t/w"\n', "k/t/w", ""),
    "PHPStan's list": ("phpstan.neon", "parameters:\n  bootstrapFiles:\n    - tools/b.php\n", "tools/b.php", ""),
    "Psalm": (
        "psalm.xml",
        '<psalm autoloader="t/a.php"><projectFiles><file name="src/x.php"/></projectFiles>'
        '<plugins><plugin filename="t/P.php"/></plugins></psalm>',
        "t/a.php t/P.php",
        "",
    ),
    "a preset of Babel's": (".babelrc", '{"presets":["./tools/preset", "./one"]}', "tools/preset.js one.js", ""),
    "Bun's preload": ("bunfig.toml", 'preload = ["./tools/p.ts", "./tools/q.ts"]\n', "tools/p.ts tools/q.ts", ""),
    "Bazel's status": (".bazelrc", "build --workspace_status_command=tools/status.sh\n", "tools/status.sh", ""),
    "rules of one's own": (".markdownlint-cli2.jsonc", '{"customRules":["./tools/rule.js"]}', "tools/rule.js", ""),
    "a syntax of one's own": (".stylelintrc.json", '{"customSyntax":"./tools/syn.js"}', "tools/syn.js", ""),
    "dofile": (".luacheckrc", 'dofile("tools/x.lua")\n', "tools/x.lua", ""),
    "Mocha's list": (".mocharc.yml", "require:\n  - ./tools/a.js\n  - ./tools/b.js\n", "tools/a.js tools/b.js", ""),
    "RuboCop's list": (
        ".rubocop.yml",
        "require:\n  - ./lib/a\n  - ./lib/b.rb\nAllCops:\n  Exclude:\n    - app/x.rb\n",
        "lib/a.rb lib/b.rb",
        "app/x.rb",
    ),
    "Jest's setup": (
        "jest.config.json",
        '{"setupFiles":["<rootDir>/t/a.js","<rootDir>/t/b.js"],"globalSetup":"./t/g.js"}',
        "t/a.js t/b.js t/g.js",
        "",
    ),
    "Poetry's script": ("pyproject.toml", '[tool.poetry.build]\nscript = "tools/build.py"\n', "tools/build.py", ""),
    "a plugin of Poetry's tests": (
        "pyproject.toml",
        '[project.entry-points.pytest11]\nx = "pkg.plug"\n[project.scripts]\ny = "pkg.cli:main"\n',
        "pkg/plug.py",
        "pkg/cli.py",
    ),
    "sources of Python's": (
        "pyproject.toml",
        '[tool.ruff.lint.per-file-ignores]\n"src/a.py" = ["E1"]\n[tool.x]\nexclude = ["src/b.py", "src/c.py"]\n',
        "",
        "src/a.py src/b.py src/c.py",
    ),
    "mypy's list": (
        "mypy.ini",
        "[mypy]\nplugins = tools/a.py, b.plug\nfiles = src/x.py\n",
        "tools/a.py b/plug.py",
        "src/x.py",
    ),
    "Pylint's list": (".pylintrc", "[MAIN]\nload-plugins=x.one,\n    x.two\n", "x/one.py x/two.py", ""),
    "pytest's list": ("conftest.py", 'pytest_plugins = ["pytester", "k.plug"]\n', "k/plug.py", ""),
    "CMake": (
        "CMakeLists.txt",
        "execute_process(COMMAND ${CMAKE_SOURCE_DIR}/scripts/version.sh)\nadd_executable(x tools/src.py src/a.c)\n",
        "scripts/version.sh",
        "src/a.c tools/src.py",
    ),
    "Meson": (
        "meson.build",
        "run_command('tools/v.py', check: true)\nexecutable('x', 'src/m.c')\n",
        "tools/v.py",
        "src/m.c",
    ),
    "make's shell": (
        "Makefile",
        "V := $(shell cd . && ./scripts/version.sh)\nall: src/a.c\n\ttools/by-hand.sh\n",
        "scripts/version.sh",
        "src/a.c tools/by-hand.sh",
    ),
    "node-gyp": (
        "binding.gyp",
        "{'targets':[{'actions':[{'action':['python3','tools/gen.py']}]}]}",
        "tools/gen.py",
        "",
    ),
    "what setup.py executes": ("setup.py", 'exec(open("pkg/version.py").read())\n', "pkg/version.py", "pkg/other.py"),
    "what setup.py puts together": (
        "setup.py",
        'with open(os.path.join(here, "pkg", "version.py")) as f:\n    exec(f.read())\n',
        "pkg/version.py",
        "",
    ),
    "a module of a build script": (
        "build.rs",
        'mod x;\npub mod y;\ninclude!("gen/z.rs");\n',
        "x.rs y/mod.rs gen/z.rs",
        "src/x.rs",
    ),
    "a crate of macros": ("m/Cargo.toml", "[lib]\nproc-macro = true\n", "m/src/lib.rs m/src/a/b.rs", "src/lib.rs"),
    "what a build script depends on": (
        "Cargo.toml",
        '[dependencies]\na = { path = "a" }\n[build-dependencies]\nb = { path = "b" }\n',
        "b/src/lib.rs",
        "a/src/lib.rs",
    ),
    "a build of Gradle's": ("settings.gradle", 'includeBuild("logic")\ninclude("app")\n', "logic/src/X.kt", "app/X.kt"),
    "a linter's folder": ("tslint.json", '{"rulesDirectory": ["tools/rules"]}', "tools/rules/a.js", "tools/x.js"),
    "what pre-commit is not for": (
        ".pre-commit-config.yaml",
        "- id: x\n  entry: tools/a.py\n  exclude: tests/b.py\n  files: |\n    (?x)\n    tests/c.py\n",
        "tools/a.py",
        "tests/b.py tests/c.py",
    ),
    "lists of an installed package": ("x.egg-info/SOURCES.txt", "src/a.py\nsrc/b.py\n", "", "src/a.py src/b.py"),
}


def named(project: Path, paths: str) -> set[str]:
    """Which of these new paths are held back since something names them."""
    versions = Versions({}, dict.fromkeys(paths.split(), "new"))
    with Host(os.fsencode(project)) as host:
        found = judge(versions.changes, versions.blob, host)
    return {os.fsdecode(one.change.path) for one in found if any(reason.kind == "named" for reason in one.held)}


@pytest.mark.parametrize(("path", "text", "loaded", "others"), LOADED.values(), ids=LOADED)
def test_what_settings_load(tmp_path: Path, path: str, text: str, loaded: str, others: str) -> None:
    project = make(tmp_path / "project", {path: text})
    assert named(project, f"{loaded} {others}") == set(loaded.split())


# The host's files; what is held back; what is not.
IMPORTED: dict[str, tuple[Tree, str, str]] = {
    "several in one line": (
        {"c/check.py": "import sys, json as j\nimport a.b, d\n"},
        "c/json.py c/a/b.py c/d.py",
        "c/e.py",
    ),
    "what a module imports that it imports": (
        {"c/check.py": "import subprocess\n"},
        "c/selectors.py c/_json.py",
        "c/mine.py",
    ),
    "a package of such a name": ({"c/check.py": "x = 1\n"}, "c/yaml/__init__.py", "c/yaml/more.py sub/json.py"),
    "a module of a package": (
        {"c/check.py": "from common.io import r\n"},
        "common/io.py common/__init__.py",
        "common/x.py",
    ),
    "a name that is a module": (
        {"c/check.py": "from common import (  # all\n    io as i,\n    r,\n)\n"},
        "common/io.py common/r.py",
        "common/x.py",
    ),
    "relative ones": (
        {"c/check.py": "from . import a\nfrom .b import c\nfrom ..d import e\n"},
        "c/a.py c/b.py c/b/c.py d.py d/e.py",
        "a.py e.py",
    ),
    "by a call": ({"c/check.py": "importlib.import_module('x.y')\n"}, "x/y.py", "x/z.py"),
    "below src": ({"c/check.py": "import pkg.m\n"}, "src/pkg/m.py src/pkg/__init__.py", "src/pkg/n.py"),
    "two steps on": ({"c/check.py": "import a\n", "c/a.py": "import b, k\n"}, "c/b.py c/k.py", "c/l.py"),
}


@pytest.mark.parametrize(("host", "imported", "others"), IMPORTED.values(), ids=IMPORTED)
def test_what_a_program_of_a_hook_imports(tmp_path: Path, host: Tree, imported: str, others: str) -> None:
    project = make(tmp_path / "project", {".husky/pre-push": "python3 c/check.py\n", **host})
    assert named(project, f"{imported} {others}") == set(imported.split())


def test_a_package_that_a_hook_runs(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {".husky/pre-push": "python3 -m pkg.cli\n"})
    paths = "pkg/__init__.py pkg/cli.py pkg/cli/__main__.py"
    assert named(project, f"{paths} pkg/other.py") == set(paths.split())


def test_what_helps_tests_and_what_they_are_about(tmp_path: Path) -> None:
    text = "from tests.helpers import x\nfrom .own import y\nfrom pkg.code import z\n"
    project = make(tmp_path / "project", {"tests/conftest.py": text, "conftest.py": text})
    helping = "tests/helpers.py tests/own.py tests/__init__.py own.py"
    assert named(project, f"{helping} pkg/code.py") == set(helping.split())


def test_an_installation_runs_all_that_it_imports(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {"setup.py": "from pkg import __version__\n"})
    assert named(project, "pkg/__init__.py pkg/other.py") == {"pkg/__init__.py"}


def test_the_main_file_of_a_package_of_ones_own(tmp_path: Path) -> None:
    root = '{"devDependencies": {"plug": "file:tools/plug"}}'
    project = make(tmp_path / "project", {"package.json": root, "tools/plug/package.json": '{"main": "lib/p.js"}'})
    assert named(project, "tools/plug/lib/p.js tools/plug/q.js") == {"tools/plug/lib/p.js"}
