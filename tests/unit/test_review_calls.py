"""What a calling text leads to, however it is written: as a list, after what cannot be known, by a pattern, by name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from project import general
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make
from tests.unit.test_review_mentions import named

HOOK = ".husky/pre-push"


def script(text: str, place: str = "k/run.sh") -> Tree:
    """A hook runs a script, which says this."""
    return {HOOK: f"exec {place}\n", place: text}


# The host's files; what is held back since they name it; what is not.
CALLED: dict[str, tuple[Tree, str, str]] = {
    # -- lists as words
    "a module in JSON": (
        {".mcp.json": '{"command": "python3", "args": ["-m", "server.main"]}'},
        "server/main.py",
        "server/q.py",
    ),
    "a module in a list over lines": (
        {".mcp.json": '{"args": [\n  "-m",\n  "server.main"\n]}'},
        "server/main.py",
        "server/q.py",
    ),
    "a module in YAML": (
        {".pre-commit-config.yaml": "- entry: python3\n  args: [-m, tools.check]\n"},
        "tools/check.py",
        "tools/q.py",
    ),
    "a module in a list of YAML": (
        {".gitlab-ci.yml": "script:\n  - python3\n  - '-m'\n  - tools.check\n"},
        "tools/check.py",
        "tools/q.py",
    ),
    "a module that a script starts": (
        script("subprocess.run([sys.executable, '-m', 'tools.check'])", "k/run.py"),
        "tools/check.py",
        "tools/q.py",
    ),
    # -- what the table names is read as well
    "what a workflow's script runs": (
        {".github/workflows/x.yml": "- run: bash .github/scripts/a.sh\n", ".github/scripts/a.sh": "bash tools/b.sh\n"},
        "tools/b.sh",
        "q.sh",
    ),
    "an assistant's program without a suffix": (
        {".claude/hooks/guard": "#!/bin/bash\npython3 tools/guard.py\n"},
        "tools/guard.py",
        "q.py",
    ),
    "an assistant's words without a suffix": ({".cursorrules": "The code is in src/main.py.\n"}, "", "src/main.py"),
    "instructions of instructions": (
        {"CLAUDE.md": "See @docs/a.md\n", "docs/a.md": "More in @docs/b.md, and src/x.py\n", "docs/b.md": "@c.md\n"},
        "docs/b.md docs/c.md",
        "docs/q.md src/x.py",
    ),
    "instructions from the home": ({"CLAUDE.md": "See @~/work/project/docs/a.md\n"}, "docs/a.md", "docs/q.md"),
    "Cursor's own links": ({".cursor/rules/a.mdc": "[x](mdc:docs/a.md) [y](docs/q.md)\n"}, "docs/a.md", "docs/q.md"),
    "instructions in an editor's settings": (
        {".vscode/settings.json": '{"chat.codeGeneration.instructions": [{"file": "docs/style.md"}]}'},
        "docs/style.md",
        "docs/q.md",
    ),
    "documents in an editor's settings": ({".vscode/settings.json": '{"x": "docs/style.md"}'}, "", "docs/style.md"),
    # -- options for folders
    "a module of Perl's": ({HOOK: "perl -Mlib=h/lib -MCheck::It -e 1\n"}, "h/lib/Check/It.pm", "h/q"),
    "a module of Perl's, by another option": ({HOOK: "perl -w -Ih/lib -MCheck -e 1\n"}, "h/lib/Check.pm", "h/q"),
    "a module of Perl's, always": ({HOOK: 'PERL5OPT="-Mlib=h/lib" perl x\n'}, "h/lib/strict.pm", "h/q"),
    "a module of Ruby's": ({HOOK: "ruby -I h/lib -rcheck x\n"}, "h/lib/check.rb", "h/q"),
    "a compiler's option": ({HOOK: "cc -Iinc -c x.c\n"}, "", "inc/x.h"),
    "a crate by its manifest": (
        {HOOK: "cargo run -q --manifest-path=h/cr/Cargo.toml -- x\n"},
        "h/cr/src/main.rs h/cr/src/m/a.rs",
        "h/q.rs",
    ),
    "a crate that is only built": ({HOOK: "cargo test --manifest-path h/cr/Cargo.toml\n"}, "", "h/cr/src/main.rs"),
    "a project of .NET's": ({HOOK: "dotnet run --project h/lint\n"}, "h/lint/Program.cs", "h/q.cs"),
    # -- the project under another name
    "a container's name of it": (
        {HOOK: "docker run -v $PWD:/work img sh /work/h/dock.sh\n"},
        "h/dock.sh",
        "k/h/q.sh h/k/dock.sh",
    ),
    "a container's name of a folder in it": ({HOOK: "docker run -v .:/a/w img /a/w/h/x\n"}, "h/x", "x"),
    "an address": ({".vscode/x.json": '{"$schema": "https://a.example/b/c/data.json"}'}, "", "c/data.json"),
    "its own absolute name": ({HOOK: "/home/u/project/h/run\n"}, "h/run", "q/run"),
    # -- addresses that are programs
    "a program of a submodule": ({".gitmodules": '[submodule "s"]\n\turl = ext::sh% t/x\n'}, "t/x", "t/q"),
    # -- after what cannot be known
    "beside a script": (
        script(
            '. "$(dirname "$0")/a.conf"\n. ${BASH_SOURCE%/*}/b.inc\nsource "${0%/*}"/c.inc\n'
            '. "$(cd "$(dirname "$0")" && pwd)/d.inc"\nawk -f "$here/e.awk" x\n"$here/f.tool"\n. `dirname $0`/g.inc\n'
        ),
        "k/a.conf k/b.inc k/c.inc k/d.inc k/e.awk k/f.tool k/g.inc",
        "k/q.inc k/a.md",
    ),
    "the same name elsewhere": (script('. "$(dirname "$0")/a.conf"\n'), "k/a.conf", "q/a.conf"),
    "below a script": (script('. "$here/m/$x.inc"\n. "$(x)/m/n/conf"\n'), "k/m/a.inc k/m/n/conf", "k/m/a.md m/conf"),
    "what node puts together": (
        script(
            "require(path.join(__dirname, 'lib', 'a'))\nrequire(path.resolve(__dirname, './lib/b'))\n"
            "require(`${__dirname}/lib/c`)\nexecFileSync(path.join(__dirname, 'lib', 'd'))\n"
            "JSON.parse(readFileSync(__dirname + '/steps.conf'))\n",
            "k/run.js",
        ),
        "k/lib/a.js k/lib/b.js k/lib/c.js k/lib/d k/steps.conf",
        "k/lib/q.js q/steps.conf",
    ),
    "Ruby": (
        script('load File.join(__dir__, "lib", "x.rake")\nrequire File.expand_path("lib/y", __dir__)\n', "k/r.rb"),
        "k/lib/x.rake k/lib/y.rb",
        "k/lib/q.rb",
    ),
    "Perl": (
        script('use FindBin; use lib "$FindBin::Bin/lib";\nuse My::Mod;\ndo "$FindBin::Bin/x.conf";\n', "k/p.pl"),
        "k/lib/My/Mod.pm k/x.conf",
        "k/q.conf lib/q.pm",
    ),
    "a remark in a list of imports": (
        script("from pkg import (  # noqa (the order is meant)\n    helper,\n)\n", "k/c.py"),
        "k/pkg/helper.py",
        "k/pkg/q.py",
    ),
    "what is on Python's path": (
        {"setup.py": 'sys.path.insert(0, os.path.join(os.path.dirname(__file__), "bt"))\nimport helper\n'},
        "bt/helper.py",
        "bt/q.py helper.txt",
    ),
    "what else stands for a folder": (
        script('run(f"{here}/m/a.tool")\nrequire "#{__dir__}/m/b"\n%~dp0/m/c.tool\n{{ top }}/m/d.tool\n', "k/run"),
        "k/m/a.tool k/m/b.rb k/m/c.tool k/m/d.tool",
        "m/a.py",
    ),
    "data that is compiled, shown or read": (script("cc $here/src/a.c -o out\nless $here/doc/a.md\n"), "", "k/src/a.c"),
    # -- patterns
    "what find runs": ({HOOK: "find h.d -type f -name '*.sh' -exec sh {} \\;\n"}, "h.d/a.sh", "src/a.sh"),
    "what xargs runs": ({HOOK: 'ls "$top"/plug/* | xargs -n1 sh\n'}, "plug/a", "q/a"),
    "what a shell is given": ({HOOK: 'cat "$top"/conf/*.rc | sh\n'}, "conf/a.rc", "conf/a.txt"),
    "what is evaluated": ({".envrc": 'eval "$(cat env/*.vars)"\n'}, "env/a.vars", "env/a.txt"),
    "what make includes": (
        {"Makefile": "include $(sort $(wildcard rules/*.inc))\nSRC := $(wildcard src/*.inc)\n"},
        "rules/a.inc",
        "src/a.inc",
    ),
    "what GitLab includes": (
        {".gitlab-ci.yml": "include:\n  - local: 'ci/*.yml'\nx:\n  artifacts:\n    paths: ['out/*.yml']\n"},
        "ci/a.yml",
        "out/a.yml",
    ),
    "instructions by a pattern": (
        {"opencode.json": '{"instructions": [\n "Z.md",\n "docs/rules/*.md"\n], "watch": [\n "src/*.md"\n]}'},
        "docs/rules/a.md",
        "src/a.md",
    ),
    "a folder of plugins": (
        {"conftest.py": 'for f in Path(__file__).with_name("plug").glob("*.py"):\n    import_module(f.stem)\n'},
        "plug/a.py",
        "src/a.py",
    ),
    "a folder that node lists": (
        script("fs.readdirSync(__dirname + '/plug').forEach(require)\n", "k/run.js"),
        "k/plug/a.js",
        "k/q/a.js",
    ),
    "a folder that Ruby lists": (
        script('Dir[File.join(__dir__, "plug", "*.rb")].each { |f| require f }\n', "k/run.rb"),
        "k/plug/a.rb",
        "k/q/a.rb",
    ),
    "sources by a pattern": (
        {
            "MANIFEST.in": "recursive-include src *.py\n",
            "tsconfig.json": '{"include": ["src/**/*.ts"]}',
            ".github/x.yml": "paths:\n  - 'src/**'\n",
        },
        "",
        "src/a.py src/a.ts",
    ),
    "what a test is about": (
        {"Rakefile": 'load "test/help.rb"\n', "test/help.rb": 'require "kit/code"\nrequire "./more"\n'},
        "test/more.rb",
        "lib/kit/code.rb",
    ),
    "what is checked by a pattern": ({HOOK: "shellcheck src/*.sh && eslint 'src/**/*.js'\n"}, "", "src/a.sh src/a.js"),
}


@pytest.mark.parametrize(("host", "held", "others"), CALLED.values(), ids=CALLED)
def test_what_a_calling_text_leads_to(tmp_path: Path, host: Tree, held: str, others: str) -> None:
    project = make(tmp_path / "project", host)
    found = named(project, {}, dict.fromkeys(f"{held} {others}".split(), "new"))
    assert set(found) == set(held.split())


def test_a_link_at_the_top_is_the_module_that_it_is_called_as(tmp_path: Path) -> None:
    versions = Versions({}, {"pip": Link("isrc/ishim"), "mine": Link("isrc/ishim"), "isrc/yaml": Link("ishim")})
    found = general.held(versions.changes, None)  # type: ignore[arg-type]
    assert found == {b"pip": [general.MODULE]}


def test_a_link_beside_a_program_is_the_module_that_it_is_called_as(tmp_path: Path) -> None:
    host: Tree = {HOOK: "python3 k/check.py\n", "k/check.py": "x = 1\n", "k/own/__init__.py": ""}
    found = named(make(tmp_path / "project", host), {}, {"k/yaml": Link("own"), "k/mine": Link("own")})
    assert set(found) == {"k/yaml"}


def test_what_the_home_names_by_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start-up file of a shell's names a file of the project; that is read on."""
    project = make(tmp_path / "home/work/project", {"t/env.sh": '. "$(dirname "$0")/more.inc"\n'})
    home = tmp_path / "home"
    text = f"source {project}/t/env.sh\nexport PATH=$HOME/work/project/bin:$PATH\n. ~/work/project/t/x.sh; . lib/q.sh\n"
    make(home, {"dotfiles/bashrc": text, ".bashrc": Link("dotfiles/bashrc"), "notes.txt": f"{project}/t/q.sh"})
    os.mkfifo(home / ".zshrc")
    monkeypatch.setenv("HOME", str(home))
    changed = ("t/env.sh", "t/more.inc", "t/x.sh", "bin/x", "t/q.sh", "lib/q.sh", "q.sh")
    found = named(project, {}, dict.fromkeys(changed, "new"))
    assert set(found) == {"t/env.sh", "t/more.inc", "t/x.sh", "bin/x"}
    assert found["t/env.sh"].startswith("named by ~/.bashrc: ")


def test_new_names_of_modules_and_instructions() -> None:
    paths = "ipykernel_launcher.py jedi_language_server.py ninja.py cz.py REVIEW.md SOUL.md VIBE.md best_practices.md"
    versions = Versions({}, dict.fromkeys(paths.split(), "x"))
    assert [one.change.path for one in judge(versions.changes, versions.blob, None) if not one.held] == []


def test_a_text_that_is_no_json_is_read_for_words(tmp_path: Path) -> None:
    text = json.dumps({"command": "sh", "args": ["-c", "python3 -m a.b"]})
    assert set(named(make(tmp_path / "project", {".mcp.json": text}), {}, {"a/b.py": "new"})) == {"a/b.py"}
