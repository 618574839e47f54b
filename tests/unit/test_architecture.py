"""The laws of the design that a test can hold."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

MAX_LINES = 300
COMPILER = ("profile", "plan", "steps", "render", "bundle", "engines")
# The one module that starts programs.
STARTS_PROGRAMS = "execute.process"
# Hosts of package registries, in parts, so that this file names none of them.
REGISTRIES = (
    ("deb", "debian", "org"),
    ("security", "debian", "org"),
    ("archive", "ubuntu", "com"),
    ("ports", "ubuntu", "com"),
    ("pypi", "org"),
    ("files", "pythonhosted", "org"),
    ("registry", "npmjs", "org"),
    ("registry", "yarnpkg", "com"),
    ("docker", "io"),
    ("hub", "docker", "com"),
    ("download", "docker", "com"),
    ("ghcr", "io"),
    ("quay", "io"),
    ("gcr", "io"),
)
# `docker.io` is a Debian package too; as a host it is followed by a path, or has a subdomain before it.
ALSO_A_PACKAGE = ".".join(("docker", "io"))


def modules(repository: Path) -> list[Path]:
    """Every module of the package."""
    return sorted((repository / "generator").rglob("*.py"))


def module_id(path: Path, repository: Path) -> str:
    """`generator/engines/docker.py` is `engines.docker`."""
    return ".".join(path.relative_to(repository / "generator").with_suffix("").parts)


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it; relative ones are refused by ruff's and our own habit."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "generator" if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


def tracked(repository: Path) -> list[Path]:
    """The files that git tracks; the test is skipped where the source is no git checkout."""
    done = subprocess.run(("git", "ls-files", "-z"), cwd=repository, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := repository / name).is_file()]


def in_part(module: str, parts: tuple[str, ...]) -> bool:
    """Whether a module belongs to one of the parts: `profile_size` and `engines.docker` do to `profile`, `engines`."""
    first = module.split(".")[0]
    return any(first == part or first.startswith(f"{part}_") for part in parts)


def test_the_compiler_knows_nothing_of_the_runner(repository: Path) -> None:
    crossing = [
        f"{module_id(path, repository)} imports {name}"
        for path in modules(repository)
        if in_part(module_id(path, repository), COMPILER)
        for name in imports(path)
        if name.startswith("generator.execute")
    ]
    assert crossing == []


def test_the_runner_knows_nothing_of_the_compiler(repository: Path) -> None:
    crossing = [
        f"{module_id(path, repository)} imports {name}"
        for path in modules(repository)
        if in_part(module_id(path, repository), ("execute",))
        for name in imports(path)
        if name.startswith("generator.") and in_part(name.removeprefix("generator."), COMPILER)
    ]
    assert crossing == []


def test_only_the_command_line_prints(repository: Path) -> None:
    printing = [
        f"{module_id(path, repository)}:{node.lineno}"
        for path in modules(repository)
        if not path.name.startswith("cli")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "click.echo", "click.secho"}
    ]
    assert printing == []


def test_programs_are_started_in_one_place(repository: Path) -> None:
    starting = [
        f"{module_id(path, repository)} imports {name}"
        for path in modules(repository)
        if module_id(path, repository) != STARTS_PROGRAMS
        for name in imports(path)
        if name in {"subprocess", "os.system", "os.popen", "pty"}
    ]
    assert starting == []


def test_no_script_is_started_before_its_bundle_was_looked_at(repository: Path) -> None:
    """The two functions that take a bundle's command: the registry and the manifest come before anything else."""
    tree = ast.parse((repository / "generator/execute/process.py").read_text("utf-8"))
    taking = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "command"
    ]
    first = {node.name: ast.unparse(node.body[1]) for node in taking if not node.name.startswith("_")}
    assert first == dict.fromkeys(("drive", "become"), "trust.require_whole(command.bundle.path)")


@pytest.mark.parametrize(("package", "module"), [("mcp", "mcp_server"), ("docker", "doctor.engine")])
def test_a_package_that_not_everybody_needs_is_imported_in_one_place(
    repository: Path, package: str, module: str
) -> None:
    importing = {
        module_id(path, repository)
        for path in modules(repository)
        for name in imports(path)
        if name.split(".")[0] == package
    }
    assert importing == {module}


def test_nothing_is_evaluated(repository: Path) -> None:
    evaluating = [
        f"{module_id(path, repository)}:{node.lineno}"
        for path in modules(repository)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"eval", "exec", "os.system", "os.popen"}
    ]
    assert evaluating == []


def test_every_step_is_whole(repository: Path) -> None:
    folders = sorted(path for path in (repository / "templates" / "steps").iterdir() if path.is_dir())
    assert folders
    missing = [
        f"{folder.name}/{name}"
        for folder in folders
        for name in ("step.yaml", "do.sh", "verify.sh", "undo.sh")
        if not (folder / name).is_file() and not (folder / f"{name}.j2").is_file()
    ]
    assert missing == []


def test_every_check_is_whole(repository: Path) -> None:
    folders = sorted(path for path in (repository / "templates" / "checks").iterdir() if path.is_dir())
    assert folders
    missing = [
        f"{folder.name}/{name}"
        for folder in folders
        for name in ("check.yaml", "check.sh")
        if not (folder / name).is_file() and not (folder / f"{name}.j2").is_file()
    ]
    assert missing == []


def test_files_stay_small(repository: Path) -> None:
    sources = [path for path in tracked(repository) if path.suffix in {".py", ".sh", ".bats"}]
    long = {
        str(path.relative_to(repository)): count
        for path in sources
        if (count := len(path.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_no_file_names_a_package_registry(repository: Path) -> None:
    hosts = [".".join(parts).encode() for parts in REGISTRIES]
    naming = [
        f"{path.relative_to(repository)}: {host.decode()}"
        for path in tracked(repository)
        for host in hosts
        if names_host(path.read_bytes(), host)
    ]
    assert naming == []


def names_host(content: bytes, host: bytes) -> bool:
    """Whether the content names the host; a host that is a package's name too counts only as part of an address."""
    if host.decode() != ALSO_A_PACKAGE:
        return host in content
    return any(form in content for form in (b"//" + host, b"." + host, host + b"/"))
