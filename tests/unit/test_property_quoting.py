"""Hostile values: refused, or carried through literally, and never executed. In bash, in a Dockerfile, in Compose."""

import dataclasses
import json
import re
import subprocess
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator.documents import to_yaml
from generator.engines.docker import literally
from generator.errors import GenError
from generator.languages import DOCKERFILE, SHELL, Raw, docker_text, docker_word, dockerfile_value, environment
from generator.plan import Plan
from generator.profile import ProfileErrors, load_profile
from generator.render import render_bundle
from tests.unit.planning import planned, rendered, text

HOSTILE = (
    "$(touch /tmp/pwned)",
    "`touch /tmp/pwned`",
    "'; touch /tmp/pwned; '",
    '"; touch /tmp/pwned; "',
    "a\nRUN touch /tmp/pwned",
    "a\\\nb",
    "a\\",
    "<<EOF",
    "# no comment",
    "-rf",
    "../../etc",
    "${HOME}",
    "$$",
    "é ü 漢字 \u202e",
    "{{ settings }}",
    "{% raw %}",
    "*",
    "~",
    "!!",
    "",
    " ",
    "\t",
    "\r",
)
# Text that bash can hold: no NUL, and only what UTF-8 can write.
words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40) | st.sampled_from(HOSTILE)
slow = settings(max_examples=40)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of dev, whose values the tests replace."""
    return planned()


def bash(script: str) -> bytes:
    """What bash prints for a script, in the C locale, in an empty folder."""
    command = ("bash", "--noprofile", "--norc", "-u")
    return subprocess.run(command, input=script.encode(), capture_output=True, check=True, cwd="/").stdout


@slow
@given(st.lists(words, min_size=5, max_size=25))
@example(list(HOSTILE))
def test_settings_come_back_from_bash_as_they_were(plan: Plan, values: list[str]) -> None:
    hostile = {f"GEN_{number}": value for number, value in enumerate(values)}
    files = render_bundle(dataclasses.replace(plan, settings={**plan.settings, **hostile}))
    prints = "".join(f"printf '%s\\0' \"$GEN_{number}\"\n" for number in range(len(values)))
    back = bash(text(files, "lib/settings.sh") + prints).split(b"\0")[:-1]
    assert back == [value.encode() for value in values]


def test_a_nul_is_refused_in_shell(plan: Plan) -> None:
    with pytest.raises(GenError, match="cannot be written in shell"):
        render_bundle(dataclasses.replace(plan, settings={**plan.settings, "GEN_NAME": "a\0b"}))


@slow
@given(st.lists(words, min_size=1, max_size=20))
@example([value for value in HOSTILE if "\n" not in value and "\r" not in value])
def test_a_word_of_a_dockerfile_stays_one_word_on_its_line(values: list[str]) -> None:
    template = environment(DOCKERFILE).from_string(
        "RUN{% for word in words %} {{ word }}{% endfor %}{{ end }}USER 1000\n"
    )
    try:
        written = template.render(words=values, end=Raw("\n"))
    except GenError:
        assert any(set(value) & set("\n\r\v\f\x85\u2028\u2029") for value in values)
        return
    run, user, rest = written.split("\n")
    assert (user, rest) == ("USER 1000", "")
    assert not run.endswith("\\")
    assert bash(f"printf '%s\\0'{run.removeprefix('RUN')}").split(b"\0")[:-1] == [value.encode() for value in values]


@pytest.mark.parametrize("char", ["\n", "\r", "\0", "\u2028"])
def test_a_line_break_is_refused_in_a_dockerfile(char: str) -> None:
    for quote in (dockerfile_value, docker_text, docker_word):
        with pytest.raises(GenError) as caught:
            quote(f"a{char}RUN id")
        assert caught.value.exit_code == 2


@given(words)
def test_a_label_or_variable_of_a_dockerfile_is_not_expanded(value: str) -> None:
    assume(not set(value) & set("\n\r\v\f\x85\u2028\u2029"))
    quoted = docker_text(value)
    assert quoted.startswith('"')
    assert quoted.endswith('"')
    inner, plain = quoted[1:-1], ""
    while inner:
        assert inner[0] not in '"$`'
        if inner[0] == "\\":
            inner = inner[1:]
        plain, inner = plain + inner[0], inner[1:]
    assert plain == value


@given(words)
def test_a_bare_word_of_a_dockerfile_is_plain_or_refused(value: str) -> None:
    try:
        written = docker_word(value)
    except GenError:
        return
    assert written == value
    assert not set(value) & set(" \t\n\r\\\"'$`#<>|&;(){}*?![]~")


# --- through the whole of gen: what a profile can say

TEXTS = ("description", "image.base", "image.archive", "image.user.name", "storage.path", "name", "agent.version")
LISTS = ("image.packages", "agent.env", "network.dns", "network.ports")


def changed(path: str, value: Any) -> dict[str, Any]:
    """A profile with one value."""
    data: dict[str, Any] = {"extends": "dev", "name": "box", "agent": {"env": []}}
    *above, key = path.split(".")
    place = data
    for part in above:
        place = place.setdefault(part, {})
    place[key] = value
    return data


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("path", [*TEXTS, *LISTS, "build.apt_mirror", "build.proxy", "build.pip_index"])
def test_a_hostile_value_is_refused_or_harmless(tmp_path: Any, path: str, value: str) -> None:
    given_value = [value] if path in LISTS else value
    data = changed(path, given_value)
    profile = tmp_path / "hostile.yaml"
    profile.write_text(json.dumps(data), "utf-8")
    try:
        load_profile(profile)
    except ProfileErrors:
        return
    assert_harmless(rendered(ref=profile), path, value)


@slow
@given(words)
def test_any_description_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    profile = tmp_path_factory.getbasetemp() / "any.yaml"
    profile.write_text(json.dumps(changed("description", value)), "utf-8")
    try:
        load_profile(profile)
    except GenError:
        return
    files = rendered(ref=profile)
    assert_harmless(files, "description", value)
    assert json.loads(text(files, "plan.json"))["description"] == value


def assert_harmless(files: Any, path: str, value: str) -> None:
    """The Dockerfile has no instruction that dev's has not, bash runs nothing, and Compose sees no variable of it."""
    known = {line.split()[0] for line in text(rendered(), "Dockerfile").splitlines() if line[:1].isalpha()}
    lines = text(files, "Dockerfile").splitlines()
    assert {line.split()[0] for line in lines if line[:1].isalpha()} <= known | {"ENV"}, (path, value)
    assert bash(text(files, "lib/settings.sh") + 'printf %s "$GEN_CONTAINER"') == _name(files).encode()
    compose = YAML(typ="safe", pure=True).load(text(files, "compose.yaml"))
    assert list(compose["services"]) == ["sandbox"]
    assert compose["services"]["sandbox"]["container_name"] == _name(files)


def _name(files: Any) -> str:
    name: str = json.loads(text(files, "plan.json"))["name"]
    return name


# --- Compose


@given(words)
def test_compose_reads_every_dollar_literally(value: str) -> None:
    back = YAML(typ="safe", pure=True).load(to_yaml({"value": literally(value)}))["value"]
    # What Compose does: two dollars are one; a dollar before a name or a brace is a variable.
    assert not re.search(r"(?<!\$)(?:\$\$)*\$(?!\$)", back)
    assert back.replace("$$", "$") == value


def test_shell_environment_quotes_by_itself() -> None:
    assert environment(SHELL).from_string("A={{ a }}").render(a="x y'z") == "A='x y'\"'\"'z'"
