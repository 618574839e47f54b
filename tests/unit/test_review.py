"""What a review shows: all of it, what is dangerous on top, and nothing that steers the terminal."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from generator.schemas import find_schema
from tests.unit.applying import Link, make, snapshot
from tests.unit.tracking import Tracked

BASE = {
    "text.txt": "one\ntwo\n",
    "gone.txt": "gone\n",
    "old-name.txt": "the same\nin both\nfor sure\n",
    "run.sh": "echo\n",
    "data.bin": b"\0\1\2",
    "package.json": '{"name": "x", "scripts": {"test": "t"}}',
    "lib/package.json": '{"name": "y"}',
}
SANDBOX = {
    "text.txt": "one\n-- two\n\x1b[31mred\x1b[0m \u202eevil\r\n",
    "new-name.txt": "the same\nin both\nfor sure\n",
    "run.sh": ("echo\n", 0o755),
    "data.bin": b"\0\1\3",
    "sub/.VSCode/tasks.json": "{}",
    "escape\x1b[2Jname": "x",
    "not utf\udcff8": "x",
    "leaves": Link("../../etc/passwd"),
    "absolute": Link("/etc/passwd"),
    "into-git": Link(".git/hooks"),
    "fine": Link("sub/../text.txt"),
    "package.json": '{"name": "x", "scripts": {"test": "u"}}',
    "lib/package.json": '{"name": "y", "scripts": {"postinstall": "evil"}}',
    "bare/HEAD": "ref: refs/heads/main\n",
    "bare/objects/x": "",
    "bare/refs/heads/main": "",
    "bare/config": "[core]\n\tfsmonitor = evil\n",
    "README": "a",
    "readme": "b",
}
HELD = {
    "run.sh": {"executable"},
    "sub/.VSCode/tasks.json": {"editor"},
    "lib/package.json": {"packages"},
    "bare/HEAD": {"bare-repository"},
    "bare/objects/x": {"bare-repository"},
    "bare/refs/heads/main": {"bare-repository"},
    "bare/config": {"bare-repository"},
    "README": {"case"},
    "readme": {"case"},
    "escape\\x1b[2Jname": {"name"},
    "not utf\\xff8": {"name"},
}


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    """A project, and what an agent made of it."""
    tracked = Tracked(tmp_path, BASE)
    tracked.commit(SANDBOX, notes=[("dev", "device"), ("sub/.git", "git")])
    return tracked


def changes(document: dict) -> dict[str, dict]:
    """The changes by path."""
    return {change["path"]: change for change in document["changes"]}


def test_the_document_says_what_is_held_back_and_why(tracked: Tracked) -> None:
    document = tracked.review()
    held = {path: {each["kind"] for each in one["held"]} for path, one in changes(document).items() if one["held"]}
    assert held == HELD
    assert all(each["reason"] for one in changes(document).values() for each in one["held"])


def test_the_document_says_what_never_comes_back(tracked: Tracked) -> None:
    document = tracked.review()
    assert {path for path, one in changes(document).items() if one["never"]} == {"leaves", "absolute", "into-git"}
    assert {(note["path"], note["kind"]) for note in document["notes"]} == {("dev", "device"), ("sub/.git", "git")}


def test_the_document_counts_and_names_what_was_renamed(tracked: Tracked) -> None:
    document = tracked.review()
    assert document["summary"] == {
        "added": 14, "changed": 5, "removed": 2, "renamed": 1, "modes": 1, "held": 11, "never": 5
    }  # fmt: skip
    renamed = changes(document)["new-name.txt"]
    assert renamed["renamed_from"] == {"path": "old-name.txt"}
    assert renamed["similarity"] == 100
    assert changes(document)["data.bin"]["lines"] is None
    assert changes(document)["text.txt"]["lines"] == {"added": 2, "removed": 1}


def test_every_path_can_be_named_exactly(tracked: Tracked) -> None:
    found = changes(tracked.review())
    assert found["escape\\x1b[2Jname"]["base64"] == "ZXNjYXBlG1sySm5hbWU="
    assert found["not utf\\xff8"]["base64"] == "bm90IHV0Zv84"


def test_the_table_is_named_and_shown_by_itself(tracked: Tracked) -> None:
    table = json.loads(tracked.run("review", "--rules").stdout)
    Draft202012Validator(find_schema("rules")).validate(table)
    named = tracked.review()["rules"]
    assert named == {key: table[key] for key in ("count", "sha256", "command")}
    assert named["count"] == len(table["rules"]) > 50
    rules = {rule["pattern"]: rule for rule in table["rules"]}
    assert rules[".vscode"]["kind"] == "editor"
    assert all(rule["reason"] for rule in rules.values())


def test_nothing_steers_the_terminal(tracked: Tracked) -> None:
    shown = tracked.run("review").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\r" not in shown
    assert "+\\x1b[31mred\\x1b[0m \\u202eevil\\r" in shown
    # The control: git itself would have shown it.
    assert (
        b"\x1b[31mred"
        in subprocess.run(
            ("git", "--git-dir", tracked.repo, "diff-tree", "-p", "--root", "sandbox"), capture_output=True, check=True
        ).stdout
    )


def test_what_is_held_back_stands_above_the_difference(tracked: Tracked) -> None:
    shown = tracked.run("review").stdout
    assert shown.index("held back:") < shown.index("never brought back") < shown.index("diff --git")
    assert "diff --git" not in tracked.run("review", "--stat").stdout
    assert f"hash {tracked.review()['hash']}" in shown


def test_colours_on_a_terminal_follow_the_hunk_and_not_the_text(tracked: Tracked) -> None:
    shown = on_a_terminal(tracked, "review", NO_COLOR="")
    assert "\x1b[32m+-- two\x1b[0m" in shown
    assert "\x1b" not in on_a_terminal(tracked, "review", NO_COLOR="1")


def on_a_terminal(tracked: Tracked, *words: str, **environment: str) -> str:
    """What the command prints there; the pager is `cat`."""
    import pty

    parent, child = pty.openpty()
    command = ("python3", "-I", "-B", Path("templates/lib/project").resolve(), "--state", tracked.state, *words)
    variables = {**os.environ, "PAGER": "cat", "TERM": "xterm", **environment}
    process = subprocess.Popen(command, stdout=child, stderr=child, env=variables)
    os.close(child)
    parts = []
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(parent)
    assert process.wait() == 0
    return b"".join(parts).decode()


def test_the_patch_is_what_git_apply_takes(tracked: Tracked, tmp_path: Path) -> None:
    patch = tmp_path / "out.patch"
    tracked.run("review", "--stat", "--patch", str(patch))
    copy = make(tmp_path / "copy", BASE)
    subprocess.run(("git", "apply", patch), cwd=copy, check=True)
    left = {*HELD, "escape\x1b[2Jname", "not utf\udcff8", "leaves", "absolute", "into-git"}
    wanted = make(tmp_path / "wanted", {name: value for name, value in SANDBOX.items() if name not in left})
    make(wanted, {name: BASE[name] for name in ("run.sh", "lib/package.json")})
    assert snapshot(copy) == snapshot(wanted)


def test_the_patch_takes_what_was_accepted(tracked: Tracked, tmp_path: Path) -> None:
    patch = tmp_path / "out.patch"
    tracked.run("review", "--stat", "--patch", str(patch), "--accept", "run.sh")
    assert b"new mode 100755" in patch.read_bytes()
    assert b".VSCode" not in patch.read_bytes()


def test_a_range_shows_what_was_changed_between(tracked: Tracked) -> None:
    tracked.commit({**SANDBOX, "later.txt": "l\n"})
    assert set(changes(tracked.review("HEAD~1..HEAD"))) == {"later.txt"}
    assert set(changes(tracked.review("..HEAD~1"))) == set(changes(tracked.review())) - {"later.txt"}


def test_the_hash_is_of_all_that_was_reviewed(tracked: Tracked) -> None:
    before = tracked.review()["hash"]
    assert tracked.review()["hash"] == before
    tracked.commit({**SANDBOX, "later.txt": "l\n"})
    assert tracked.review()["hash"] != before


WRONG = (("review", "nothing"), ("review", "..0000000"), ("review", "--patch", "/nowhere/x"))


@pytest.mark.parametrize("words", WRONG)
def test_wrong_words_are_refused(tracked: Tracked, words: tuple[str, ...]) -> None:
    assert tracked.run(*words, check=False).returncode == 2


def test_nothing_changed(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, BASE)
    assert tracked.run("review").stdout == "Nothing was changed.\n"
    assert tracked.review()["changes"] == []


PACKAGES = (
    # old, new, held back
    ('{"scripts": {"test": "a"}}', '{"scripts": {"test": "b"}}', False),
    ('{"scripts": {"test": "a"}}', '{"scripts": {"test": "a", "pretest": "b"}}', True),
    ('{"version": "1"}', '{"version": "2"}', False),
    ("{}", '{"scripts": {"install": "x"}}', True),
    ("{}", '{"scripts": {"prepare": "x"}}', True),
    ("{}", '{"dependencies": {"x": "file:./x"}}', True),
    ('{"scripts": {"postinstall": "x"}}', "{}", True),
    ("{}", "not JSON", True),
    ("{}", "[" * 100000, True),
    ("{}", '{"scripts": []}', True),
)


@pytest.mark.parametrize(("old", "new", "held"), PACKAGES)
@pytest.mark.parametrize("name", ["package.json", "a/PACKAGE.json"])
def test_a_package_is_judged_by_what_it_runs(tmp_path: Path, name: str, old: str, new: str, held: bool) -> None:
    tracked = Tracked(tmp_path, {name: old})
    tracked.commit({name: new})
    assert bool(changes(tracked.review())[name]["held"]) is held


# What the host has, what the sandbox makes, and whether the link `l` leads out.
LINKS = (
    ({}, {"l": Link("a/b")}, False),
    ({}, {"d/l": Link("../x")}, False),
    ({}, {"d/l": Link("../../x")}, True),
    ({}, {"d/l": Link("./.././x/../../y")}, True),
    ({}, {"l": Link("/etc")}, True),
    ({}, {"l": Link(".git")}, True),
    ({}, {"l": Link("x/.GIT/config")}, True),
    ({"out": Link("/etc")}, {"l": Link("out/passwd")}, True),
    ({"s/x": "", "a/b/sub": Link("../../s")}, {"a/b/l": Link("sub/../../y")}, True),
    ({}, {"s/x": "", "a/b/sub": Link("../../s"), "a/b/l": Link("sub/../../y")}, True),
    ({"s/x": "", "a/b/sub": Link("../../s")}, {"a/b/l": Link("sub/../y")}, False),
    ({"a": Link("/etc")}, {"a": Link("b"), "l": Link("a/x")}, True),
    ({}, {"l": Link("l")}, False),
    ({}, {"l": Link("m/m/m/m"), "m": Link("l/l/l/l")}, True),
)


@pytest.mark.parametrize(("host", "sandbox", "leaves"), LINKS)
def test_where_a_link_leads(tmp_path: Path, host: dict, sandbox: dict, leaves: bool) -> None:
    tracked = Tracked(tmp_path, host)
    tracked.commit({**host, **sandbox})
    found = changes(tracked.review())
    assert bool(next(one["never"] for path, one in found.items() if path.endswith("l"))) is leaves


def test_a_bare_repository_that_is_half_the_users_is_seen(tmp_path: Path) -> None:
    base = {"r/HEAD": "ref: x\n", "r/refs/x": "", "other": ""}
    tracked = Tracked(tmp_path, base, host={**base, "r/objects/x": ""})
    tracked.commit({**base, "r/config": "[core]\n", "other": "changed"})
    found = changes(tracked.review())
    assert [each["kind"] for each in found["r/config"]["held"]] == ["bare-repository"]
    assert found["other"]["held"] == []


OWN_LINKS = (
    # the project's own link, what the agent changes, held back as
    ({"CLAUDE.md": Link("docs/notes.md")}, "docs/notes.md", ["agent"]),
    ({".vscode": Link("tools/editor")}, "tools/editor/tasks.json", ["editor"]),
    ({"sub/.envrc": Link("../env/x")}, "env/x", ["shell"]),
    ({"readable": Link("docs/notes.md")}, "docs/notes.md", []),
    ({"CLAUDE.md": Link("docs/other.md")}, "docs/notes.md", []),
)


@pytest.mark.parametrize(("links", "changed", "kinds"), OWN_LINKS)
def test_what_a_link_of_the_project_leads_to_is_held_back(
    tmp_path: Path, links: dict, changed: str, kinds: list
) -> None:
    base = {**links, changed: "old"}
    tracked = Tracked(tmp_path, base)
    tracked.commit({**base, changed: "new"})
    assert [each["kind"] for each in changes(tracked.review())[changed]["held"]] == kinds
