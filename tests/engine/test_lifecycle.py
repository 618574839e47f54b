"""One small sandbox through its whole life."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, inventory, run
from tests.engine.struck import wait_for_record


def test_start_check_stop_start_rollback(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    before = inventory()

    started = bundle.start()
    assert re.search(r"^gen: result=committed run=\S+ failed_step=-$", started.stdout.splitlines()[-1]), started.stdout
    checked = bundle.script("test-setup.sh")
    checks = len(list((bundle.path / "checks").glob("*.sh")))
    assert checked.stdout.count("✓") == checks
    assert f"All {checks} checks hold." in checked.stdout
    bundle.inside("sh", "-c", "echo kept > /workspace/file")

    again = bundle.start()
    assert "result=unchanged" in again.stdout

    bundle.script("scripts/stop.sh")
    # With any other code a daemon that is started again would bring it back.
    assert bundle.inspect("{{.State.Status}} {{.State.ExitCode}}") == "exited 0"
    assert not inventory().loops - before.loops, "a stopped sandbox holds no loop device"
    status = bundle.script("scripts/status.sh", check=False)
    assert status.returncode == 1
    assert "stopped, kept: scripts/start.sh goes on with it" in status.stdout
    assert "gen: result=stopped " in status.stdout

    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "kept\n"
    assert bundle.script("scripts/status.sh").returncode == 0

    rolled_back = bundle.rollback()
    assert "result=rolled-back" in rolled_back.stdout
    assert (inventory() - before) == {}
    (kept,) = (bundle.path / "storage" / "kept").glob("*.img")
    assert str(kept) in rolled_back.stdout

    bundle.start()
    bundle.script("scripts/restore.sh", str(kept))
    assert bundle.inside("cat", "/workspace/file").stdout == "kept\n"


def test_rollback_deletes_data_only_when_told(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "echo precious > /workspace/file")
    bundle.rollback("--yes")
    assert list((bundle.path / "storage" / "kept").glob("*.img")), "--yes is no consent to lose data"
    bundle.start()
    done = bundle.rollback("--delete-data")
    assert done.stdout.index("will be deleted") < done.stdout.index("↩"), "said before it is done"
    assert len(list((bundle.path / "storage" / "kept").glob("*.img"))) == 1
    assert not list((bundle.path / "storage").glob("workspace-*"))


def test_reports_for_machines(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.start()
    report = tmp_path / "report.xml"
    tap = bundle.script("test-setup.sh", "--tap", "--junit", str(report)).stdout.splitlines()
    checks = len(list((bundle.path / "checks").glob("*.sh")))
    assert tap[:2] == ["TAP version 13", f"1..{checks}"]
    assert [line.split(" - ")[0] for line in tap[2:-1]] == [f"ok {number}" for number in range(1, checks + 1)]
    assert tap[-1].startswith("# gen: result=ok ")
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(checks), "0")
    bundle.script("scripts/stop.sh")
    failed = bundle.script("test-setup.sh", "--tap", "--junit", str(report), check=False)
    assert failed.returncode == 1
    assert "not ok 1 - " in failed.stdout
    assert int(ElementTree.parse(report).getroot().get("failures", "0")) > 5


def test_connect_runs_a_command_as_the_user(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    refused = bundle.script("scripts/connect.sh", "--", "true", check=False)
    assert refused.returncode == 4
    assert "scripts/start.sh" in refused.stderr
    bundle.start()
    assert bundle.script("scripts/connect.sh", "--", "whoami").stdout == "aiuser\n"
    assert bundle.script("scripts/connect.sh", "--", "sh", "-c", "exit 7", check=False).returncode == 7
    assert bundle.script("scripts/connect.sh", "--", "printf", "%s|", "a b", "$(id)", "'").stdout == "a b|$(id)|'|"


def test_a_shell_on_a_terminal(make_bundle: MakeBundle) -> None:
    """The terminal is the sandbox's: it is one there, Ctrl-C goes to what runs there, and the exit code comes out."""
    bundle = make_bundle()
    bundle.start()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(bundle.path / "scripts/connect.sh", ["connect.sh"])
    text = b""

    def until(words: bytes) -> None:
        nonlocal text
        while words not in text:
            assert select.select([terminal], [], [], 30)[0], text
            text += os.read(terminal, 4096)

    until(b"$ ")
    os.write(terminal, b"tty; sleep 100\n")
    until(b"/dev/pts/")
    time.sleep(0.5)
    os.write(terminal, b"\x03echo after=$?\n")
    until(b"after=130")
    os.write(terminal, b"exit 7\n")
    with contextlib.suppress(OSError):
        until(b"nothing")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert b"gen: result=failed" in text
    begin, end = (json.loads(line) for line in (bundle.path / ".state/audit.jsonl").read_text().splitlines())
    assert (begin["command"], begin["tty"][:9], end["code"]) == (["bash", "-l"], "/dev/pts/", 7)


SCRIPTS = (
    *("start", "stop", "connect", "status", "backup", "restore", "resize-volume", "mount-storage"),
    *("../rollback", "../test-setup"),
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_has_help_and_refuses_what_it_does_not_know(shared: Bundle, script: str) -> None:
    helped = shared.script(f"scripts/{script}.sh", "--help")
    assert "usage:" in helped.stdout
    assert "shellcheck" not in helped.stdout
    refused = shared.script(f"scripts/{script}.sh", "--no-such-thing", check=False)
    assert refused.returncode == 2
    assert "mend:" in refused.stderr


def test_interrupted_by_ctrl_c(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("image.packages=[cowsay]")
    before = inventory()
    with subprocess.Popen(
        [bundle.path / "scripts/start.sh"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        wait_for_record(bundle.path, "doing", "40-image")
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=600)
    assert process.returncode == 1, output
    assert "interrupted by SIGINT" in output
    assert "result=rolled-back" in output
    assert (inventory() - before) == {}


@pytest.mark.parametrize("step", ["40-image", "50-storage", "60-loop", "65-volume", "70-network", "80-sandbox"])
def test_killed_in_the_middle_then_recovered(make_bundle: MakeBundle, step: str) -> None:
    bundle = make_bundle()
    before = inventory()
    with subprocess.Popen(
        [bundle.path / "scripts/start.sh"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        wait_for_record(bundle.path, "doing", step)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=600)
    done = bundle.rollback()
    assert "was interrupted" in done.stdout
    assert (inventory() - before) == {}
    if step == "80-sandbox":
        bundle.start()
        bundle.script("test-setup.sh")


TOOLS = """
bash env sh cat cp mv rm rmdir mkdir mkfifo ln ls readlink dirname basename date sync truncate touch wc tr cut head tail
sort od stat du df id uname sleep timeout cksum comm sha256sum mktemp chmod printenv tty sed grep awk find tar gzip
docker
"""


def test_a_bundle_needs_neither_python_nor_gen(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """Copied elsewhere, on a PATH that holds coreutils, the usual text tools and the engine's client alone."""
    bundle = make_bundle()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS.split():
        (tools / name).symlink_to(run("which", name).stdout.strip())
    moved = tmp_path / "else where"
    run("cp", "-a", bundle.path, moved)
    environment = {"PATH": str(tools), "HOME": str(tmp_path)}
    for script in ("scripts/start.sh", "test-setup.sh", "scripts/backup.sh", "scripts/stop.sh", "rollback.sh"):
        done = subprocess.run(
            [moved / script], env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        assert "command not found" not in done.stderr
