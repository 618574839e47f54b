"""Whatever an engine, a program in the sandbox or a file in .state says: nothing of it is run on this host.

Everything that a bundle may ask answers with one line, which bash would run if it reckoned with it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from generator.bundle import write_bundle
from tests.unit.planning import rendered
from tests.unit.writing import seal

# Bash runs what stands in the brackets when it reckons with this.
ATTACK = "UID[$(>$W)0]"


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, dict[str, str], Path]:
    """A bundle whose engine answers everything with the attack; its environment; what the attack would write."""
    bundle, programs, mark = tmp_path / "bundle", tmp_path / "bin", tmp_path / "W"
    write_bundle(rendered("agent.name=none"), bundle)
    programs.mkdir()
    for name in ("docker", "python3"):
        (programs / name).write_text(
            f"#!/bin/sh\necho {name} \"$@\" >>{tmp_path}/asked\necho '{ATTACK}'\necho '{ATTACK} {ATTACK} {ATTACK}'\n"
        )
        (programs / name).chmod(0o755)
    (bundle / ".state").mkdir(0o700)
    (bundle / ".state/instance").write_text("0123456789abcdef\n")
    storage = bundle / "storage"
    storage.mkdir()
    (storage / "workspace-0123456789abcdef.img").write_bytes(b"\0" * 4096)
    return bundle, {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "W": str(mark)}, mark


def bash(script: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    words, nothing = ["bash", "-c", script], subprocess.DEVNULL
    return subprocess.run(words, env=env, cwd=folder, capture_output=True, text=True, check=False, stdin=nothing)


# What stood in the scripts, or could have.
OLD = (
    'size=$(($(docker exec x df -k --output=size /tmp | tail -n 1) * 1024))',
    'value=$(docker exec x cat /proc/self/status | head -n 1); [ $((16#0 + $value)) -eq 0 ]',
    'right() { local bytes=$(($1 * 1024)); }; right "$(docker exec x df | head -n 1)"',
    'fields=$(docker exec x df | head -n 1); echo $((${fields##*:} * 1024))',
    '[[ $(docker inspect x | head -n 1) -gt 0 ]]',
    'read -r known _ <.state/journal.checked; tail -n "+$((known + 1))" /dev/null',
)  # fmt: skip


@pytest.mark.parametrize("script", OLD)
def test_the_attack_works_on_what_is_not_parsed(script: str, hostile: tuple[Path, dict[str, str], Path]) -> None:
    bundle, env, mark = hostile
    (bundle / ".state/journal.checked").write_text(f"{ATTACK} x\n")
    bash(script, env, bundle)
    assert mark.exists()


@pytest.mark.parametrize("backend", ["docker", "gvisor"])
def test_no_check_runs_an_answer(backend: str, hostile: tuple[Path, dict[str, str], Path]) -> None:
    bundle, env, mark = hostile
    with (bundle / "lib/settings.sh").open("a") as settings:
        settings.write("GEN_BACKENDS='docker gvisor'\n")
    (bundle / ".state/names").mkdir()
    (bundle / ".state/names/isolation").write_text(f"{backend}\n")
    for check in sorted((bundle / "checks").glob("*.sh")):
        done = bash(f"bash {check.relative_to(bundle)}", env, bundle)
        assert not mark.exists(), check.name
        if check.stem.split("-", 1)[1] in (
            "settings",
            "capabilities",
            "user",
            "limits",
            "temporary",
            "host-filesystem",
            "seccomp",
        ):
            assert done.returncode != 0, check.name


ASKED = (
    ". lib/storage.sh; used_bytes; room_for 1 storage/*.img; file_bytes storage/*.img; attached_device",
    ". lib/storage.sh; . lib/preflight.sh; . lib/isolation.sh; preflight_problems",
    ". lib/subnet.sh; overlapping 172.30.0.0/24 \"$(docker x)\"; used_subnets",
    ". lib/isolation.sh; works gvisor; works docker",
    ". lib/storage.sh; . lib/cost.sh; cost_look yes; cost_text; . lib/json.sh; cost_json",
    ". lib/sandbox.sh; is_current \"$(docker x)\"; healthy_within 1",
)  # fmt: skip


@pytest.mark.parametrize("script", ASKED)
def test_nothing_that_asks_runs_an_answer(script: str, hostile: tuple[Path, dict[str, str], Path]) -> None:
    bundle, env, mark = hostile
    bash(f". lib/docker.sh; {script}", env, bundle)
    assert not mark.exists()


PLANTED = (
    "journal.checked",
    "child",
    "names/client",
    "names/volume",
    "names/network",
    "names/isolation",
    "home",
    "base-images",
    "instance",
)


def test_no_file_that_somebody_planted_in_the_state_is_run(hostile: tuple[Path, dict[str, str], Path]) -> None:
    bundle, env, mark = hostile
    (bundle / ".state/names").mkdir()
    for name in PLANTED:
        (bundle / ".state" / name).write_text(f"{ATTACK} {ATTACK}\n")
    (bundle / ".state/journal.jsonl").write_text('{"seq":1,"run":"x","sum":1}\n' * 2)
    (bundle / ".state/lock").symlink_to(f"{ATTACK}:{ATTACK}:{ATTACK}")
    for script in ("status.sh", "plan.sh", "recover.sh", "stop.sh", "../rollback.sh --yes", "../test-setup.sh"):
        bash(f"timeout 20 scripts/{script}", env, bundle)
        assert not mark.exists(), script


# A path would be a folder of this host for the engine; the word that marks what is ours stands in patterns.
PLANTS = ("/etc", "../../etc", "-v", "x/x/;e touch $W;s/x", "a b", "a:b", "", ATTACK)


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_name_is_no_name(plant: str, hostile: tuple[Path, dict[str, str], Path]) -> None:
    bundle, env, _ = hostile
    ask = '. lib/docker.sh; echo "$VOLUME $NETWORK [$INSTANCE]"'
    (bundle / ".state/names").mkdir()
    for name, good in (("volume", "ours-2"), ("network", "ours-3")):
        (bundle / ".state/names" / name).write_text(f"{good}\n")
    assert bash(ask, env, bundle).stdout == "ours-2 ours-3 [0123456789abcdef]\n"
    for name in ("names/volume", "names/network", "instance"):
        (bundle / ".state" / name).write_text(f"{plant}\n")
    assert bash(ask, env, bundle).stdout == "dev-workspace dev-network []\n"


def test_what_a_check_prints_steers_neither_a_terminal_nor_a_report(
    tmp_path: Path, hostile: tuple[Path, dict[str, str], Path]
) -> None:
    bundle, env, _ = hostile
    for check in (bundle / "checks").glob("*.sh"):
        check.unlink()
    hostile_text = r"'a\033[2J\r\nok 7 - fine\nBail out!\n\0\202\233 \302\233 <&\"]]>\377\n'"
    (bundle / "checks/10-x.sh").write_text(
        f"#!/usr/bin/env bash\n# A title \x1b[31m # SKIP\nprintf {hostile_text}\nexit 1\n"
    )
    seal(bundle)
    # This engine answers.
    (tmp_path / "bin/docker").write_text("#!/bin/sh\necho 26.1.5\n")
    for words in ("", "--tap"):
        done = subprocess.run(
            ["./test-setup.sh", *words.split(), "--junit", "r.xml"],
            env=env,
            cwd=bundle,
            capture_output=True,
            check=False,
        )
        said = done.stdout.decode("utf-8", "surrogateescape")
        assert done.returncode == 1
        assert not set(said) & ({chr(n) for n in range(32)} - {"\n", "\t"} | {chr(n) for n in range(127, 160)})
        if words:
            lines = said.splitlines()
            assert [line for line in lines if not line.startswith("# ")][2:] == [
                "not ok 1 - A title \\x1b[31m \\# SKIP"
            ]
        cases = ElementTree.parse(bundle / "r.xml").getroot()  # the report under test
        assert cases.attrib["failures"] == "1"


NUMBERS = {
    "0": "0", "12": "12", "  12": "12", "007": "7", "08": "8", "999999999999999": "999999999999999",
    "": None, " ": None, "-1": None, "+1": None, "1 2": None, "1\n2": None, "0x10": None, "1e3": None, "٣": None,
    "1000000000000000": None, "a": None, ATTACK: None, "SECONDS": None, "*": None,
}  # fmt: skip
HEXADECIMALS = {
    "0": "0",
    "ff": "255",
    "00000000a80425fb": "2818844155",
    "": None,
    "0x1": None,
    "g": None,
    "f" * 16: None,
    ATTACK: None,
}


@pytest.mark.parametrize(("parser", "table"), [("whole", NUMBERS), ("hexadecimal", HEXADECIMALS)])
def test_what_is_a_number(
    parser: str, table: dict[str, str | None], hostile: tuple[Path, dict[str, str], Path]
) -> None:
    bundle, env, mark = hostile
    for said, number in table.items():
        script = f'. lib/common.sh; if {parser} "$1"; then echo "$NUMBER"; else echo "none$NUMBER"; fi'
        words = ["bash", "-c", script, "x", said]
        done = subprocess.run(words, env=env, cwd=bundle, capture_output=True, text=True, check=True)
        assert done.stdout == f"{number or 'none'}\n", said
    assert not mark.exists()
