"""What Docker's documents say for a profile, and that nothing is promised that is not enforced and asserted."""

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from generator.documents import serialise
from generator.engines import engine_names, find_engine
from generator.engines.oci.podman import podman_options
from generator.engines.oci.policy import TMP
from generator.errors import GenError
from generator.plan import build_plan
from generator.render import render_bundle
from generator.steps import find_checks
from tests.unit.planning import loaded, planned, rendered, text


def compose(*sets: str) -> dict[str, Any]:
    """compose.yaml as Compose reads it, before it puts variables in."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text(rendered(*sets), "compose.yaml"))
    return document


def sandbox(*sets: str) -> dict[str, Any]:
    """The one service."""
    document = compose(*sets)
    assert list(document["services"]) == ["sandbox"]
    service: dict[str, Any] = document["services"]["sandbox"]
    return service


def test_engines_are_found_by_their_modules() -> None:
    assert "docker" in engine_names()
    assert "oci" not in engine_names()
    assert find_engine("docker").name == "docker"


def test_an_unknown_engine_is_an_error_that_names_the_known() -> None:
    with pytest.raises(GenError) as caught:
        find_engine("vmware")
    assert caught.value.exit_code == 2
    assert "docker" in (caught.value.details or "")


def test_the_sandbox_is_confined() -> None:
    service = sandbox()
    assert service["security_opt"] == ["no-new-privileges:true", "seccomp:./config/seccomp.json"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["privileged"] is False
    assert service["user"] == "1000:1000"
    assert "ports" not in service
    assert service["volumes"] == [{"type": "volume", "source": "workspace", "target": "/workspace"}]
    assert service["init"] is True
    assert service["pull_policy"] == "never"
    assert service["restart"] == "on-failure:3"


def test_the_sandbox_is_limited() -> None:
    service = sandbox("resources.memory=512M", "resources.tmpfs=64M", "resources.cpus=1.5", "resources.pids=99")
    assert service["mem_limit"] == service["memswap_limit"] == f"{512 * 1024**2}b"
    assert (service["cpus"], service["pids_limit"]) == (1.5, 99)
    assert service["tmpfs"][0] == f"{TMP}:size={64 * 1024**2},mode=1777,exec,nosuid,nodev"


@pytest.mark.parametrize(
    ("sets", "key", "value"),
    [
        ("network.mode=none", "network_mode", "none"),
        ("network.dns=[9.9.9.9]", "dns", ["9.9.9.9"]),
        ("network.ports=[8080:80]", "ports", ["127.0.0.1:8080:80/tcp"]),
        ("image.sudo=none security.readonly_root=true", "read_only", True),
        ("security.seccomp=engine", "security_opt", ["no-new-privileges:true"]),
        ("image.user.uid=1234", "user", "1234:1234"),
        ("storage.path=/srv/work", "working_dir", "/srv/work"),
        ("resources.cpus=3", "cpus", 3),
    ],
)
def test_the_profile_decides(sets: str, key: str, value: object) -> None:
    assert sandbox(*sets.split())[key] == value


def test_without_a_network_there_is_none() -> None:
    document = compose("network.mode=none")
    assert "networks" not in document
    assert "networks" not in document["services"]["sandbox"]


def test_a_capability_is_added_and_told_with_its_reason() -> None:
    grant = "security.capabilities=[{name: NET_RAW, reason: tests open raw sockets}]"
    assert sandbox(grant)["cap_add"] == ["NET_RAW"]
    assert "tests open raw sockets" in text(rendered(grant), "README.md")


ISOLATIONS = {
    "": ("docker", False, "shared-kernel"),
    "isolation=docker": ("docker", False, "shared-kernel"),
    "isolation=gvisor": ("gvisor", True, "userspace-kernel"),
    "project.method=auto isolation=microvm isolation.minimum=separate-kernel": ("microvm", True, "own-kernel"),
    "isolation=auto": ("gvisor docker", True, "shared-kernel"),
    "project.method=auto isolation=auto": ("microvm gvisor docker", True, "shared-kernel"),
    "isolation=auto isolation.minimum=userspace-kernel": ("gvisor", True, "userspace-kernel"),
}


@pytest.mark.parametrize("sets", ISOLATIONS)
def test_what_isolates_is_chosen_where_the_bundle_runs(sets: str) -> None:
    backends, at_run_time, kind = ISOLATIONS[sets]
    plan = planned(*sets.split())
    assert plan.settings["GEN_BACKENDS"] == backends
    assert plan.isolation == kind
    assert ("isolation" in {step.id for step in plan.steps}) is at_run_time
    assert ("kernel" in {check.id for check in plan.checks}) is at_run_time
    assert sandbox(*sets.split()).get("runtime") == ("${GEN_RUNTIME:-}" if at_run_time else None)


def test_one_word_for_the_backend_leaves_the_minimum_as_it_was() -> None:
    plan = planned("isolation={backend: auto, minimum: userspace-kernel}", "isolation=gvisor")
    assert plan.profile.isolation.minimum == "userspace-kernel"


def test_keys_are_named_and_have_no_value() -> None:
    files = rendered("agent.env=[OPENAI_API_KEY]")
    assert text(files, "config/passed.env") == "OPENAI_API_KEY\n"
    assert "OPENAI_API_KEY" not in sandbox("agent.env=[OPENAI_API_KEY]")["environment"]
    assert sandbox()["env_file"][-1] == {"path": "local/env", "required": False}


def test_the_home_is_in_the_workspace() -> None:
    assert sandbox("storage.path=/work")["environment"] == {"HOME": "/work/.home", "USER": "aiuser"}


def test_a_proxy_reaches_into_the_sandbox() -> None:
    environment = sandbox("build.proxy=http://proxy.example:3128")["environment"]
    assert environment["HTTPS_PROXY"] == environment["https_proxy"] == "http://proxy.example:3128"
    assert "https_proxy\n" in text(rendered("build.proxy=host"), "config/passed.env")
    assert "https_proxy" not in text(rendered("build.proxy=host", "network.mode=none"), "config/passed.env")


def test_names_that_may_change_at_run_time_are_variables() -> None:
    document = compose()
    assert document["volumes"]["workspace"] == {"external": True, "name": "${GEN_VOLUME_NAME:-dev-workspace}"}
    assert document["networks"]["sandbox"] == {"external": True, "name": "${GEN_NETWORK_NAME:-dev-network}"}
    assert document["services"]["sandbox"]["labels"]["gen.instance"] == "${GEN_INSTANCE:-none}"


def test_every_other_dollar_is_doubled() -> None:
    dollars = re.findall(r"\$+\{?\w*", text(rendered(), "compose.yaml"))
    assert {match for match in dollars if not match.startswith("$$")} == {
        "${GEN_INSTANCE",
        "${GEN_LOCAL",
        "${GEN_NETWORK_NAME",
        "${GEN_TOKEN",
        "${GEN_VOLUME_NAME",
    }


def security(*sets: str) -> dict[str, Any]:
    """The policies, by group."""
    groups: dict[str, Any] = json.loads(text(rendered(*sets), "config/security.json"))["security_policies"]
    return groups


@pytest.mark.parametrize(
    "sets",
    [
        "",
        "network.mode=none",
        "image.sudo=none security.readonly_root=true",
        "security.seccomp=engine",
        "isolation=auto",
    ],
)
def test_each_policy_is_enforced_by_a_file_and_asserted_by_a_check(sets: str) -> None:
    plan = planned(*sets.split())
    files = render_bundle(plan)
    checks = {check.id for check in plan.checks}
    lines = [line for group in security(*sets.split()).values() for line in group.values()]
    assert len(lines) > 20
    for line in lines:
        assert line["enforced_by"] in files
        assert line["asserted_by"]
        assert set(line["asserted_by"]) <= checks
        assert line["reason"]


def test_a_policy_without_a_check_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "generator.plan.find_checks", lambda root: tuple(c for c in find_checks(root) if c.id != "secrets")
    )
    with pytest.raises(GenError) as caught:
        build_plan(loaded())
    assert caught.value.details == "secrets.in_image: no check asserts it"


def test_a_check_of_what_no_policy_says_is_an_error() -> None:
    # Without a network no policy speaks of name servers; the check of them is left out by its own `when`.
    assert "dns_servers" not in security("network.mode=none")["network"]


def test_the_policy_says_what_the_original_plan_said() -> None:
    policy = security()
    assert policy["filesystem"]["no_host_mounts"]["value"] is True
    assert policy["filesystem"]["readonly_root"]["value"] is False
    assert policy["network"]["mode"]["value"] == "internet"
    assert policy["resources"]["max_memory"]["value"] == "4G"
    assert policy["resources"]["max_storage"]["value"] == "20G"


def test_the_assistants_document_names_keys_and_paths() -> None:
    document = YAML(typ="safe", pure=True).load(text(rendered(), "config/ai-assistant-config.yml"))
    assert document["assistant"]["command"] == "aider"
    assert document["assistant"]["configuration"] == "/workspace/.home/.aider"
    assert "OPENAI_API_KEY" in document["keys"]["names"]
    assert document["permissions"]["become_root"] is False
    assert document["limits"]["workspace"] == "20G"


def podman(*sets: str) -> list[str]:
    """What Podman's client is told, a word a line."""
    return text(rendered(*sets), "config/podman.options").splitlines()


def test_podman_is_told_the_same_as_compose() -> None:
    words = podman(
        "network.ports=[8080:80]", "network.dns=[9.9.9.9]", "resources.memory=512M", "resources.tmpfs=64M",
        "image.user.uid=1234",
        "image.sudo=none", "security.readonly_root=true",
    )  # fmt: skip
    assert {
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--security-opt=seccomp=config/seccomp.json",
        "--user=1234:1234",
        f"--memory={512 * 1024**2}b",
        f"--memory-swap={512 * 1024**2}b",
        "--read-only",
        "--publish=127.0.0.1:8080:80/tcp",
        "--dns=9.9.9.9",
        "--restart=on-failure:3",
        "--env-file=config/passed.env",
    } <= set(words)
    assert not [word for word in words if word.startswith(("--privileged", "--volume", "--network", "--cap-add"))]
    (run,) = [word for word in words if word.startswith("--tmpfs=/run:")]
    assert run.endswith("mode=755,U,noexec,nosuid,nodev")
    assert "--network=none" in podman("network.mode=none")
    assert "--read-only" not in podman()
    assert "--security-opt=seccomp=config/seccomp.json" not in podman("security.seccomp=engine")


def test_a_dollar_is_doubled_for_compose_alone() -> None:
    (health,) = [word for word in podman() if word.startswith("--health-cmd=")]
    assert '"$1"' in json.loads(health.partition("=")[2])[2]
    assert json.loads(health.partition("=")[2]) == [
        word.replace("$$", "$") for word in sandbox()["healthcheck"]["test"][1:]
    ]


def test_no_part_of_the_service_is_left_out_in_silence() -> None:
    with pytest.raises(KeyError, match="devices"):
        podman_options({"init": True, "devices": ["/dev/fuse"]}, ())
    assert podman_options({"init": True, "image": "one"}, ("image",)) == ["--passwd=false", "--init"]


def test_a_word_of_two_lines_is_none() -> None:
    with pytest.raises(ValueError, match="more than one line"):
        serialise("config/podman.options", ["--env=A=1\n--privileged"])
