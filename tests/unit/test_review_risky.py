"""What is held back, and what never comes back: in every spelling that some filesystem takes for the same name."""

from __future__ import annotations

import pytest
from project import risky, spelling
from project.data import Change, Entry

# One path a kind that the table must know, by what would happen if it did not.
HELD = {
    ".gitattributes": "git",
    ".gitmodules": "git",
    ".gitconfig": "git",
    ".husky/pre-push": "hook",
    ".githooks/x": "hook",
    "lefthook.yml": "hook",
    ".pre-commit-config.yaml": "hook",
    "tools/pre-commit": "hook",
    ".vscode/tasks.json": "editor",
    "a.code-workspace": "editor",
    ".idea/workspace.xml": "editor",
    ".devcontainer/devcontainer.json": "editor",
    ".devcontainer.json": "editor",
    ".envrc": "shell",
    ".env.local": "shell",
    ".tool-versions": "shell",
    "mise.toml": "shell",
    ".mise/config.toml": "shell",
    ".config/mise.toml": "shell",
    ".bashrc": "shell",
    ".gdbinit": "tool",
    ".claude/settings.json": "agent",
    ".mcp.json": "agent",
    "CLAUDE.md": "agent",
    "AGENTS.md": "agent",
    "GEMINI.md": "agent",
    ".cursor/rules/x.mdc": "agent",
    ".cursorrules": "agent",
    ".aider.conf.yml": "agent",
    ".windsurfrules": "agent",
    ".clinerules": "agent",
    ".opencode/x": "agent",
    ".github/copilot-instructions.md": "ci",
    "copilot-instructions.md": "agent",
    ".github/workflows/ci.yml": "ci",
    ".gitlab-ci.yml": "ci",
    "Jenkinsfile": "ci",
    ".circleci/config.yml": "ci",
    "azure-pipelines.yml": "ci",
    ".buildkite/pipeline.yml": "ci",
    ".npmrc": "packages",
    ".yarnrc.yml": "packages",
    ".pnpmfile.cjs": "packages",
    "setup.py": "packages",
    "pyproject.toml": "packages",
    "sitecustomize.py": "packages",
    "x.pth": "packages",
    "Cargo.toml": "packages",
    ".cargo/config.toml": "packages",
    "package-lock.json": "lock",
    "node_modules/x/index.js": "packages",
    "build.rs": "build",
    "Makefile": "build",
    "GNUmakefile": "build",
    "conftest.py": "test",
    "vite.config.ts": "config-code",
    ".eslintrc.js": "config-code",
    "docker-compose.yml": "container",
    "__pycache__/x.cpython-311.pyc": "unreadable-code",
    "libx.so.1": "unreadable-code",
}

# How one name may be spelled so that some filesystem still takes it for that name.
SPELLINGS = {
    "as it is": lambda name: name,
    "upper case": str.upper,
    "title case": str.title,
    "a zero-width non-joiner": lambda name: name[:2] + "\u200c" + name[2:],
    "a byte order mark": lambda name: "\ufeff" + name,
    "a soft hyphen at the end": lambda name: name + "\u00ad",
    "trailing dots": lambda name: name + "..",
    "trailing spaces": lambda name: name + "  ",
    "dots and spaces": lambda name: name + ". .",
    "a stream": lambda name: name + "::$DATA",
    "the folder's own stream": lambda name: name + "::$INDEX_ALLOCATION",
    "a long s, a Kelvin sign": lambda name: name.replace("s", "\u017f").replace("k", "\u212a"),
    "full width": lambda name: name[0] + "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in name[1:]),
}

HARMLESS = (
    "src/main.py",
    "README.md",
    "docs/agents-and-tools.md",
    "src/hooks/useThing.ts",
    "gitignore.txt",
    ".gitignore",
    "git/x.c",
    "tests/test_git.py",
    "environment.py",
    "package/index.js",
    "a~b.txt",
    "\u00e9\u00e9.txt",
    "vscode/x",
    "claude.py",
    "src/workspace/list.ts",
)


def kinds(path: str) -> set[str]:
    """Why a path is held back for its name."""
    return {reason.kind for reason in risky.by_name(path.encode("utf-8", "surrogateescape"))}


@pytest.mark.parametrize("spelling_of", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("place", ["{}", "deep/er/{}", "{}/below"])
def test_every_spelling_is_held_back(place: str, spelling_of) -> None:
    missed = [
        path
        for path, kind in HELD.items()
        if kind not in kinds(place.format("/".join(spelling_of(part) for part in path.split("/"))))
    ]
    assert missed == []


def test_every_row_holds_what_it_names_and_says_why() -> None:
    wrong = []
    for rule in risky.TABLE:
        name = rule.pattern.replace("*", "x")
        held = {reason.kind: reason for reason in risky.by_name(f"sub/{name.upper()}".encode())}
        says_why = rule.kind in held and held[rule.kind].reason
        if not says_why or rule.pattern != spelling.folded(rule.pattern.encode()):
            wrong.append(rule)
    assert wrong == []
    assert len(risky.TABLE) > 3000


def test_no_row_stands_twice() -> None:
    patterns = [rule.pattern for rule in risky.TABLE]
    assert sorted({pattern for pattern in patterns if patterns.count(pattern) > 1}) == []


@pytest.mark.parametrize("path", HARMLESS)
def test_what_only_looks_alike_is_not_held_back(path: str) -> None:
    assert kinds(path) == set()


@pytest.mark.parametrize("name", ["GITATT~1", "gi7eba~1", "CLAUDE~1.MD", "ENVRC~12"])
def test_a_short_name_may_be_any_of_them(name: str) -> None:
    assert "short-name" in kinds(f"x/{name}")


NEVER = {
    **{f"{name} of .git": spelled(".git") for name, spelled in SPELLINGS.items()},
    "the short name": "git~1",
    "another short name": "GIT~2",
    "backslashes": "a\\.git\\config",
    "parent": "a/../../x",
    "parent by backslashes": "a\\..\\x",
    "absolute": "/etc/passwd",
    "empty": "",
    "twice a slash": "a//b",
    "dots and spaces only": "a/.. /x",
    "our own folder": ".gen-apply-1/new/0",
    "our own folder, in capitals": ".GEN-APPLY-1/new/0",
    "a name longer than any filesystem's": "x" * 256,
}


@pytest.mark.parametrize("path", NEVER.values(), ids=NEVER)
@pytest.mark.parametrize("place", ["{}", "{}/hooks/pre-commit"])
def test_never_comes_back(place: str, path: str) -> None:
    assert risky.never(place.format(path).encode(), 0o100644) is not None


@pytest.mark.parametrize(
    "path", [".github/x", ".gitignore", "x.git/config", " ", "a b", "git", "-rf", "a\nb", "\udcff"]
)
def test_other_names_may(path: str) -> None:
    assert risky.never(path.encode("utf-8", "surrogateescape"), 0o100644) is None


@pytest.mark.parametrize("mode", [0o160000, 0o040000, 0o104755, 0o010644, 0o020000])
def test_only_files_and_links_do(mode: int) -> None:
    assert risky.never(b"x", mode) == risky.OTHER


MODES = (
    # old mode, new mode, held back
    (None, 0o100755, True),
    (0o100644, 0o100755, True),
    (0o120000, 0o100755, True),
    (0o100755, 0o100755, False),
    (0o100755, 0o100644, False),
    (None, 0o100644, False),
    (0o100755, None, False),
)


@pytest.mark.parametrize(("old", "new", "held"), MODES)
def test_what_becomes_executable_is_held_back(old: int | None, new: int | None, held: bool) -> None:
    change = Change(b"run", entry(old), entry(new))
    assert risky.by_mode(change) == ([risky.RUNS] if held else [])


def entry(mode: int | None) -> Entry | None:
    """A file of that mode, or none."""
    return None if mode is None else Entry(mode, "0" * 40, 0)
