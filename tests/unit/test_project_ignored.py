"""What the agent makes and the host's .gitignore names is left alone, and noted; nothing can be hidden that way."""

import subprocess

import pytest

from tests.unit.copying import Copy, copy, git, program

__all__ = ["copy"]


def start(copy: Copy, *words: str) -> None:
    """A project that ignores node_modules/ and objects, and has a link."""
    copy.write("a", "d/b", "tracked.o")
    (copy.project / ".gitignore").write_text("node_modules/\n*.o\n!keep.o\n")
    (copy.project / "link").symlink_to("d")
    git(copy.project, "init", "-q")
    git(copy.project, "add", "-f", ".")
    copy.enter(*words)


def run(copy: Copy, script: str) -> None:
    """What an agent does, as one command."""
    subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
    copy.commit(script)


MAKE = "mkdir -p d/node_modules/x; for f in d/node_modules/x/f y.o keep.o tracked.o :z; do echo n >$f; done"


def test_it_is_noted_once_and_never_stored(copy: Copy) -> None:
    start(copy)
    run(copy, MAKE)
    assert copy.changed() == ["+:z", "+keep.o", "~tracked.o"]
    assert copy.noted() == ["ignored:d/node_modules", "ignored:y.o"]
    run(copy, "echo more >>d/node_modules/x/f; echo more >>y.o")
    assert len(copy.track.commits()) == 1
    run(copy, "rm -r d/node_modules y.o")
    assert copy.noted() == []


ALONG = """
test -e node_modules/x/f
echo n >>node_modules/x/f; echo n >node_modules/x/more; rm y.o; rm -r old.o; mkdir -p node_modules/.cache
echo n >node_modules/.cache/x
rm -r d/node_modules; mkdir d/node_modules; echo n >d/node_modules/made; chmod 700 node_modules/x; echo n >fresh.o
mkdir -p __pycache__ .pytest_cache; echo n >__pycache__/a.pyc; echo n >.pytest_cache/x; echo n >seen; echo n >tracked.o
"""


def test_what_was_taken_along_is_left_alone_as_what_is_new_is(copy: Copy) -> None:
    """Installed packages that were made anew, or used, are no change of the project: they hid what was."""
    copy.write("a", "tracked.o", "node_modules/x/f", "y.o", "old.o/deep/f", "d/node_modules/y/f", "__pycache__/b.pyc")
    (copy.project / ".gitignore").write_text("node_modules/\n*.o\n")
    git(copy.project, "init", "-q")
    git(copy.project, "add", "-f", "a", "tracked.o")
    copy.enter("--ignored")
    assert "old.o/deep/f" in copy.look()
    run(copy, ALONG)
    assert copy.changed() == ["+seen", "~tracked.o"]
    # What came with the entry is named there.
    assert copy.noted() == ["ignored:.pytest_cache", "ignored:fresh.o"]
    told = program(copy.state, "left-out", "--told").stdout.decode()
    assert "along: __pycache__, d/node_modules, node_modules, old.o, y.o: git ignored it when the copy was made" in told
    commits = len(copy.track.commits())
    run(copy, "rm -rf node_modules d/node_modules __pycache__")
    assert len(copy.track.commits()) <= commits + 1
    assert copy.changed() == ["+seen", "~tracked.o"]


def test_what_is_new_beside_something_that_was_taken_along_is_seen(copy: Copy) -> None:
    """To git a folder with nothing in it but what is ignored is ignored as well."""
    copy.write("a", "app/node_modules/x", "obj/y.o", ":odd/z.o", "deep/er/z.o")
    (copy.project / ".gitignore").write_text("node_modules/\n*.o\n")
    git(copy.project, "init", "-q")
    git(copy.project, "add", "a")
    copy.enter("--ignored")
    run(copy, "for f in app/n obj/n :odd/n deep/n deep/er/n app/node_modules/n; do echo n >$f; done; echo n >>obj/y.o")
    assert copy.changed() == ["+:odd/n", "+app/n", "+deep/er/n", "+deep/n", "+obj/n"]
    assert copy.noted() == []


def test_what_a_nested_repository_ignores_and_was_taken_along_is_left_alone(copy: Copy) -> None:
    """By its own list, of which git says nothing in the project's name."""
    copy.write("sub/f", "sub/built/x")
    git(copy.project / "sub", "init", "-q")
    (copy.project / "sub/.git/info/exclude").write_text("built/\n")
    git(copy.project, "init", "-q")
    copy.enter("--ignored")
    run(copy, "echo n >>sub/built/x; echo n >sub/built/y; echo n >>sub/f")
    assert copy.changed() == ["~sub/f"]


def test_an_agent_cannot_hide_what_it_does(copy: Copy) -> None:
    """The rules are the host's: the agent's own count when they were brought back."""
    start(copy)
    run(copy, "echo '*' >.gitignore; echo n >evil.sh; rm a; git init -q; echo '*' >.git/info/exclude; echo n >more")
    assert copy.changed() == ["~.gitignore", "-a", "+evil.sh", "+more"]
    # What was tracked before stays so, whatever the host ignores from now on.
    (copy.project / ".gitignore").write_text("*\n")
    run(copy, "echo n >>evil.sh; rm more")
    assert copy.changed() == ["~.gitignore", "-a", "+evil.sh"]


def test_a_path_that_git_refuses_to_judge_is_tracked(copy: Copy) -> None:
    start(copy)
    run(copy, "rm link; mkdir link; echo n >link/f; echo n >after.o")
    assert "+link/f" in copy.changed()
    assert "-link" in copy.changed()


def test_one_path_that_git_refuses_to_judge_does_not_end_the_judging_of_others(copy: Copy) -> None:
    """It did: what came after it in the walk was tracked then, and at the next command noted as ignored as well."""
    start(copy)
    run(copy, "rm link; mkdir -p link/deep; echo n >link/deep/f; mkdir -p node_modules/p z/node_modules; echo n >z/y.o")
    run(copy, "echo n | tee node_modules/p/i.js z/node_modules/i.js >/dev/null")
    assert copy.changed() == ["-link", "+link/deep/f"]
    assert copy.noted() == ["ignored:node_modules", "ignored:z/node_modules", "ignored:z/y.o"]
    commits = len(copy.track.commits())
    run(copy, "find . >/dev/null")
    assert len(copy.track.commits()) == commits


def test_a_folder_with_something_tracked_in_it_is_never_ignored_as_a_whole(copy: Copy) -> None:
    start(copy)
    run(copy, "mkdir -p new; echo n >new/f")
    (copy.project / ".gitignore").write_text("new/\nother/\n")
    run(copy, "echo n >>new/f; mkdir other; echo n >other/f")
    assert copy.changed() == ["+new/f"]
    assert copy.noted() == ["ignored:other"]


@pytest.mark.parametrize("agents", [True, False])
@pytest.mark.parametrize("where", [".gitignore", "d/.gitignore"])
def test_what_the_rules_name_no_longer_is_seen(copy: Copy, agents: bool, where: str) -> None:
    """What a review says of it is what git says by then, whether the agent's list came back or its user's changed."""
    copy.write("a", "d/b")
    (copy.project / where).write_text("built/\n*.o\n")
    git(copy.project, "init", "-q")
    git(copy.project, "add", ".")
    copy.enter()
    made = "d/y.o d/built/f"
    run(copy, f"mkdir d/built; for f in {made}; do echo n >$f; done")
    assert copy.noted() == ["ignored:d/built", "ignored:d/y.o"]
    if agents:
        run(copy, f"echo '*.x' >{where}; echo n >>d/y.o")
        assert copy.changed() == [f"~{where}"]
        assert program(copy.state, "review").returncode == 0
        done = program(copy.state, "apply", "--yes", "--only", where)
        assert done.returncode == 0, done.stderr
    else:
        (copy.project / where).write_text("*.x\n")
    run(copy, "echo n >d/z.o; echo n >d/z.x; echo n >>d/y.o")
    assert {"+d/built/f", "+d/y.o", "+d/z.o"} <= set(copy.changed())
    assert copy.noted() == ["ignored:d/z.x"]


def test_what_the_rules_still_name_is_left_alone_once_they_have_changed(copy: Copy) -> None:
    start(copy)
    run(copy, MAKE)
    (copy.project / ".gitignore").write_text("*.o\nnode_modules/\n!keep.o\n*.z\n")
    run(copy, "echo more >>d/node_modules/x/f; echo more >>y.o; echo n >new.z")
    assert copy.changed() == ["+:z", "+keep.o", "~tracked.o"]
    assert copy.noted() == ["ignored:d/node_modules", "ignored:new.z", "ignored:y.o"]


DROP = """
for f in __pycache__/a.pyc d/__pycache__/b.pyc .pytest_cache/README.md .pytest_cache/v/cache/nodeids .mypy_cache/x \
    .ruff_cache/x .hypothesis/x d/node_modules/.cache/x .DS_Store d/.DS_Store .coverage; do
    mkdir -p $(dirname $f); echo n >$f
done
"""
DROPPED = [
    ".DS_Store",
    ".coverage",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "d/.DS_Store",
    "d/__pycache__",
    "d/node_modules/.cache",
]


@pytest.mark.parametrize("repository", [True, False])
def test_droppings_are_left_alone_though_nothing_names_them(copy: Copy, repository: bool) -> None:
    """A test run in a fresh project leaves nothing to review."""
    copy.write("a", "d/b")
    if repository:
        git(copy.project, "init", "-q")
    copy.enter()
    run(copy, DROP)
    assert copy.changed() == []
    assert copy.noted() == [f"ignored:{path}" for path in DROPPED]


def test_droppings_that_the_project_tracks_or_wants_are_seen(copy: Copy) -> None:
    copy.write("__pycache__/a.pyc", "__pycache__/left.pyc", ".ruff_cache/x")
    (copy.project / ".gitignore").write_text("!.mypy_cache/\n")
    git(copy.project, "init", "-q")
    git(copy.project, "add", "-f", ".gitignore", "__pycache__/a.pyc")
    copy.enter()
    run(copy, DROP)
    assert copy.changed() == ["+.mypy_cache/x", "~__pycache__/a.pyc"]
    assert "ignored:.ruff_cache" in copy.noted()


def test_a_name_of_a_dropping_hides_nothing_else(copy: Copy) -> None:
    copy.write("a")
    copy.enter()
    run(copy, "echo n >__pycache__; echo n >x.pyc; mkdir .DS_Store.d node_modules; echo n >.DS_Store.d/x")
    assert copy.changed() == ["+.DS_Store.d/x", "+__pycache__", "+x.pyc"]
