"""Every check is able to fail: a sandbox is weakened on purpose, and the check that guards the spot must say so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, MakeBundle, run


def failing(bundle: Bundle, *asked: str) -> set[str]:
    """The names of the checks, of all or of those that are asked for, that do not hold now."""
    checks = {check.stem.split("-", 1)[1]: check for check in (bundle.path / "checks").glob("*.sh")}
    env = {**os.environ, **bundle.env}
    return {name for name in asked or sorted(checks) if run("bash", checks[name], check=False, env=env).returncode != 0}


WEAKENED = {
    "host mounts": ("volumes: ['/etc:/host:ro']", {"host-filesystem"}),
    "the engine's socket": ("volumes: ['/var/run/docker.sock:/var/run/docker.sock']", {"host-filesystem"}),
    "the host's processes": ("pid: host", {"host-filesystem", "user"}),
    "a capability": ("cap_add: [NET_RAW]", {"capabilities"}),
    "privileged": ("privileged: true", {"capabilities", "host-filesystem", "seccomp"}),
    "no filter": ("security_opt: ['seccomp:unconfined']", {"seccomp"}),
    "root": ("user: '0:0'\n    cap_add: [DAC_OVERRIDE]", {"user", "capabilities"}),
    "more memory": ("mem_limit: 1500m\n    memswap_limit: 1500m", {"limits"}),
    "more processors": ("cpus: 1.5", {"limits"}),
    "more processes": ("pids_limit: 4000", {"limits"}),
    "a published port": ("ports: ['127.0.0.1:18099:80']", {"ports"}),
    "another resolver": ("dns: [192.0.2.1]", {"dns"}),
    "a read-only root": ("read_only: true", {"root-filesystem", "packages"}),
    "a larger /tmp": ("tmpfs: ['/tmp:size=200m,mode=1777,nosuid,nodev']", {"temporary"}),
}


@pytest.fixture
def override(shared: Bundle) -> Iterator[Path]:
    """The user's own additions to compose.yaml; a change there makes the sandbox anew at the next start."""
    file = shared.path / "local" / "compose.override.yaml"
    file.parent.mkdir(exist_ok=True)
    yield file
    file.unlink(missing_ok=True)


@pytest.mark.parametrize("weakness", WEAKENED)
def test_a_weakened_sandbox_is_caught(shared: Bundle, override: Path, weakness: str) -> None:
    yaml, expected = WEAKENED[weakness]
    override.write_text(f"services:\n  sandbox:\n    {yaml}\n")
    shared.start()
    assert failing(shared, *expected) == expected


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
    assert failing(shared, "agent"), "none was promised, and one is there"
    run("docker", "exec", "--user", "0:0", shared.name, "rmdir", "/opt/agent")
    assert not failing(shared, "agent")
    # bash stands in for an assistant: what is tried is the check, not the installing.
    for what, command, version, holds in AGENTS:
        copy = tmp_path / what
        run("cp", "-a", shared.path, copy)
        with (copy / "lib/settings.sh").open("a") as settings:
            settings.write(f"GEN_AGENT=fake\nGEN_AGENT_COMMAND={command}\nGEN_AGENT_VERSION='{version}'\n")
        (check,) = (copy / "checks").glob("*-agent.sh")
        assert (run("bash", check, check=False).returncode == 0) is holds, what


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
        assert failing(shared) == {"secrets"}
    finally:
        run("docker", "tag", original, image)
        run("docker", "rmi", leaking)
    text = "".join(path.read_text(errors="replace") for path in (shared.path / ".state").rglob("*") if path.is_file())
    assert "sk-very-secret" not in text


def test_a_key_comes_from_the_environment_of_start(shared: Bundle) -> None:
    (shared.path / "local" / "env").write_text("# empty\n")
    shared.env["OPENAI_API_KEY"] = "from-outside"
    shared.start()
    shared.env.clear()
    assert shared.inside("printenv", "OPENAI_API_KEY").stdout == "from-outside\n"
