"""Where git would wait for ever, an entry ends at once, and names what to remove."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from project import unread
from project.failure import Failure

from tests.unit.copying import Copy, git, program


def sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 40)


# What git meets, and how it is made.
MET: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a pipe": (".gitignore", os.mkfifo),
    "a pipe below": ("new/deep/.gitignore", os.mkfifo),
    "a pipe in what is tracked": ("src/.gitignore", os.mkfifo),
    "another repository's pipe": ("lib/.git/HEAD", os.mkfifo),
    "a list without an end": ("new/.gitignore", sparse),
}


@pytest.mark.parametrize("case", MET)
@pytest.mark.parametrize("foreseen", [True, False])
def test_what_git_waits_for_is_named(tmp_path: Path, case: str, foreseen: bool) -> None:
    copy = Copy(tmp_path, "plain")
    copy.write("src/a")
    git(copy.project, "init", "-q")
    git(copy.project, "add", ".")
    place, make = MET[case]
    (copy.project / place).parent.mkdir(parents=True, exist_ok=True)
    make(copy.project / place)
    words = ("--method", "plain", *(("--foresee",) if foreseen else ()))
    done = program(copy.state, "enter", "--project", copy.project, "--sandbox-uid", "0", *words)
    said = done.stderr.decode()
    if place.endswith(("HEAD", "deep/.gitignore")) and not foreseen and done.returncode == 0:
        # Not every git opens it.
        return
    assert done.returncode == 4, said
    assert f"git cannot read {copy.project}/{place}" in said
    assert f"rm {copy.project}/{place}" in said
    assert not (copy.state / "settings.json").exists()


def test_what_is_no_file_elsewhere_is_nobodys_matter(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    copy.write("src/a", "docs/HEAD")
    os.mkfifo(copy.project / "pipe")
    ignore = copy.project / ".gitignore"
    ignore.symlink_to("/dev/null")
    unread.refuse(os.fsencode(copy.project))
    ignore.unlink()
    ignore.symlink_to("pipe")
    unread.refuse(os.fsencode(copy.project), most=unread.AHEAD)
    with pytest.raises(Failure):
        unread.refuse(os.fsencode(copy.project))
