"""What isolates a sandbox is found by booting it, chosen once, and never exchanged for something weaker.

On a private engine, whose runtimes are changed here as an administrator would: by its configuration, and SIGHUP.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import HOST, SMALL, Bundle, Inventory, generate, on_base, until
from tests.engine.private import PrivateEngine
from tests.engine.test_checks import failing

RUNSC = shutil.which("runsc") or ""
OURS = ["--network=none", "--oci-seccomp"]
pytestmark = pytest.mark.skipif(not RUNSC or os.geteuid() != 0, reason="runsc is not installed, or this is not root")

Make = Callable[..., Bundle]


@pytest.fixture
def engine(private_engine: PrivateEngine) -> PrivateEngine:
    """The one whose configuration this file changes."""
    return private_engine


def runtimes(engine: PrivateEngine, **words: list[str] | Path) -> None:
    """From now on the engine has these runtimes: gVisor with those arguments, or another program of that name."""
    known: dict[str, Any] = {"unused": {"path": "/bin/true"}}
    for name, word in words.items():
        known[name] = {"path": str(word)} if isinstance(word, Path) else {"path": RUNSC, "runtimeArgs": word}
    (engine.folder / "daemon.json").write_text(json.dumps({"runtimes": known}))
    engine.signal(signal.SIGHUP)
    asked = ("info", "--format", "{{json .Runtimes}}")
    until(lambda: set(json.loads(engine.docker(*asked))) & {"runsc"} == set(words))
    time.sleep(0.2)


@pytest.fixture
def make(engine: PrivateEngine, base_image: str) -> Iterator[Make]:
    """Small bundles without a network on that engine; each is rolled back in the end."""
    runtimes(engine, runsc=OURS)
    made: list[Bundle] = []

    def new(*sets: str, over: Bundle | None = None) -> Bundle:
        folder = over.path if over else Path(tempfile.mkdtemp(dir=engine.folder, prefix="b")) / "bundle"
        name = over.name if over else f"iso-{len(made)}-{os.getpid()}"
        bundle = generate(folder, name, *SMALL, *HOST, *on_base(base_image), "network.mode=none", *sets)
        bundle.env["DOCKER_HOST"] = engine.env["DOCKER_HOST"]
        if not over:
            made.append(bundle)
        return bundle

    yield new
    for bundle in made:
        done = bundle.rollback("--delete-data", check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(autouse=True)
def here(engine: PrivateEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every docker command of a test asks the private engine."""
    monkeypatch.setenv("DOCKER_HOST", engine.env["DOCKER_HOST"])


def chosen(bundle: Bundle) -> list[str]:
    """The backend, and a line for each that was looked at."""
    return (bundle.path / ".state/names/isolation").read_text().splitlines()


def left(engine: PrivateEngine, before: Inventory, bundle: Bundle) -> dict[str, set[str]]:
    """What differs from before; of loop devices and mounts only those of this bundle, since others come and go."""
    mark = (bundle.path / ".state/instance").read_text().strip()
    now = engine.inventory() - before
    kernel = ("loops", "mounts")
    ours = {kind: {one for one in found if kind not in kernel or mark in one} for kind, found in now.items()}
    return {kind: found for kind, found in ours.items() if found}


def last_line(text: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", text.splitlines()[-1]))


def test_under_gvisor_every_check_holds_and_a_rollback_leaves_the_host_as_it_was(
    engine: PrivateEngine, make: Make
) -> None:
    before = engine.inventory()
    bundle = make(
        "isolation=gvisor", "isolation.minimum=userspace-kernel", "image.sudo=none", "security.readonly_root=true"
    )
    started = bundle.start()
    assert chosen(bundle) == ["gvisor", "gvisor: it boots"]
    assert re.search(r"isolation: +gvisor\n +gvisor: it boots", started.stdout)
    assert bundle.inspect("{{.HostConfig.Runtime}}") == "runsc"
    assert "kernel" in {path.stem.split("-", 1)[1] for path in (bundle.path / "checks").glob("*.sh")}
    bundle.script("test-setup.sh")
    assert "isolation    gvisor" in bundle.script("scripts/status.sh").stdout
    assert last_line(bundle.start().stdout)["result"] == "unchanged"
    done = bundle.rollback("--delete-data")
    assert last_line(done.stdout)["result"] == "rolled-back"
    assert left(engine, before, bundle) == {}


def test_the_host_holds_the_limits_of_gvisor_and_a_fork_bomb_ends_at_them(make: Make) -> None:
    bundle = make("isolation=gvisor", "resources.pids=200", "resources.memory=256M")
    bundle.start()
    assert failing(bundle) == set()
    bundle.inside("sh", "-c", "echo kept > note")
    # It takes gVisor itself down, but nothing beside it; whoever asked for it is told, and not left waiting.
    for _ in range(3):
        pid = bundle.inspect("{{.State.Pid}}")
        groups = dict(line.split(":")[1:] for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines())
        if "pids" not in groups:
            pytest.skip("this host has version 2 of control groups; the check `limits` has looked at them")
        pids = Path("/sys/fs/cgroup/pids" + groups["pids"])
        assert (pids / "pids.max").read_text() == "200\n"
        bomb = ("timeout", "10", "python3", "-c", "import os\nwhile True: os.fork()")
        done = bundle.script("scripts/connect.sh", "--", *bomb, check=False, limit=600)
        assert done.returncode != 0
        assert last_line(done.stderr)["result"] == "failed"
        assert not pids.exists() or int((pids / "pids.current").read_text()) <= 200
        # The engine learns of it a moment later.
        until(lambda gone=pid: bundle.inspect("{{.State.Pid}}") != gone)
        bundle.start()
    assert bundle.inside("cat", "note").stdout == "kept\n"
    # That it was down meanwhile is not hidden.
    assert failing(bundle) <= {"running"}


WORKING = {
    "auto takes gVisor where it works": (["isolation=auto"], OURS, "gvisor"),
    "auto takes a container where there is no gVisor": (["isolation=auto"], None, "docker"),
    "auto takes a container where gVisor would hold no limit": (
        ["isolation=auto"],
        [*OURS, "--ignore-cgroups"],
        "docker",
    ),
    "auto takes a container where gVisor does not start": (["isolation=auto"], ["--no-such-flag"], "docker"),
    "auto takes a container where the runtime of that name is another": (
        ["isolation=auto"],
        Path("/usr/bin/runc"),
        "docker",
    ),
}
WHY = {
    None: "gvisor: the engine has no runtime runsc",
    "--ignore-cgroups": "gvisor: runsc is told to ignore control groups",
    "--no-such-flag": "gvisor: docker: Error response from daemon",
    "runc": "gvisor: the engine's runtime runsc is not gVisor",
}


@pytest.mark.parametrize("story", WORKING)
def test_the_strongest_that_works_is_taken_and_the_reasons_are_told(
    engine: PrivateEngine, make: Make, story: str
) -> None:
    sets, words, expected = WORKING[story]
    bundle = make(*sets)
    runtimes(engine, **({} if words is None else {"runsc": words}))
    started = bundle.start()
    choice, *reasons = chosen(bundle)
    assert choice == expected
    assert reasons[-1] == f"{expected}: it boots"
    assert all(reason in started.stdout for reason in reasons)
    if expected == "docker":
        key = words.name if isinstance(words, Path) else words[-1] if words else None
        assert reasons[0].startswith(WHY[key])
    runtimes(engine, runsc=OURS)
    assert failing(bundle) == set()


REFUSED = {
    "no runtime": (["isolation=auto", "isolation.minimum=userspace-kernel"], None, "10-preflight"),
    "asked for by name": (["isolation=gvisor"], None, "10-preflight"),
    "no limits": (
        ["isolation=auto", "isolation.minimum=userspace-kernel"],
        [*OURS, "--ignore-cgroups"],
        "45-isolation",
    ),
}


@pytest.mark.parametrize("story", REFUSED)
def test_what_is_too_weak_is_refused_and_nothing_is_left(engine: PrivateEngine, make: Make, story: str) -> None:
    sets, words, step = REFUSED[story]
    bundle = make(*sets)
    runtimes(engine, **({} if words is None else {"runsc": words}))
    before = engine.inventory()
    done = bundle.start(check=False)
    # Before anything was done it is refused; after the image was built for the probe, that is undone.
    code, result = (4, "refused") if step == "10-preflight" else (1, "rolled-back")
    assert done.returncode == code, done.stdout
    assert (last_line(done.stdout)["result"], last_line(done.stdout)["failed_step"]) == (result, step)
    assert "nothing here isolates as the profile asks" in done.stderr
    assert "mend: " in done.stderr
    assert left(engine, before, bundle) == {}
    assert not (bundle.path / ".state/names").exists()


def test_one_that_is_gone_is_never_exchanged_for_a_weaker_one(engine: PrivateEngine, make: Make) -> None:
    bundle = make("isolation=auto")
    bundle.start()
    bundle.inside("sh", "-c", "echo kept > note")
    bundle.script("scripts/stop.sh")
    runtimes(engine)
    done = bundle.start(check=False)
    assert done.returncode == 4
    assert "gvisor, which isolates this sandbox, does not work here any more" in done.stderr
    assert chosen(bundle)[0] == "gvisor"
    # It is there, and does not start: that shows only when it is booted.
    runtimes(engine, runsc=["--no-such-flag"])
    done = bundle.start(check=False)
    assert done.returncode == 1
    assert last_line(done.stdout)["failed_step"] == "45-isolation"
    assert chosen(bundle)[0] == "gvisor"
    runtimes(engine, runsc=OURS)
    bundle.start()
    assert bundle.inside("cat", "note").stdout == "kept\n"


def test_another_profile_chooses_anew_and_keeps_the_workspace(make: Make) -> None:
    bundle = make("isolation=auto")
    bundle.start()
    bundle.inside("sh", "-c", "echo kept > note")
    make("isolation=docker", over=bundle)
    bundle.start()
    assert bundle.inspect("{{.HostConfig.Runtime}}") == "runc"
    assert bundle.inside("cat", "note").stdout == "kept\n"
    make("isolation=gvisor", over=bundle)
    bundle.start()
    assert bundle.inspect("{{.HostConfig.Runtime}}") == "runsc"
    assert failing(bundle) == set()


WEAKENED = {
    "the host's kernel after all": ("runtime: runc", {"kernel"}),
    "a host mount": ("volumes: ['/etc:/host:ro']", {"host-filesystem"}),
    "a capability": ("cap_add: [CHOWN]", {"capabilities"}),
    "more memory": ("mem_limit: 1500m\n    memswap_limit: 1500m", {"limits"}),
    "a larger /tmp": ("tmpfs: ['/tmp:size=200m,mode=1777,nosuid,nodev']", {"temporary"}),
    "a read-only root": ("read_only: true", {"root-filesystem"}),
}


def test_a_weakened_sandbox_under_gvisor_is_caught(make: Make) -> None:
    bundle = make("isolation=gvisor")
    override = bundle.path / "local/compose.override.yaml"
    override.parent.mkdir()
    for weakness, (yaml, expected) in WEAKENED.items():
        override.write_text(f"services:\n  sandbox:\n    {yaml}\n")
        bundle.start()
        assert failing(bundle, *expected) == expected, weakness


def test_a_container_does_not_pass_for_gvisor(make: Make) -> None:
    """The positive control of the check `kernel`: what is written down is not what runs."""
    bundle = make("isolation=auto")
    bundle.start()
    choice = bundle.path / ".state/names/isolation"
    choice.write_text("docker\n")
    assert failing(bundle, "kernel")
    choice.unlink()
    assert failing(bundle, "kernel")
    choice.write_text("gvisor\ngvisor: it boots\n")
    assert failing(bundle) == set()


def test_a_reload_of_the_configuration_disturbs_no_container(engine: PrivateEngine, base_image: str) -> None:
    names = ("reload-runc", "reload-runsc")
    runtimes(engine, runsc=OURS)
    for name in names:
        engine.docker(
            "run", "--detach", "--name", name, "--network", "none", "--runtime", name[7:], base_image, "sleep", "100"
        )
    look = ("inspect", "--format", "{{.State.Pid}} {{.State.StartedAt}} {{.State.Status}}", *names)
    before = engine.docker(*look)
    runtimes(engine, runsc=[*OURS, "--debug=false"])
    assert engine.docker(*look) == before
    engine.docker("rm", "--force", *names)
    assert "running" in before
