"""The microVM against a container of the same files: starts, a command, and what it takes of memory."""

import secrets
import subprocess

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
            subprocess.run(("docker", "rm", "--force", name), capture_output=True, check=False)
            command(("docker", "rmi", f"{name}:latest"))


def container(name: str) -> tuple[str, ...]:
    """Starts a container as the sandbox is one: nothing but the loopback, an ordinary user, limits."""
    limits = (
        "--network",
        "none",
        "--user",
        "1000:1000",
        "--cap-drop",
        "ALL",
        "--pids-limit",
        "512",
        "--memory",
        "512m",
    )
    return ("docker", "run", "--detach", "--init", "--name", name, *limits, f"{name}:latest", "sleep", "infinity")


def remove(name: str) -> None:
    """Takes the container away, if there is one."""
    subprocess.run(("docker", "rm", "--force", name), capture_output=True, check=False)


def fresh(vm: Vm) -> None:
    """Stopped, with no workspace."""
    vm.run("kill")
    vm.run("discard")


def starts(vm: Vm, name: str) -> list[Row]:
    """From nothing that runs to the first command that can be run."""
    turns = race(
        (
            Contender(name="cold", prepare=lambda: fresh(vm), run=lambda: start(vm)),
            Contender(name="warm", prepare=lambda: fresh(vm), run=lambda: start(vm, "--warm")),
            Contender(name="docker", prepare=lambda: remove(name), run=lambda: command(container(name))),
        ),
        rounds=ROUNDS,
    )
    cold, _ = ratios(turns["cold"], turns["docker"])
    warm, _ = ratios(turns["warm"], turns["docker"])
    accel = vm.status()["shape"]["accel"]
    return [
        Row(what=f"microVM ({accel}), cold start", measured=f"{passed(turns['cold']):.2f} s"),
        Row(what=f"microVM ({accel}), warm start", measured=f"{passed(turns['warm']):.2f} s"),
        Row(what="docker run --detach", measured=f"{passed(turns['docker']):.2f} s"),
        Row(what="microVM / docker run: cold, warm", measured=f"{cold:.1f}, {warm:.1f}"),
    ]


def start(vm: Vm, *words: str) -> None:
    """Starts it; no project, so that nothing but the start is measured."""
    vm.run("start", *SHAPE, *words)


def commands(vm: Vm, name: str) -> list[Row]:
    """A command that does nothing, in what runs already."""
    turns = race(
        (
            Contender(name="vm", prepare=lambda: None, run=lambda: run(vm)),
            Contender(name="docker", prepare=lambda: None, run=lambda: command(("docker", "exec", name, "true"))),
        ),
        rounds=COMMANDS,
    )
    ratio, _ = ratios(turns["vm"], turns["docker"])
    return [
        Row(what="microVM, exec -- true", measured=f"{passed(turns['vm']):.2f} s"),
        Row(what="docker exec true", measured=f"{passed(turns['docker']):.2f} s"),
        Row(what="exec, microVM / docker", measured=f"{ratio:.1f}"),
        Row(what="microVM of 512 MiB, QEMU's memory", measured=f"{vm.status()['resident'] / 1e6:.0f} MB"),
        Row(what="container, its processes' memory", measured=f"{resident(name) / 1e6:.0f} MB"),
    ]


def run(vm: Vm) -> None:
    """One command."""
    vm.run("exec", "--", "true")


def resident(name: str) -> int:
    """What the processes of a container have in use; its shim is the engine's."""
    done = subprocess.run(("docker", "top", name, "-o", "pid,rss"), capture_output=True, text=True, check=True)
    return 1024 * sum(int(line.split()[1]) for line in done.stdout.splitlines()[1:])
