"""What is held back whatever tool may read it: new settings at the top, names of modules, names that mislead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import general, imports, risky
from project.verdict import judge

from tests.unit.applying import Tree, Versions

NEW = {
    ".newtoolrc": "settings",
    ".newtool/plugin.js": "settings",
    ".git-blame-ignore-revs": "settings",
    "newtool.toml": "settings",
    "newtool.yml": "settings",
    "newtool.ini": "settings",
    "Somefile": "settings",
    "pip.py": "module",
    "json.py": "module",
    "_compression.py": "module",
    "_json.py": "module",
    "_sysconfigdata__x86_64-linux-gnu.py": "module",
    "_pyrepl/__init__.py": "module",
    "pipenv.py": "module",
    "piptools/__init__.py": "module",
    "pytest_django.py": "module",
    "hypercorn.py": "module",
    "Black.py": "module",
    "yaml/__init__.py": "module",
    "pytest/__init__.pyi": "module",
    "src/-rf": "name",
    "--exclude=x/y": "name",
    "a\x1b[2Jb": "name",
    "docs/ab\u202egpj.py": "name",
    "a\u200bb": "name",
    "x ": "name",
    "a\u00a0b": "name",
    "not text\udcff": "name",
}
PLAIN = (
    "src/newtool.toml",
    "data/a.json",
    "mypackage.py",
    "src/json.py",
    "json/data.txt",
    "tests/pip.py",
    "Dockerfile",
    ".gitignore",
    "README",
    "a b.txt",
    "a-b",
    "\u00e9t\u00e9.txt",
    "\u65e5\u672c.md",
    "profile.txt",
    "test.py",
    "main.py",
)


def kinds(base: Tree, sandbox: Tree) -> dict[str, set[str]]:
    """By these rules alone: the kinds that each changed path is held back for."""
    versions = Versions(base, sandbox)
    found = general.held(versions.changes, None)  # type: ignore[arg-type]
    return {os.fsdecode(path): {reason.kind for reason in reasons} for path, reasons in found.items()}


@pytest.mark.parametrize(("path", "kind"), NEW.items())
def test_what_is_new_under_such_a_name(path: str, kind: str) -> None:
    assert kinds({}, {path: "x"}) == {path: {kind}}
    # One that the project has is no news; nor is it that one is gone.
    assert kinds({path: "x"}, {path: "y"}) == kinds({path: "x"}, {}) == {}


@pytest.mark.parametrize("path", PLAIN)
def test_what_is_new_under_another_one(path: str) -> None:
    assert kinds({}, {path: "x"}) == {}


def test_every_module_of_this_python_is_known() -> None:
    people = {"test", "this", "antigravity", "idlelib", "turtledemo"}
    names = {name.lower() for name in sys.stdlib_module_names}
    folder = Path(os.__file__).parent
    names |= {path.stem.lower() for path in folder.glob("*.py")} | {name.lower() for name in sys.builtin_module_names}
    assert [name for name in sorted(names - people) if not imports.is_known(name)] == []


# What Python runs from the folder that a tool is started in: the file, the tool, what is held back.
SHADOWS = (
    ("pip.py", ("-m", "pip", "--version"), "module"),
    ("json.py", ("-c", "import json"), "module"),
    ("evil-1.dist-info/entry_points.txt", ("-m", "pytest", "--version", "--version"), "packages"),
)


@pytest.mark.parametrize(("path", "words", "kind"), SHADOWS)
def test_what_a_tool_runs_from_the_folder_that_it_is_started_in(
    tmp_path: Path, path: str, words: tuple[str, ...], kind: str
) -> None:
    proof = tmp_path / "proof"
    evil = f"open({str(proof)!r}, 'w').close()\n"
    files = (
        {path: evil}
        if path.endswith(".py")
        else {path: "[pytest11]\nevil = plugin_of_mine\n", "plugin_of_mine.py": evil}
    )
    if not path.endswith(".py"):
        files["evil-1.dist-info/METADATA"] = "Name: evil\nVersion: 1\n"
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    # The control: it does run.
    subprocess.run((sys.executable, *words), cwd=tmp_path, capture_output=True, check=False)
    assert proof.exists()
    versions = Versions({}, files)
    held = {os.fsdecode(one.change.path): one.held for one in judge(versions.changes, versions.blob, None)}
    assert kind in {reason.kind for reason in held[path]}
    # Without that file, nothing of it runs, though all that is not held back has come.
    proof.unlink()
    for name, reasons in held.items():
        if reasons:
            (tmp_path / name).unlink()
    subprocess.run((sys.executable, *words), cwd=tmp_path, capture_output=True, check=False)
    assert not proof.exists()


# By group of the tools that were found to run something: names that were not in the table once.
GROUPS = {
    "package managers": (
        "package.yaml package.json5 .pnpmfile.mjs bunfig.toml x-1.dist-info/entry_points.txt "
        "x.egg-info/PKG-INFO x.egg-link"
    ),
    "language servers": "rust-analyzer.toml .bsp/x.json hie.yaml compile_commands.json compile_flags.txt "
    ".luarc.json tsconfig.json "
    "jsconfig.json pyrightconfig.json .solargraph.yml .elixir_ls/x .metals/x .ccls gopls.json",
    "what an editor loads on save": (
        ".vale.ini dprint.json .php-cs-fixer.dist.php .credo.exs biome.json .style.yapf ruff.toml"
    ),
    "entering a folder": (
        ".rbenv-vars .prototools .envrc.local .mise.local.toml .pyenv-version .tool-versions .flaskenv"
    ),
    "an interpreter's start": (".ghci .iex.exs .RData .Rprofile .irbrc .ocamlinit .sbtrc startup.jl .perldb .octaverc"),
    "reviews": (".gitlint .arcconfig .reviewboardrc Dangerfile dangerfile.ts .copier-answers.yml"),
    "loaded in place of source": ("a.elc a.beam a.whl liba.so.1.2 a.pyz a.egg a.luac a.zwc a.phar a.wasm a.eln"),
    "builds elsewhere": ".woodpecker.yml .drone.yml codemagic.yaml wercker.yml render.yaml fly.toml app.yaml "
    "Procfile .tekton/x "
    "buildspec.yml .semaphore/x cloudbuild.yaml renovate.json .taskcluster.yml bitrise.yml",
    "assistants": (
        ".goosehints .augment/rules/x .kilocode/rules/x .iflow/x .serena/x .rovodev/x CRUSH.md .roomodes opencode.json"
    ),
}

GROUPS |= {
    "package managers, again": "requirements.lock requirements-dev.lock requirements/dev.txt requirements/base.in "
    "my-requirements-dev.txt extconf.rb rubygems_plugin.rb Setup.hs deps/build.jl info.rkt DESCRIPTION cleanup "
    "configure.win DEPS debian/rules PklProject vendor.tgz x.tar.gz x.zip x.conda Artifacts.toml myocamlbuild.ml",
    "build systems": "config/config.exs config/runtime.exs Emakefile META-INF/services/a.b.Processor "
    "x.main.kts BUILD WORKSPACE BUILD.pants tools/bazel pants pleasew lombok.config fbuild.bff Jamrules genie.lua "
    "jbuild wscript_build duties.py poe_tasks.toml moon.yml Sakefile Makesurefile package-scripts.js",
    "frameworks": "src/setupProxy.js setupTests.js eslint-local-rules.js eslint-local-rules/index.js schema.prisma "
    "instrumentation.ts config/boot.rb config/initializers/x.rb bin/rails artisan RoboFile.php rector.php castor.php "
    ".streamlit/config.toml alembic.ini migrations/env.py",
    "web servers": "gunicorn.conf.py .htaccess web.config Caddyfile config/puma.rb celeryconfig.py Passengerfile.json",
    "REPLs": "data_readers.clj groovysh.rc init.evcxr .gaprc user_default.erl .swank.lisp startup.jsh .sage/init.sage",
    "editors and their tools": "x.run.xml http-client.env.json nbactions.xml Cask Eldev bin/activate-hermit bin/hermit "
    ".vsconfig nvim/init.lua .ijwb/x aftman.toml rokit.toml .custom-gcl.yml",
    "docs and tests": ".yardopts config.ld zensical.toml typedoc.js myst.yml book.json tests.edn "
    "features/environment.py cypress/support/e2e.js testem.js phpbench.json",
    "services and data": "action.yml atlantis.yaml flyway.conf sqitch.conf .skeema atlas.hcl "
    "wails.json modd.conf hk.pkl",
}
# Parts of what a pattern with a slash says, and folders of such a name.
ELSEWHERE = "build/index.js sub/workspace/x.py description/x.md docs/requirements.md deps/x.py config/x.rb rules env.py"


def test_a_pattern_with_a_slash_matches_the_end_of_a_path() -> None:
    assert [name for name in ELSEWHERE.split() if risky.by_name(name.encode())] == []


@pytest.mark.parametrize("names", GROUPS.values(), ids=GROUPS)
def test_names_of_every_group(names: str) -> None:
    assert [name for name in names.split() if not risky.by_name(f"sub/{name}".encode())] == []
