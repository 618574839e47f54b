"""What is no file where a script reads or writes one: nobody waits for it, writes through it, or takes it for ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from generator.bundle import write_bundle
from tests.unit.planning import rendered

WORD = "0123456789abcdef"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """One that has been started, as far as its folders go."""
    made = tmp_path / "a bundle"
    write_bundle(rendered(), made)
    (made / ".state").mkdir(mode=0o700)
    (made / ".state/instance").write_text(WORD)
    (made / "storage").mkdir()
    return made


def bash(bundle: Path, text: str) -> subprocess.CompletedProcess[str]:
    sourced = (
        ". lib/common.sh; . lib/docker.sh; . lib/storage.sh; . lib/preflight.sh; . lib/commands.sh; . lib/images.sh; "
    )
    return subprocess.run(
        ["bash", "-c", sourced + text], cwd=bundle, capture_output=True, text=True, check=False, timeout=600,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def odd(path: Path, kind: str, theirs: Path) -> None:
    """Puts that in the path's place."""
    match kind:
        case "a folder":
            path.mkdir()
            (path / "x").write_text("theirs")
        case "a pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to(theirs)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link"])
def test_in_the_place_of_the_disk_image(bundle: Path, tmp_path: Path, kind: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    image = bundle / f"storage/workspace-{WORD}.img"
    odd(image, kind, theirs)
    said = bash(bundle, 'is_whole "$IMAGE"; echo $?; damaged_problem')
    assert said.stdout.startswith("1\n"), said.stderr
    assert "left alone" in said.stdout
    if kind != "a link":
        assert f"is no file, so it is left alone: {kind}" in said.stdout
    kept = Path(bash(bundle, 'keep_image "$IMAGE" -other').stdout.strip())
    assert not os.path.lexists(image)
    assert kept.parent == bundle / "storage/kept"
    assert os.path.lexists(kept)
    assert theirs.read_text() == "theirs"


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link"])
def test_in_the_place_of_what_is_written_down(bundle: Path, tmp_path: Path, kind: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    record = bundle / ".state/attached"
    odd(record if kind == "a folder" else bundle / ".state/attached.new", kind, theirs)
    if kind == "a pipe":
        # Each script would say so first; this is about the one that was begun before.
        done = bash(bundle, "true")
        assert (done.returncode, "neither a file nor a folder" in done.stderr) == (4, True)
        (bundle / ".state/attached.new").unlink()
        done = bash(bundle, 'mkfifo "$ATTACHED.new"; write_durably "$ATTACHED" echo new && cat "$ATTACHED"')
    else:
        done = bash(bundle, 'write_durably "$ATTACHED" echo new && cat "$ATTACHED"')
    assert theirs.read_text() == "theirs"
    if kind == "a folder":
        assert (done.returncode, list(record.iterdir())) == (1, [record / "x"])
    else:
        assert done.stdout == "new\n"


def test_no_script_waits_for_a_pipe_in_the_state(bundle: Path) -> None:
    (bundle / ".state/commands/1").mkdir(parents=True)
    os.mkfifo(bundle / ".state/commands/1/begun")
    done = bash(bundle, "true")
    assert done.returncode == 4
    assert f"rm '{bundle}/.state/commands/1/begun'" in done.stderr
    # What we make ourselves is no reason.
    (bundle / ".state/commands/1/begun").unlink()
    os.mkfifo(bundle / ".state/commands/1/pipe")
    assert bash(bundle, "true").returncode == 0


@pytest.mark.parametrize("planted", ["999999999", "99999999", "1000000000", "0999999999999999999"])
def test_a_large_number_does_not_count_as_a_command(bundle: Path, planted: str) -> None:
    (bundle / ".state/commands" / planted).mkdir(parents=True)
    done = bash(bundle, 'command_new && echo "$COMMAND_NUMBER" && whole "$COMMAND_NUMBER" 9 && command_numbers')
    number = done.stdout.split()[0]
    assert number in done.stdout.split()[1:], "it has a number by which it is found"
    assert (bundle / ".state/commands" / number).is_dir()


def test_a_size_that_the_profile_does_not_say_is_told(bundle: Path) -> None:
    image = bundle / f"storage/workspace-{WORD}.img"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    assert "scripts/resize-volume.sh" in bash(bundle, 'other_size; echo "$WHAT: $MEND"').stdout
    assert bash(bundle, 'echo "$GEN_STORAGE_BYTES 67108864" >"$STATE/resized"; other_size; echo $?').stdout == "1\n"
    assert bash(bundle, "GEN_STORAGE_BYTES=67108864; other_size; echo $?").stdout == "1\n"
