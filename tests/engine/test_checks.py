"""Every check is able to fail: a sandbox is weakened on purpose, and the check that guards the spot must say so."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Bundle, MakeBundle, run

pytestmark = pytest.mark.engine


def failing(bundle: Bundle) -> set[str]:
    """The numbers-and-names of the checks that do not hold now."""
    found = set()
    for check in sorted((bundle.path / "checks").glob("*.sh")):
        if run("bash", check, check=False).returncode != 0:
            found.add(check.stem.split("-", 1)[1])
    return found


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


@pytest.mark.parametrize("weakness", WEAKENED)
def test_a_weakened_sandbox_is_caught(make_bundle: MakeBundle, weakness: str) -> None:
    yaml, expected = WEAKENED[weakness]
    bundle = make_bundle()
    (bundle.path / "local").mkdir(exist_ok=True)
    (bundle.path / "local" / "compose.override.yaml").write_text(f"services:\n  sandbox:\n    {yaml}\n")
    bundle.start()
    assert expected <= failing(bundle)


def test_an_untouched_sandbox_passes_and_a_damaged_one_does_not(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("image.node=22")
    bundle.start()
    assert failing(bundle) == set()
    # What an agent could do to its own sandbox, one by one.
    bundle.inside("rm", "/usr/local/bin/node")
    assert failing(bundle) == {"runtimes"}
    bundle.inside("mv", "/usr/local/bin/sudo", "/usr/local/bin/sodu")
    assert failing(bundle) == {"runtimes", "packages"}
    bundle.inside("bash", "-c", "cp /bin/true /usr/bin/probe && chmod u+s /usr/bin/probe")
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


def test_a_key_in_the_image_is_found(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("agent.env=[OPENAI_API_KEY]")
    (bundle.path / "local").mkdir(exist_ok=True)
    (bundle.path / "local" / "env").write_text("OPENAI_API_KEY=sk-very-secret-value\n")
    bundle.start()
    assert failing(bundle) == set()
    assert bundle.inside("printenv", "OPENAI_API_KEY").stdout == "sk-very-secret-value\n"
    image = bundle.inspect("{{.Config.Image}}")
    weakened = f"FROM {image}\\nENV LEAKED=sk-very-secret-value\\n"
    original = run("docker", "images", "--no-trunc", "--quiet", image).stdout.strip()
    run("bash", "-c", f"printf '{weakened}' | docker build --tag {image} -")
    try:
        assert failing(bundle) == {"secrets"}
    finally:
        run("docker", "tag", original, image)
    text = "".join(path.read_text(errors="replace") for path in (bundle.path / ".state").rglob("*") if path.is_file())
    assert "sk-very-secret" not in text
