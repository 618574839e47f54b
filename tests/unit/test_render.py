"""From a plan to bytes: our own templates keep the laws, and the results are lint-clean."""

import gc
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator.documents import to_json, to_yaml
from generator.languages import SHELL, environment, markdown_code, markdown_value
from generator.plan import build_plan
from generator.render import MANIFEST, manifest, render_bundle
from generator.resources import templates
from tests.unit.planning import loaded, planned, rendered, text

AGENTS = ("aider", "claude-code", "codex", "gemini-cli", "opencode", "none")


def test_files_are_in_order_and_end_with_the_manifest() -> None:
    paths = list(rendered())
    assert paths[:-1] == sorted(paths[:-1])
    assert paths[-1] == MANIFEST


def test_the_manifest_lists_every_other_file() -> None:
    files = rendered()
    lines = {line[66:]: line[:64] for line in text(files, MANIFEST).splitlines()}
    assert lines == {path: hashlib.sha256(file.content).hexdigest() for path, file in files.items() if path != MANIFEST}
    assert manifest({}) == b""


def test_scripts_may_be_executed_and_nothing_else() -> None:
    for path, file in rendered().items():
        assert (file.mode == 0o755) == file.content.startswith(b"#!"), path
        assert file.mode in (0o644, 0o755)


def test_plain_files_are_copied_byte_for_byte() -> None:
    files = rendered()
    for path in ("scripts/start.sh", "rollback.sh", "image/sudo"):
        assert files[path].content == (templates() / "files" / path).read_bytes()
    assert files["lib/runner.sh"].content == (templates() / "lib/runner.sh").read_bytes()


def test_every_text_ends_with_one_newline_and_has_no_trailing_space() -> None:
    for path, file in rendered().items():
        content = file.content.decode()
        assert content.endswith("\n"), path
        assert not content.endswith("\n\n"), path
        assert [number for number, line in enumerate(content.splitlines(), 1) if line != line.rstrip()] == [], path


def test_no_file_names_the_place_where_it_was_made() -> None:
    here = str(Path.cwd()).encode()
    assert [path for path, file in rendered().items() if here in file.content] == []


def test_a_name_that_no_context_has_is_an_error() -> None:
    template = environment(SHELL).from_string("{{ nothing }}")
    with pytest.raises(jinja2.UndefinedError):
        template.render()


# --- the law on templates


def shell_templates() -> list[Path]:
    """The templates whose language is the shell."""
    return [path for path in templates().rglob("*.j2") if path.name.endswith((".sh.j2", ".env.example.j2"))]


def quoted_expressions(source: str) -> list[int]:
    """The lines on which an expression stands inside quotes: the environment quotes, so quotes around it are wrong."""
    lines, quote = [], ""
    for line, kind, value in environment(SHELL).lex(source):
        if kind == "variable_begin" and quote:
            lines.append(line)
        if kind != "data":
            continue
        for shell_line in value.splitlines():
            for char in shell_line.partition("#")[0] if not quote else shell_line:
                if quote:
                    quote = "" if char == quote else quote
                elif char in "'\"":
                    quote = char
    return lines


@pytest.mark.parametrize("path", shell_templates(), ids=lambda path: path.name)
def test_no_expression_stands_inside_quotes(path: Path) -> None:
    assert quoted_expressions(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("A={{ a }}\n", []),
        ("A='{{ a }}'\n", [1]),
        ('x\nA="b {{ a }}"\n', [2]),
        ("A='b' {{ a }}\n", []),
        ("# don't\nA={{ a }}\n", []),
    ],
)
def test_the_lint_itself(source: str, lines: list[int]) -> None:
    assert quoted_expressions(source) == lines


def test_templates_only_loop_and_print() -> None:
    for path in templates().rglob("*.j2"):
        tokens = list(environment(SHELL).lex(path.read_text("utf-8")))
        for number, (_, kind, value) in enumerate(tokens):
            if kind == "block_begin":
                word = next(later for _, of, later in tokens[number + 1 :] if of == "name")
                assert word in ("for", "endfor", "include"), f"{path.name}: {value} {word}"


def test_yaml_and_json_are_not_templates() -> None:
    assert not [path for path in templates().rglob("*.j2") if path.name.endswith((".yaml.j2", ".yml.j2", ".json.j2"))]


# --- what other programs think of the result


@pytest.mark.parametrize("agent", AGENTS)
def test_the_dockerfile_passes_hadolint(tmp_path: Path, agent: str) -> None:
    node = () if agent != "none" else ("image.node=none",)
    sets = (f"agent.name={agent}", "agent.env=[]", "build.ca_certificates=host", *node)
    (tmp_path / "Dockerfile").write_bytes(rendered(*sets)["Dockerfile"].content)
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run((hadolint, "Dockerfile"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_scripts_in_the_image_pass_shellcheck(tmp_path: Path) -> None:
    files = {path: file for path, file in rendered("build.ca_certificates=host").items() if path.startswith("image/")}
    assert len(files) == 5
    (tmp_path / "image").mkdir()
    for path, file in files.items():
        (tmp_path / path).write_bytes(file.content)
    shellcheck = shutil.which("shellcheck") or str(Path(sys.executable).with_name("shellcheck"))
    done = subprocess.run((shellcheck, *files), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_markdown_tables_keep_their_columns() -> None:
    for path in ("README.md", "PLAN.md", "AGENTS.md"):
        columns = 0
        for line in text(rendered(), path).splitlines():
            bars = line.replace(r"\|", "").count("|") if line.startswith("|") else 0
            assert not (bars and columns) or bars == columns, f"{path}: {line}"
            columns = bars


def test_every_file_that_the_documents_link_to_is_there() -> None:
    files = rendered()
    for path in ("README.md", "PLAN.md", "AGENTS.md", "SKILL.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", text(files, path)):
            assert link in files


@pytest.mark.parametrize(
    "words",
    [
        "daemon does not run",
        "permission denied",
        "the name is taken",
        "the subnet is taken",
        "no space left",
        "no network",
        "a package does not exist",
    ],
)
def test_the_debugging_guide_knows(words: str) -> None:
    assert words in text(rendered(), "PLAN.md")


# --- quoting in Markdown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain words, 20G at 1.5", "plain words, 20G at 1.5"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[here](http://evil.example)", r"\[here\](http:\//evil.example)"),
        ("# heading", r"\# heading"),
        ("1. list", r"1\. list"),
        ("a | b", r"a \| b"),
        ("*bold* _it_ `code` ~no~", r"\*bold\* \_it\_ \`code\` \~no\~"),
        ("www.evil.example a@evil.example", r"www\.evil.example a\@evil.example"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_has_no_markup(value: str, expected: str) -> None:
    assert markdown_value(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("plain", "`plain`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a\nb", "`a b`")]
)
def test_a_code_span_ends_where_the_value_ends(value: str, expected: str) -> None:
    assert markdown_code(value) == expected


# --- data as text

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_yaml_comes_back_as_it_was(data: object) -> None:
    back = YAML(typ="safe", pure=True).load(to_yaml(data))
    assert json.dumps(back, sort_keys=True) == json.dumps(data, sort_keys=True)


@given(plain)
def test_json_comes_back_as_it_was(data: object) -> None:
    assert json.loads(to_json(data)) == data


@pytest.mark.parametrize("value", ["no", "on", "Yes", "null", "~", "1", "1.5", "0x1", "1:30", "2020-01-01", "", "a: b"])
def test_yaml_text_that_could_be_something_else_is_quoted(value: str) -> None:
    assert to_yaml(value) == f'"{value}"\n'


def test_what_is_not_data_is_refused() -> None:
    with pytest.raises(TypeError, match="object is not plain data"):
        to_yaml({"a": object()})


# --- many bundles in one process


def test_many_different_bundles_take_little_memory() -> None:
    def one(number: int) -> None:
        render_bundle(build_plan(loaded(f"name=box-{number}", f"resources.pids={100 + number}")))

    for number in range(5):
        one(number)
    tracemalloc.start()
    try:
        one(5)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(6, 36):
            one(number)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000, f"{grown} bytes for 30 bundles"


def test_rendering_is_quick_when_warm() -> None:
    plan = planned()
    render_bundle(plan)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        render_bundle(plan)
        times.append(time.perf_counter() - start)
    # Ten times what it takes: a guard against something quadratic, not a benchmark.
    assert min(times) < 0.1


def test_the_description_is_text_in_every_document() -> None:
    files = rendered("description=<b>`$(id)`</b> | [x](y)")
    for path in ("README.md", "PLAN.md", "AGENTS.md"):
        assert "<b>" not in text(files, path)
