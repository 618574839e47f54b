"""Ends that only an engine of one's own can show: a daemon that hangs, or dies, before and in the middle; and somebody
else's container, volume and network of our names, which are afterwards bit for bit and id for id what they were."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.conftest import HOST, SMALL, Bundle, generate, on_base
from tests.engine.foreign import Foreign, differing, without_restart
from tests.engine.private import PrivateEngine
from tests.engine.struck import made_to_wait, wait_for_record

NAME = "ubuntu-ai-vm"
QUESTION, CHANGE = 3, 6
"""The seconds that the bundles of this file give the engine; a bundle as it is written gives 20 and 120."""


@pytest.fixture
def engine(private_engine: PrivateEngine) -> PrivateEngine:
    """The one that this file hurts."""
    return private_engine


@pytest.fixture
def bundle(engine: PrivateEngine, base_image: str) -> Iterator[Bundle]:
    """A small bundle on that engine which does not wait long for it."""
    folder = Path(tempfile.mkdtemp(dir=engine.folder, prefix="b"))
    made = generate(folder / "bundle", NAME, *SMALL, *HOST, *on_base(base_image))
    made.env["DOCKER_HOST"] = engine.env["DOCKER_HOST"]
    text, count = re.subn(
        r"QUESTION_SECONDS=\d+ CHANGE_SECONDS=\d+",
        f"QUESTION_SECONDS={QUESTION} CHANGE_SECONDS={CHANGE}",
        (made.path / "lib/client.sh").read_text(),
    )
    assert count == 1
    made.rewrite("lib/client.sh", text)
    yield made
    engine.mend()
    done = made.rollback("--delete-data", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def started(bundle: Bundle) -> subprocess.Popen[str]:
    """start.sh, running, in a process group of its own."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [bundle.path / "scripts/start.sh"],
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, **bundle.env},
    )


#   script                          code  result    questions that it waits for in vain
HANGING = (
    ("scripts/status.sh",             4, "refused", 1),
    ("test-setup.sh",                 4, "refused", 2),
    ("scripts/connect.sh -- true",    4, "refused", 1),
    ("scripts/plan.sh",               4, "refused", 2),
    ("scripts/stop.sh",               3, "residue", 2),
    ("scripts/backup.sh",             4, "refused", 2),
    ("scripts/resize-volume.sh 300M", 4, "refused", 2),
    ("scripts/mount-storage.sh attach", 4, "refused", 2),
    ("scripts/mount-storage.sh detach", 4, "refused", 2),
    ("scripts/recover.sh",            0, "ok", 1),
    ("scripts/start.sh",              1, "failed", 10),
    ("rollback.sh --yes",             4, "refused", 2),
)  # fmt: skip

CLIENT = """#!/bin/sh
echo "asked $*" >>"{asked}"
{client} "$@" <&0 &
trap 'kill $!; exit 143' TERM
wait $!
code=$?
echo answered >>"{asked}"
exit $code
"""
"""Docker's client, that writes down what it is asked, and that it ended by itself."""


@pytest.fixture
def asked(bundle: Bundle, tmp_path: Path) -> Path:
    """What a bundle's scripts ask its engine, a line each."""
    client = shutil.which("docker")
    assert client
    asked = tmp_path / "asked"
    (tmp_path / "docker").write_text(CLIENT.format(asked=asked, client=client))
    (tmp_path / "docker").chmod(0o755)
    bundle.env["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    return asked


def test_a_daemon_that_hangs_hangs_no_script(engine: PrivateEngine, bundle: Bundle, asked: Path) -> None:
    before = engine.inventory()
    bundle.start()
    inside = engine.inventory()
    engine.signal(signal.SIGSTOP)
    found = []
    for words, *_ in HANGING:
        asked.write_text("")
        done = bundle.script(*words.split(), check=False)
        line = (done.stderr if "connect" in words else done.stdout).splitlines()[-1]
        result = re.sub(r"gen: result=(\S+) .*", r"\1", line)
        lines = asked.read_text().splitlines()
        found.append((words, done.returncode, result, len(lines) - 2 * lines.count("answered")))
        assert "does not answer" in done.stdout + done.stderr or "recover" in words, done.stdout + done.stderr
    engine.signal(signal.SIGCONT)
    assert tuple(found) == HANGING
    assert (engine.inventory() - inside) == {}, "nothing was changed meanwhile"
    bundle.rollback("--delete-data")
    assert (engine.inventory() - before) == {}


def test_a_daemon_that_died_under_a_sandbox_comes_back_without_it(engine: PrivateEngine, bundle: Bundle) -> None:
    """What it had mounted it does not know of any more; whoever detaches the disk does."""
    before = engine.inventory()
    bundle.start()
    bundle.inside("sh", "-c", "echo kept >/workspace/file")
    engine.kill()
    engine.start()
    assert engine.docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", bundle.name) == "exited 0"
    bundle.script("scripts/stop.sh")
    assert not engine.inventory().loops - before.loops
    bundle.start()
    assert bundle.inside("cat", "/workspace/file").stdout == "kept\n"


@pytest.mark.parametrize(
    ("step", "hurt"), [("65-volume", "hangs"), ("80-sandbox", "hangs"), ("40-image", "dies"), ("80-sandbox", "dies")]
)
def test_a_daemon_that_is_lost_in_the_middle(
    engine: PrivateEngine, bundle: Bundle, step: str, hurt: str, base_image: str
) -> None:
    """The run ends by itself, says that it is not undone, and is undone as soon as the engine is back."""
    before = engine.inventory()
    strike = made_to_wait(bundle, step)
    with started(bundle) as process:
        strike((lambda: engine.signal(signal.SIGSTOP)) if hurt == "hangs" else engine.kill)
        # It ends by itself: what runs a program has its step's limit.
        output, _ = process.communicate(timeout=1200)
    assert process.returncode == 3, output
    assert "result=residue" in output.splitlines()[-1]
    assert f"step {step} failed" in output
    engine.mend()
    recovered = bundle.script("scripts/recover.sh")
    assert "This host is what it was before the run" in recovered.stdout
    assert (engine.inventory() - before) == {}


def test_a_sandbox_that_an_engine_took_along_before_its_step_had_looked_runs_again(
    engine: PrivateEngine, bundle: Bundle
) -> None:
    bundle.start()
    before = engine.inventory()
    (bundle.path / "local").mkdir(exist_ok=True)
    (bundle.path / "local/env").write_text("NEW=1\n")
    strike = made_to_wait(bundle, "80-sandbox")
    with started(bundle) as process:
        strike(engine.kill)
        output, _ = process.communicate(timeout=1200)
    assert process.returncode == 3, output
    engine.mend()
    assert engine.inventory() != before, "the engine has brought it back by itself, so this shows nothing"
    assert "This host is what it was before the run" in bundle.script("scripts/recover.sh").stdout
    assert (engine.inventory() - before) == {}


@pytest.fixture
def foreign(engine: PrivateEngine, base_image: str) -> Iterator[Foreign]:
    """A container, a volume and a network of the default names, with data in them, that were there first."""
    theirs = Foreign(engine=engine, name=NAME)
    theirs.make(base_image)
    yield theirs
    theirs.remove()


DAMAGE = {
    "restarted": ("restart", "--time", "0", NAME),
    "stopped": ("stop", "--time", "0", NAME),
    "data changed": ("exec", NAME, "sh", "-c", "echo mine > /data/file"),
    "a time of the data changed": ("exec", NAME, "touch", "/data/file"),
    "written in the container": ("exec", NAME, "touch", "/elsewhere"),
    "renamed": ("rename", NAME, f"{NAME}-else"),
    "its limits changed": ("update", "--memory", "64m", "--memory-swap", "64m", NAME),
}


def test_the_comparison_sees_each_small_change(foreign: Foreign) -> None:
    """The positive control of the tests below."""
    before = foreign.facts()
    assert foreign.facts() == before
    for damage, argv in DAMAGE.items():
        foreign.engine.docker(*argv)
        if damage == "renamed":
            assert foreign.engine.docker("inspect", NAME, check=False) == "[]"
            foreign.engine.docker("rename", f"{NAME}-else", NAME)
        else:
            now = foreign.facts()
            assert differing(before, now), damage
            # What an engine may change when it comes back is left out here, and nothing else.
            seen = differing(without_restart(before), without_restart(now))
            assert bool(seen) == (damage not in ("restarted", "stopped")), damage
        if damage == "stopped":
            foreign.engine.docker("start", NAME)
        before = foreign.facts()


def test_a_foreign_sandbox_is_bit_for_bit_what_it_was_after_a_rollback(
    engine: PrivateEngine, bundle: Bundle, foreign: Foreign
) -> None:
    before, theirs = engine.inventory(), foreign.facts()
    bundle.start()
    bundle.script("test-setup.sh")
    bundle.script("scripts/stop.sh")
    bundle.start()
    bundle.rollback("--yes")
    assert foreign.facts() == theirs
    assert (engine.inventory() - before) == {}


@pytest.mark.parametrize("end", ["failed", "20-set-aside", "40-image", "65-volume", "70-network", "80-sandbox", "undo"])
def test_a_foreign_sandbox_is_bit_for_bit_what_it_was_after(
    engine: PrivateEngine, bundle: Bundle, foreign: Foreign, end: str
) -> None:
    """A run that fails at its last step, or that is killed, its whole group at once, in a step or in its undo."""
    before, theirs = engine.inventory(), foreign.facts()
    if end in ("failed", "undo"):
        (bundle.path / "local").mkdir()
        (bundle.path / "local/compose.override.yaml").write_text("services: {sandbox: {command: [no-such-program]}}\n")
    with started(bundle) as process:
        if end != "failed":
            wait_for_record(bundle.path, "undone" if end == "undo" else "doing", "70-network" if end == "undo" else end)
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=1200)
    if end == "failed":
        assert process.returncode == 1, output
    else:
        assert "was interrupted" in bundle.script("scripts/recover.sh").stdout
    assert foreign.facts() == theirs
    assert (engine.inventory() - before) == {}


def test_eight_starts_at_once_make_one_sandbox(engine: PrivateEngine, bundle: Bundle) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: bundle.start(check=False).returncode, range(8)))
    assert 0 in codes
    assert set(codes) <= {0, 4}
    assert engine.docker("ps", "--all", "--quiet", "--filter", "label=gen.instance").count("\n") == 0
    bundle.script("test-setup.sh")
