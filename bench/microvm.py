"""The backends against one another, of the same files: starts, a command, and what each takes of memory."""

import secrets
import subprocess
from functools import partial
from pathlib import Path

from bench.measure import Contender, Row, command, passed, race, ratios
from tests.microvm.machines import MIB, Vm, build, machine, root_tar

ROUNDS = 3
COMMANDS = 10
SHAPE = ("--memory", str(512 * MIB), "--disk", str(256 * MIB), "--system", str(256 * MIB))


def microvm() -> list[Row]:
    """Makes one machine and one image of the same files, measures both in turns, and takes both away."""
    name = f"gen-bench-{secrets.token_hex(4)}"
    with machine() as vm:
        build(vm)
        command(("docker", "import", root_tar(), f"{name}:latest"))
        try:
            vm.run("snapshot", *SHAPE)
            return [*starts(vm, name), *commands(vm, name)]
        finally:
            remove(name)
            command(("docker", "rmi", f"{name}:latest"))


RUNTIMES = {"docker": (), "gVisor": ("--runtime", "runsc")}
"""How a container is started, by what isolates it then."""
LIMITS = ("--network", "none", "--user", "1000:1000", "--cap-drop", "ALL", "--pids-limit", "512", "--memory", "512m")


def runtimes() -> tuple[str, ...]:
    """Those that the engine has."""
    words = ("docker", "info", "--format", "{{json .Runtimes}}")
    known = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return tuple(RUNTIMES) if '"runsc"' in known else ("docker",)


def container(name: str, runtime: str) -> tuple[str, ...]:
    """Starts a container as the sandbox is one: nothing but the loopback, an ordinary user, limits."""
    options = (*RUNTIMES[runtime], *LIMITS, "--name", f"{name}-{runtime.lower()}")
    return ("docker", "run", "--detach", "--init", *options, f"{name}:latest", "sleep", "infinity")


def remove(name: str) -> None:
    """Takes the containers away, if there are any."""
    for runtime in RUNTIMES:
        subprocess.run(("docker", "rm", "--force", f"{name}-{runtime.lower()}"), capture_output=True, check=False)


def fresh(vm: Vm) -> None:
    """Stopped, with no workspace."""
    vm.run("kill")
    vm.run("discard")


def starts(vm: Vm, name: str) -> list[Row]:
    """From nothing that runs to the first command that can be run."""
    containers = [
        Contender(name=runtime, prepare=lambda: remove(name), run=partial(command, container(name, runtime)))
        for runtime in runtimes()
    ]
    turns = race(
        (
            Contender(name="cold", prepare=lambda: fresh(vm), run=lambda: start(vm)),
            Contender(name="warm", prepare=lambda: fresh(vm), run=lambda: start(vm, "--warm")),
            *containers,
        ),
        rounds=ROUNDS,
    )
    for runtime in runtimes():
        subprocess.run(container(name, runtime), capture_output=True, check=False)
    accel = vm.status()["shape"]["accel"]
    titles = {"cold": f"microVM ({accel}), cold", "warm": f"microVM ({accel}), warm"}
    return [
        Row(
            what=f"start: {titles.get(kind, kind)}",
            measured=f"{passed(times):.2f} s, {ratios(times, turns['docker'])[0]:.1f} of docker run",
        )
        for kind, times in turns.items()
    ]


def start(vm: Vm, *words: str) -> None:
    """Starts it; no project, so that nothing but the start is measured."""
    vm.run("start", *SHAPE, *words)


def commands(vm: Vm, name: str) -> list[Row]:
    """A command that does nothing, in what runs already; and what that takes of memory."""
    containers = [
        Contender(
            name=runtime,
            prepare=lambda: None,
            run=partial(command, ("docker", "exec", f"{name}-{runtime.lower()}", "true")),
        )
        for runtime in runtimes()
    ]
    turns = race((Contender(name="microVM", prepare=lambda: None, run=lambda: run(vm)), *containers), rounds=COMMANDS)
    rows = [
        Row(
            what=f"a command: {kind}",
            measured=f"{passed(times):.2f} s, {ratios(times, turns['docker'])[0]:.1f} of docker exec",
        )
        for kind, times in turns.items()
    ]
    rows.append(Row(what="memory: microVM of 512 MiB, QEMU", measured=f"{vm.status()['resident'] / 1e6:.0f} MB"))
    rows += [
        Row(what=f"memory: {runtime}, its first process", measured=f"{resident(name, runtime) / 1e6:.0f} MB")
        for runtime in runtimes()
    ]
    return rows


def run(vm: Vm) -> None:
    """One command."""
    vm.run("exec", "--", "true")


def resident(name: str, runtime: str) -> int:
    """What the first process of a container has in use: its init, or gVisor's kernel. The shim is the engine's."""
    words = ("docker", "inspect", "--format", "{{.State.Pid}}", f"{name}-{runtime.lower()}")
    pid = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    return 1024 * int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])
