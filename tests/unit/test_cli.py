"""The command `gen`: exit codes, messages with their mend, and never a traceback."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import __version__, cli
from generator.errors import GenError

GEN = (sys.executable, "-m", "generator")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a home of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = cli.main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


Capture = pytest.CaptureFixture[str]
Words = tuple[str, ...]


def test_a_bundle_is_written_where_its_profile_says(here: Path, capsys: Capture) -> None:
    code, out, err = run(capsys, "bundle", "--profile", "dev")
    assert (code, err) == (0, "")
    assert out.startswith("Wrote bundles/dev: ")
    assert "bundles/dev/scripts/start.sh" in out
    assert (here / "bundles/dev/MANIFEST.sha256").is_file()


def test_again_it_is_up_to_date(here: Path, capsys: Capture) -> None:
    run(capsys, "bundle", "--profile", "dev")
    code, out, _ = run(capsys, "bundle", "--profile", "dev")
    assert (code, out.partition(":")[0]) == (0, "bundles/dev is up to date")


def test_a_profile_of_ones_own_names_its_folder(here: Path, capsys: Capture) -> None:
    (here / "mine.yaml").write_text("extends: dev\nname: other\n", "utf-8")
    assert run(capsys, "bundle", "--profile", "mine.yaml", "-q") == (0, "", "")
    assert (here / "bundles/mine/plan.json").is_file()


def test_json_is_for_programs(here: Path, capsys: Capture) -> None:
    code, out, _ = run(capsys, "bundle", "--profile", "dev", "--json", "--out", "box")
    first = json.loads(out)
    assert (code, first["bundle"], first["moved"]) == (0, "box", [])
    assert len(first["changed"]) == first["files"]
    second = json.loads(run(capsys, "bundle", "--profile", "dev", "--json", "--out", "box")[1])
    assert (second["changed"], second["hash"]) == ([], first["hash"])
    assert (here / "box").is_dir()


def test_check_writes_nothing_and_finds_nothing(here: Path, capsys: Capture) -> None:
    run(capsys, "bundle", "--profile", "dev")
    code, out, err = run(capsys, "bundle", "--profile", "dev", "--check")
    assert (code, err) == (0, "")
    assert "is what its profile says" in out


def test_check_shows_the_drift(here: Path, capsys: Capture) -> None:
    run(capsys, "bundle", "--profile", "dev")
    (here / "bundles/dev/README.md").write_text("mine\n", "utf-8")
    before = {path: path.read_bytes() for path in (here / "bundles").rglob("*") if path.is_file()}
    code, _, err = run(capsys, "bundle", "--profile", "dev", "--check")
    assert code == 4
    assert "README.md: changed" in err
    assert "-mine" in err
    assert err.endswith("Write it with: gen bundle --profile dev --force\n")
    assert {path: path.read_bytes() for path in (here / "bundles").rglob("*") if path.is_file()} == before


def test_check_of_nothing_says_so(here: Path, capsys: Capture) -> None:
    code, _, err = run(capsys, "bundle", "--profile", "dev", "--check", "--set", "storage.size=1G")
    assert code == 4
    assert "There is no bundle in bundles/dev" in err
    assert "gen bundle --profile dev --set storage.size=1G" in err
    assert list(here.iterdir()) == []


def the_file_is_edited(bundle: Path) -> None:
    (bundle / "README.md").write_text("mine\n", "utf-8")


def a_file_is_gone(bundle: Path) -> None:
    (bundle / "README.md").unlink()


def the_mode_is_another(bundle: Path) -> None:
    (bundle / "rollback.sh").chmod(0o644)


def there_is_one_more(bundle: Path) -> None:
    (bundle / "scripts/my notes.txt").write_text("mine\n", "utf-8")


def all_of_it(bundle: Path) -> None:
    the_file_is_edited(bundle)
    the_mode_is_another(bundle)
    there_is_one_more(bundle)


def there_is_none(bundle: Path) -> None:
    shutil.rmtree(bundle.parent)


@pytest.mark.parametrize(
    "change",
    [the_file_is_edited, a_file_is_gone, the_mode_is_another, there_is_one_more, all_of_it, there_is_none],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("out", [(), ("--out", "some where/box")], ids=["default", "out"])
def test_what_check_says_mends_it(here: Path, capsys: Capture, change: Callable[[Path], None], out: Words) -> None:
    bundle = here / (out[1] if out else "bundles/dev")
    bundle.parent.mkdir()
    words = ("bundle", "--profile", "dev", *out)
    run(capsys, *words)
    change(bundle)
    _, _, err = run(capsys, *words, "--check")
    mend = err.splitlines()[-1].removeprefix("Write it with: ")
    gen = f'gen() {{ {sys.executable} -m generator "$@"; }}'
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    subprocess.run(("bash", "-ec", f"{gen}\n{mend}"), cwd=here, env=surroundings, check=True, capture_output=True)
    assert run(capsys, *words, "--check")[0] == 0


def test_check_of_a_folder_that_is_none_of_ours(here: Path, capsys: Capture) -> None:
    (here / "mine").mkdir()
    (here / "mine/notes.txt").write_text("mine\n", "utf-8")
    code, _, err = run(capsys, "bundle", "--profile", "dev", "--out", "mine", "--check")
    assert (code, err.splitlines()[-1]) == (4, "The folder is not a bundle: choose another one with --out")


def test_check_as_json_names_each_difference(here: Path, capsys: Capture) -> None:
    run(capsys, "bundle", "--profile", "dev")
    (here / "bundles/dev/PLAN.md").unlink()
    code, out, _ = run(capsys, "bundle", "--profile", "dev", "--check", "--json")
    assert code == 4
    assert json.loads(out)["drift"] == [{"path": "PLAN.md", "kind": "missing"}]


def test_force_says_where_the_edited_file_went(here: Path, capsys: Capture) -> None:
    run(capsys, "bundle", "--profile", "dev")
    (here / "bundles/dev/README.md").write_text("mine\n", "utf-8")
    code, _, err = run(capsys, "bundle", "--profile", "dev")
    assert (code, "--force" in err) == (4, True)
    code, out, _ = run(capsys, "bundle", "--profile", "dev", "--force")
    assert code == 0
    assert "bundles/dev/local/overwritten/1/README.md" in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("bundle", 2, "Missing option '--profile'"),
        ("bundle --profile nosuch", 2, "nosuch"),
        ("bundle --profile dev --set storage.size=1", 2, "storage.size"),
        ("bundle --profile dev --out a/b/c", 2, "mkdir -p a/b"),
        ("bundle --profile dev --out file", 4, "It is a file"),
        ("bundle --profile dev --wrong", 2, "No such option"),
        ("nosuch", 2, "No such command"),
        ("completion tcsh", 2, "tcsh"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    here: Path, capsys: Capture, arguments: str, code: int, says: str
) -> None:
    (here / "file").write_text("mine", "utf-8")
    got, out, err = run(capsys, *arguments.split())
    assert (got, out) == (code, "")
    assert says in err
    assert "Traceback" not in err
    assert [path.name for path in here.iterdir()] == ["file"]


def test_an_error_is_printed_whole_and_cannot_steer_the_terminal(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise GenError("No \x1b[2J luck", details="because", resolution="try again", exit_code=3)

    monkeypatch.setattr(cli.gen, "main", fail)
    assert run(capsys) == (3, "", "gen: error: No \\x1b[2J luck\nbecause\ntry again\n")
    assert list(here.iterdir()) == []


def test_a_fault_of_gen_leaves_a_trace_in_a_file_and_none_on_the_screen(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("what\nnow")

    monkeypatch.setattr(cli.gen, "main", fail)
    code, out, err = run(capsys)
    (trace,) = (here / "state/gen").glob("crash-*.log")
    assert (code, out) == (70, "")
    assert err.startswith("gen: error: internal error: RuntimeError: what now\n")
    assert str(trace) in err
    assert "Traceback" in trace.read_text("utf-8")


def test_a_trace_that_cannot_be_saved_is_no_traceback_either(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("what")

    (here / "state").write_text("a file", "utf-8")
    monkeypatch.setattr(cli.gen, "main", fail)
    code, _, err = run(capsys)
    assert code == 70
    assert "could not be saved" in err


def test_an_interrupt_ends_with_130(here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("generator.profile.load_profile", interrupted)
    monkeypatch.delitem(sys.modules, "generator.cli_bundle", raising=False)
    code, _, err = run(capsys, "bundle", "--profile", "dev")
    assert (code, err.strip().splitlines()[-1]) == (130, "gen: error: interrupted")
    assert list(here.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error(here: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run((*GEN, "profile", "schema"), stdout=write, stderr=subprocess.PIPE, cwd=here, check=False)
    os.close(write)
    assert done.stderr == b""
    assert done.returncode in (0, 1)


def test_version_and_help(capsys: Capture) -> None:
    assert run(capsys, "--version")[1] == f"gen, version {__version__}\n"
    _, out, _ = run(capsys, "--help")
    for word in ("bundle", "profile", "completion", "Exit codes"):
        assert word in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_code_for_that_shell(capsys: Capture, shell: str) -> None:
    code, out, _ = run(capsys, "completion", shell)
    assert code == 0
    assert "_GEN_COMPLETE" in out


def test_completion_without_a_shell_asks_which(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert run(capsys, "completion")[0] == 2
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    assert run(capsys, "completion")[0] == 0


@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}, {"FORCE": "1"}])
def test_no_colour_where_nobody_looks(here: Path, colour: dict[str, str]) -> None:
    done = subprocess.run(
        (*GEN, "bundle", "--profile", "dev"), capture_output=True, cwd=here, env={**os.environ, **colour}, check=True
    )
    assert b"\x1b" not in done.stdout


def test_what_is_slow_is_not_imported_for_a_bundle(here: Path) -> None:
    script = (
        "import sys; from generator.cli import main; main(['bundle', '--profile', 'dev', '-q']); print(*sys.modules)"
    )
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, cwd=here, check=True)
    assert not {"rich", "docker", "requests", "asyncio"} & set(done.stdout.split())
