"""From a profile to a plan: what the profile says decides which steps, checks and files there are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from generator import steps
from generator.errors import GenError
from generator.plan import build_plan
from tests.unit.planning import loaded, planned, rendered, text

LAYOUT = """
    README.md PLAN.md AGENTS.md plan.json MANIFEST.sha256 Dockerfile compose.yaml .env.example rollback.sh test-setup.sh
    scripts/start.sh scripts/stop.sh scripts/connect.sh scripts/status.sh scripts/backup.sh scripts/restore.sh
    scripts/resize-volume.sh scripts/mount-storage.sh config/security.json config/seccomp.json
    config/ai-assistant-config.yml lib/runner.sh lib/settings.sh
"""


def test_the_settings_are_all_there_and_text() -> None:
    settings = planned().settings
    assert settings["GEN_NAME"] == "dev"
    assert settings["GEN_STORAGE_BYTES"] == str(20 * 1024**3)
    assert settings["GEN_BASE_REF"] == settings["GEN_IMAGE_BASE"] == "ubuntu:24.04"
    assert settings["GEN_BASE_SUITE"] == ""
    assert settings["GEN_SUBNET"] == "auto"
    assert settings["GEN_CONTAINER"] == "dev"
    assert settings["GEN_VOLUME"] == "dev-workspace"
    assert settings["GEN_NETWORK"] == "dev-network"
    assert all(isinstance(value, str) for value in settings.values())


@pytest.mark.parametrize(
    ("sets", "key", "value"),
    [
        ("image.base=debian:bookworm image.source=mirror", "GEN_BASE_REF", "gen-dev-base:debian-bookworm"),
        ("image.base=debian:bookworm image.source=mirror", "GEN_BASE_SUITE", "bookworm"),
        ("image.base=ubuntu:22.04 image.source=mirror", "GEN_BASE_SUITE", "jammy"),
        ("image.source=archive image.archive=local/x.tar", "GEN_BASE_REF", "gen-dev-base:archive"),
        ("image.source=archive image.archive=local/x.tar", "GEN_IMAGE_ARCHIVE", "local/x.tar"),
        ("agent.version=0.80.0", "GEN_AGENT_VERSION", "0.80.0"),
        ("agent.name=none image.node=none", "GEN_NODE", "none"),
        ("build.ca_certificates=host", "GEN_CA", "host"),
        ("build.apt_mirror=http://mirror.example/debian", "GEN_APT_MIRROR", "http://mirror.example/debian"),
        ("build.proxy=host", "GEN_PROXY", "host"),
        ("network.ports=[8080:80,9000:90/udp]", "GEN_PORTS", "127.0.0.1:8080:80/tcp 127.0.0.1:9000:90/udp"),
        ("network.dns=[9.9.9.9]", "GEN_DNS", "9.9.9.9"),
        ("resources.cpus=1.5", "GEN_CPUS", "1.5"),
        ("storage.overcommit=true", "GEN_STORAGE_OVERCOMMIT", "true"),
        ("image.sudo=none security.readonly_root=true", "GEN_READONLY_ROOT", "true"),
    ],
)
def test_a_setting_says_what_the_profile_says(sets: str, key: str, value: str) -> None:
    assert planned(*sets.split()).settings[key] == value


@pytest.mark.parametrize(
    ("sets", "there", "not_there"),
    [
        ("", "checks/50-internet.sh image/sudo config/seccomp.json steps/70-network/do.sh", "checks/50-no-network.sh"),
        (
            "network.mode=none",
            "checks/50-no-network.sh",
            "checks/50-internet.sh checks/54-dns.sh steps/70-network/do.sh",
        ),
        ("image.sudo=none", "checks/60-no-packages.sh", "checks/60-packages.sh image/sudo image/own-system.sh"),
        ("security.seccomp=engine", "compose.yaml", "config/seccomp.json"),
        ("build.ca_certificates=host", "image/trust-certificates.sh", "config/ca-certificates.crt"),
        ("build.ca_certificates=none", "image/make-user.sh", "image/trust-certificates.sh"),
    ],
)
def test_the_profile_decides_which_files_there_are(sets: str, there: str, not_there: str) -> None:
    files = rendered(*sets.split())
    assert set(there.split()) <= files.keys()
    assert not set(not_there.split()) & files.keys()


def test_the_bundle_has_the_layout_that_users_rely_on() -> None:
    files = rendered()
    for path in LAYOUT.split():
        assert path in files
    assert not [path for path in files if path.split("/")[0] in ("local", ".state", "storage", "backups")]


@pytest.mark.parametrize(
    "change",
    [
        "image.packages=[jq]",
        "image.node=24",
        "image.user.uid=1234",
        "agent.version=0.80.0",
        "build.ca_certificates=host",
        "build.apt_mirror=host",
        "image.sudo=none",
        "storage.path=/work",
    ],
)
def test_the_images_name_changes_with_what_goes_into_it(change: str) -> None:
    assert planned(change).settings["GEN_IMAGE_REF"] != planned().settings["GEN_IMAGE_REF"]


@pytest.mark.parametrize("change", ["resources.memory=5G", "network.mode=none", "description=x", "storage.size=40G"])
def test_the_images_name_does_not_change_with_what_does_not(change: str) -> None:
    assert planned(change).settings["GEN_IMAGE_REF"] == planned().settings["GEN_IMAGE_REF"]


@pytest.mark.parametrize("change", ["resources.memory=5G", "image.packages=[jq]", "network.ports=[80:80]"])
def test_the_projects_name_changes_with_the_sandbox(change: str) -> None:
    project = planned(change).settings["GEN_COMPOSE_PROJECT"]
    assert project.startswith("dev-")
    assert project != planned().settings["GEN_COMPOSE_PROJECT"]


def test_a_certificate_file_goes_into_the_bundle(tmp_path: Path) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMAAwADAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "ca.pem").write_text(pem, "utf-8")
    profile = tmp_path / "mine.yaml"
    profile.write_text("extends: dev\nname: mine\nbuild:\n  ca_certificates: ca.pem\n", "utf-8")
    files = rendered(ref=profile)
    assert text(files, "config/ca-certificates.crt") == pem
    assert "\nGEN_CA=file\n" in text(files, "lib/settings.sh")


def test_a_base_that_no_mirror_has_is_refused() -> None:
    with pytest.raises(GenError) as caught:
        planned("image.base=alpine:3", "image.source=mirror")
    assert caught.value.exit_code == 2


def test_plan_json_is_what_plan_md_is_made_from() -> None:
    files = rendered()
    plan = json.loads(text(files, "plan.json"))
    assert plan["schema"] == 1
    listed = {entry["path"]: entry for entry in plan["files"]}
    assert listed.keys() == files.keys() - {"plan.json", "MANIFEST.sha256"}
    for step in plan["steps"]:
        assert listed[f"{step['dir']}/do.sh"]["mode"] == "0755"
        for said in (step["title"], step["reason"], step["expect"], step["verify"]):
            assert said in text(files, "PLAN.md")
    assert all(check["file"] in listed for check in plan["checks"])


def test_step_conf_says_what_the_plan_says() -> None:
    files = rendered()
    for step in json.loads(text(files, "plan.json"))["steps"]:
        lines = [line.split("=", 1) for line in text(files, f"{step['dir']}/step.conf").splitlines()]
        conf = dict(lines)
        seen = [trouble for trouble in step["troubles"] if trouble["seen"]]
        assert [value for key, value in lines if key in ("mend", "owner")] == [trouble["mend"] for trouble in seen]
        assert json.loads(conf["effects"]) == step["effects"]
        assert (conf["touches"] == "changes nothing") == (not step["changes"])
        for effect in (*step["effects"]["engine"], *step["effects"]["host_files"], *step["effects"]["network"]):
            assert effect in conf["touches"]


def test_agents_md_is_one_page_and_in_order() -> None:
    files = rendered()
    page = text(files, "AGENTS.md")
    assert len(page.splitlines()) <= 110
    commands = [action["command"] for action in json.loads(text(files, "plan.json"))["commands"]]
    places = [page.index(f"| {number} | `{command}`") for number, command in enumerate(commands[:5], 1)]
    assert places == sorted(places)
    assert all(f"`{command}`" in page for command in commands)


def test_what_is_lost_and_what_is_kept_stands_in_the_plan() -> None:
    files = rendered()
    plan = json.loads(text(files, "plan.json"))
    assert [point["action"] for point in plan["no_return"]] == [
        "scripts/start.sh", "./rollback.sh", "./rollback.sh --delete-data",
    ]  # fmt: skip
    for said in (*(point["lost"] for point in plan["no_return"]), *plan["kept_after_rollback"]):
        assert said in text(files, "PLAN.md")


def test_the_skill_has_a_front_that_yaml_reads() -> None:
    before, front, body = text(rendered("name=my-box"), "SKILL.md").split("---\n", 2)
    assert before == ""
    read = YAML(typ="safe").load(front)
    assert read.keys() == {"name", "description"}
    assert read["name"] == "sandbox-my-box"
    assert len(read["description"]) <= 1024
    assert "[AGENTS.md](AGENTS.md)" in body


def test_the_plan_offers_no_undoing_by_hand() -> None:
    plan = json.loads(text(rendered(), "plan.json"))
    assert {step["undo"] for step in plan["steps"]} == {"./rollback.sh"}
    for step in plan["steps"]:
        for script in ("do", "verify", "undo"):
            assert step[f"{script}_script"] == f"{step['dir']}/{script}.sh"
    assert [step["id"] for step in plan["steps"] if not step["changes"]] == ["preflight"]


@pytest.mark.parametrize(
    ("sets", "reason", "origin", "first"),
    [
        (
            "",
            "pulled from its registry",
            ["the registry of ubuntu:24.04"],
            "gen bundle --profile profile.yaml --out . --set image.source=mirror",
        ),
        (
            "image.base=debian:bookworm image.source=mirror",
            "an apt mirror",
            ["the apt mirror that mmdebstrap asks by itself"],
            "sudo apt-get install",
        ),
        ("image.source=archive image.archive=local/x.tar", "from your archive", [], "docker save IMAGE > local/x.tar"),
    ],
)
def test_the_step_of_the_base_says_what_is_done(sets: str, reason: str, origin: list[str], first: str) -> None:
    (step,) = [step for step in planned(*sets.split()).steps if step.id == "base-image"]
    assert reason in step.reason
    assert list(step.effects.network) == origin
    assert step.troubles[0].mend.startswith(first)


def test_no_placeholder_is_left() -> None:
    files = rendered("network.mode=none")
    for path in ("PLAN.md", "AGENTS.md", "README.md", "plan.json", "steps/30-base-image/step.conf"):
        assert not re.search(r"\{[a-z]+\}", text(files, path)), path


def test_a_fix_writes_the_bundle_from_its_own_profile(tmp_path: Path) -> None:
    profile = tmp_path / "my $box.yaml"
    profile.write_text("extends: dev\nname: mine\n", "utf-8")
    files = rendered(ref=profile)
    assert "gen bundle --profile profile.yaml --out . " in text(files, "steps/70-network/step.conf")
    assert "gen bundle --profile profile.yaml --out . --force" in text(files, "PLAN.md")
    assert "my $box" not in "".join(text(files, path) for path in files)


def test_what_the_host_must_have_is_listed() -> None:
    programs = [need.program for need in planned("image.base=debian:bookworm", "image.source=mirror").requirements]
    assert {"bash", "mmdebstrap", "docker", "docker compose", "docker buildx"} <= set(programs)
    assert "mmdebstrap" not in [need.program for need in planned().requirements]


def test_without_a_network_nothing_is_promised_from_it() -> None:
    files = rendered("network.mode=none")
    for path in ("README.md", "AGENTS.md", "config/ai-assistant-config.yml"):
        assert "apt-get install NAME" not in text(files, path)
        assert "dpkg -i FILE.deb" in text(files, path)


def test_a_condition_on_what_no_profile_has_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = steps.CheckSpec(
        id="odd", order=11, title="Odd", asserts=(), expect="nothing", when={"network.wifi": ("yes",)}
    )
    monkeypatch.setattr("generator.plan.find_checks", lambda _root: (spec,))
    with pytest.raises(GenError) as caught:
        build_plan(loaded())
    assert caught.value.details == "odd: `when` names network.wifi, which no profile has"


SAME = (
    "import hashlib; from tests.unit.planning import rendered; "
    "print(hashlib.sha256(repr([(k, v.mode, v.content) for k, v in rendered().items()]).encode()).hexdigest())"
)


def test_the_same_bytes_in_any_locale_zone_place_and_hash_seed(repository: Path, tmp_path: Path) -> None:
    digests = set()
    for number, (locale, zone) in enumerate((("C", "UTC"), ("de_DE.UTF-8", "Asia/Tokyo"), ("C.UTF-8", "America/Lima"))):
        home = tmp_path / str(number)
        home.mkdir()
        environment = {"LC_ALL": locale, "TZ": zone, "PYTHONHASHSEED": str(number), "HOME": str(home)}
        done = subprocess.run(
            (sys.executable, "-c", SAME),
            cwd=home,
            env={**environment, "PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1
