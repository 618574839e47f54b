"""The field: a sandbox a backend, somebody beside them who must not be reached, and one that is weakened on purpose."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.engine.conftest import HOST, SMALL, Bundle, generate, on_base, run
from tests.hostile.attacks import WEAKENED, Outcome, Verdict
from tests.hostile.lies import Lie, Stage
from tests.hostile.plants import SWAPPING, Garden, Plant, files_of
from tests.hostile.steering import that_steers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.podman import PrivatePodman
    from tests.engine.private import PrivateEngine
    from tests.hostile.attacks import Attack

PIDS, MEMORY, DISK = 200, 512 << 20, 256 << 20
INODE = 4096
"""A small ext4 has one for so many bytes, and each file takes one."""
PORT = 7777
LONGEST = 300
"""The seconds of a probe: a busy machine stalls whatever runs, and what makes many processes most."""
LIMITS = (f"resources.pids={PIDS}", f"resources.memory={MEMORY >> 20}M")
CLOSED = ("network.mode=none", "image.sudo=none", "security.readonly_root=true")
SET_UID = "/tmp/set-uid-probe"  # noqa: S108

# Somebody who answers whatever is asked: TCP, UDP, names, and an abstract socket.
PEER = """
import os, socket, sys, threading
def echo(port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("0.0.0.0", port))
    while True:
        data, who = one.recvfrom(512)
        if port == 53:
            head = b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0"
            address = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\xc0\\0\\2\\7"
            data = data[:2] + head + data[12:] + address
        one.sendto(data, who)
def accept(family, where):
    one = socket.socket(family)
    one.bind(where)
    one.listen()
    while True:
        one.accept()[0].close()
for job in ((echo, 53), (echo, int(sys.argv[1])), (accept, socket.AF_UNIX, "\\0" + sys.argv[2])):
    threading.Thread(target=job[0], args=job[1:], daemon=True).start()
accept(socket.AF_INET, ("0.0.0.0", int(sys.argv[1])))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """All of it, standing. `bundles` are by backend; `podman` is one of them where that was asked for."""

    engine: PrivateEngine
    podman: PrivatePodman | None
    bundles: dict[str, Bundle]
    weak: str
    facts: dict[str, Any]
    garden: Garden
    stage: Stage

    def outcome(self, attack: Attack | Plant | Lie, column: str) -> Outcome:
        """What becomes of it on a backend, or in the control."""
        if isinstance(attack, Lie):
            return self.stage.control(attack) if column == WEAKENED else self.stage.attack(attack, column)
        where = self.garden if isinstance(attack, Plant) else self
        return where.control(attack) if column == WEAKENED else where.attack(attack, column)

    def attack(self, attack: Attack, backend: str) -> Outcome:
        """Runs the probe in the sandbox of that backend. Whatever it broke there is mended afterwards."""
        bundle = self.bundles[backend]
        kernel = "host" if backend in ("docker", PODMAN) else "own"
        if attack.armed and backend == "microvm":
            return Outcome(verdict="untried", saw="nobody can be root in it to put one there")
        outcome = self._probe(attack, inside(bundle), kernel, self._env(bundle))
        if outcome.verdict != "unknown" and self._lives(bundle):
            return outcome
        self._begin_anew(bundle)
        ended = "the sandbox did not survive it, and was started again"
        if outcome.verdict != "unknown":
            return Outcome(verdict=outcome.verdict, saw=ended)
        # It may have taken itself down; then it got no more than that.
        if attack.costly:
            return Outcome(verdict="held", saw=ended)
        # A busy machine may stall; what gave no answer is asked once more.
        again = self._probe(attack, inside(bundle), kernel, self._env(bundle))
        return replace(again, saw=f"{again.saw}; at first: {outcome.saw}") if again.verdict == "unknown" else again

    def _begin_anew(self, bundle: Bundle) -> None:
        self._ask(bundle.name)("kill", bundle.name, check=False)
        bundle.script("scripts/stop.sh", check=False)
        bundle.start()
        self.arm(bundle.name)

    def _lives(self, bundle: Bundle) -> bool:
        try:
            return run(*inside(bundle), "true", check=False, limit=LONGEST, env=self._env(bundle)).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def control(self, attack: Attack) -> Outcome:
        """Runs the same probe in the weakened sandbox, where it must succeed."""
        way = ("docker", "exec", "--user", attack.user, self.weak)
        outcome = self._probe(attack, way, "host", self.engine.env)
        # A busy machine may stall; what gave no answer is asked once more.
        return outcome if outcome.verdict != "unknown" else self._probe(attack, way, "host", self.engine.env)

    def arm(self, container: str) -> None:
        """Puts a set-uid program of root's into a sandbox, as root: what somebody may do who has a hole already."""
        if container.endswith("microvm"):
            return
        script = f"cp -L /usr/bin/python3 {SET_UID} && chmod 4755 {SET_UID}"
        self._ask(container)("exec", "--user", "0:0", container, "sh", "-c", script)

    def _ask(self, container: str) -> Callable[..., str]:
        """The client that knows that container."""
        if self.podman and container.endswith(PODMAN):
            return self.podman.podman
        return self.engine.docker

    def _env(self, bundle: Bundle) -> dict[str, str]:
        """Where its scripts find its engine."""
        return {**self.engine.env, **bundle.env}

    def _probe(self, attack: Attack, way: tuple[str, ...], kernel: str, env: dict[str, str]) -> Outcome:
        facts = json.dumps({**self.facts, "kernel": kernel})
        argv = (*way, "timeout", str(LONGEST), "python3", "-I", "-c", attack.script, facts)
        try:
            done = run(*argv, check=False, limit=LONGEST + 30, env=env)
        except subprocess.TimeoutExpired:
            return Outcome(verdict="unknown", saw=f"no answer within {LONGEST + 30} seconds; {probes_at_work()}")
        known: dict[int, Verdict] = {0: "held", 1: "breach"}
        verdict = known.get(done.returncode, "unknown")
        said = (done.stdout.strip() or done.stderr.strip()).splitlines()
        # A client that fails ends with the same codes, and prints nothing there; a probe always says what it saw.
        if not done.stdout.strip():
            verdict = "unknown"
        return Outcome(verdict=verdict, saw=said[-1] if said else f"no word, code {done.returncode}")


def probes_at_work() -> str:
    """What the kernel says of the probes that run here: their states, and what they wait for."""
    lines = run("ps", "-e", "-o", "stat=,wchan:24=,args=").stdout.splitlines()
    states = Counter(" ".join(line.split()[:2]) for line in lines if "python3 -I -c" in line)
    return f"at work: {dict(states)}"


def inside(bundle: Bundle) -> tuple[str, ...]:
    """The words in front of a command for a sandbox, whatever isolates it: as its checks do it."""
    return ("bash", "-c", '. "$0/lib/docker.sh"; inside "$@"', str(bundle.path))


PODMAN = "podman"
NEEDS = {"docker": "docker", "gvisor": "runsc", "microvm": "qemu-system-x86_64"}


def backends() -> tuple[str, ...]:
    """Those that can be tried on this machine."""
    return tuple(backend for backend, program in NEEDS.items() if shutil.which(program))


@contextlib.contextmanager
def field(
    engine: PrivateEngine, base_image: str, folder: Path, flood: int, podman: PrivatePodman | None = None
) -> Iterator[Field]:
    """Makes it, and takes everything away in the end. `flood`: how many files one of the plants has."""
    marker = f"gen-canary-{secrets.token_hex(4)}"
    canary = folder / marker
    canary.write_text(marker)
    canary.chmod(0o644)
    disk = max(DISK, flood * INODE * 5 // 4)
    bundles: dict[str, Bundle] = {}
    projects: dict[str, Path] = {}
    with contextlib.ExitStack() as stack:
        for backend in (*backends(), *((PODMAN,) if podman else ())):
            name = f"hostile-{backend}"
            sets = (
                *SMALL,
                *HOST,
                *on_base(base_image),
                *CLOSED,
                *LIMITS,
                f"storage.size={disk >> 20}M",
                f"isolation={'docker' if backend == PODMAN else backend}",
                "project.method=auto",
            )
            bundle = generate(folder / name, name, *sets)
            bundle.env["DOCKER_HOST"] = engine.env["DOCKER_HOST"]
            if podman and backend == PODMAN:
                bundle.env.update(podman.env)
            projects[backend] = a_project(folder / f"project-{backend}")
            was = files_of(projects[backend])
            stack.callback(bundle.rollback, "--delete-data")
            bundle.script("scripts/start.sh", "--project", str(projects[backend]))
            bundles[backend] = bundle
        image = engine.docker("inspect", "--format", "{{.Config.Image}}", bundles["docker"].name)
        others = ("peer", "weak")
        stack.callback(engine.docker, "rm", "--force", *others)
        python = ("--entrypoint", "python3", image, "-c", PEER, str(PORT), marker)
        engine.docker(
            "run",
            "--detach",
            "--user",
            "0:0",
            "--name",
            "peer",
            "--env",
            f"GEN_PEER={marker}",
            "--dns",
            "127.0.0.1",
            *python,
        )
        address = "{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Gateway}}"
        peer, gateway = engine.docker("inspect", "--format", address, "peer").split()
        engine.docker(*weak(engine, folder, image))
        facts = {
            "peer": peer, "gateway": gateway, "port": PORT, "marker": marker, "canary": str(canary), "secret": marker,
            "pids": PIDS, "memory": MEMORY, "disk": disk, "set_uid": SET_UID,
        }  # fmt: skip
        garden = Garden(bundles=bundles, projects=projects, facts=beside(folder, marker, flood), was=was)
        liar = generate(folder / "hostile-liar", "hostile-liar", *SMALL, *HOST, *on_base(base_image))
        liar.env["DOCKER_HOST"] = engine.env["DOCKER_HOST"]
        stack.callback(liar.rollback, "--delete-data")
        liar.start()
        stage = Stage(bundle=liar, folder=folder)
        ready = Field(
            engine=engine, podman=podman, bundles=bundles, weak="weak", facts=facts, garden=garden, stage=stage
        )
        for container in (*(bundle.name for bundle in bundles.values()), "weak"):
            ready.arm(container)
        yield ready


def a_project(folder: Path) -> Path:
    """A small repository that belongs to the number of the sandbox's user."""
    (folder / "src").mkdir(parents=True)
    (folder / "src/main.py").write_text("print(1)\n")
    (folder / "paper/refs").mkdir(parents=True)
    (folder / "paper/refs/x.bib").write_text("@book{x}\n")
    (folder / "tools").mkdir()
    (folder / "tools/hook.sh").write_text("#!/bin/sh\n")
    run("git", "init", "--quiet", "--template=", folder)
    run("git", "-C", folder, "config", "core.hooksPath", "tools/hooks")
    (folder / ".git/hooks").mkdir()
    (folder / ".git/hooks/pre-commit").symlink_to("../../tools/hook.sh")
    that_steers(folder)
    run("chown", "--recursive", "1000:1000", folder)
    return folder


def beside(folder: Path, secret: str, flood: int) -> dict[str, Any]:
    """What a plant is told: of a folder beside the project, which it may want to lead somebody to."""
    outside = folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text(secret)
    return {"outside": str(outside), "secret": secret, "flood": flood, "seconds": SWAPPING}


TMP = "/tmp:exec,suid,dev,mode=1777"  # noqa: S108


def weak(engine: PrivateEngine, folder: Path, image: str) -> tuple[str, ...]:
    """A sandbox with every wall taken down: on the private engine, for the length of the tests."""
    return (
        "run", "--detach", "--init", "--name", "weak", "--privileged", "--user", "1000:1000",
        "--network", "container:peer", "--pid", "host", "--security-opt", "seccomp=unconfined",
        "--security-opt", "systempaths=unconfined", "--volume", f"{folder}:/host:ro",
        "--volume", f"{engine.folder}/docker.sock:/var/run/docker.sock", "--tmpfs", TMP,
        "--tmpfs", "/workspace:size=1g,mode=1777", "--pids-limit", "2000", "--memory", "2g",
        "--entrypoint", "sleep", image, "infinity",
    )  # fmt: skip
