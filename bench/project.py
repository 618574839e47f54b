"""A project's copy: how long its entry and a commit of one small change take, against git's and rsync's own ways.

The project is made on the fly: 50,000 files of random bytes, 1 GB. GEN_BENCH_PROJECT_MB=200 makes it smaller.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import Contender, Row, command, passed, race, ratios

PROGRAM = Path(__file__).resolve().parent.parent / "templates" / "lib" / "project" / "__main__.py"
FILES, FOLDERS = 50_000, 500
ENTRY_GOAL, COMMIT_GOAL, RATIO_GOAL = 0.3, 0.05, 0.25
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@gen.invalid", "-c", "gc.auto=0")


def project_copy(work: Path) -> list[Row]:
    """Entry by both methods, and a commit."""
    project = work / "project"
    _make(project, int(os.environ.get("GEN_BENCH_PROJECT_MB", "1000")))
    return [*_entry(work, project), *_commit(work, project)]


def _make(project: Path, megabytes: int) -> None:
    """Fills the project; its first commit is not what is measured."""
    size = megabytes * 1_000_000 // FILES
    pool = os.urandom(size + FILES)
    for number in range(FILES):
        folder = project / f"package{number % FOLDERS // 25:02}" / f"module{number % FOLDERS:03}"
        if number < FOLDERS:
            folder.mkdir(parents=True)
        (folder / f"file{number:05}.py").write_bytes(pool[number : number + size])
    (project / ".gitignore").write_text("*.pyc\nnode_modules/\n")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "all")):
        command((*GIT, *words), cwd=project)


def _program(state: Path, *words: str | Path) -> None:
    # The interpreter itself, not that of a virtual environment: a bundle has none.
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin:" + os.environ["PATH"]) or sys.executable
    command((python, "-I", "-S", "-B", PROGRAM, "--state", state, *words))


def _enter(state: Path, project: Path, method: str) -> None:
    _program(state, "enter", "--project", project, "--sandbox-uid", str(os.getuid()), "--method", method)


def _entry(work: Path, project: Path) -> list[Row]:
    def ours(method: str) -> Contender:
        state = work / method
        state.mkdir()

        def prepare() -> None:
            _program(state, "leave", "--delete")

        return Contender(name=method, prepare=prepare, run=lambda: _enter(state, project, method))

    tree, copy = work / "worktree", work / "copy"

    def no_worktree() -> None:
        if tree.exists():
            command((*GIT, "worktree", "remove", "--force", tree), cwd=project)

    copying = ("rsync", "-a") if shutil.which("rsync") else ("cp", "-a")
    rivals = (
        Contender(
            name="git worktree add",
            prepare=no_worktree,
            run=lambda: command((*GIT, "worktree", "add", "-q", "--detach", tree), cwd=project),
        ),
        Contender(
            name=" ".join(copying),
            prepare=lambda: shutil.rmtree(copy, ignore_errors=True),
            run=lambda: command((*copying, f"{project}/.", copy)),
        ),
    )
    mine = (ours("overlay"), ours("plain"))
    turns = race((*mine, *rivals), rounds=2)
    rows = []
    for contender in mine:
        took = passed(turns[contender.name])
        against = ", ".join(
            f"{ratios(turns[contender.name], turns[rival.name])[0]:.3f} x {rival.name}" for rival in rivals
        )
        goal, met = (f"< {ENTRY_GOAL} s", took < ENTRY_GOAL) if contender.name == "overlay" else ("", None)
        rows.append(
            Row(what=f"project entry, {contender.name}", measured=f"{took:.2f} s; {against}", goal=goal, met=met)
        )
    no_worktree()
    shutil.rmtree(copy, ignore_errors=True)
    _program(work / "plain", "leave", "--delete")
    _program(work / "overlay", "leave", "--delete")
    return rows


def _commit(work: Path, project: Path) -> list[Row]:
    """One file of 50,000 is changed, as an overlay would show it: it lies in the upper layer."""
    state, count = work / "overlay", iter(range(1_000_000))
    _enter(state, project, "overlay")
    place = Path("package03") / "module075"
    upper = state / "disk" / "upper" / place
    upper.mkdir(parents=True)

    def change(folder: Path) -> None:
        (folder / "file00075.py").write_text(f"changed {next(count)}\n")

    def git_commits() -> None:
        command(("sh", "-c", f"{' '.join(GIT)} add -A && {' '.join(GIT)} commit -qm changed"), cwd=project)

    # Git changes the project itself, at the very path that the upper layer covers: our look is at that layer alone.
    turns = race(
        (
            Contender(name="ours", prepare=lambda: change(upper), run=lambda: _program(state, "commit", "--outside")),
            Contender(name="git", prepare=lambda: change(project / place), run=git_commits),
        ),
        rounds=15,
    )
    took, ratio = passed(turns["ours"]), ratios(turns["ours"], turns["git"])[0]
    log = subprocess.run(
        ("git", "-C", state / "track.git", "rev-list", "--count", "sandbox"), capture_output=True, text=True, check=True
    )
    if int(log.stdout) < len(turns["ours"]):
        raise RuntimeError("not every change became a commit")
    return [
        Row(
            what="a commit",
            measured=f"{took * 1000:.0f} ms",
            goal=f"<= {COMMIT_GOAL * 1000:.0f} ms",
            met=took <= COMMIT_GOAL,
        ),
        Row(
            what="a commit against git add -A && git commit",
            measured=f"{ratio:.2f} x",
            goal=f"<= {RATIO_GOAL} x",
            met=ratio <= RATIO_GOAL,
        ),
    ]
