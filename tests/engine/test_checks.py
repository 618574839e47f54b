"""Every check is able to fail: a sandbox is weakened on purpose, and the check that guards the spot must say so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, run, until
from tests.engine.weakened import WEAKENED, batches


def failing(bundle: Bundle, *asked: str) -> set[str]:
    """The names of the checks, of all or of those that are asked for, that do not hold now."""
    checks = {check.stem.split("-", 1)[1]: check for check in (bundle.path / "checks").glob("*.sh")}
    env = {**os.environ, **bundle.env}
    return {name for name in asked or sorted(checks) if run("bash", checks[name], check=False, env=env).returncode != 0}


@pytest.fixture
def override(shared: Bundle) -> Iterator[Path]:
    """The user's own additions to compose.yaml; a change there makes the sandbox anew at the next start."""
    file = shared.path / "local" / "compose.override.yaml"
    file.parent.mkdir(exist_ok=True)
    yield file
    file.unlink(missing_ok=True)


# What a program of the sandbox says whose owner would like every check to hold.
LIES = {
    "cat": "printf 'CapInh:\\t0\\nCapEff:\\t0\\nCapBnd:\\t0\\nNoNewPrivs:\\t1\\nSeccomp:\\t2\\n'",
    "sed": "echo 2",
    "awk": "echo rw,nosuid,nodev tmpfs",
    "python3": "exit 0",
    "id": "echo 1000",
    "whoami": "echo aiuser",
    "stat": "echo 1000",
    "nproc": "echo 1",
    "find": "exit 0",
    "test": "exit 1",
    "df": 'case "$*" in *fstype*) echo ext4 $((250 * 1024)) /workspace ;; *tmp*) echo 65536 ;; *) echo 1024 ;; esac',
    "mountpoint": "exit 0",
    "which": "echo /usr/bin/$1",
}


def plant(bundle: Bundle, program: str, says: str) -> None:
    """The agent owns its programs: this one says something else from now on."""
    script = 'rm -f "$1" "$2" && printf "%s" "$3" >"$1" && chmod 755 "$1" && /bin/ln -s "$1" "$2"'
    places = (f"/usr/local/bin/{program}", f"/usr/bin/{program}")
    words = ("/bin/sh", "-c", script, "plant", *places, f"#!/bin/sh\n{says}\n")
    run("docker", "exec", bundle.name, *words)


def lying(bundle: Bundle) -> None:
    """From now on they say what a check would like to hear."""
    for program, says in LIES.items():
        plant(bundle, program, says)


def says(bundle: Bundle, name: str) -> str:
    (check,) = (bundle.path / "checks").glob(f"*-{name}.sh")
    return run("bash", check, check=False, env={**os.environ, **bundle.env}).stdout


@pytest.mark.parametrize("batch", batches(), ids=lambda batch: batch[0])
def test_a_weakened_sandbox_is_caught_though_all_its_programs_lie(
    shared: Bundle, override: Path, batch: tuple[str, ...]
) -> None:
    pieces = [WEAKENED[weakness] for weakness in batch]
    override.write_text("services:\n  sandbox:\n" + "".join(f"    {yaml}\n" for yaml, _, _ in pieces))
    shared.start()
    if not any("read_only" in yaml or "user:" in yaml for yaml, _, _ in pieces):
        lying(shared)
        # The control: a check that asks a program in there hears that there are no capabilities.
        assert "CapEff:\t0\n" in shared.inside("cat", "/proc/self/status").stdout
    told = says(shared, "settings")
    assert [named for _, named, _ in pieces if named not in told] == []
    asked = {"settings"}.union(*(seen for _, _, seen in pieces))
    assert failing(shared, *asked) == asked


def test_where_no_wall_is_weakened_the_checks_of_walls_hold_whatever_programs_say(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    lying(bundle)
    walls = (
        "settings",
        "host-filesystem",
        "capabilities",
        "no-new-privileges",
        "limits",
        "temporary",
        "root-filesystem",
    )
    assert failing(bundle, *walls, "user", "ports", "dns") == set()


def test_what_is_begun_beside_the_first_process_is_seen(shared: Bundle) -> None:
    """A process that somebody started with more rights than the sandbox has."""
    shared.start()
    run("docker", "exec", "--detach", "--privileged", "--user", "0:0", shared.name, "sleep", "40")
    until(lambda: "capabilit" in says(shared, "capabilities") or "Cap" in says(shared, "capabilities"))
    assert failing(shared, "capabilities", "user") == {"capabilities", "user"}
    run("docker", "exec", "--privileged", "--user", "0:0", shared.name, "pkill", "-f", "sleep 40", check=False)
    until(lambda: failing(shared, "capabilities", "user") == set())


ATTACK = "UID[$(id>{mark})0]"
"""Bash runs what stands in a number that it reckons with."""


def test_what_a_program_in_the_sandbox_prints_is_run_by_nothing_on_this_host(
    make_bundle: MakeBundle, tmp_path: Path
) -> None:
    bundle = make_bundle()
    bundle.start()
    mark = tmp_path / "W"
    line = ATTACK.format(mark=mark)
    for program in ("df", "cat", "stat", "nproc", "sed", "awk", "id", "whoami", "find", "dumpe2fs", "wc"):
        plant(bundle, program, f"echo '{line}'")
    # The control: what stood in four places of these scripts does run it.
    old = f"size=$(($(docker exec {bundle.name} df -k --output=size /tmp | tail -n 1) * 1024))"
    run("bash", "-c", old, check=False)
    assert mark.exists()
    mark.unlink()
    for words in (
        "test-setup.sh",
        "test-setup.sh --tap",
        "scripts/mount-storage.sh report",
        "scripts/resize-volume.sh 300M",
        "scripts/status.sh",
        "scripts/plan.sh",
        "scripts/backup.sh",
    ):
        bundle.script(*words.split(), check=False)
        assert not mark.exists(), words


def test_an_untouched_sandbox_passes_and_a_damaged_one_does_not(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("image.node=22")
    bundle.start()
    assert failing(bundle) == set()
    # What an agent could do to its own sandbox, one by one.
    bundle.inside("rm", "/usr/local/bin/node")
    assert failing(bundle) == {"runtimes"}
    bundle.inside("mv", "/usr/local/bin/sudo", "/usr/local/bin/sodu")
    assert failing(bundle) == {"runtimes", "packages"}
    run("docker", "exec", "--user", "0:0", bundle.name, "sh", "-c", "cp /bin/true /opt/probe && chmod u+s /opt/probe")
    assert failing(bundle) == {"runtimes", "packages", "no-new-privileges"}
    bundle.script("scripts/stop.sh")
    assert {"running", "workspace", "user"} <= failing(bundle)


def test_without_network_sudo_and_with_a_read_only_root(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("network.mode=none", "image.sudo=none", "security.readonly_root=true")
    bundle.start()
    bundle.script("test-setup.sh")
    assert {path.stem.split("-", 1)[1] for path in (bundle.path / "checks").glob("*.sh")} >= {
        "no-network",
        "no-packages",
    }
    assert not list((bundle.path / "steps").glob("*-network"))


def test_a_network_or_a_way_to_root_that_should_not_be_is_caught(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("network.mode=none", "image.sudo=none")
    bundle.start()
    assert failing(bundle) == set()
    root = ("docker", "exec", "--user", "0:0", bundle.name)
    run(*root, "sh", "-c", "cp /bin/true /usr/local/bin/sudo")
    assert failing(bundle) == {"no-packages"}
    run(*root, "rm", "/usr/local/bin/sudo")
    # The sandbox's root has no CAP_CHOWN: whoever could give /etc away has more than the sandbox gives.
    run("docker", "exec", "--privileged", "--user", "0:0", bundle.name, "chown", "1000", "/etc")
    assert failing(bundle) == {"no-packages"}
    run("docker", "exec", "--privileged", "--user", "0:0", bundle.name, "chown", "0", "/etc")
    assert failing(bundle) == set()
    run("docker", "network", "disconnect", "none", bundle.name)
    run("docker", "network", "connect", "bridge", bundle.name)
    assert failing(bundle, "no-network")


def test_a_sandbox_that_is_cut_off_or_on_other_networks_is_caught(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    assert failing(bundle) == set()
    own = f"{bundle.name}-network"
    run("docker", "network", "connect", "bridge", bundle.name)
    assert failing(bundle, "internet")
    run("docker", "network", "disconnect", "bridge", bundle.name)
    assert failing(bundle) == set()
    run("docker", "network", "disconnect", own, bundle.name)
    assert failing(bundle, "internet")
    run("docker", "network", "connect", own, bundle.name)
    assert failing(bundle) == set()
    # On its own network, and yet nothing can be reached: no route leads out.
    pid = bundle.inspect("{{.State.Pid}}")
    gone = run("nsenter", "--net", "--target", pid, "ip", "route", "del", "default", check=False)
    if gone.returncode == 0:
        assert failing(bundle) == {"internet"}


#   the assistant that the bundle promises     its command  its version  whether the check holds
AGENTS = (
    ("one that is there",                      "bash",      "version 5", True),
    ("one of another version",                 "bash",      "version 4", False),
    ("one whose command is not there",         "no-such",   "version 5", False),
    ("one that does not answer",               "false",     "version 5", False),
)  # fmt: skip


def test_an_assistant_that_is_not_what_was_promised_is_caught(shared: Bundle, tmp_path: Path) -> None:
    shared.start()
    run("docker", "exec", "--user", "0:0", shared.name, "mkdir", "/opt/agent")
    assert failing(shared, "no-agent"), "none was promised, and one is there"
    run("docker", "exec", "--user", "0:0", shared.name, "rmdir", "/opt/agent")
    assert not failing(shared, "no-agent")
    # bash stands in for an assistant: what is tried is the check, not the installing.
    for what, command, version, holds in AGENTS:
        copy = tmp_path / what
        run("cp", "-a", shared.path, copy)
        with (copy / "lib/settings.sh").open("a") as settings:
            settings.write(f"GEN_AGENT=fake\nGEN_AGENT_COMMAND={command}\nGEN_AGENT_VERSION='{version}'\n")
        run("cp", "templates/checks/agent/check.sh", copy / "checks")
        done = run("bash", copy / "checks/check.sh", check=False, env={**os.environ, "GEN_BUNDLE_SEEN": str(copy)})
        assert (done.returncode == 0) is holds, what


def test_a_key_in_the_image_is_found(shared: Bundle) -> None:
    shared.start()
    assert failing(shared) == set()
    (shared.path / "local").mkdir(exist_ok=True)
    (shared.path / "local" / "env").write_text("OPENAI_API_KEY=sk-very-secret-value\n")
    shared.start()
    assert failing(shared) == set()
    assert shared.inside("printenv", "OPENAI_API_KEY").stdout == "sk-very-secret-value\n"
    image = shared.inspect("{{.Config.Image}}")
    original = run("docker", "images", "--no-trunc", "--quiet", image).stdout.strip()
    run("bash", "-c", f"printf 'FROM {image}\\nENV LEAKED=sk-very-secret-value\\n' | docker build --tag {image} -")
    leaking = run("docker", "images", "--no-trunc", "--quiet", image).stdout.strip()
    try:
        assert failing(shared) == {"secrets", "settings"}, "and it is not the image that the sandbox was made from"
    finally:
        run("docker", "tag", original, image)
        run("docker", "rmi", leaking)
    text = "".join(path.read_text(errors="replace") for path in (shared.path / ".state").rglob("*") if path.is_file())
    assert "sk-very-secret" not in text


def test_a_key_comes_from_the_environment_of_start(shared: Bundle) -> None:
    (shared.path / "local").mkdir(exist_ok=True)
    (shared.path / "local" / "env").write_text("# empty\n")
    shared.env["OPENAI_API_KEY"] = "from-outside"
    shared.start()
    assert shared.inside("printenv", shared.env.popitem()[0]).stdout == "from-outside\n"
