"""The same bundles where the host has Podman and no Docker: same steps, same checks, same rollback."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import HOST, SMALL, Bundle, generate, on_base, run, until
from tests.engine.podman import PrivatePodman
from tests.engine.test_checks import failing
from tests.engine.test_detached import sees_to_what_is_detached
from tests.engine.test_leash import sees_to_its_ends
from tests.engine.test_safe import document, executed, make_project, tree

pytestmark = pytest.mark.skipif(
    not shutil.which("podman") or os.geteuid() != 0, reason="Podman is not installed, or this is not root"
)

Make = Callable[..., Bundle]


@pytest.fixture(scope="module")
def engine(base_image: str) -> Iterator[PrivatePodman]:
    """One for all tests here; each leaves it as it was."""
    with tempfile.TemporaryDirectory(prefix="pod-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        private = PrivatePodman(folder=Path(folder))
        private.start(base_image)
        yield private
        private.end()


def settings(base_image: str) -> tuple[str, ...]:
    return (*SMALL, *HOST, *on_base(base_image))


@pytest.fixture
def make(engine: PrivatePodman, base_image: str) -> Iterator[Make]:
    """Small bundles on it. In the end each is rolled back, and Podman and the kernel hold what they held before."""
    before = engine.inventory()
    made: list[Bundle] = []

    def new(*sets: str, profile: str = "safe") -> Bundle:
        name = f"pod-{secrets.token_hex(4)}"
        bundle = generate(engine.folder / name, name, *settings(base_image), *sets, profile=profile)
        bundle.env.update(engine.env)
        made.append(bundle)
        return bundle

    yield new
    for bundle in made:
        done = bundle.rollback("--delete-data", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert not engine.inventory() - before


WEAKENED = {
    "--cap-drop=ALL": ("--cap-add=NET_RAW", {"capabilities"}),
    "--security-opt=seccomp=config/seccomp.json": ("--security-opt=seccomp=unconfined", {"seccomp"}),
    "--security-opt=no-new-privileges": ("--init", {"no-new-privileges"}),
    "--pids-limit=512": ("--pids-limit=4000", {"limits"}),
    "--network=none": ("--network=podman", {"no-network"}),
    "--read-only": ("--volume=/etc:/host:ro", {"host-filesystem", "root-filesystem"}),
    "--user=1000:1000": ("--user=0:0", {"user"}),
    "--init": ("--pid=host", {"host-filesystem"}),
}
"""A word of config/podman.options, what it is exchanged for, and the checks that have to say so."""


def weaken(bundle: Bundle) -> None:
    """Weakens it in one way after the other, and sees that the checks say so."""
    anew = '. lib/docker.sh && . lib/sandbox.sh && remove_ours "$GEN_CONTAINER" && create_container'
    env = {**os.environ, **bundle.env}
    strong = (bundle.path / "config/podman.options").read_text()
    for word, (other, seen) in WEAKENED.items():
        assert f"{word}\n" in strong
        bundle.rewrite("config/podman.options", strong.replace(f"{word}\n", f"{other}\n"))
        run("bash", "-c", anew, cwd=bundle.path, env=env)
        assert seen <= failing(bundle, *seen), f"{other} was not seen"
        bundle.rewrite("config/podman.options", strong)
        # Whatever a container was made with that the bundle does not say is seen.
        assert failing(bundle, "settings"), f"{other} was not seen"
    # What was made here by hand, no run knows of.
    run("bash", "-c", '. lib/docker.sh && remove_ours "$GEN_CONTAINER"', cwd=bundle.path, env=env)
    bundle.start()
    assert failing(bundle) == set()


def test_a_whole_life_of_safe(engine: PrivatePodman, make: Make, base_image: str) -> None:
    """In, changed, looked at, stopped and started, brought back and thrown away."""
    project = make_project(engine.folder / "project")
    entered = tree(project)
    bundle = make("isolation=docker")
    bundle.script("scripts/start.sh", "--project", str(project))
    assert (bundle.path / ".state/names/client").read_text() == "podman\n"
    assert "running, healthy" in bundle.script("scripts/status.sh").stdout

    executed(bundle, "echo \"print('two')\" >main.py; rm untracked.txt")
    executed(bundle, "echo broken >>notes.txt; exit 3", code=3)
    assert tree(project) == entered, "the project changed before anything was applied"
    bundle.script("scripts/undo.sh")
    bundle.script("scripts/stop.sh")
    bundle.start()
    assert executed(bundle, "cat main.py notes.txt") == "print('two')\nfirst\nsecond\nthird\n"

    weaken(bundle)
    if shutil.which("runsc"):
        # The same bundle again, for another isolation: the container is made anew, and the copy stays.
        generate(bundle.path, bundle.name, *settings(base_image), "isolation=gvisor", profile="safe")
        bundle.start()
        assert engine.podman("inspect", "--format", "{{.OCIRuntime}}", bundle.name) == "runsc"
        assert "Linux version 4.4.0" in executed(bundle, "cat /proc/version main.py")
        bundle.script("scripts/stop.sh")
        bundle.start()
        assert failing(bundle) == set()

    bundle.script("scripts/apply.sh", "--approve", document(bundle, "review")["hash"], "--yes")
    assert (project / "main.py").read_text() == "print('two')\n"
    assert not (project / "untracked.txt").exists()
    bundle.script("scripts/discard.sh", "--yes")


def test_a_sandbox_with_a_network_among_objects_of_others(engine: PrivatePodman, make: Make) -> None:
    """What stands under its names is moved aside and given back; meanwhile it is backed up, resized and restored."""
    bundle = make("network.ports=[18123:80]", "network.dns=[9.9.9.9]", "image.sudo=none", profile="dev")
    local = bundle.path / "local"
    local.mkdir(exist_ok=True)
    (local / "compose.override.yaml").write_text("services: {}\n")
    (local / "env").write_text('KEY="quoted"\n')
    refused = bundle.start(check=False)
    assert refused.returncode == 1
    assert "is for Compose, which Podman's client has not" in refused.stdout + refused.stderr
    assert "takes each as it stands" in refused.stdout + refused.stderr
    (local / "compose.override.yaml").unlink()
    (local / "env").write_text("# a key\nKEY=plain text\n")

    image = engine.podman("images", "--quiet").splitlines()[0]
    for words in (
        ("run", "--detach", "--name", bundle.name, "--network", "none", image, "sleep", "infinity"),
        ("volume", "create", f"{bundle.name}-workspace"),
        ("network", "create", f"{bundle.name}-network"),
    ):
        engine.podman(*words)
    theirs = engine.podman("inspect", "--format", "{{.Id}} {{.State.Pid}}", bundle.name)
    try:
        bundle.start()
        assert (bundle.path / ".state/names/volume").read_text() == f"{bundle.name}-workspace-2\n"
        connected(bundle, "printenv KEY >note")
        saved = bundle.script("scripts/backup.sh").stdout
        connected(bundle, "rm note")
        bundle.script("scripts/resize-volume.sh", "300M")
        (archive,) = re.findall(r"^saved: +(\S+)", saved, re.MULTILINE)
        (local / "env").write_text("KEY=another\n")
        bundle.script("scripts/restore.sh", archive, "--yes")
        bundle.start()
        assert connected(bundle, "cat note; printenv KEY") == "plain text\nanother\n"
        assert failing(bundle) == set()
        bundle.rollback("--delete-data")
        assert engine.podman("inspect", "--format", "{{.Id}} {{.State.Pid}}", bundle.name) == theirs
    finally:
        engine.podman("rm", "--force", "--time", "0", bundle.name)
        engine.podman("volume", "rm", f"{bundle.name}-workspace")
        engine.podman("network", "rm", f"{bundle.name}-network")


def test_a_command_ends_with_whoever_asked_for_it(make: Make) -> None:
    """As under Docker: by a signal, or by its time; what was detached is listed, ended by its number and by a stop."""
    bundle = make("network.mode=none", profile="dev")
    bundle.start()
    sees_to_its_ends(bundle)
    sees_to_what_is_detached(bundle)


def connected(bundle: Bundle, command: str) -> str:
    return bundle.script("scripts/connect.sh", "--", "sh", "-c", command).stdout


def builds(engine: PrivatePodman) -> list[str]:
    """The working containers of builds, which no ordinary list shows."""
    listed = engine.podman("ps", "--all", "--external", "--format", "{{.Names}}")
    return [name for name in listed.splitlines() if "working-container" in name]


@pytest.mark.parametrize("struck", ["the runner", "podman"])
def test_a_build_that_is_killed_leaves_nothing(struck: str, engine: PrivatePodman, make: Make) -> None:
    """Neither its container, which bears no label, nor the command in it, nor its files."""
    bundle = make("image.packages=[sl]", profile="dev")
    started = subprocess.Popen(
        [bundle.path / "scripts/start.sh"],
        env={**os.environ, **bundle.env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    pids = bundle.path / ".state" / "build-work"
    until(lambda: bool(builds(engine)) and any(file.stat().st_size for file in pids.glob("buildah*/pid")))
    inside = [int(file.read_text()) for file in pids.glob("buildah*/pid")]
    if struck == "the runner":
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
        assert builds(engine), "nothing was left that could be taken away"
        bundle.script("scripts/recover.sh")
    else:
        marked = run("pgrep", "--full", f"podman build .*{bundle.name}").stdout.split()
        assert marked
        for pid in marked:
            os.kill(int(pid), signal.SIGKILL)
        assert started.wait(600) == 1
    assert builds(engine) == []
    assert not pids.exists()
    assert not [pid for pid in inside if Path(f"/proc/{pid}").exists()]


def test_an_ordinary_user_is_told_to_become_root(make: Make) -> None:
    bundle = make(profile="dev")
    as_nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    for path in (bundle.path, *bundle.path.rglob("*")):
        os.chown(path, 65534, 65534)
    env = {**os.environ, **bundle.env}
    done = run(*as_nobody, bundle.path / "scripts/start.sh", check=False, env=env)
    assert done.returncode in (1, 4)
    assert "Podman is used as root here" in done.stdout + done.stderr
    assert f"sudo '{bundle.path}" in done.stdout + done.stderr
