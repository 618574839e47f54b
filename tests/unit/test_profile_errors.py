"""Every wrong value, with the exact words of its refusal. The table is in test_profile_errors.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import ExitCode
from generator.profile import ProfileErrors, load_profile

TABLE = Path(__file__).with_suffix(".txt")
FEWEST_CASES = 180


def cases() -> list[tuple[str, list[str]]]:
    """The table: each value, and the lines that must come out."""
    found: list[tuple[str, list[str]]] = []
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("    "):
            found[-1][1].append(f"profile.yaml:{line.strip()}")
        elif line and not line.startswith("#"):
            found.append((line, []))
    return found


def as_yaml(case: str) -> str:
    """`storage.size: 1G` as a whole profile."""
    path, _, value = case.partition(":")
    keys = path.split(".")
    text = "" if keys[0] == "name" else "name: box\n"
    for depth, key in enumerate(keys[:-1]):
        text += f"{'  ' * depth}{key}:\n"
    value = value.replace("'$'", "a" * 201)
    return f"{text}{'  ' * (len(keys) - 1)}{keys[-1]}:{value}\n"


def refusal(text: str | bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is said about this text as profile.yaml."""
    monkeypatch.chdir(folder)
    Path("profile.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ProfileErrors) as caught:
        load_profile("./profile.yaml")
    assert caught.value.exit_code == ExitCode.USAGE
    return str(caught.value.details).splitlines()


@pytest.mark.parametrize(("case", "expected"), cases(), ids=[case[:50] for case, _ in cases()])
def test_refused(case: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(as_yaml(case), tmp_path, monkeypatch) == expected


def test_the_table_is_whole() -> None:
    assert len(cases()) >= FEWEST_CASES
    assert all(expected for _, expected in cases())


def test_every_error_at_once_in_the_order_of_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """\
name: Box
storge: {}
image:
  node: 16
  packages: [git, git]
  python: 3.10
network:
  mode: none
  ports: ['80:80']
resources:
  tmpfs: 8G
"""
    assert [line.split(": ")[:2] for line in refusal(text, tmp_path, monkeypatch)] == [
        ["profile.yaml:1:7", "name"],
        ["profile.yaml:2:1", "storge"],
        ["profile.yaml:4:9", "image.node"],
        ["profile.yaml:5:19", "image.packages[1]"],
        ["profile.yaml:6:11", "image.python"],
        ["profile.yaml:9:10", "network.ports"],
        ["profile.yaml:11:10", "resources.tmpfs"],
    ]


def test_the_error_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my profile.yaml").write_text("name: b\n")
    with pytest.raises(ProfileErrors) as caught:
        load_profile("my profile.yaml")
    brief, details, resolution = str(caught.value).splitlines()
    assert brief == "The profile has 1 error; nothing was written"
    assert details.startswith("my profile.yaml:1:7: name: `b` is not a sandbox name. Use 3 to 32")
    assert resolution == "Mend it, then look again with: gen profile validate 'my profile.yaml'"


@pytest.mark.parametrize("secret", ["sk-ant-1234567890", "OPENAI_API_KEY=sk-1234567890"])
def test_a_key_that_was_put_into_the_profile_is_not_repeated(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"name: box\nagent:\n  env: ['{secret}']\n"
    assert "1234567890" not in "\n".join(refusal(text, tmp_path, monkeypatch))
