"""The built-in profiles, the model's limits, and the schema that editors use."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from typing import Any

import pytest
from pydantic import ValidationError

from generator.agents import agent_names
from generator.profile import Profile, Size, load_profile, profile_names, profile_schema
from generator.profile_keys import known_keys
from generator.profile_yaml import Finding, Source, parse
from generator.resources import templates

SCHEMA = templates() / "profiles" / "schema" / "profile.schema.json"


@pytest.mark.parametrize("name", profile_names())
def test_built_in_profiles_are_valid_and_carry_the_editor_header(name: str) -> None:
    loaded = load_profile(name)
    assert loaded.profile.description
    assert loaded.identity == name
    first = (templates() / "profiles" / f"{name}.yaml").read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema=schema/{SCHEMA.name}"


@pytest.mark.parametrize(
    "name", [*(f"profiles/{name}" for name in profile_names()), *map("agents/{}".format, agent_names())]
)
def test_the_parser_in_c_reads_the_packages_own_files_as_the_other_one_does(name: str) -> None:
    assert find_spec("_ruamel_yaml"), "the parser in C is not installed, so this would compare one with itself"
    data, findings = (templates() / f"{name}.yaml").read_bytes(), list[Finding]()
    trees = [repr(parse(data, Source(name, built_in=built_in), findings)) for built_in in (True, False)]
    assert trees[0].replace("built_in=True", "built_in=False") == trees[1]
    assert len(trees[1]) > 100
    assert not findings


def test_dev_is_the_original_sandbox() -> None:
    profile = load_profile("dev").profile
    assert (profile.name, profile.image.base, profile.agent.name) == ("dev", "ubuntu:24.04", "aider")
    assert (profile.storage.size, profile.storage.path) == (20 * 1024**3, "/workspace")
    assert (profile.resources.cpus, profile.resources.memory, profile.resources.pids) == (2.0, 4 * 1024**3, 512)
    assert {"build-essential", "curl", "git", "vim", "wget"} <= set(profile.image.packages)


def test_dev_mirror_is_dev_on_a_base_from_a_mirror() -> None:
    dev, mirror = load_profile("dev").profile, load_profile("dev-mirror").profile
    assert (mirror.image.base, mirror.image.source) == ("debian:bookworm", "mirror")
    assert (mirror.build.apt_mirror, mirror.build.ca_certificates) == ("host", "host")
    assert mirror.storage == dev.storage
    assert mirror.name == "dev"


def test_dev_documents_every_key_and_its_true_default() -> None:
    text = (templates() / "profiles" / "dev.yaml").read_text()
    defaults = Profile(name="dev").model_dump(mode="json")

    def check(keys: dict[str, Any], values: dict[str, Any], indent: str) -> None:
        for key, below in keys.items():
            assert re.search(rf"^{indent}{key}:", text, re.MULTILINE), key
            if below and key != "capabilities":
                check(below, values[key], f"{indent}  ")

    check(known_keys(), defaults, "")
    for key, value in (("cpus", "2"), ("memory", "4G"), ("pids", "512"), ("size", "20G"), ("base", "ubuntu:24.04")):
        assert re.search(rf"Default: {re.escape(value)}\.\n +{key}: ", text), key


def test_what_dev_says_the_defaults_are_is_what_holds_without_it() -> None:
    dev = load_profile("dev").profile.model_dump()
    bare = Profile(name="dev").model_dump()
    differs = {
        (part, key) for part in dev if isinstance(dev[part], dict) for key in dev[part] if dev[part] != bare[part]
    }
    changed = {(part, key) for part, key in differs if dev[part][key] != bare[part][key]}
    assert changed == {("image", "packages"), ("agent", "env")}


def test_the_committed_schema_is_in_step() -> None:
    assert SCHEMA.read_text() == json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n", (
        f"run: gen profile schema > {SCHEMA}"
    )


def test_the_schema_describes_every_key_for_editors() -> None:
    schema = profile_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Agent"]["properties"]["name"]["enum"] == list(agent_names())
    for part in (schema, *schema["$defs"].values()):
        for key, value in part["properties"].items():
            model = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
            assert value.get("description", model.get("description")), key
    assert set(schema["properties"]) == {"extends", *known_keys()}


def test_a_profile_is_frozen_and_takes_no_unknown_keys() -> None:
    profile = Profile(name="box")
    with pytest.raises(ValidationError):
        profile.name = "other"  # type: ignore[misc]  # what the model itself forbids is the point of this test
    with pytest.raises(ValidationError):
        Profile.model_validate({"name": "box", "colour": "red"})
    with pytest.raises(ValidationError):
        Profile.model_validate({"name": "box", "resources": {"cpus": "2"}})
    assert hash(profile) == hash(Profile(name="box"))


@pytest.mark.parametrize(
    ("text", "size", "shown"),
    [
        ("20G", 20 * 1024**3, "20G"),
        ("1.5G", 1536 * 1024**2, "1536M"),
        ("1024M", 1024**3, "1G"),
        ("0.5K", 512, "0.5K"),
        ("2T", 2 * 1024**4, "2T"),
        ("0M", 0, "0K"),
    ],
)
def test_sizes(text: str, size: int, shown: str) -> None:
    assert Size.parse(text) == size
    assert str(Size(size)) == shown
    assert Size.parse(shown) == size


@pytest.mark.parametrize(
    "text", ["", "20", "20g", "20GB", "G", "1,5G", "-1G", " 1G", "1G\n", "0.3K", "1e3G", "\u0661G"]
)
def test_texts_that_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        Size.parse(text)
