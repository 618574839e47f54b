"""extends and --set: what lies over what, where each value came from, and what goes wrong on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.profile import Origin, ProfileErrors, load_profile, profile_names

LEAST = "Write at least `name: my-sandbox`."
EXIST = "Give the path of a profile that exists and that you may read."
FORM = "Write key=value, such as storage.size=40G."


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> str:
    """Writes a file below the current folder, and gives its path back."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)
    return name


def errors(ref: str | Path, *sets: str) -> list[str]:
    """The findings, as text."""
    with pytest.raises(ProfileErrors) as caught:
        load_profile(ref, sets)
    return str(caught.value.details).splitlines()


def test_mappings_merge_and_lists_and_values_replace() -> None:
    ref = write("mine.yaml", "extends: dev\nname: mine\nimage:\n  packages: [ripgrep]\nstorage:\n  size: 40G\n")
    profile = load_profile(ref).profile
    assert profile.name == "mine"
    assert profile.image.packages == ("ripgrep",)
    assert str(profile.storage.size) == "40G"
    assert profile.storage.path == "/workspace"
    assert profile.image.user.name == "aiuser"


def test_each_value_knows_where_it_came_from() -> None:
    write("team/base.yaml", "name: base\nresources:\n  cpus: 8\n  memory: 8G\n")
    ref = write("mine.yaml", "extends: team/base.yaml\nname: mine\nresources:\n  cpus: 4\n")
    loaded = load_profile(ref, ["storage.size=1G", "image.packages=[git]"])
    assert loaded.origins["name"] == Origin("mine.yaml", 2)
    assert loaded.origins["resources.cpus"] == Origin("mine.yaml", 4)
    assert loaded.origins["resources.memory"] == Origin("team/base.yaml", 4)
    assert loaded.origins["storage.size"] == "--set"
    assert loaded.origins["image.packages"] == "--set"
    assert loaded.origins["network.mode"] == "default"
    assert loaded.identity == "mine.yaml"


def test_every_value_has_an_origin() -> None:
    loaded = load_profile("dev")
    data = loaded.profile.model_dump()

    def paths(part: dict[str, object], prefix: str = "") -> list[str]:
        found: list[str] = []
        for key, value in part.items():
            found += paths(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]
        return found

    assert sorted(loaded.origins) == sorted(paths(data))


def test_a_path_is_seen_from_the_file_that_extends() -> None:
    write("a/b/base.yaml", "name: base\n")
    write("a/middle.yaml", "extends: b/base.yaml\ndescription: middle\n")
    write("c/top.yaml", "extends: ../a/middle.yaml\n")
    profile = load_profile("c/top.yaml").profile
    assert (profile.name, profile.description) == ("base", "middle")


def test_an_error_names_the_file_that_it_is_in() -> None:
    write("base.yaml", "name: base\nstorage:\n  size: huge\n  reserv: 1G\n")
    ref = write("mine.yaml", "extends: ./base.yaml\nresources:\n  cpus: none\n")
    assert errors(ref) == [
        "mine.yaml:3:9: resources.cpus: must be a number, not `none`. Write a number, such as 2.",
        "base.yaml:3:9: storage.size: `huge` is not a size. Write a number and a unit: 512M, 4G or 1.5T.",
        "base.yaml:4:3: storage.reserv: is not a key that is known here. Did you mean storage.reserve?",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extends: devv\n", "1:10: extends: `devv` is not a built-in profile. Did you mean dev?{}"),
        ("extends: zzz\n", "1:10: extends: `zzz` is not a built-in profile. Known: dev, dev-mirror, safe.{}"),
        ("extends: ./no.yaml\n", f"1:10: extends: `no.yaml` is not a file. {EXIST}"),
        ("extends: .\n", f"1:10: extends: `.` is not a file. {EXIST}"),
        ("extends: ./mine.yaml\n", "1:10: extends: leads back to mine.yaml, which extends this file. {}"),
        ("extends: [dev]\n", "1:10: extends: is not the name or the path of a profile. {}"),
        ("extends: 1\n", "1:10: extends: is not the name or the path of a profile. {}"),
        ('extends: ""\n', "1:10: extends: is not the name or the path of a profile. {}"),
    ],
)
def test_extends_that_leads_nowhere(text: str, expected: str) -> None:
    mends = {
        "devv": " A file is given by its path: ./devv.yaml.",
        "zzz": " A file is given by its path: ./zzz.yaml.",
        "leads": "Remove one of the two.",
        "or the path": "Write one name (dev, dev-mirror, safe) or one path.",
    }
    mend = next((mend for key, mend in mends.items() if key in expected), "")
    assert errors(write("mine.yaml", text)) == [f"mine.yaml:{expected.format(mend)}"]


def test_a_circle_of_two_is_refused() -> None:
    write("a.yaml", "name: box\nextends: ./b.yaml\n")
    write("b.yaml", "extends: ./a.yaml\n")
    assert errors("a.yaml") == [
        "b.yaml:1:10: extends: leads back to a.yaml, which extends this file. Remove one of the two."
    ]


def test_a_long_chain_is_refused() -> None:
    write("p0.yaml", "name: box\n")
    for number in range(1, 12):
        write(f"p{number}.yaml", f"extends: ./p{number - 1}.yaml\n")
    assert load_profile("p7.yaml").profile.name == "box"
    assert errors("p8.yaml") == ["p1.yaml:1:10: extends: is more than 8 profiles deep. Extend fewer profiles."]


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("nope.yaml", f"nope.yaml:1:1: profile: `nope.yaml` is not a file. {EXIST}"),
        (".", f".:1:1: profile: `.` is not a file. {EXIST}"),
        ("a\nb/c", f"a?b/c:1:1: profile: `a?b/c` is not a file. {EXIST}"),
        ("a\0b.yaml", "a?b.yaml:1:1: profile: `a?b.yaml` is not a path. Remove the NUL character."),
        (
            "dve",
            "dve:1:1: profile: `dve` is not a built-in profile. Did you mean dev? "
            "A file is given by its path: ./dve.yaml.",
        ),
    ],
)
def test_a_profile_that_is_not_there(ref: str, expected: str) -> None:
    assert errors(ref) == [expected]


def test_a_file_never_stands_in_for_a_built_in_profile() -> None:
    write("dev", "name: other\n")
    assert load_profile("dev").profile.name == "dev"
    assert load_profile("./dev").profile.name == "other"
    assert load_profile(Path("dev")).profile.name == "other"


def test_set_takes_values_as_yaml_does_and_the_last_one_wins() -> None:
    sets = ["image.packages=[git, 'g++']", "storage.overcommit=true", "resources.cpus=1.5", "name=one", "name=two"]
    profile = load_profile("dev", [*sets, "network.ports=[8080:80]", "agent.version=", "image.user={name: me}"]).profile
    assert profile.image.packages == ("git", "g++")
    assert profile.storage.overcommit is True
    assert profile.resources.cpus == 1.5
    assert profile.name == "two"
    assert profile.network.ports == ("127.0.0.1:8080:80/tcp",)
    assert profile.agent.version is None
    assert (profile.image.user.name, profile.image.user.uid) == ("me", 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("storage.size", f"1:1: storage.size: has no value. {FORM}"),
        ("=1", f"1:1: profile: is not a key. {FORM}"),
        ("a..b=1", f"1:1: a..b: is not a key. {FORM}"),
        ("a b=1", f"1:1: a b: is not a key. {FORM}"),
        ("extends=dev", "1:1: extends: can only be given in a file. Give the other profile with --profile instead."),
        ("storage.sise=1G", "1:9: storage.sise: is not a key that is known here. Did you mean storage.size?"),
        ("size=1G", "1:1: size: is not a key that is known here. Did you mean storage.size?"),
        ("storage.size.x=1", "1:14: storage.size: is not a size. Write a number and a unit: 512M, 4G or 1.5T."),
        ("storage.size=1g", "1:14: storage.size: `1g` is not a size. Write 1G."),
        ("storage.size='1G'x", "1:18: storage.size: is not YAML"),
        ("storage.size=*a", "1:14: storage.size: is an alias (*a). Write the value out."),
        ("storage.size=!!str 1G", "1:14: storage.size: has the tag `tag:yaml.org,2002:str`. Remove it."),
        ("image.packages=git", "1:16: image.packages: must be a list, not `git`. Write [git]."),
        ("image.packages=[git, Vim]", "1:22: image.packages[1]: `Vim` is not a Debian package name. "),
        ("image.packages=- git", "1:16: image.packages: is not written on one line. "),
        ("image.user=name: me", "1:12: image.user: is not written on one line. "),
        ("description=a\nb", "1:13: description: has more than one line. Write the value on one line."),
        ("description=Mend #3 now", "1:13: description: is cut off at the #, which starts a comment. "),
        ("description=\x1b[31m", "1:13: description: holds the invisible character U+001B. Remove it."),
        ("name=", "1:1: name: is empty. Write a value, or remove the line."),
        ("storage.overcommit=yes", "1:20: storage.overcommit: `yes` means true to some YAML readers, "),
    ],
)
def test_set_that_is_refused(text: str, expected: str) -> None:
    assert errors("dev", text)[0].startswith(f"--set:{expected}")
    assert len(errors("dev", text)) == 1


def test_set_counts_its_uses_as_lines() -> None:
    assert [line.partition(": ")[0] for line in errors("dev", "name=one", "storage.size=1", "x=1")] == [
        "--set:2:14",
        "--set:3:1",
    ]


def test_what_is_built_in_is_known() -> None:
    assert profile_names() == ("dev", "dev-mirror", "safe")


SHADOW = "root:$6$salt$0123456789:19000:0:99999:7:::"


@pytest.mark.parametrize("disguised", [False, True])
def test_what_is_no_profile_is_never_quoted(disguised: bool) -> None:
    hidden = write("etc/shadow", f"{SHADOW}\n")
    if disguised:
        Path("link.yaml").symlink_to(hidden)
    ref = write("mine.yaml", f"extends: {'link.yaml' if disguised else hidden}\nname: mine\n")
    (said,) = errors(ref)
    assert "is not named like a profile" in said
    assert "salt" not in said
    # The control: a file of the right name is read, and what is wrong with it is quoted.
    write("shadow.yaml", "$6$salt: 1\n")
    assert "salt" in "\n".join(errors(write("other.yaml", "extends: shadow.yaml\nname: mine\n")))
