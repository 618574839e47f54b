"""backup, restore and resize, killed with signal 9: whoever comes next takes back what they began.

Each row is a moment: a line that kills the script is put behind the one that is named, or it is killed while a helper
is at work.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.engine.conftest import Bundle, bundle_maker, inventory, run, until

KILL = "kill -KILL $$"
HELPER = "while a helper is at work"

#   script          line that it is killed behind, or HELPER                             what is done of its work
MOMENTS = (
    ("backup",      'say "Saving the workspace …"',                                      "old"),
    ("backup",      HELPER,                                                              "old"),
    ("backup",      'write_durably "$file.sha256"',                                      "old"),
    ("restore",     'make_image "$size" "$new"',                                         "old"),
    ("restore",     HELPER,                                                              "old"),
    ("restore",     "    stop_sandbox || fail",                                          "old"),
    ("restore",     'say "what was in the workspace until now: $kept"',                  "old"),
    ("restore",     'say "The workspace is restored from $file."',                       "restored"),
    ("resize 1",    'truncate -s "$new" "$IMAGE" && durable',                            "old"),
    ("resize 200M", "        restart=yes",                                               "old"),
    ("resize 200M", '        user_tool -- resize2fs "$copy"',                            "old"),
    ("resize 200M", 'say "The workspace is $(human',                                     "small"),
)  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Bundle]:
    with bundle_maker(tmp_path_factory.mktemp("cut"), base_image) as make:
        made = make()
        made.start()
        yield made


def killed(bundle: Bundle, script: str, args: list[str], moment: str) -> None:
    """Runs the script until then."""
    path = f"scripts/{script}.sh"
    was = (bundle.path / path).read_text()
    if moment != HELPER:
        lines = was.splitlines()
        (at,) = [number for number, line in enumerate(lines) if moment in line]
        lines[at] += f" {KILL} &&" if lines[at].endswith("&&") else f"\n{KILL}"
        bundle.rewrite(path, "\n".join(lines) + "\n")
    none = subprocess.DEVNULL
    with subprocess.Popen(
        [bundle.path / path, *args], stdin=none, stdout=none, stderr=none, start_new_session=True
    ) as process:
        if moment == HELPER:
            program = "tar --create" if script == "backup" else "tar --extract"
            until(lambda: program in run("docker", "ps", "--no-trunc", "--format", "{{.Command}}").stdout)
            os.kill(process.pid, signal.SIGKILL)
        assert process.wait(600) == -signal.SIGKILL
    if moment != HELPER:
        bundle.rewrite(path, was)


def left(bundle: Bundle) -> set[str]:
    """The files that a script may leave, with the size of the disk image."""
    places = ("storage/*", "storage/kept/*", "backups/*", ".state/work*")
    files = {str(file.relative_to(bundle.path)) for place in places for file in bundle.path.glob(place)}
    return files | {f"{bundle.image_file.stat().st_size} bytes"}


# By turns: what takes it back is the same in both.
@pytest.mark.parametrize(
    ("words", "moment", "done", "by"), [(*row, ("recover", "start")[at % 2]) for at, row in enumerate(MOMENTS)]
)
def test_a_script_that_was_killed_is_taken_back(bundle: Bundle, words: str, moment: str, done: str, by: str) -> None:
    script, *args = words.split()
    bundle.script("scripts/resize-volume.sh", "256M")
    bundle.inside("sh", "-c", "head -c 60000000 /dev/urandom >/workspace/big; echo old >/workspace/file; sync")
    if script == "restore":
        bundle.script("scripts/backup.sh")
        args = [str(max((bundle.path / "backups").glob("*.tar.gz")))]
        bundle.inside("sh", "-c", "echo newer >/workspace/file; sync")
    content = bundle.inside("cat", "/workspace/file").stdout
    before, files = inventory(), left(bundle)

    killed(bundle, "resize-volume" if script == "resize" else script, args, moment)
    assert left(bundle) != files or (inventory() - before), "it had begun"
    bundle.script(f"scripts/{by}.sh")

    assert bundle.inspect("{{.State.Status}} {{.State.Health.Status}}") == "running healthy"
    assert bundle.inside("cat", "/workspace/file").stdout == ("old\n" if done == "restored" else content)
    assert not (bundle.path / ".state/work").exists()
    after = left(bundle)
    if done == "old":
        assert after == files
    elif done == "restored":
        assert len([path for path in after - files if path.endswith(".img")]) == 1, "what was in the workspace is kept"
    else:
        assert after - files == {f"{200 << 20} bytes"}
    # On whichever loop device.
    assert not {kind: what for kind, what in (inventory() - before).items() if kind != "loops"}
    assert len(inventory().loops) == len(before.loops)
    assert not list((bundle.path / "storage").glob("*.new"))
