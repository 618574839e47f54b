"""Writing a bundle: whole or not at all, and nothing of the user's is ever lost."""

import os
import stat
import subprocess
from itertools import count
from pathlib import Path

import pytest

from generator.bundle import write_bundle
from generator.drift import PENDING, differences
from generator.render import MANIFEST
from tests.unit.planning import rendered
from tests.unit.writing import ONE, TWO, Files, refusal, tree


def test_a_new_bundle_is_whole_and_passes_sha256sum(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    written = write_bundle(rendered(), out)
    assert set(written.changed) == rendered().keys()
    assert differences(out, rendered()) == ()
    done = subprocess.run(("sha256sum", "-c", "--quiet", MANIFEST), cwd=out, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == [out]


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_bundle(ONE, tmp_path / "dev")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "dev/lib/run").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "dev/README").stat().st_mode) == 0o644


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    write_bundle(ONE, tmp_path / "dev")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "dev").rglob("*")}
    written = write_bundle(ONE, tmp_path / "dev")
    assert (written.changed, written.removed, written.moved) == ((), (), ())
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "dev").rglob("*")} == before


def test_a_newer_version_replaces_adds_and_removes(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    written = write_bundle(TWO, out)
    assert written.changed == ("README", "new/here", MANIFEST)
    assert written.removed == ("old/gone",)
    assert not (out / "old").exists()
    assert differences(out, TWO) == ()


def test_a_file_that_is_missing_or_has_lost_its_mode_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    (out / "README").unlink()
    (out / "lib/run").chmod(0o644)
    found = [(difference.path, difference.kind) for difference in differences(out, ONE)]
    assert found == [("README", "missing"), ("lib/run", "mode")]
    assert write_bundle(ONE, out).changed == ("README", "lib/run")
    assert differences(out, ONE) == ()


def test_an_edited_file_is_refused_with_a_diff_and_nothing_is_changed(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    (out / "README").write_text("mine\n", "utf-8")
    before = tree(out)
    error = refusal(TWO, out)
    assert error.exit_code == 4
    assert error.brief == f"Files in {out} were edited, and nothing was changed: README"
    assert "-mine\n+two" in (error.details or "")
    assert "--force" in (error.resolution or "")
    assert tree(out) == before


def test_force_keeps_what_was_edited(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    for number in (1, 2):
        (out / "README").write_text(f"mine {number}\n", "utf-8")
        assert write_bundle(ONE, out, force=True).moved == (f"local/overwritten/{number}/README",)
        assert (out / f"local/overwritten/{number}/README").read_text("utf-8") == f"mine {number}\n"
    assert differences(out, ONE) == ()


def test_an_edited_file_that_the_new_version_lacks_is_not_deleted(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    (out / "old/gone").write_text("mine\n", "utf-8")
    assert "old/gone" in refusal(TWO, out).brief
    assert write_bundle(TWO, out, force=True).moved == ("local/overwritten/1/old/gone",)


def test_what_is_the_users_own_is_never_touched(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    own = ("local/env", ".state/journal", "storage/disk.img", "backups/b.tar", "old/notes")
    for path in own:
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_text("mine", "utf-8")
    write_bundle(TWO, out)
    assert dict.fromkeys(own, "mine").items() <= tree(out).items()


def test_a_manifest_cannot_point_out_of_the_bundle(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    victims = ("../victim", "local/env", "storage/disk.img")
    for victim in victims:
        (out / victim).parent.mkdir(exist_ok=True)
        (out / victim).write_text("", "utf-8")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    with (out / MANIFEST).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{empty}  {victim}\n" for victim in victims)
    write_bundle(TWO, out)
    assert all((out / victim).exists() for victim in victims)


def killed_at(call: int, name: str, files: Files, out: Path) -> bool:
    """Writes in a process of its own that dies, as under SIGKILL, at the nth call of a method; whether it did."""
    child = os.fork()
    if child == 0:
        try:
            method, calls = getattr(Path, name), count(1)

            def deadly(self: Path, *arguments: object, **options: object) -> object:
                if next(calls) == call:
                    os._exit(9)
                return method(self, *arguments, **options)

            setattr(Path, name, deadly)
            write_bundle(files, out)
        finally:
            os._exit(1)  # whatever happens, this process must not go on with the tests
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("then", [ONE, TWO], ids=["the version before", "the new version"])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["replace", "unlink"])
def test_a_writer_that_is_killed_is_completed_by_the_next(tmp_path: Path, name: str, call: int, then: Files) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    assert killed_at(call, name, TWO, out)
    write_bundle(then, out)
    assert differences(out, then) == ()
    assert not (out / PENDING).exists()


def test_a_first_writer_that_is_killed_leaves_no_half_bundle(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    assert killed_at(1, "rename", ONE, out)
    assert not out.exists()
    write_bundle(ONE, out)
    # What it left is beside it under a name that nobody has, hidden, and in nobody's way.
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".dev-")] == ["dev"]


def test_nor_does_a_new_version_take_a_file_of_the_users_for_its_own(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    theirs = out / "README.gen-new"
    theirs.write_text("mine\n")
    assert write_bundle(ONE, out).changed == ()
    error = refusal(TWO, out)
    assert "README.gen-new" in (error.details or "")
    assert (theirs.read_text(), (out / "README").read_text()) == ("mine\n", "one\n")
    assert sorted(path.name for path in out.iterdir()) == ["MANIFEST.sha256", "README", "README.gen-new", "lib", "old"]
    theirs.unlink()
    write_bundle(TWO, out)
    assert (out / "README").read_text() == "two\n"


@pytest.mark.parametrize("name", ["dev.gen-new", "dev.new", "dev.tmp", ".dev"])
def test_a_folder_of_the_users_beside_it_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").write_text("mine\n")
    write_bundle(ONE, tmp_path / "dev")
    assert (tmp_path / name / "thesis.txt").read_text() == "mine\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((name, "dev"))


def test_an_empty_folder_becomes_a_bundle_even_when_the_first_writer_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    out.mkdir(mode=0o700)
    assert killed_at(3, "replace", ONE, out)
    write_bundle(ONE, out)
    assert differences(out, ONE) == ()
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


def test_drift_names_everything_that_differs(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    (out / "README").write_text("mine\n", "utf-8")
    (out / "old/gone").unlink()
    (out / "lib/run").chmod(0o644)
    (out / "lib/extra").write_text("x", "utf-8")
    (out / "local").mkdir()
    (out / "local/env").write_text("x", "utf-8")
    found = [(difference.path, difference.kind) for difference in differences(out, ONE)]
    assert found == [("README", "changed"), ("lib/extra", "extra"), ("lib/run", "mode"), ("old/gone", "missing")]


def test_a_diff_cannot_steer_the_terminal(tmp_path: Path) -> None:
    out = tmp_path / "dev"
    write_bundle(ONE, out)
    (out / "README").write_bytes(b"\x1b[2Jmine\xff\n")
    assert "\x1b" not in (refusal(ONE, out).details or "")
