"""Law: a text whose lines go on leads to what it would lead to in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from project import lines

from tests.unit.applying import Tree, make
from tests.unit.test_review_calls import CALLED
from tests.unit.test_review_mentions import named
from tests.unit.test_review_options import OPTIONS
from tests.unit.test_review_spelled import SPELLED

HOOK = ".husky/pre-push"
SHELLS = (HOOK, ".envrc")
# Between quotes a line that goes on is a text with another line in it.
BLANK = re.compile(r"""("[^"]*"|'[^']*'|\$\([^)]*\)|\\.)|(?<=\S) (?=\S)""")


def shell(text: str) -> str:
    """Each line over as many as it has words."""
    return BLANK.sub(lambda found: found[1] or " \\\n    ", text)


def pipes(text: str) -> str:
    """Each pipe at the end of a line, with a remark."""
    return text.replace(" | ", " |  # and then\n\n  ").replace(" && ", " &&\n  ")


def workflow(text: str) -> str:
    """A command of one line as a service's file may have it."""
    folded = BLANK.sub(lambda one: one[1] or "\n" + " " * 8, text.strip().replace("\n", "; "))
    return f"jobs:\n  j1:\n    steps:\n    - run: >-\n        {folded}\n      shell: bash\n"


def inner(text: str) -> str:
    """A command over several lines, in a string of JSON's."""
    return json.dumps({"hooks": [{"command": shell(text)}]}, indent=2)


ROWS: dict[str, tuple[str, str, str]] = {
    **{f"options: {text.strip()}": (text, held, others) for text, held, others in OPTIONS},
    **{
        f"called: {name}": (str(host[HOOK]), held, others)
        for name, (host, held, others) in CALLED.items()
        if [*host] == [HOOK]
    },
    **{
        f"spelled: {name}": (text, changed.split()[0], " ".join(changed.split()[1:]))
        for name, (place, text, changed) in SPELLED.items()
        if place == ".envrc" and "|" not in changed and "@" not in text
    },
}
WAYS = {
    "a backslash": (HOOK, shell),
    "pipes": (HOOK, pipes),
    "a workflow": (".github/workflows/x.yml", workflow),
    "a string": (".claude/settings.json", inner),
}


# A service's own key for it is no path.
OVER = [
    (row, way)
    for row, (text, _, others) in ROWS.items()
    for way, (_, written) in WAYS.items()
    if written(text) != text and not (way == "a workflow" and others.endswith("/run"))
]


@pytest.mark.parametrize(("row", "way"), OVER)
def test_a_row_over_several_lines(tmp_path: Path, row: str, way: str) -> None:
    text, held, others = ROWS[row]
    place, written = WAYS[way]
    project = make(tmp_path / "project", {place: written(text)})
    found = named(project, {}, dict.fromkeys(f"{held} {others}".split(), "new"))
    assert set(found) == set(held.split())


DOCUMENTS: dict[str, tuple[str, object, str, str]] = {
    "a module": (".mcp.json", {"command": "python3", "args": ["-m", "pa.m.one"]}, "pa/m/one.py", "pa/m/q.py"),
    "an option": (".vscode/tasks.json", {"command": "ruby", "args": ["-I", "t/r", "-rfoo"]}, "t/r/foo.rb", "t/q.rb"),
    "an option elsewhere": (
        ".vscode/tasks.json",
        {"tasks": [{"command": "ruby", "options": {"cwd": "x"}, "args": ["-It/r", "-e", "p 1"]}]},
        "t/r/foo.rb",
        "t/q.rb",
    ),
    "a search path": (".vscode/tasks.json", {"options": {"env": {"PATH": "q1:${env:PATH}"}}}, "q1/foo", "q/foo"),
    "a beginning": (".vscode/tasks.json", {"command": "node", "args": ["."]}, "index.js", "q.js"),
    "a crate": (
        ".vscode/tasks.json",
        {"command": "cargo", "args": ["run", "--manifest-path", "cc/Cargo.toml"]},
        "cc/src/main.rs",
        "src/main.rs",
    ),
    "parts": (".vscode/tasks.json", {"command": "run-parts", "args": ["q5"]}, "q5/foo", "q/foo"),
}


@pytest.mark.parametrize("indent", [None, 1, 4, "keys"])
@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_over_several_lines(tmp_path: Path, case: str, indent: int | str | None) -> None:
    place, said, held, others = DOCUMENTS[case]
    text = json.dumps(said, indent=2 if indent == "keys" else indent)  # type: ignore[arg-type]
    text = text.replace('": "', '":\n    "') if indent == "keys" else text
    found = named(make(tmp_path / "project", {place: text}), {}, dict.fromkeys(f"{held} {others}".split(), "new"))
    assert set(found) == set(held.split())


# The host's files, what is held back, what is not.
WRITTEN: dict[str, tuple[Tree, str, str]] = {
    "a variable from its beginning": ({HOOK: "export PATH=\\\nq2:$PATH\n"}, "q2/foo", "q/foo"),
    "a variable's middle": ({HOOK: "PATH=q1:\\\nq2:$PATH x\n"}, "q1/foo q2/foo", "q/foo"),
    "a loop with a remark": ({HOOK: "for f in q3/*.sh; # all\n# of them\ndo\n  . $f\ndone\n"}, "q3/a.sh", "q/a.sh"),
    "a literal block": (
        {
            ".github/workflows/x.yml": "- run: |\n    find q4 -name '*.sh' \\\n      -exec sh {} \\;\n"
            "    eslint src/*.sh\n"
        },
        "q4/a.sh",
        "src/a.sh",
    ),
    "a block that begins with a program": (
        {".github/workflows/x.yml": "- run: |\n    node x.js src/*.ts\n"},
        "",
        "src/a.ts",
    ),
    "arguments of YAML's": (
        {".pre-commit-config.yaml": "- entry: ruby\n  args:\n    - -It/r\n    - '-rfoo'\n"},
        "t/r/foo.rb",
        "t/foo.rb",
    ),
    "a plain scalar": ({".pre-commit-config.yaml": "- entry: ruby\n    -It/r\n  id: x\n"}, "t/r/foo.rb", "t/foo.rb"),
    "what is looked at": (
        {".vscode/settings.json": '{"x": [\n"eslint \'src/**/*.js\'",\n"y | sh"],\n"z": [\n"src/*.js"]}'},
        "",
        "src/a.js",
    ),
    "commands of a list": (
        {".gitlab-ci.yml": "x:\n  script:\n    - curl x | sh\n    - eslint src/*.js\n"},
        "",
        "src/a.js",
    ),
    "PowerShell": ({".github/workflows/x.yml": "- run: |\n    ruby `\n      -It/r x\n"}, "t/r/foo.rb", "t/foo.rb"),
    "make": (
        {".envrc": "make all\n", "Makefile": "all: x \\\n  gen\ngen:\n\tsh t/gen.sh\nno:\n\tsh t/no.sh\n"},
        "t/gen.sh",
        "q.sh",
    ),
    "a script of a package": (
        {"package.json": json.dumps({"scripts": {"prepare": "npm \\\n run x", "x": "ruby \\\n -It/r y"}})},
        "t/r/foo.rb",
        "t/foo.rb",
    ),
}


@pytest.mark.parametrize(("host", "held", "others"), WRITTEN.values(), ids=WRITTEN)
def test_what_lines_that_go_on_lead_to(tmp_path: Path, host: Tree, held: str, others: str) -> None:
    found = named(make(tmp_path / "project", host), {}, dict.fromkeys(f"{held} {others}".split(), "new"))
    assert set(found) == set(held.split())


def test_a_text_is_read_twice_only_where_a_line_goes_on() -> None:
    assert len([*lines.readings(b"x", b"a\nb | c\n# d\n")]) == 1
    assert [*lines.readings(b"x", b"a \\\n  b\n")] == [b"a \\\n  b\n", b"a b\n"]
