"""What mends a failure is chosen by its cause: by what the log of the step says, in a bundle's own bash."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from generator.bundle import write_bundle
from generator.cli import main
from generator.execute.registry import register
from generator.resources import templates
from generator.steps import find_steps
from tests.unit.planning import planned, rendered

if TYPE_CHECKING:
    from pathlib import Path

MIRROR = ("image.base=debian:bookworm", "image.source=mirror")
ARCHIVE = ("image.source=archive",)
NAMED = ("build.apt_mirror=http://dead.invalid/debian",)
DEV = ()
AUTO = ("isolation=auto",)
SAFE = ("@safe", "isolation=auto")
AGAIN = "gen bundle --profile profile.yaml --out . --set "

# (profile, step, what its log says as programs say it, how what mends it begins, who decides)
TABLE = [
    (DEV, "base-image", 'Head "https://r/v2/x": dial tcp: lookup r on 1.1.1.1:53: no such host', AGAIN, "owner"),
    (DEV, "base-image", "x509: certificate signed by unknown authority", "sudo cp CA.pem", "owner"),
    (DEV, "base-image", "Error: manifest for debian:nosuch not found: manifest unknown", AGAIN, "owner"),
    (DEV, "base-image", "toomanyrequests: You have reached your pull rate limit", "docker login", "owner"),
    (MIRROR, "base-image", "do.sh: line 44: mmdebstrap: command not found", "sudo apt-get install mmdebstrap", ""),
    # With a dead mirror mmdebstrap was said to be missing.
    (
        MIRROR,
        "base-image",
        "W: Failed to fetch http://m/InRelease  Could not connect to m:80 (10.0.0.1). - connect (111: "
        "Connection refused)",
        AGAIN + "build.apt_mirror=",
        "owner",
    ),
    (MIRROR, "base-image", "Temporary failure resolving 'm'", AGAIN + "build.apt_mirror=", "owner"),
    (
        MIRROR,
        "base-image",
        "E: The repository 'http://m bookworm Release' does not have a Release file.",
        AGAIN + "build.apt_mirror=",
        "owner",
    ),
    (
        MIRROR,
        "base-image",
        "E: Release file for http://m/InRelease is not valid yet (invalid for another 3d)",
        "date",
        "owner",
    ),
    (
        MIRROR,
        "base-image",
        "The following signatures couldn't be verified: NO_PUBKEY 0E98404D386FA1D9",
        "sudo apt-get install debian-archive-keyring",
        "",
    ),
    (
        MIRROR,
        "base-image",
        "E: newuidmap: write to uid_map failed: Operation not permitted",
        "sudo apt-get install uidmap",
        "",
    ),
    (ARCHIVE, "base-image", "open local/base.tar: no such file or directory", "docker save IMAGE", ""),
    (ARCHIVE, "base-image", "the archive holds no image", "docker save IMAGE", ""),
    (
        DEV,
        "image",
        "ssl.SSLCertVerificationError: certificate verify failed",
        AGAIN + "build.ca_certificates=host",
        "owner",
    ),
    (
        DEV,
        "image",
        "E: Failed to fetch http://d/x.deb  Unable to connect to d:80:",
        AGAIN + "build.proxy=host",
        "owner",
    ),
    (
        NAMED,
        "image",
        "W: Failed to fetch http://dead.invalid/dists/x/InRelease  Temporary failure resolving 'dead.invalid'",
        AGAIN + "build.apt_mirror=ADDRESS",
        "owner",
    ),
    (NAMED, "image", "E: Unable to locate package nosuch", AGAIN + "'image.packages", "owner"),
    (DEV, "image", "E: Unable to locate package nosuch", AGAIN + "'image.packages", "owner"),
    (DEV, "image", "ERROR: No matching distribution found for aider-chat==0.0.1", AGAIN + "agent.version", "owner"),
    (DEV, "image", "Python 3.13 or newer is asked for", AGAIN + "image.python", "owner"),
    (DEV, "image", "this host has no bundle of certificates at any of: /etc", "sudo apt-get install ca-cert", ""),
    (DEV, "image", "write /usr/lib/x: no space left on device", "docker system df", "owner"),
    (
        AUTO,
        "isolation",
        "gvisor, which isolates this sandbox, does not work here any more: gone",
        "cat .state",
        "owner",
    ),
    (AUTO, "isolation", "nothing here isolates as the profile asks; gvisor: runsc gives no network", AGAIN, "owner"),
    (
        AUTO,
        "isolation",
        "nothing here isolates as the profile asks, with at least a userspace-kernel",
        "cat .state",
        "",
    ),
    (DEV, "loop", "losetup: cannot find an unused loop device: No such device", "sudo modprobe loop", ""),
    (DEV, "loop", "Error response from daemon: privileged mode is incompatible", "sudo scripts/start.sh", "owner"),
    (DEV, "network", "the profile's subnet 10.0.0.0/24 is taken: 10.0.0.0/8 is in use", AGAIN, "owner"),
    (DEV, "network", "no free subnet was found", "docker network ls", "owner"),
    (DEV, "preflight", "git is not installed\n    mend: sudo apt-get install git", "cat .state/logs/last/10-pre", ""),
    (DEV, "sandbox", "Bind for 127.0.0.1:80 failed: port is already allocated", AGAIN + "network.ports", "owner"),
    (DEV, "sandbox", "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", AGAIN, "owner"),
    (DEV, "sandbox", 'Conflict. The container name "/dev" is already in use by container "1"', "docker ps", "owner"),
    (DEV, "sandbox", "the sandbox is running unhealthy", "tail -n 40 .state", ""),
    (DEV, "set-aside", 'The container name "/x" is already in use by container "1"', "docker ps -a", "owner"),
    (DEV, "storage", "not enough free space: 20G may be written", AGAIN + "storage.size", "owner"),
    (
        DEV,
        "storage",
        "the workspace's disk image was taken away while it was in use",
        "scripts/rescue.sh",
        "owner",
    ),
    (DEV, "storage", "mkfs.ext4: No space left on device", "df -h", "owner"),
    (DEV, "storage", "truncate: failed to truncate: File too large", "df -T", "owner"),
    (DEV, "volume", "remove dev: volume is in use - [1]", "docker ps -a --filter", "owner"),
    (SAFE, "tree", "remove dev: volume is in use - [1]", "docker ps -a --filter", "owner"),
    (SAFE, "disk", "mount: /x: wrong fs type, bad option, bad superblock on /dev/loop3", "e2fsck", ""),
    (SAFE, "project", "no project is named: this bundle makes a copy of one", "scripts/start.sh --project", ""),
    (SAFE, "project", "OSError: [Errno 28] No space left on device", AGAIN + "storage.size", "owner"),
    (SAFE, "project", "this sandbox holds a copy of another project", "scripts/discard.sh", "owner"),
    (SAFE, "project", "PermissionError: [Errno 13] Permission denied: b'x'", "ls -la PATH", "owner"),
    (SAFE, "machine", "the image has no python3", AGAIN + "'image.packages", "owner"),
    (SAFE, "machine", "debugfs: command not found", "sudo apt-get install e2fsprogs", ""),
    (SAFE, "machine", "E: Unable to locate package linux-image-cloud", "sudo apt-get update", ""),
    # What any step can meet, and what nobody knows.
    (
        DEV,
        "network",
        "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
        "sudo systemctl start docker",
        "",
    ),
    (DEV, "volume", "the engine did not answer within 120 seconds: docker volume create", "sudo systemctl", ""),
    (DEV, "volume", "permission denied while trying to connect to the Docker daemon socket", "sudo usermod", "owner"),
    (DEV, "network", "mkdir: cannot create directory: No space left on device", "df -h", "owner"),
    (DEV, "network", "fork: Cannot allocate memory", "free -h", "owner"),
    (DEV, "volume", "the frobnicator is out of juice", "tail -n 40 .state/logs/last/65-volume.*.log", ""),
    (DEV, "volume", "", "tail -n 40 .state/logs/last/65-volume.*.log", ""),
]

# What an agent's program could have printed: it is searched, and nothing else.
HOSTILE = [
    "$(touch {})",
    "`touch {}`",
    "'; touch {}; '",
    "a[$(touch {})]",
    "mend=touch {}",
    "owner=touch {}",
    "seen=.*\nmend=touch {}",
    "%s%n",
    "-e",
    "\\",
    "\x1b]0;x\x07",
]


def bundle_of(root: Path, sets: tuple[str, ...]) -> Path:
    folder = root / re.sub(r"\W", "", "bundle" + "".join(sets))
    if not folder.exists():
        ref = "safe" if "@safe" in sets else "dev"
        write_bundle(rendered(*(text for text in sets if text != "@safe"), ref=ref), folder)
    return folder


def fix_for(bundle: Path, step: str, said: str) -> tuple[str, str]:
    """What the runner would say to a failure with this in the log, and who decides it."""
    (folder,) = (path.name for path in (bundle / "steps").glob(f"[0-9][0-9]-{step}"))
    log = bundle / "log"
    log.write_text("".join(f"2026-01-01T00:00:00Z {line}\n" for line in said.split("\n") if line), "utf-8")
    script = '. lib/runner.sh; trap - EXIT; find_fix "$1" "$2"; printf "%s\n%s\n" "$FIX" "$DECIDES"'
    words = ["bash", "-c", script, "bash", folder, str(log)]
    done = subprocess.run(words, cwd=bundle, capture_output=True, text=True, check=True)
    fix, decides = done.stdout.split("\n")[:2]
    return fix, decides


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("troubles")


@pytest.mark.parametrize(("sets", "step", "said", "fix", "decides"), TABLE)
def test_the_cause_decides(root: Path, sets: tuple[str, ...], step: str, said: str, fix: str, decides: str) -> None:
    found = fix_for(bundle_of(root, sets), step, f"something before\n{said}\nsomething after\n" if said else "")
    assert (found[0][: len(fix)], found[1]) == (fix, decides)


PACKAGES = ("image.packages=[jq, lib, libfoo=1.2, g++]",)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("E: Unable to locate package libfoo", "jq, lib, g++"),
        ("E: Unable to locate package jq\nE: Unable to locate package g++", "lib, libfoo=1.2"),
        ("E: Package 'lib' has no installation candidate", "jq, libfoo=1.2, g++"),
        ("E: Version '1.2' for 'libfoo' was not found", "jq, lib, g++"),
        ("E: Unable to locate package python3-venv", "jq, lib, libfoo=1.2, g++"),
        ("E: Unable to locate package x]' $(touch trap) [jq", "jq, lib, libfoo=1.2, g++"),
    ],
)
def test_of_the_packages_those_that_are_not_there_go_and_the_others_stay(root: Path, said: str, left: str) -> None:
    """It was another list than the profile's: whoever pasted it lost the packages that there are."""
    lines = "".join(f"build> #9 1.2 {line}\n" for line in said.split("\n"))
    fix, decides = fix_for(bundle_of(root, PACKAGES), "image", lines)
    assert fix.partition("   (")[0] == f"{AGAIN}'image.packages=[{left}]'"
    assert decides == "owner"


def test_each_trouble_that_a_log_can_tell_of_is_in_the_table() -> None:
    """No pattern is written that nobody has tried, and none hides one behind it."""
    untried = []
    for step in find_steps(templates()):
        for trouble in step.troubles:
            lines = [said for _, name, said, *_ in TABLE if name == step.id]
            told = trouble.seen or trouble.heard
            pattern = told and re.compile(told, re.IGNORECASE)
            if pattern and not any(map(pattern.search, lines)):
                untried.append((step.id, trouble.symptom))
    assert untried == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_log_decides_nothing_else(root: Path, text: str) -> None:
    bundle = bundle_of(root, DEV)
    trap = bundle / "trap"
    fix, decides = fix_for(bundle, "volume", text.replace("{}", str(trap)))
    assert not trap.exists()
    assert fix.startswith("tail -n 40 .state/logs/last/65-volume")
    assert decides == ""


def fixes() -> list[tuple[tuple[str, ...], str]]:
    """Each command of a trouble that writes the bundle again, in a bundle that has that trouble."""
    found = {}
    for sets in (DEV, MIRROR, ARCHIVE, AUTO, SAFE):
        for step in planned(*sets[sets[:1] == SAFE[:1] :], ref="safe" if sets == SAFE else "dev").steps:
            for trouble in step.troubles:
                command = (
                    trouble.mend.partition("   ")[0]
                    .replace("ADDRESS", "http://127.0.0.1:1/debian")
                    .replace("SIZE", "1G")
                    .replace("set name=NAME", "set name=another")
                )
                if command.startswith(AGAIN):
                    found.setdefault(command, sets)
    return [(sets, command) for command, sets in found.items()]


@pytest.mark.parametrize(("sets", "command"), fixes())
def test_a_fix_that_writes_the_bundle_again_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sets: tuple[str, ...], command: str
) -> None:
    bundle = bundle_of(tmp_path, sets)
    register(bundle)
    before = (bundle / "MANIFEST.sha256").read_bytes()
    monkeypatch.chdir(bundle)
    assert main([*shlex.split(command)[1:], "--quiet"]) == 0
    # Of a bundle that says so already nothing changes.
    said = shlex.split(command)[-1] in {
        "agent.version=none",
        "network.subnet=auto",
        "network.ports=[]",
        'image.python="3.10"',
    }
    # From the profile's own list only the words of a log take something.
    either = "network.mode=none" in command or "image.packages=" in command
    assert either or ((bundle / "MANIFEST.sha256").read_bytes() == before) == said


def test_what_only_the_owner_decides_is_said_in_the_plan_and_to_an_ai() -> None:
    files = rendered()
    plan, agents = (files[path].content.decode() for path in ("PLAN.md", "AGENTS.md"))
    assert "**owner**" in plan
    assert "owner" in agents
