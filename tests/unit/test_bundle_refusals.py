"""Where a bundle cannot be written: refused or failed with the mend, and everything as it was."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.bundle import write_bundle
from generator.drift import differences
from generator.render import MANIFEST
from tests.unit.writing import ONE, TWO, refusal, tree


def full_disk(*_: object) -> None:
    """What a write on a full disk does."""
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("there", [True, False], ids=["a bundle is there", "nothing is there"])
def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    out = tmp_path / "dev"
    if there:
        write_bundle(ONE, out)
    before = tree(tmp_path)
    monkeypatch.setattr(os, "fsync", full_disk)
    error = refusal(TWO, out)
    assert error.exit_code == 1
    assert error.details == "No space left on device"
    assert "df -h" in (error.resolution or "")
    assert tree(tmp_path) == before
    assert out.exists() == there


def a_link(out: Path) -> None:
    """`out` is a symbolic link to a folder."""
    (out.parent / "real").mkdir()
    out.symlink_to("real")


def a_dangling_link(out: Path) -> None:
    """`out` is a symbolic link to nothing."""
    out.symlink_to("nowhere")


def a_file(out: Path) -> None:
    """`out` is a file."""
    out.write_text("mine", "utf-8")


def a_folder_of_others(out: Path) -> None:
    """`out` holds somebody else's work."""
    out.mkdir()
    (out / "thesis.tex").write_text("mine", "utf-8")


def a_folder_with_an_empty_manifest(out: Path) -> None:
    """`out` has a manifest that names nothing."""
    out.mkdir()
    (out / MANIFEST).write_text("hello\n", "utf-8")


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (a_link, "It is a symbolic link"),
        (a_dangling_link, "It is a symbolic link"),
        (a_file, "It is a file"),
        (a_folder_of_others, "It is not empty and not a bundle: it has no MANIFEST.sha256"),
        (a_folder_with_an_empty_manifest, "It is not empty and not a bundle: it has no MANIFEST.sha256"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_what_is_not_ours_is_refused_even_with_force(
    tmp_path: Path, prepare: Callable[[Path], None], why: str, force: bool
) -> None:
    out = tmp_path / "dev"
    prepare(out)
    before = tree(tmp_path)
    error = refusal(ONE, out, force=force)
    assert (error.exit_code, error.details) == (4, why)
    assert tree(tmp_path) == before


def test_a_missing_folder_above_is_a_usage_error(tmp_path: Path) -> None:
    error = refusal(ONE, tmp_path / "a/b/dev")
    assert error.exit_code == 2
    assert error.resolution == f"mkdir -p {tmp_path / 'a/b'}"


def test_a_folder_of_the_bundle_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "dev", tmp_path / "elsewhere"
    write_bundle(ONE, out)
    elsewhere.mkdir()
    (out / "lib/run").unlink()
    (out / "lib").rmdir()
    (out / "lib").symlink_to(elsewhere)
    assert refusal(TWO, out, force=True).exit_code == 4
    assert list(elsewhere.iterdir()) == []


def test_a_file_of_the_bundle_that_became_a_link_is_not_written_through(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "dev", tmp_path / "elsewhere"
    write_bundle(ONE, out)
    elsewhere.write_text("mine", "utf-8")
    (out / "README").unlink()
    (out / "README").symlink_to(elsewhere)
    assert "README" in refusal(TWO, out).brief
    write_bundle(TWO, out, force=True)
    assert elsewhere.read_text("utf-8") == "mine"
    assert differences(out, TWO) == ()


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.EROFS, "The filesystem is read-only: choose another folder with --out"),
        (errno.EACCES, "Choose a folder that you may write to with --out, or change its owner"),
        (errno.EDQUOT, "Your quota is used up: free some space, then run the same command again"),
        (errno.EIO, "Correct that, then run the same command again: it completes what was begun"),
    ],
)
def test_what_the_disk_says_is_passed_on_with_a_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, mend: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(tmp_path / "dev"))

    monkeypatch.setattr(Path, "mkdir", refuse)
    error = refusal(ONE, tmp_path / "dev")
    assert (error.exit_code, error.resolution) == (1, mend)
    assert error.details == f"{os.strerror(number)} ({tmp_path / 'dev'})"
