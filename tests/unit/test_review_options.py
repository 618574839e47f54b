"""However an option, or a word, tells a program where to look for what it runs: that is held back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from project import packages

from tests.unit.applying import Tree, make
from tests.unit.test_review_mentions import named
from tests.unit.test_review_spelled import verdicts

HOOK = ".husky/pre-push"
# What a hook says; what is held back; what is not.
OPTIONS = (
    # -- folders of Perl's and Ruby's modules
    ("perl -wIt/r -MFoo -e 1", "t/r/Foo.pm", "t/Foo.pm"),
    ("perl5.36 -It/r x", "t/r/Foo.pm", "t/Foo.pm"),
    ("ruby -wIt/r -rfoo", "t/r/foo.rb", "t/foo.rb"),
    ("ruby3.1 -It/r x", "t/r/foo.rb", "t/foo.rb"),
    ("jruby -I t/r x", "t/r/foo.rb", "t/foo.rb"),
    ("plackup -It/r app.psgi", "t/r/Foo.pm", "t/Foo.pm"),
    ("perl '-Mlib qw(t/r u/s)' -MFoo -e 1", "t/r/Foo.pm u/s/Foo.pm", "t/Foo.pm"),
    ("perl -Mlib=t/r,u/s -MFoo -e 1", "t/r/Foo.pm u/s/Foo.pm", "t/Foo.pm"),
    ("perl -Mblib=t/pc -MFoo x", "t/pc/blib/lib/Foo.pm", "t/Foo.pm"),
    ("perl -Mblib -MFoo x", "blib/lib/Foo.pm", "t/Foo.pm"),
    ("perl -Mlocal::lib=t/pe -MFoo x", "t/pe/lib/perl5/Foo.pm", "t/Foo.pm"),
    ("perl -e 'use lib qw(t/r); use Foo'", "t/r/Foo.pm", "t/Foo.pm"),
    ("prove -l", "lib/Foo.pm", "src/Foo.pm"),
    ("prove -lv t/", "lib/Foo.pm", "src/Foo.pm"),
    ("prove -r --lib", "lib/Foo.pm", "src/Foo.pm"),
    ("prove -b", "blib/lib/Foo.pm", "lib/Foo.pm"),
    ("cc -Iinc -wIinc -l x.c", "", "inc/x.h lib/y.c"),
    # -- files of arguments
    ("java @t/args1", "t/args1", "t/args2"),
    ("javac -d out @t/args1 @t/args2", "t/args1 t/args2", "t/args3"),
    ("gcc-12 @t/args2 -o x", "t/args2", "t/args1"),
    ("npm install @types/node", "", "types/node.ts"),
    # -- files that are run one by one
    ("find q4 -type f -exec sh {} \\;", "q4/foo", "q/foo"),
    ("find ./q4 q5 -type f -exec bash '{}' +", "q4/foo q5/a/foo", "q/foo"),
    ("find q4 -type f -print0 | xargs -0 -n1 sh", "q4/foo", "q/foo"),
    ('find q4 -type f | while read -r f; do sh "$f"; done', "q4/foo", "q/foo"),
    ('ls q4 | while read -r f; do . "$f"; done', "q4/foo", "q/foo"),
    ("fd -t f . q4 -x sh", "q4/foo", "q/foo"),
    ("find src -type f -exec sh -c 'gofmt -l {}' \\;", "", "src/foo"),
    ("find src -type f | xargs python3 t/lint.py", "t/lint.py", "src/foo"),
    ('find src -type f | while read -r f; do wc "$f"; done', "", "src/foo"),
    # -- folders that are given before what is done in them
    ("cargo -C cc run", "cc/src/main.rs", "src/main.rs"),
    ("cargo --manifest-path cc/Cargo.toml run", "cc/src/main.rs", "src/main.rs"),
    ("go -C gb run .", "gb/main.go", "main.go"),
    ("swift run --package-path sw", "sw/Sources/x.swift", "Sources/x.swift"),
    ("cargo -C cc test", "", "cc/src/main.rs"),
    # -- search paths
    ('LUA_PATH="./lc/?.lua;./ld/?.lua;;" lua x', "lc/foo.lua ld/foo.lua", "foo.lua"),
    ("CLASSPATH=jars/* java x", "jars/x.class", "x.class"),
    ("echo q2 >> $GITHUB_PATH", "q2/foo", "q/foo"),
    ('printf "%s\\n" q2 >>"$GITHUB_PATH"', "q2/foo", "q/foo"),
    ("echo q2 | tee -a $GITHUB_PATH", "q2/foo", "q/foo"),
    ("Write-Output q2 | Out-File -Append $env:GITHUB_PATH", "q2/foo", "q/foo"),
)


@pytest.mark.parametrize(("text", "held", "others"), OPTIONS)
def test_where_a_program_is_told_to_look(tmp_path: Path, text: str, held: str, others: str) -> None:
    project = make(tmp_path / "project", {HOOK: f"#!/bin/sh\n{text}\n"})
    found = named(project, {}, dict.fromkeys(f"{held} {others}".split(), "new"))
    assert {path for path in found if not path.endswith(".class")} == {
        path for path in held.split() if not path.endswith(".class")
    }


@pytest.mark.parametrize(
    "host",
    [
        {HOOK: "node .\n"},
        {HOOK: "node \\\n  .\n"},
        {".vscode/tasks.json": '{"command": "node", "args": ["."]}'},
        {".vscode/tasks.json": '{"command": "node",\n"args": [\n"."\n]}'},
        {HOOK: "sh x.sh\n", "x.sh": "exec tsx ./\n"},
    ],
)
@pytest.mark.parametrize("main", ["start.js", "start", "./start.js"])
def test_what_a_package_begins_with_where_somebody_begins_there(tmp_path: Path, host: Tree, main: str) -> None:
    old, new = (json.dumps({"main": each}) for each in (main, "evil.js"))
    project = make(tmp_path / "project", {**host, "package.json": old})
    assert set(named(project, {}, {"start.js": "new", "q.js": "new"})) == {"start.js"}
    assert verdicts(project, {"package.json": old}, {"package.json": new}) == [packages.CALLED.reason]


def test_what_a_package_begins_with_where_nobody_does(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {HOOK: "node x.js\n", "package.json": '{"main": "start.js"}'})
    assert named(project, {}, {"start.js": "new"}) == {}
