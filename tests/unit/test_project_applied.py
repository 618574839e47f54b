"""An undo after an apply: what was brought back stays in the copy too, and is named."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

import pytest

from tests.unit.copying import Copy, copy, git, program

__all__ = ["copy"]
STAYS = "an apply has settled it (it was brought back, or yours was kept), so it stays"


def does(copy: Copy, script: str) -> None:
    """One command of the agent's."""
    subprocess.run(("bash", "-euc", script), cwd=copy.root, check=True)
    assert copy.commit(script)


def apply(copy: Copy, *words: str) -> None:
    """All that was changed comes back."""
    for command in (("review",), ("apply", "--yes", *words)):
        done = program(copy.state, *command)
        assert done.returncode == 0, done.stderr.decode()


def undo(copy: Copy, count: int = 1) -> list[str]:
    """As the bundle does it."""
    copy.hide()
    done = program(copy.state, "undo", str(count))
    copy.show()
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def waiting(copy: Copy) -> list[str]:
    """What a review would show."""
    copy.track.commit_outside()
    return copy.changed()


def test_what_is_new_and_was_applied_stays_and_is_named(copy: Copy) -> None:
    copy.enter()
    does(copy, "echo new >N.txt")
    apply(copy)
    assert undo(copy) == ["undone: 0 paths", "not undone: 1 path", f"  N.txt: {STAYS}"]
    assert copy.look() == {"N.txt": "new\n"}
    assert waiting(copy) == []


def test_what_was_edited_before_is_not_set_back_either(copy: Copy) -> None:
    copy.write("a", "d/gone", "only")
    copy.enter()
    does(copy, "echo 1 >>a")
    does(
        copy, "echo 2 >>a; echo read >README.txt; rm d/gone; mkdir n; echo n >n/n; echo held >Makefile; chmod 755 only"
    )
    apply(copy, "--accept", "only")
    before = copy.look()
    named = ["README.txt", "a", "d/gone", "n/n", "only"]
    assert undo(copy) == [
        "undone: 1 path",
        "  Makefile",
        "not undone: 5 paths",
        *(f"  {path}: {STAYS}" for path in named),
    ]
    del before["Makefile"]
    assert copy.look() == before
    assert waiting(copy) == []
    # Nor does one that goes further back.
    undo(copy, 3)
    assert waiting(copy) == []


def test_what_was_done_to_it_since_is_undone(copy: Copy) -> None:
    copy.write("a", "b")
    copy.enter()
    does(copy, "echo 1 >>a; echo 1 >>b; chmod 600 b")
    apply(copy)
    does(copy, "echo 2 >>a; rm b")
    assert undo(copy) == ["undone: 2 paths", "  a", "  b"]
    assert copy.look() == {"a": "a\n1\n", "b": "b\n1\n"}
    undo(copy)
    said = undo(copy, 4)
    assert said[:3] == ["undone: 2 paths", "  a", "  b"]
    assert said[3:] == ["not undone: 2 paths", f"  a: {STAYS}", f"  b: {STAYS}"]
    assert copy.look() == {"a": "a\n1\n", "b": "b\n1\n"}
    assert waiting(copy) == []


def test_what_stands_in_the_way_of_an_undo_is_named(copy: Copy) -> None:
    copy.enter()
    does(copy, "echo file >d")
    does(copy, "rm d; mkdir d; echo x >d/x")
    apply(copy)
    assert undo(copy) == [
        "undone: 0 paths",
        "not undone: 2 paths",
        "  d: what an apply has settled stands in its way",
        f"  d/x: {STAYS}",
    ]
    assert copy.look() == {"d/x": "x\n"}


def test_a_machine_is_sent_a_layer_that_still_has_it(copy: Copy) -> None:
    copy.write("a", "gone", "b")
    copy.enter()
    does(copy, "echo 1 >>a; rm gone; echo n >n")
    apply(copy)
    does(copy, "echo 2 >>a; echo 2 >>b")
    does(copy, "echo 3 >>b")
    for count, b in ((1, b"b\n2\n"), (2, None), (3, None)):
        file = copy.state / f"layer{count}"
        done = program(copy.state, "undo", "--tar", file, str(count))
        assert done.returncode == 0, done.stderr.decode()
        assert (STAYS in done.stdout.decode()) == (count == 3)
        with tarfile.open(fileobj=io.BytesIO(file.read_bytes())) as layer:
            held = {os.fsencode(one.name): one for one in layer if not one.isdir()}
            found = {path: content(layer, one) for path, one in held.items()}
        a = b"a\n1\n2\n" if count == 1 else b"a\n1\n"
        wanted = {b"a": a, b"gone": None, b"n": b"n\n"}
        assert found == (wanted | {b"b": b} if b else wanted)


def content(layer: tarfile.TarFile, one: tarfile.TarInfo) -> bytes | None:
    """A file's; None is a whiteout."""
    file = layer.extractfile(one)
    return file and file.read()


@pytest.mark.parametrize("forgets", ["nothing", "before a command", "before an undo", "after an undo"])
def test_what_its_user_refused_is_not_offered_again(copy: Copy, forgets: str) -> None:
    """Nor where the cache is gone: it is not written in one step with a commit, which may be killed."""

    def forget(when: str) -> None:
        if forgets == when:
            (copy.state / "seen.list").unlink()

    copy.write("gone", "d/gone", "a", "b\n")
    copy.enter()
    does(copy, "rm gone; rm -r d; echo 1 >>a; echo n >n")
    apply(copy, "--ours", "gone", "--ours", "d", "--ours", "a", "--ours", "n")
    assert waiting(copy) == []
    forget("before a command")
    does(copy, "echo later >later")
    forget("before an undo")
    assert undo(copy) == ["undone: 1 path", "  later"]
    forget("after an undo")
    # It says of what was refused nothing that is not so.
    assert not any("the project has it" in line for line in undo(copy, 3))
    does(copy, "echo x >x")
    assert waiting(copy) == ["+x"]
    apply(copy)
    assert {path.name for path in copy.project.rglob("*")} == {"gone", "d", "a", "b\n", "x"}
    # What the agent does to it after that is another matter.
    does(copy, "mkdir -p d; echo mine >gone; echo 2 >>a")
    assert waiting(copy) == ["~a", "+gone"]


def test_where_what_was_applied_is_taken_back_and_what_an_undo_of_an_undo_does_is_said(copy: Copy) -> None:
    """A newcomer waits for an undo that reaches into the project, and for a second one that goes further back."""
    copy.write("a")
    git(copy.project, "init", "-q")
    copy.enter()
    does(copy, "echo 1 >>a")
    apply(copy)
    own = (
        f"what was applied is in your project: no undo reaches it there, your own git does: git -C {copy.project} diff"
    )
    assert undo(copy) == ["undone: 0 paths", "not undone: 1 path", f"  a: {STAYS}", own]
    does(copy, "echo 2 >>a")
    assert undo(copy) == ["undone: 1 path", "  a"]
    said = undo(copy)
    assert said[2] == "the last thing done was an undo: what that had taken back is here again"
    assert "scripts/undo.sh N" in said[3]
