"""However a steering file spells a path, by whatever link it leads there, whoever calls a script: it is held back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from project import mentions, packages, wanted
from project.host import Host
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make
from tests.unit.test_review_mentions import named, package

# The host's file and what it says (`@` is the project's own path); what the agent changes, of which the first is held.
SPELLED: dict[str, tuple[str, str, str]] = {
    "after cd in a script": ("package.json", package(postinstall="cd tools && node build.js"), "tools/build.js q.js"),
    "without its suffix": ("package.json", package(postinstall="cd a && node ./build"), "x/a/build/index.js q.js"),
    "a folder's beginning": ("package.json", package(postinstall="node ."), "index.js q.js"),
    "another folder's": ("package.json", package(postinstall="cd x && node ./ --y"), "x/index.js q.js"),
    "a default of a variable": (".envrc", '. "${ENVFILE:-d/local.sh}"', "d/local.sh q.sh"),
    "after a variable": (".envrc", '. "$TOP"/d/x.sh', "d/x.sh x.sh"),
    "after a command": (".envrc", '. "$(git rev-parse --show-toplevel)/d/x.sh"', "d/x.sh q.sh"),
    "a variable in it": (".envrc", ". d/$NAME.sh", "d/x.sh x.sh"),
    "absolute": (".envrc", "source @/d/abs.sh", "d/abs.sh q.sh"),
    "from the home": (".envrc", "source ~/work/project/d/x.sh", "d/x.sh q.sh"),
    "escaped": (".envrc", r"source d/my\ env.sh", "d/my env.sh|q.sh"),
    "quoted in parts": (".envrc", "source d/'my env'.sh", "d/my env.sh|q.sh"),
    "out and in again": (".envrc", "source ../project/d/up.sh", "d/up.sh q.sh"),
    "up and down again": ("d/.envrc", "source ../d/up.sh", "d/up.sh q.sh"),
    "with brackets": (".envrc", '. "d/[x].sh"', "d/[x].sh q.sh"),
    "with an equals sign": (".envrc", ". d/a=b,c:d#e.sh", "d/a=b,c:d#e.sh q.sh"),
    "one of several": (".envrc", ". d/{p,q}.sh", "d/q.sh q.sh"),
    "after cd": (".envrc", "cd d/sub && . ./cd.sh", "d/sub/cd.sh q.sh"),
    "a loop": (".envrc", 'for f in env.d/*.sh; do . "$f"; done', "env.d/10.sh 10.sh"),
    "a loop of lines": (".envrc", 'for f in "$PWD"/env.d/*\ndo\n. "$f"\ndone', "env.d/10.sh 10.sh"),
    "parts that are run": (".envrc", "run-parts parts.d", "parts.d/x q"),
    "what looks like prose": (".envrc", "source vars.txt", "vars.txt q.txt"),
    "requirements": (".envrc", "pip install -r deps/dev.txt", "deps/dev.txt q.txt"),
    "a path's last part": (".envrc", 'export PATH="$PATH:$PWD/bin"', "bin/mytool q"),
    "a path's first part": (".envrc", 'PATH="${PWD}/bin:$PATH"', "bin/mytool q"),
    "a path's middle": (".envrc", "PATH=$HOME/x:@/bin:/usr/bin", "bin/mytool q"),
    "a path that is here": (".envrc", "export PATH=.:$PATH", "git src/git"),
    "fish": (".envrc", "set -gx PATH $PWD/bin $PATH", "bin/mytool q"),
    "several folders": (".envrc", "PATH_add a b/bin", "b/bin/x q"),
    "mise": ("mise.toml", '[env]\n_.path = ["./a", "./b"]\n', "b/x q"),
    "a server of an assistant": (".mcp.json", '{"x": {"command": "@/tools/mcp"}}', "tools/mcp q"),
    "a task's folder": (
        ".vscode/tasks.json",
        '{"command": "./watch.sh", "options": {"cwd": "${workspaceFolder}/a/tools"}}',
        "a/tools/watch.sh q.sh",
    ),
    "an assistant's hook": (
        ".claude/settings.json",
        '{"command": "cd $CLAUDE_PROJECT_DIR/k && ./tools/hook.sh"}',
        "k/tools/hook.sh q.sh",
    ),
    "a container's command": (
        ".devcontainer/devcontainer.json",
        '{"initializeCommand": "cd k/tools; ./host.sh"}',
        "k/tools/host.sh q.sh",
    ),
    "GitLab": (".gitlab-ci.yml", "job:\n  script:\n    - cd sub && ./x.sh\n", "sub/x.sh q.sh"),
    "scripts by a pattern": (
        "package.json",
        package(prepare="run-s setup:*", **{"setup:a": "node t/t.js"}),
        "t/t.js q.js",
    ),
    "a script by node": ("package.json", package(prepare="node --run setup", setup="node t/t.js"), "t/t.js q.js"),
    "npm's short word": ("package.json", package(prepare="npm t", test="node t/t.js"), "t/t.js q.js"),
    "what only speaks of it": ("README.md", "cd tools && node build.js", "- tools/build.js"),
    "a pattern that nothing loads": (".github/workflows/x.yml", "paths: ['src/**/*.py']", "- src/a.py"),
    "the same name elsewhere": (".envrc", ". d/x.sh", "d/x.sh e/x.sh"),
}


@pytest.mark.parametrize(("place", "text", "changed"), SPELLED.values(), ids=SPELLED)
def test_a_path_in_any_spelling(tmp_path: Path, place: str, text: str, changed: str) -> None:
    project = make(tmp_path / "project", {place: text.replace("@", str(tmp_path / "project"))})
    paths = changed.split("|") if "|" in changed else changed.split()
    found = named(project, {}, dict.fromkeys((path for path in paths if path != "-"), "new"))
    assert set(found) == {path for path in paths[:1] if path != "-"}


RUNS: Tree = {"package.json": package(postinstall="node scripts/setup.js")}
# The host's files; what was there at entry; what the agent leaves there; what of it is held back.
LINKS: dict[str, tuple[Tree, Tree, Tree, str]] = {
    "a folder becomes a link": (
        {**RUNS, "scripts/setup.js": "ok", "lib/a.js": ""},
        {"scripts/setup.js": "ok", "lib/a.js": ""},
        {"scripts": Link("lib"), "lib/a.js": "", "lib/setup.js": "evil", "lib/b.js": ""},
        "scripts scripts/setup.js lib/setup.js",
    ),
    "a folder is a link": (
        {**RUNS, "scripts": Link("impl"), "impl/setup.js": ""},
        {},
        {"impl/setup.js": "evil", "impl/q.js": ""},
        "impl/setup.js",
    ),
    "a file is a link": (
        {**RUNS, "scripts/setup.js": Link("../impl/setup.js"), "impl/setup.js": ""},
        {},
        {"impl/setup.js": "evil", "impl/q.js": ""},
        "impl/setup.js",
    ),
    "a link below a link": (
        {**RUNS, "scripts": Link("a"), "a/setup.js": Link("../b/x.js"), "b/x.js": ""},
        {},
        {"b/x.js": "evil", "b/q.js": ""},
        "b/x.js",
    ),
    "out and in again": (
        {**RUNS, "scripts": Link("../project/impl"), "impl/setup.js": ""},
        {},
        {"impl/setup.js": "evil", "q.js": ""},
        "impl/setup.js",
    ),
    "a new link with a suffix": ({**RUNS}, {}, {"scripts/setup.js": Link("../q.js"), "q.js": "evil"}, "*"),
    "a folder of programs": (
        {".envrc": "PATH_add bin", "bin": Link("run")},
        {},
        {"run/git": "evil", "q": ""},
        "run/git",
    ),
    "a folder of programs becomes one": ({".envrc": "PATH_add bin"}, {}, {"bin": Link("run"), "run/x": "evil"}, "*"),
    "what is read through a link": (
        {**RUNS, "scripts": Link("impl"), "impl/setup.js": "require('./lib/a.js')"},
        {},
        {"impl/lib/a.js": "evil", "q.js": ""},
        "impl/lib/a.js",
    ),
    "what is removed": ({**RUNS, "scripts/setup.js": ""}, {"scripts/setup.js": "", "q": ""}, {}, "scripts/setup.js"),
    "in a store of packages": (
        {"package.json": package(postinstall="node node_modules/x/a.js"), "node_modules/x": Link("../x")},
        {},
        {"x/b.js": "new"},
        "",
    ),
}


@pytest.mark.parametrize(("host", "base", "sandbox", "wanted"), LINKS.values(), ids=LINKS)
def test_a_path_through_links(tmp_path: Path, host: Tree, base: Tree, sandbox: Tree, wanted: str) -> None:
    found = named(make(tmp_path / "project", host), base, sandbox)
    assert set(found) == (set(sandbox) if wanted == "*" else set(wanted.split()))


EXECUTED = {
    "a program": ("../run/x.sh", {"executable"}),
    "a program by another link": ("../way/x.sh", {"executable"}),
    "a folder of programs": ("../run", {"executable"}),
    "a program that comes along": ("../new.sh", {"executable"}),
    "a file that is none": ("../run/text", set()),
    "a folder that has none": ("../docs", set()),
    "nothing": ("../no/where", set()),
}


@pytest.mark.parametrize(("target", "wanted"), EXECUTED.values(), ids=EXECUTED)
def test_a_new_link_to_a_program_is_one(tmp_path: Path, target: str, wanted: set[str]) -> None:
    host: Tree = {"run/x.sh": ("x", 0o755), "run/text": "x", "docs/a": "x", "way": Link("run")}
    versions = Versions({}, {"tools/git": Link(target), "new.sh": ("x", 0o755)})
    with Host(os.fsencode(make(tmp_path / "project", host))) as opened:
        found = {one.change.path: one.held for one in judge(versions.changes, versions.blob, opened)}
    assert {reason.kind for reason in found[b"tools/git"]} == wanted
    assert {reason.kind for reason in found[b"new.sh"]} == {"executable"}


def test_a_link_in_a_folder_of_programs_is_named(tmp_path: Path) -> None:
    host: Tree = {".envrc": 'PATH="${PWD}/bin:$PATH"\n', "run/x.sh": ("x", 0o755)}
    found = named(make(tmp_path / "project", host), {}, {"bin/git": Link("../run/x.sh"), "run/x.sh": "evil"})
    assert set(found) == {"bin/git", "run/x.sh"}


def test_what_gits_hooks_name_is_read_as_well(tmp_path: Path) -> None:
    hook = "#!/bin/sh\nsh scripts/check.sh\npython3 -m tools.check\ncd sub && ./x.sh\n"
    config = "[core]\n[alias]\n\tchk = !sh d/run.sh\n"
    host: Tree = {
        ".git/HEAD": "ref: x",
        ".git/config": config,
        ".git/hooks/pre-commit": hook,
        "scripts/check.sh": ". scripts/lib.sh\n",
        "d/run.sh": ". d/lib.sh\n",
    }
    changed = ("scripts/lib.sh", "tools/check.py", "sub/x.sh", "d/lib.sh", "q.sh")
    found = named(make(tmp_path / "project", host), {}, dict.fromkeys(changed, "new"))
    assert set(found) == set(changed) - {"q.sh"}
    assert found["scripts/lib.sh"] == "named by scripts/check.sh, itself named by .git/hooks/pre-commit"


# Who calls; the scripts of the package; the one that the agent changes.
CALLS: dict[str, tuple[Tree, dict[str, str], str]] = {
    "a script that is run unasked": ({}, {"prepare": "npm run build"}, "build"),
    "one after another": ({}, {"prepare": "npm run a", "a": "yarn build"}, "build"),
    "by a pattern": ({}, {"prepare": "run-s 'build:*'"}, "build:x"),
    "by node": ({}, {"prepare": "node --run build"}, "build"),
    "by a short word": ({}, {"prepare": "npm t"}, "test"),
    "husky": ({".husky/pre-commit": "npm test\n"}, {}, "test"),
    "git's own hook": ({".git/HEAD": "ref: x", ".git/hooks/pre-commit": "npm test\n"}, {}, "test"),
    "an alias of git's": ({".git/HEAD": "ref: x", ".git/config": "[alias]\nx = !npm run build\n"}, {}, "build"),
    "what a hook runs": ({".husky/pre-commit": "sh x.sh\n", "x.sh": "npm run build\n"}, {}, "build"),
    "another package": ({"p/package.json": package(prepare="npm -C .. run build")}, {}, "build"),
    "an editor's task": ({".vscode/tasks.json": '{"type": "npm", "script": "build"}'}, {}, "build"),
    "direnv": ({".envrc": "npm run build"}, {}, "build"),
}


def verdicts(project: Path, base: Tree, sandbox: Tree) -> list[str]:
    """The reasons that a package.json is held back for."""
    versions = Versions(base, sandbox)
    with Host(os.fsencode(project)) as host:
        found = judge(versions.changes, versions.blob, host)
    return [reason.reason for one in found for reason in one.held]


@pytest.mark.parametrize(("host", "scripts", "changed"), CALLS.values(), ids=CALLS)
def test_a_script_that_another_one_runs(tmp_path: Path, host: Tree, scripts: dict[str, str], changed: str) -> None:
    old, new = (package(**scripts, **{changed: text, "other": "x"}) for text in ("echo ok", "evil"))
    project = make(tmp_path / "project", {**host, "package.json": old})
    assert {packages.CALLED.reason, packages.INSTALLS.reason} & set(
        verdicts(project, {"package.json": old}, {"package.json": new})
    )
    other = old.replace('"other": "x"', '"other": "y"')
    assert verdicts(project, {"package.json": old}, {"package.json": other}) == []


def test_what_a_package_begins_with_counts_where_it_is_run(tmp_path: Path) -> None:
    for script, why in (("node .", [packages.INSTALLS.reason]), ("node x.js", [])):
        old, new = (json.dumps({"main": main, "scripts": {"prepare": script}}) for main in ("a.js", "b.js"))
        project = make(tmp_path / script, {"package.json": old})
        assert verdicts(project, {"package.json": old}, {"package.json": new}) == why


def test_a_script_that_is_no_text_is_read(tmp_path: Path) -> None:
    text = '{"scripts": {"prepare": "node a.js \\ud800"}, "x": "\\udfff"}'
    assert set(named(make(tmp_path / "project", {"package.json": text}), {}, {"a.js": "new"})) == {"a.js"}


@pytest.mark.parametrize(("where", "most"), [("COMPARED", 3), ("LINKS", 1)])
def test_past_so_much_everything_is_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, most: int
) -> None:
    host: Tree = {".envrc": "for f in env.d/*.sh; do . $f; done\n. x/*.sh\n", "a": Link("b"), "c": Link("d")}
    sandbox: Tree = {"env.d/x.sh": "new", "src/a.py": "new"}
    project = make(tmp_path / "project", host)
    assert set(named(project, {}, sandbox)) == {"env.d/x.sh"}
    monkeypatch.setattr(wanted, where, most)
    assert named(project, {}, sandbox) == dict.fromkeys(sandbox, mentions.MORE.reason)
