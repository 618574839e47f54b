"""A command in the sandbox ends with whoever asked for it, and so does what it began."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, bundle_maker, run, until

LOOP = "while :; do date +%N >>/workspace/ticks; sleep 0.1; done"
CHILDREN = f"({LOOP}) & setsid sh -c '{LOOP}' & {LOOP}"
STUBBORN = f"trap '' TERM INT HUP; {CHILDREN}"


@contextmanager
def running(folder: Path, base_image: str, isolation: str, *sets: str) -> Iterator[Bundle]:
    """A sandbox of that isolation."""
    with bundle_maker(folder, base_image, "network.mode=none", f"isolation={isolation}", *sets) as make:
        bundle = make()
        bundle.start()
        yield bundle


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Bundle]:
    """One for the tests of this file."""
    with running(tmp_path_factory.mktemp("leash"), base_image, "docker") as bundle:
        yield bundle


def begun(bundle: Bundle, *words: str) -> subprocess.Popen[str]:
    """That command in the sandbox, once it does something."""
    told(bundle, "rm -f ticks")
    pipe = subprocess.PIPE
    env = {**os.environ, **bundle.env}
    client = subprocess.Popen([bundle.path / "scripts/connect.sh", *words], stdin=subprocess.DEVNULL, stdout=pipe,
                              stderr=pipe, text=True, start_new_session=True, env=env)  # fmt: skip
    until(lambda: ticks(bundle) > 0)
    return client


def told(bundle: Bundle, command: str) -> str:
    """What a line of a shell says in the sandbox, whatever isolates it."""
    return bundle.script("scripts/connect.sh", "--", "sh", "-c", command, check=False).stdout


def ticks(bundle: Bundle) -> int:
    return len(told(bundle, "cat /workspace/ticks 2>/dev/null || :").splitlines())


def goes_on(bundle: Bundle) -> bool:
    """Whether anything still writes."""
    before = ticks(bundle)
    time.sleep(1)
    return ticks(bundle) > before


def sees_to_its_ends(bundle: Bundle) -> None:
    """A command of each kind, ended by a signal to the script alone and by its time."""
    for command in (CHILDREN, STUBBORN):
        client = begun(bundle, "--", "bash", "-c", command)
        client.send_signal(signal.SIGTERM)
        client.communicate(timeout=600)
        assert client.returncode == 143
        assert not goes_on(bundle)
    client = begun(bundle, "--timeout", "3s", "--", "bash", "-c", STUBBORN)
    _, said = client.communicate(timeout=600)
    assert (client.returncode, "after 3 s" in said) == (124, True)
    assert not goes_on(bundle)


#   what ends it;  what it is;  its exit code
ENDS = (
    (signal.SIGTERM, CHILDREN, 143),
    (signal.SIGINT, CHILDREN, 130),
    (signal.SIGHUP, CHILDREN, 129),
    (signal.SIGTERM, STUBBORN, 143),
)


@pytest.mark.parametrize(("ended_by", "command", "code"), ENDS, ids=["term", "int", "hup", "stubborn"])
def test_a_signal_ends_the_command_and_what_it_began(
    sandbox: Bundle, ended_by: signal.Signals, command: str, code: int
) -> None:
    client = begun(sandbox, "--", "bash", "-c", command)
    # To the script alone, as `timeout` does it.
    client.send_signal(ended_by)
    client.communicate()
    assert client.returncode == code
    assert not goes_on(sandbox)


LIES = """cp /bin/dash /usr/bin/realsh
printf '#!/usr/bin/realsh\\ncase $* in *marked*) exit 0;; esac\\nexec /usr/bin/realsh "$@"\\n' >/usr/bin/sh.new
chmod 755 /usr/bin/sh.new && mv /usr/bin/sh.new "$(readlink -f /bin)/sh"
"""
TRUTH = 'cp /usr/bin/realsh "$(readlink -f /bin)/sh.new" && mv "$(readlink -f /bin)/sh.new" "$(readlink -f /bin)/sh"'

# Each begins the next one and ends: between two looks at a list of processes there is always another.
CHAIN = """cat >/tmp/chain <<'X'
trap '' TERM HUP
date +%N >>/workspace/ticks
[ -e /workspace/halt ] || sh /tmp/chain &
X
sh /tmp/chain; sleep 100"""


def test_an_agent_whose_shell_says_that_nothing_is_left_is_not_asked(sandbox: Bundle) -> None:
    sandbox.inside("bash", "-c", LIES)
    try:
        client = begun(sandbox, "--", "bash", "-c", STUBBORN)
        client.send_signal(signal.SIGTERM)
        client.communicate(timeout=600)
        assert not goes_on(sandbox)
    finally:
        sandbox.inside("realsh", "-c", TRUTH)


def test_a_chain_that_is_never_the_same_process_ends(sandbox: Bundle) -> None:
    client = begun(sandbox, "--", "bash", "-c", CHAIN)
    client.send_signal(signal.SIGTERM)
    client.communicate(timeout=600)
    try:
        assert not goes_on(sandbox)
        assert sandbox.inspect("{{.State.Status}} {{.State.Health.Status}}") == "running healthy"
    finally:
        told(sandbox, "touch halt; sleep 1; rm halt")


def test_who_holds_a_lock_in_the_sandbox_hinders_no_end(sandbox: Bundle) -> None:
    """The folder of its control group is there to be opened, and with it to be locked."""
    folders = "/sys/fs/cgroup/freezer /sys/fs/cgroup"
    locks = f"for one in {folders}; do env -u GEN_COMMAND setsid flock $one sleep 611 >/dev/null 2>&1 & done; sleep 1"
    told(sandbox, locks)
    try:
        client = begun(sandbox, "--", "bash", "-c", CHAIN)
        client.send_signal(signal.SIGTERM)
        client.communicate(timeout=600)
        assert not goes_on(sandbox)
    finally:
        told(sandbox, "pkill -f [s]leep.611; touch halt; sleep 1; rm halt")


def test_what_an_end_that_was_killed_has_left_frozen_goes_on(sandbox: Bundle) -> None:
    cold = 'cd "$1" && . lib/docker.sh && . lib/storage.sh && find_group && '
    cold += 'sh -c "$FREEZE"\'echo "$cold" >"$freeze"\' - - - "$GROUP" && : >.state/frozen'
    for script, code in (("start", 0), ("connect", 0), ("kill", 2), ("stop", 0)):
        run("bash", "-c", cold, "-", sandbox.path, env={**os.environ, **sandbox.env})
        assert "held still" in sandbox.script("scripts/status.sh", check=False).stdout
        words = {"connect": ("--", "true"), "kill": ("99",)}.get(script, ())
        done = sandbox.script(f"scripts/{script}.sh", *words, check=False, limit=600)
        assert done.returncode == code, done.stdout + done.stderr
        if script == "kill":
            sandbox.script("scripts/start.sh")
        assert not (sandbox.path / ".state/frozen").exists()
    sandbox.start()


def test_under_gvisor_it_ends_as_well(tmp_path: Path, base_image: str) -> None:
    with running(tmp_path, base_image, "gvisor") as bundle:
        sees_to_its_ends(bundle)


def test_a_command_whose_time_is_over_ends_with_its_own_code(sandbox: Bundle) -> None:
    client = begun(sandbox, "--timeout", "3s", "--", "bash", "-c", CHILDREN)
    _, said = client.communicate()
    assert client.returncode == 124
    assert "after 3 s" in said
    assert not goes_on(sandbox)


def test_a_time_that_is_not_over_changes_nothing(sandbox: Bundle) -> None:
    done = sandbox.script("scripts/connect.sh", "--timeout", "10m", "--", "sh", "-c", "echo said; exit 7", check=False)
    assert (done.returncode, done.stdout) == (7, "said\n")
    for wrong in ("", "0", "5d", "-1", "1.5s", "s"):
        assert sandbox.script("scripts/connect.sh", "--timeout", wrong, "--", "true", check=False).returncode == 2


def test_what_a_command_leaves_behind_of_its_own_will_stays(sandbox: Bundle) -> None:
    """The control, too: such a loop is seen."""
    sandbox.script("scripts/connect.sh", "--", "bash", "-c", f"setsid sh -c '{LOOP}' >/dev/null 2>&1 &")
    until(lambda: ticks(sandbox) > 0)
    assert goes_on(sandbox)
    told(sandbox, "pkill -f [t]icks")


def test_the_terminal_inside_is_of_the_callers_kind(sandbox: Bundle, tmp_path: Path) -> None:
    words = f"{sandbox.path}/scripts/connect.sh -- sh -c 'echo $TERM/$COLORTERM'"
    done = subprocess.run(
        ["script", "--quiet", "--return", "--command", words, tmp_path / "typescript"],
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "xterm-256color/truecolor" in done.stdout
