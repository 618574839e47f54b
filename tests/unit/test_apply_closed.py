"""A file that is closed to somebody stays so, whatever it is called and wherever it lies after an apply."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from project import closed
from project.host import Host

from tests.unit.applying import Link, Versions, make, planned
from tests.unit.copying import PROGRAM, Copy, program
from tests.unit.isolated import PYTHON
from tests.unit.tracking import Tracked

TEXT = "a long secret of the user's\n"
# What the host has, with permissions; the sandbox's tree; permissions that come at most.
CASES: dict[str, tuple[dict[str, int], dict[str, str], dict[str, int]]] = {
    "renamed": ({"n.cfg": 0o600}, {"s.txt": TEXT + "x"}, {"s.txt": 0o700}),
    "renamed, for the group": ({"n.cfg": 0o640}, {"s.txt": TEXT}, {"s.txt": 0o770}),
    "two of one": ({"n": 0o600}, {"s": TEXT, "t": TEXT}, {"s": 0o700, "t": 0o700}),
    "copied": ({"n": 0o600}, {"n": TEXT, "s": TEXT}, {"s": 0o700}),
    "out of a closed folder": (
        {"closed/": 0o700, "closed/a": 0o644},
        {"opened/a": TEXT},
        {"opened/a": 0o700, "opened/": 0o700},
    ),
    "copied out of a closed folder": (
        {"closed/": 0o750, "closed/a": 0o644},
        {"closed/a": TEXT, "o/p/a": TEXT},
        {"o/p/a": 0o770, "o/": 0o770, "o/p/": 0o770},
    ),
    "within a closed folder": ({"c/": 0o700, "c/a": 0o644}, {"c/b": TEXT}, {"c/b": 0o777}),
    "over an open file": ({"n": 0o600, "open": 0o644}, {"n": TEXT, "open": TEXT}, {"open": 0o700}),
    "the half of it": ({"n": 0o600}, {"n": TEXT, "s": "more\n" * 9 + TEXT}, {"s": 0o700}),
    "two of one, changed": ({"n": 0o600}, {"s": TEXT + "s", "t": TEXT + "t"}, {"s": 0o700, "t": 0o700}),
    "the half in what was there": ({"n": 0o600, "open": 0o644}, {"n": TEXT, "open": "open\n" + TEXT}, {"open": 0o777}),
    "the control": ({"n": 0o644}, {"s": TEXT}, {"s": 0o777}),
    "the control, another content": ({"n": 0o600}, {"n": TEXT, "s": "other"}, {"s": 0o777}),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_opened_under_another_name(tmp_path: Path, case: str) -> None:
    there, sandbox, wanted = CASES[case]
    base = {name: "open\n" if name == "open" else TEXT for name in there if not name.endswith("/")}
    project = make(tmp_path / "project", dict(base))
    for name in sorted(there, key=lambda name: name.endswith("/")):
        (project / name).chmod(there[name])
    versions = Versions(dict(base), dict(sandbox))
    with Host(os.fsencode(project)) as host:
        shut = closed.of(versions.changes, host, {}, versions.blob)
        plan = planned(host, versions, tmp_path, shut=shut)
    found = {os.fsdecode(put.path): put.own for put in plan.puts}
    found |= {os.fsdecode(path) + "/": mode for path, mode in plan.folders.items() if mode is not None}
    assert found == wanted


LINES = "".join(f"secret line {number} of the file\n" for number in range(12))
OTHER = LINES.replace("12", "twelve").replace("line 3", "line three")


class Steps:
    """A project with closed files, of which the sandbox's version comes in several applies, each after a review."""

    def __init__(self, place: Path, **modes: int) -> None:
        self.base: dict[str, str] = {**dict.fromkeys(modes, LINES), "d/in": LINES, "r": "r\n"}
        self.tracked = Tracked(place, self.base)
        for name, mode in modes.items():
            (self.tracked.project / name).chmod(mode)

    def apply(self, sandbox: dict[str, str | Link], *words: str) -> None:
        """The sandbox has this now, and some of it comes."""
        self.tracked.commit(sandbox, based=self.base)
        self.tracked.run("review")
        self.tracked.run("apply", "--yes", *words)
        named = words[1::2] or tuple(self.base.keys() | sandbox.keys())
        for name in named:
            self.base.pop(name, None)
            self.base.update({name: sandbox[name]} if name in sandbox else {})

    def mode(self, name: str) -> int:
        """Permissions on the host."""
        return (self.tracked.project / name).lstat().st_mode & 0o777


@pytest.fixture(autouse=True)
def _mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_UMASK", "022")


@pytest.mark.parametrize("text", [LINES, OTHER])
def test_what_was_taken_away_by_one_apply_is_not_opened_by_the_next(tmp_path: Path, text: str) -> None:
    steps = Steps(tmp_path, s=0o600, t=0o640)
    wanted: dict[str, str | Link] = {"m": text, "d/in": LINES, "r": "r\n"}
    steps.apply(wanted, "--only", "s", "--only", "t")
    assert not (steps.tracked.project / "s").exists()
    steps.apply(wanted)
    assert steps.mode("m") == 0o600


@pytest.mark.parametrize("text", [LINES, OTHER])
def test_what_was_copied_first_and_removed_then_is_not_opened(tmp_path: Path, text: str) -> None:
    steps = Steps(tmp_path, s=0o600)
    steps.apply({**steps.base, "m": text})
    assert steps.mode("m") == 0o600
    wanted: dict[str, str | Link] = {**steps.base, "m": text + "more\n"}
    del wanted["s"]
    steps.apply(wanted)
    assert steps.mode("m") == 0o600


@pytest.mark.parametrize("between", [None, Link("r"), "folder"])
def test_what_comes_again_by_its_own_name_is_not_opened(tmp_path: Path, between: Link | str | None) -> None:
    steps = Steps(tmp_path, s=0o600)
    gone = {name: text for name, text in steps.base.items() if name != "s"}
    made = {"s/x": "x\n"} if between == "folder" else {"s": between} if between else {}
    steps.apply({**gone, **made})
    steps.apply({**gone, "s": OTHER})
    assert steps.mode("s") == 0o600


def test_a_closed_folder_that_went_is_not_opened_either(tmp_path: Path) -> None:
    steps = Steps(tmp_path)
    (steps.tracked.project / "d").chmod(0o700)
    steps.apply({"r": "r\n"})
    assert not (steps.tracked.project / "d").exists()
    steps.apply({"r": "r\n", "d/in": OTHER, "e/out": LINES})
    assert [steps.mode(name) for name in ("d", "d/in", "e", "e/out")] == [0o700, 0o600, 0o700, 0o600]


def test_the_control_what_is_something_else_is_open(tmp_path: Path) -> None:
    steps = Steps(tmp_path, s=0o600)
    gone = {name: text for name, text in steps.base.items() if name != "s"}
    steps.apply(gone)
    steps.apply({**gone, "s": "another\n", "m": "new\n"})
    assert (steps.mode("s"), steps.mode("m")) == (0o644, 0o644)


@pytest.mark.parametrize("open_", [True, False])
def test_another_file_in_its_place_does_not_make_it_forgotten(tmp_path: Path, open_: bool) -> None:
    steps = Steps(tmp_path, s=0o600)
    gone = {name: text for name, text in steps.base.items() if name != "s"}
    steps.apply(gone)
    steps.apply({**gone, "s": "another\n" * 9})
    if not open_:
        # Closed by its user, and taken away as well.
        (steps.tracked.project / "s").chmod(0o600)
        steps.apply(gone)
    steps.apply({**gone, "m": OTHER, "n": "another\n" * 9}, "--only", "m", "--only", "n")
    assert (steps.mode("m"), steps.mode("n")) == (0o600, 0o644 if open_ else 0o600)


def test_another_folder_in_its_place_does_not_make_it_forgotten(tmp_path: Path) -> None:
    steps = Steps(tmp_path)
    (steps.tracked.project / "d").chmod(0o700)
    steps.apply({"r": "r\n"})
    steps.apply({"r": "r\n", "d/x": "x\n"})
    assert steps.mode("d") == 0o755
    steps.apply({"r": "r\n", "d/x": "x\n", "d/in": OTHER})
    assert steps.mode("d/in") == 0o600


SHORT = "what is left of it\n"


@pytest.mark.parametrize("text", [LINES, OTHER])
@pytest.mark.parametrize("folder", [True, False])
def test_what_an_apply_wrote_over_is_not_opened_by_the_next(tmp_path: Path, text: str, folder: bool) -> None:
    """By its own permissions, or by those of its folder; the file itself stays as closed as it was."""
    steps = Steps(tmp_path) if folder else Steps(tmp_path, s=0o600)
    (steps.tracked.project / "d").chmod(0o700 if folder else 0o755)
    name = "d/in" if folder else "s"
    steps.apply({**steps.base, name: SHORT})
    steps.apply({**steps.base, name: SHORT * 2})
    steps.apply({**steps.base, "m": text})
    assert (steps.mode("m"), steps.mode(name)) == (0o600, 0o644 if folder else 0o600)
    steps.apply({**steps.base, "n": SHORT})
    assert steps.mode("n") == 0o600


@pytest.mark.parametrize("words", [("--only", "m"), ("--ours", "s"), ("--theirs", "s"), ("--except", "s")])
@pytest.mark.parametrize("there", [True, False])
def test_what_its_user_wrote_over_meanwhile_is_not_opened(tmp_path: Path, words: tuple[str, str], there: bool) -> None:
    """The version that the sandbox was given counts as long as the host has another one, or none."""
    copy = Copy(tmp_path, "plain")
    make(copy.project, {"s": (LINES, 0o600), "r": "r\n"})
    copy.enter()
    (copy.root / "s").write_text(LINES + "the agent's\n")
    (copy.root / "m").write_text(LINES)
    copy.commit()
    (copy.project / "s").unlink()
    make(copy.project, {"s": ("all new\n", 0o600)} if there else {})
    assert program(copy.state, "review").returncode == 0
    done = program(copy.state, "apply", "--yes", *words)
    assert done.returncode == 0, done.stderr
    assert (copy.project / "m").stat().st_mode & 0o777 == 0o600


def test_what_its_user_opened_is_open(tmp_path: Path) -> None:
    steps = Steps(tmp_path, s=0o600)
    steps.apply({**steps.base, "s": SHORT})
    (steps.tracked.project / "s").chmod(0o644)
    steps.apply({**steps.base, "s": SHORT + "more\n", "m": SHORT})
    assert (steps.mode("s"), steps.mode("m")) == (0o644, 0o644)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="this takes a right from root")
@pytest.mark.parametrize("owner", [(0, 22), (11, 22)], ids=["only its group is another's", "it is another's"])
def test_whose_a_file_is_stays_or_its_mend_is_named_and_works(tmp_path: Path, owner: tuple[int, int]) -> None:
    tracked = Tracked(tmp_path, {"old": "o\n"})
    os.chown(tracked.project / "old", *owner)
    tracked.commit({"old": "n\n"})
    # As somebody who may give files to nobody.
    words = ("setpriv", "--bounding-set=-chown", *PYTHON, PROGRAM / "__main__.py", "--state", tracked.state)
    tracked.run("review")
    done = subprocess.run((*words, "apply", "--yes"), capture_output=True, text=True, check=False)
    assert (done.returncode, (tracked.project / "old").read_text()) == (1, "o\n"), done.stderr
    mend = done.stderr.partition("  mend: ")[2].partition("   (")[0].removeprefix("sudo ")
    subprocess.run(("sh", "-c", mend), check=True)
    done = subprocess.run((*words, "apply", "--yes"), capture_output=True, text=True, check=False)
    assert (done.returncode, (tracked.project / "old").read_text()) == (0, "n\n"), done.stderr
