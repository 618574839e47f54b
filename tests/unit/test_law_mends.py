"""What is printed as a mend can be pasted where its reader stands: lib/project names the bundle's scripts."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from generator.bundle import write_bundle
from generator.resources import templates
from tests.unit.isolated import PYTHON
from tests.unit.planning import rendered

TEXTS = sorted((templates() / "lib/project").glob("*.py"))
# One of its commands by a name that no shell knows: with an option, or in backquotes.
BARE = re.compile(
    r"(?<![\w./`-])(?:apply|review|undo|diff|changes|log|status|discard|exec|start|stop|leave)"
    r" (?:--[a-z]|PATH|HASH|FILE|\d|A\.\.B|again)"
    r"|\bsee (?:`[a-z]+`|[a-z]+ --)"
)
SCRIPT = re.compile(r"scripts/([a-z-]+\.sh)")


def texts(path: Path) -> list[str]:
    """What a module may print: its strings, but for what is written about the code."""
    tree = ast.parse(path.read_text("utf-8"))
    about = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # Words of the program itself: what an option means is asked of it by nobody but the scripts.
    about |= {
        word.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "help"
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in about
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_names_a_command_that_no_shell_knows(path: Path) -> None:
    named = [text for text in texts(path) if BARE.search(text) and "[--command-file" not in text]
    assert named == []
    scripts = {name for text in texts(path) for name in SCRIPT.findall(text)}
    assert {name for name in scripts if not (templates() / "files/scripts" / name).is_file()} == set()


@pytest.mark.parametrize(
    "text",
    ["apply --accept PATH, one by one", "mend that, then: apply --recover", "see `review`", "undo 1", "review again"],
)
def test_the_control_a_bare_command_is_seen(text: str) -> None:
    assert BARE.search(text)
    assert not BARE.search("scripts/apply.sh --accept x, as git apply takes it")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle in a folder whose name a shell would take for more than one word."""
    folder = tmp_path_factory.mktemp("mends") / "it's here"
    write_bundle(rendered(ref="safe"), folder)
    return folder


def mend(said: str) -> str:
    (line,) = (line for line in said.splitlines() if line.strip().startswith("mend: "))
    return line.partition("mend: ")[2].partition("   (")[0]


COMMANDS = {
    "a script's": (("bash", "{bundle}/scripts/exec.sh"), "exec.sh -- id"),
    "of lib/project": ((*PYTHON, "{bundle}/lib/project/__main__.py", "--state", "{bundle}", "undo", "0"), "undo.sh 1"),
}


@pytest.mark.parametrize(("words", "script"), COMMANDS.values(), ids=COMMANDS)
def test_a_mend_is_a_command_where_the_user_stands(
    bundle: Path, tmp_path: Path, words: tuple[str, ...], script: str
) -> None:
    command = [str(word).replace("{bundle}", str(bundle)) for word in words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    elsewhere = mend(done.stderr)
    assert shlex.split(elsewhere) == [f"{bundle}/scripts/{script.split()[0]}", *script.split()[1:]]
    done = subprocess.run(command, cwd=bundle, capture_output=True, text=True, check=False)
    assert mend(done.stderr) == f"scripts/{script}"


def test_what_only_looks_like_a_script_of_the_bundle_stays(bundle: Path, tmp_path: Path) -> None:
    text = "src/scripts/start.sh, rm '/x scripts/own.sh', cd there && (scripts/stop.sh), then ./rollback.sh looks"
    shell = '. "$1/lib/common.sh"; reachable "$2"; printf %s "$REACHED"'
    done = subprocess.run(
        ("bash", "-c", shell, "bash", bundle, text), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    place = "'" + str(bundle).replace("'", "'\\''") + "'"
    kept = "src/scripts/start.sh, rm '/x scripts/own.sh', cd there"
    assert done.stdout == f"{kept} && ({place}/scripts/stop.sh), then {place}/rollback.sh looks"
