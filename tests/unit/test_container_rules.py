"""What the engine may say of the container: rules made of the service; what they do not name is a difference."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.engines.oci.container_rules import container_rules
from tests.unit.planning import rendered, text

LIB = Path(__file__).parents[2] / "templates/lib"


def rules(*sets: str) -> set[str]:
    return set(text(rendered(*sets), "config/container.rules").splitlines())


def test_a_part_of_the_service_without_rules_is_an_error() -> None:
    with pytest.raises(KeyError):
        container_rules({"init": True, "sysctls": {"net.ipv4.ip_forward": 1}}, ())


def test_the_rules_say_what_the_profile_says() -> None:
    said = rules("resources.memory=1G", "resources.cpus=1.5", "network.dns=[9.9.9.9]", "network.ports=[8080:80]")
    assert {
        "HostConfig.Memory is 1073741824",
        "HostConfig.MemorySwap is 1073741824",
        "HostConfig.NanoCpus is 1500000000",
        'HostConfig.CapDrop[] is "ALL"',
        'HostConfig.CgroupnsMode is "private"',
        'HostConfig.SecurityOpt[] is "no-new-privileges:true"',
        'HostConfig.Dns[] is "9.9.9.9"',
        'HostConfig.PortBindings.80/tcp[].HostIp then "127.0.0.1"',
        'HostConfig.PortBindings.80/tcp[].HostPort then "8080"',
        'Config.User is "1000:1000"',
        'Config.Env[] is "HOME=/workspace/.home"',
    } <= said
    assert not [rule for rule in said if "Privileged" in rule or "PidMode" in rule]
    assert "HostConfig.ReadonlyRootfs is true" in rules("image.sudo=none", "security.readonly_root=true")
    assert 'HostConfig.NetworkMode is "none"' in rules("network.mode=none")


def bash(script: str, said: str, folder: Path = LIB) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], input=said, cwd=folder, capture_output=True, text=True, check=False)


def leaves(data: Any, path: str = "") -> Iterator[str]:
    """The same as json_leaves, by a library."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            name = json.dumps(key, ensure_ascii=False)[1:-1].replace(" ", "\\u0020")
            yield from leaves(value, f"{path}.{name}")
    elif isinstance(data, list) and data:
        for value in data:
            yield from leaves(value, f"{path}[]")
    else:
        yield f"{path} {json.dumps(data, ensure_ascii=False)}"


TEXT = st.text(alphabet=st.sampled_from(list("ab\"\\/{}[]:, \t\n<>&$`'*é")), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(JSON, st.sampled_from([None, 2]))
def test_json_becomes_lines(data: Any, indent: int | None) -> None:
    written = json.dumps(data, ensure_ascii=False, indent=indent)
    done = bash(". ./json.sh; json_leaves", written)
    assert done.returncode == 0
    assert done.stdout.splitlines() == list(leaves(data))


@pytest.mark.parametrize(
    "wrong", ["", "{", '{"a":1,}', '{"a" 1}', "[1 2]", '{"a":}', "{a:1}", '"a', "{} {}", "[1]]", "UID[$(x)0]"]
)
def test_what_is_no_json_is_refused(wrong: str) -> None:
    assert bash(". ./json.sh; json_leaves", wrong).returncode != 0


RULES = (
    "HostConfig.Memory is 5",
    'HostConfig.CapDrop[] is "ALL"',
    'HostConfig.MaskedPaths[] is "/proc/kcore"',
    "HostConfig.MaskedPaths[] may *",
    'HostConfig.IpcMode may "private"',
    'Config.Env[] may "KEY=*',
    'Config.Env[] is "HOME=/h"',
    "NetworkSettings.Networks.own.* may *",
    'Config.Healthcheck.Test[] then "CMD"',
    'Config.Healthcheck.Test[] then "a"',
    'Config.Healthcheck.Test[] then "b"',
)
HONEST = {
    "HostConfig": {
        "Memory": 5,
        "CapDrop": ["ALL"],
        "MaskedPaths": ["/proc/kcore", "/x"],
        "IpcMode": "private",
        "CapAdd": None,
        "Binds": [],
    },
    "Config": {"Env": ["HOME=/h", "KEY=a b"], "Healthcheck": {"Test": ["CMD", "a", "b"]}},
    "NetworkSettings": {"Networks": {"own": {"Address": "1"}}},
}
# What the engine says otherwise, and what is printed then; nothing where it means nothing.
SAYS_NOTHING = ", and the bundle says nothing of it"
SAID: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "what means nothing": ({"HostConfig": {"New": False, "Newer": {}, "Newest": ""}}, []),
    "a setting of another day": (
        {"HostConfig": {"New": "x"}},
        ['HostConfig.New is "x"' + SAYS_NOTHING],
    ),
    "more": ({"HostConfig": {"Memory": 6}}, ["HostConfig.Memory is 6", "HostConfig.Memory is not 5"]),
    "without a limit": ({"HostConfig": {"Memory": 0}}, ["HostConfig.Memory is 0", "HostConfig.Memory is not 5"]),
    "one more in a list": ({"HostConfig": {"CapDrop": ["ALL", "X"]}}, ['HostConfig.CapDrop[] is "X"']),
    "an empty list": ({"HostConfig": {"CapDrop": None}}, ['HostConfig.CapDrop[] is not "ALL"']),
    "a list that was empty": (
        {"HostConfig": {"CapAdd": ["X"]}},
        ['HostConfig.CapAdd[] is "X"' + SAYS_NOTHING],
    ),
    "what is not covered": ({"HostConfig": {"MaskedPaths": ["/x"]}}, ['HostConfig.MaskedPaths[] is not "/proc/kcore"']),
    "another of two": ({"HostConfig": {"IpcMode": "host"}}, ['HostConfig.IpcMode is "host"']),
    "a variable": ({"Config": {"Env": ["HOME=/h", "LD_PRELOAD=/x"]}}, ['Config.Env[] is "LD_PRELOAD=/x"']),
    "the same words in another order": (
        {"Config": {"Env": ["HOME=/h"], "Healthcheck": {"Test": ["CMD", "b", "a"]}}},
        ['Config.Healthcheck.Test[] is "a", not "b"', 'Config.Healthcheck.Test[] is "b", not "a"'],
    ),
    "fewer of them": (
        {"Config": {"Env": ["HOME=/h"], "Healthcheck": {"Test": ["CMD", "a"]}}},
        ['Config.Healthcheck.Test[] is not "CMD" "a" "b"'],
    ),
    "one of them twice": (
        {"Config": {"Env": ["HOME=/h"], "Healthcheck": {"Test": ["CMD", "a", "b", "b"]}}},
        ['Config.Healthcheck.Test[] has one more: "b"'],
    ),
    "what is empty under a name that somebody chose": (
        {"HostConfig": {"Tmpfs": {"/dev/more": ""}, "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": ""}]}}},
        [
            'HostConfig.PortBindings.80/tcp[].HostIp is ""' + SAYS_NOTHING,
            'HostConfig.PortBindings.80/tcp[].HostPort is ""' + SAYS_NOTHING,
            'HostConfig.Tmpfs./dev/more is ""' + SAYS_NOTHING,
        ],
    ),
    "what is empty in a list": ({"HostConfig": {"Binds": [""]}}, ['HostConfig.Binds[] is ""' + SAYS_NOTHING]),
    "another network": (
        {"NetworkSettings": {"Networks": {"own": {"Address": "1"}, "other": {"Address": "2"}}}},
        ['NetworkSettings.Networks.other.Address is "2"' + SAYS_NOTHING],
    ),
}


@pytest.mark.parametrize("what", SAID)
def test_whatever_differs_is_named(what: str) -> None:
    changes, differences = SAID[what]
    data = {key: {**value, **changes.get(key, {})} for key, value in HONEST.items()}
    lines = [f"rule {rule}" for rule in RULES] + [f"said {line.removeprefix('.')}" for line in leaves(data)]
    done = bash(". ./told.sh; compare_settings", "".join(f"{line}\n" for line in lines))
    assert done.stdout.splitlines() == differences
