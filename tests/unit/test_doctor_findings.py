"""What the doctor says, as tables: a fact that is not as it should be, and the line that it gives."""

from dataclasses import replace
from pathlib import Path

import pytest

from generator.doctor.diagnosis import diagnose
from generator.doctor.facts import BundleFacts, EngineFacts, EngineObject, Facts, HostFacts, Loop, Owner
from generator.doctor.findings import Action, Finding, human, version_at_least, worst
from generator.execute.bundle import Bundle

GB = 1 << 30
ID, OTHER = "00112233445566aa", "ffeeddccbbaa9988"
ENGINE = EngineFacts(
    endpoint="unix:///run/e.sock",
    version="26.1.5+dfsg1",
    system="linux",
    cgroup="2",
    driver="overlay2",
    root="/var/lib/docker",
    security=("name=seccomp,profile=builtin",),
)
HOST = HostFacts(
    bash="5.2.15",
    coreutils="9.1",
    compose="2.26.1",
    buildx="0.13.1",
    runsc="20251110",
    filesystems=frozenset({"ext4", "overlay"}),
    kvm="usable",
    user="me",
    root_free=50 * GB,
    loops=(Loop(device="/dev/loop3", instance=ID),),
    links=((ID, "/dev/loop3"),),
)
SETTINGS = (
    ("GEN_MINIMUM_DOCKER", "25.0"),
    ("GEN_STORAGE_BYTES", str(20 * GB)),
    ("GEN_STORAGE_RESERVE_BYTES", str(2 * GB)),
    ("GEN_STORAGE_OVERCOMMIT", "false"),
    ("GEN_IMAGE_SOURCE", "mirror"),
)
BUNDLE = BundleFacts(bundle=Bundle(path=Path("/b"), shown="b"), settings=SETTINGS, instance=ID, free=50 * GB, image=GB)
SANDBOX = EngineObject(kind="container", id="c1", name="dev", instance=ID, sandbox="dev", running=True, age=9)
TOOL = replace(SANDBOX, id="c2", name=f"gen-tool-{ID}", tool=True, sandbox="", mark="t1")
VOLUME = EngineObject(kind="volume", id="v", name="dev-workspace", instance=OTHER, sandbox="dev")
HERE = Owner(instance=ID, standing="here", folder="/b", mark="t1")
GONE = Owner(instance=OTHER, standing="gone", folder="/was")
RECOVER = Action(kind="recover", target="/b")


def removed(name: str) -> Action:
    return Action(kind="remove file", target=f"/b/{name}")


def facts(engine: EngineFacts = ENGINE, host: HostFacts = HOST, bundle: BundleFacts = BUNDLE, *owners: Owner) -> Facts:
    return Facts(engine=engine, host=host, bundles=(bundle,), owners=owners or (HERE,))


def wrong(found: Facts) -> list[Finding]:
    return [finding for finding in diagnose(found) if finding.level != "ok"]


def test_where_nothing_is_wrong_every_line_is_ok() -> None:
    found = diagnose(facts(replace(ENGINE, objects=(SANDBOX,))))
    assert [finding for finding in found if finding.level != "ok"] == []
    assert {"engine", "compose", "buildx", "host-bash", "host-kvm", "bundle-bundle"} <= {one.id for one in found}
    assert worst(found) == "ok"


ENGINES = [
    ({"trouble": "absent", "said": "No such file"}, "problem engine: the engine does not answer", "systemctl start"),
    ({"trouble": "denied"}, "problem engine: your user may not use the engine", "usermod -aG docker me"),
    ({"trouble": "hangs"}, "problem engine: the engine hangs", "systemctl restart"),
    ({"trouble": "remote"}, "problem engine: the engine is not on this machine", "unset DOCKER_HOST"),
    (
        {"trouble": "no context", "said": "x"},
        "problem engine: the docker client has no such context",
        "docker context ls",
    ),
    ({"trouble": "other", "said": "what"}, "problem engine: the engine cannot be asked", "docker version"),
    ({"version": "24.0.9"}, "problem engine: Docker 24.0.9 is too old", "apt-get install docker.io"),
    ({"version": ""}, "problem engine: Docker is not there", "apt-get install docker.io"),
    ({"system": "windows"}, "problem engine-system: the engine runs windows containers", ""),
    ({"security": ("name=seccomp", "name=rootless")}, "problem engine-rootless: ", "context use default"),
    ({"security": ()}, "problem engine-seccomp: the engine filters no system calls", "docker info"),
    ({"without_limits": ("memory",)}, "problem engine-limits: the engine cannot limit memory", "docker info"),
    ({"gvisor": "limitless"}, "warning engine-gvisor: gVisor would hold no limit", "take --ignore-cgroups out"),
    ({"gvisor": "fails", "gvisor_said": "x"}, "warning engine-gvisor: gVisor does not start", "docker info"),
]


@pytest.mark.parametrize(("changed", "line", "mend"), ENGINES)
def test_the_engine(changed: dict[str, object], line: str, mend: str) -> None:
    (found,) = wrong(facts(replace(ENGINE, **changed)))  # type: ignore[arg-type]
    assert f"{found.level} {found.id}: {found.what}".startswith(line)
    assert mend in found.mend
    assert found.action is None


@pytest.mark.parametrize(
    ("gvisor", "bundle", "level"),
    [
        ("absent", {}, "ok"),
        ("works", {"isolation": "gvisor"}, "ok"),
        ("untried", {"isolation": "gvisor"}, "ok"),
        ("absent", {"isolation": "gvisor"}, "problem"),
        ("fails", {"isolation": "gvisor"}, "problem"),
        ("absent", {"settings": (*SETTINGS, ("GEN_BACKENDS", "microvm gvisor"))}, "problem"),
        ("absent", {"settings": (*SETTINGS, ("GEN_BACKENDS", "microvm gvisor docker"))}, "ok"),
    ],
)
def test_gvisor_is_a_problem_where_a_bundle_cannot_do_without_it(
    gvisor: str, bundle: dict[str, object], level: str
) -> None:
    changed = replace(ENGINE, gvisor=gvisor)  # type: ignore[arg-type]
    found = diagnose(facts(changed, bundle=replace(BUNDLE, **bundle)))  # type: ignore[arg-type]
    (line,) = [finding for finding in found if finding.id == "engine-gvisor"]
    assert line.level == level
    assert bool(line.mend) == (level != "ok")


HOSTS = [
    (
        {"missing": ("awk", "od", "comm")},
        "problem host-programs: not installed: awk, od, comm",
        "install coreutils mawk",
    ),
    ({"bash": "3.1"}, "problem host-bash: bash 3.1 is too old", "install bash"),
    ({"coreutils": ""}, "warning host-coreutils: coreutils tells no version", "coreutils --version"),
    ({"coreutils": "8.23"}, "problem host-coreutils: coreutils 8.23 is too old", "install coreutils"),
    ({"compose": "2.23.9"}, "problem compose: Compose 2.23.9 is too old", "docker-compose"),
    ({"buildx": ""}, "problem buildx: Buildx is not there", "docker-buildx"),
    ({"loop_devices": False}, "problem host-loop: the kernel has no loop devices", "modprobe loop"),
    ({"filesystems": frozenset({"overlay"})}, "warning host-ext4: the kernel does not list ext4", "modprobe ext4"),
    ({"runsc": "20240729"}, "warning host-runsc: gVisor is of 20240729", "apt-cache policy runsc"),
    ({"seccomp": False}, "problem host-seccomp: the kernel has no seccomp", "another kernel"),
    ({"user_namespaces": False}, "problem host-user-namespaces: ", "sysctl"),
    ({"root_free": GB}, "warning engine-space: 1G are free in /var/lib/docker", "docker system df"),
    ({"root_free": 1 << 20}, "problem engine-space: 1M are free in /var/lib/docker", "docker system df"),
    ({"proxies": ("HTTPS_PROXY",)}, "warning host-proxy: this host uses a proxy", "--set build.proxy=host"),
    ({"certificates": ("SSL_CERT_FILE",)}, "warning host-certificates: ", "--set build.ca_certificates=host"),
    (
        {"links": ((ID, "/dev/loop9"),)},
        "problem bundle-link: the link to its workspace points to /dev/loop9",
        "gen up b",
    ),
    ({"links": ()}, "problem bundle-link: its workspace is on /dev/loop3, and the link to it is gone", "gen up b"),
    (
        {"loops": (*HOST.loops, Loop(device="/dev/loop4", instance=OTHER))},
        "warning loop-orphan: /dev/loop4",
        "losetup -l",
    ),
    (
        {"loops": (*HOST.loops, Loop(device="/dev/loop4", instance=ID, going=True, holders=(42, 43)))},
        "warning loop-held: /dev/loop4, which has a workspace, was detached and is still in use",
        "ps -fp 42",
    ),
    (
        {"loops": (Loop(device="/dev/loop3", instance=ID, going=True),), "links": ()},
        "warning loop-held: /dev/loop3",
        "sudo gen doctor",
    ),
    ({"links": (*HOST.links, (OTHER, "/dev/loop4"))}, "warning loop-orphan: /dev/gen-workspace-ffee", "sudo rm"),
]


@pytest.mark.parametrize(("changed", "line", "mend"), HOSTS)
def test_the_host(changed: dict[str, object], line: str, mend: str) -> None:
    (found,) = wrong(facts(host=replace(HOST, **changed)))  # type: ignore[arg-type]
    assert f"{found.level} {found.id}: {found.what}".startswith(line)
    assert mend in found.mend


@pytest.mark.parametrize(
    "changed",
    [{"kvm": "absent"}, {"kvm": "denied"}, {"root_free": None}, {"user_namespaces": False, "root": True}],
)
def test_what_the_host_lacks_and_nothing_needs_is_no_warning(changed: dict[str, object]) -> None:
    assert wrong(facts(host=replace(HOST, **changed))) == []  # type: ignore[arg-type]


BUNDLES = [
    ({"open_run": "R-1"}, "problem bundle-open-run: the run R-1 was interrupted", RECOVER),
    ({"cut_off": ("paused", "file")}, "problem bundle-cut-off: a script was cut off, and what it began", RECOVER),
    ({"orphan": True}, "problem bundle-orphan: a process of a run that was killed", RECOVER),
    ({"lock": "stale", "lock_pid": "7"}, "warning bundle-stale-lock: its lock names process 7", RECOVER),
    ({"unfinished": ("R-1",)}, "warning bundle-unfinished: the run R-1 committed", RECOVER),
    ({"unreadable": 2}, "problem bundle-journal: 2 lines of its journal", RECOVER),
    ({"leftovers": (".state/home.new",)}, "warning bundle-leftover: .state/home.new", removed(".state/home.new")),
    ({"copies": ("storage/x.new",)}, "warning bundle-copy-of-workspace: ", removed("storage/x.new")),
    ({"copies": ("storage/x.new",), "image": None}, "warning bundle-copy-of-workspace: ", None),
    ({"changed": ("a", "b")}, "problem bundle-changed: 2 of its files are not what gen wrote: a, b", None),
    ({"pending": True}, "problem bundle-half-written: it is half written", None),
    ({"writable": False}, "problem bundle-unwritable: ", None),
    ({"original": "/first"}, "problem bundle-copy: this folder is a copy", None),
    ({"free": 3 * GB}, "warning bundle-space: only 3G are free", None),
    ({"free": 3 * GB, "image": None}, "problem bundle-space: only 3G are free", None),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "line", "action"), BUNDLES)
def test_a_bundle(changed: dict[str, object], line: str, action: Action | None) -> None:
    (found,) = wrong(facts(bundle=replace(BUNDLE, **changed)))  # type: ignore[arg-type]
    assert f"{found.level} {found.id}: {found.what}".startswith(line)
    assert found.mend
    assert found.action == action


@pytest.mark.parametrize(
    ("changed", "engine", "why"),
    [
        ({"changed": ("a",)}, ENGINE, "refuse to run as long as"),
        ({"pending": True}, ENGINE, "refuse to run as long as"),
        ({"writable": False}, ENGINE, "refuse to run in this folder"),
        ({"original": "/first"}, ENGINE, "refuse to run in this folder"),
        ({}, EngineFacts(endpoint="unix:///x", trouble="hangs"), "the engine does not answer"),
    ],
)
def test_an_open_run_is_left_where_recover_would_refuse(
    changed: dict[str, object], engine: EngineFacts, why: str
) -> None:
    bundle = replace(BUNDLE, open_run="R-1", **changed)  # type: ignore[arg-type]
    (found,) = (one for one in diagnose(facts(engine, bundle=bundle)) if one.id == "bundle-open-run")
    assert found.action is None
    assert why in found.left


def test_while_a_run_is_at_work_nothing_of_it_is_judged() -> None:
    bundle = replace(BUNDLE, lock="held", lock_pid="7", open_run="R-1", leftovers=("x.new",), copies=("y.new",))
    engine = replace(ENGINE, objects=(replace(TOOL, age=9999),))
    assert wrong(facts(engine, replace(HOST, links=()), bundle, replace(HERE, at_work=True))) == []


MOVED = replace(SANDBOX, instance=OTHER, moved_from="db")
OBJECTS = [
    (replace(TOOL, running=False), HERE, "warning tool", "docker rm --force c2", True),
    (replace(TOOL, age=601.0), HERE, "warning tool", "docker rm --force c2", True),
    (replace(TOOL, age=59.0), HERE, "", "", False),
    (replace(TOOL, age=601.0, instance=OTHER), GONE, "warning tool", "docker rm --force c2", False),
    # What somebody made from ours has its labels, and not the word of whoever made it.
    (replace(TOOL, running=False, mark=""), HERE, "warning tool", "docker rm --force c2", False),
    (replace(TOOL, running=False, mark="t2"), HERE, "warning tool", "docker rm --force c2", False),
    (replace(TOOL, running=False), GONE, "warning tool", "docker rm --force c2", False),
    (replace(SANDBOX, instance=OTHER), GONE, "problem container-orphan", "docker rm --force 'c1'", False),
    (
        replace(SANDBOX, instance=OTHER),
        replace(GONE, standing="unknown"),
        "warning container-orphan",
        f"gen doctor {GONE.folder}   (as whoever owns that folder)",
        False,
    ),
    (
        replace(SANDBOX, instance=OTHER),
        replace(GONE, standing="unknown", folder=""),
        "warning container-orphan",
        "docker inspect 'c1'",
        False,
    ),
    (replace(SANDBOX, instance=OTHER), replace(GONE, standing="elsewhere"), "", "", False),
    (VOLUME, GONE, "problem volume-orphan", "docker volume rm 'dev-workspace'", False),
    (replace(VOLUME, kind="network", id="n1"), GONE, "problem network-orphan", "docker network rm 'n1'", False),
    (replace(VOLUME, kind="image", name="gen-dev:1"), GONE, "problem image-orphan", "docker rmi 'gen-dev:1'", False),
    (MOVED, GONE, "warning container-aside", "docker rename c1 'db'", False),
    (replace(MOVED, kind="image", name=f"gen-aside:{OTHER}"), GONE, "warning image-aside", "docker tag", False),
]  # fmt: skip


@pytest.mark.parametrize(("thing", "owner", "line", "mend", "safe"), OBJECTS)
def test_an_object_in_the_engine(thing: EngineObject, owner: Owner, line: str, mend: str, safe: bool) -> None:
    found = wrong(facts(replace(ENGINE, objects=(thing,)), HOST, BUNDLE, owner))
    assert [f"{one.level} {one.id}" for one in found] == ([line] if line else [])
    assert all(mend in one.mend and (one.action is not None) is safe for one in found)


def test_the_highest_minimum_of_all_bundles_counts() -> None:
    asking = replace(BUNDLE, settings=(*SETTINGS, ("GEN_MINIMUM_COMPOSE", "2.30")))
    (found,) = wrong(facts(bundle=asking))
    assert (found.id, found.why) == ("compose", "2.30 or newer is needed")


@pytest.mark.parametrize(
    ("wanted", "found", "enough"),
    [
        ("25.0", "26.1.5+dfsg1", True),
        ("2.24", "v2.24.0", True),
        ("2.24", "2.9", False),
        ("3.2", "3", False),
        ("8.24", "9.1", True),
        ("25.0", "", False),
    ],
)
def test_versions_are_compared_by_number(wanted: str, found: str, enough: bool) -> None:
    assert version_at_least(wanted, found) is enough


def test_sizes_read_as_a_person_writes_them() -> None:
    assert [human(size) for size in (0, 1536, 20 * GB, 1 << 42)] == ["0B", "1.5K", "20G", "4T"]
