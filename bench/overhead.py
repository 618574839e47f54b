"""What a step costs besides its own work: lib/runner.sh, pyinfra and ansible, each on 15 steps that do nothing.

The rivals are set up as their manuals advise for speed: no facts are gathered, ansible pipelines and is told its
Python, and nobody opens a connection. Each takes part in two ways. In the like one a step looks first, does, and does
nothing when run again, as a step of ours (`files.file`; `command` with `creates`). In the bare one it only runs `true`,
the least that the tool can do. Neither writes to the disk first what it is about to do, nor can it undo it: ours does.
"""

import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bench.measure import Contender, Row, Turns, command, passed, race, ratios
from generator.render import sha256

COUNT = 15
ROUNDS = 7
GOAL_STEP = 0.020
LIB = Path(__file__).resolve().parent.parent / "templates" / "lib"
SETTINGS = "GEN_NAME=bench\nGEN_VERSION=0\nGEN_ENGINE=none\n"
ENTRY = '. "$(dirname "$0")/lib/runner.sh"\nrun_up\n'
MADE = '"${0%/*}/made"'
# What a step's three scripts hold. One that was never done is done once; one that holds is only looked at.
DOES = {"verify": f"[ -e {MADE} ]\n", "do": f": >{MADE}\n", "undo": f"rm -f {MADE}\n"}
HOLDS = {"verify": "exit 0\n", "do": ":\n", "undo": ":\n"}


def write_steps(folder: Path, count: int, scripts: Mapping[str, str]) -> None:
    """A folder that the real runner takes for a bundle, with what every bundle has in lib/."""
    (folder / "lib").mkdir(parents=True)
    for part in LIB.glob("*.sh"):
        shutil.copy(part, folder / "lib")
    (folder / "lib" / "settings.sh").write_text(SETTINGS, encoding="ascii")
    for number in range(count):
        step = folder / "steps" / f"{number + 10}-nothing"
        step.mkdir(parents=True)
        values = f"id=nothing-{number}\ntitle=Do nothing\ntimeout=10\nchanges=yes\nhint=none\n"
        (step / "step.conf").write_text(values, encoding="ascii")
        for phase, script in scripts.items():
            (step / f"{phase}.sh").write_text(script, encoding="ascii")
    (folder / "start.sh").write_text(ENTRY, encoding="ascii")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = "".join(f"{sha256(path.read_bytes())}  {path.relative_to(folder)}\n" for path in files)
    (folder / "MANIFEST.sha256").write_text(manifest, encoding="ascii")


def runner(work: Path, name: str, count: int, scripts: Mapping[str, str]) -> Contender:
    """The real runner, each time in a folder that it has never seen."""
    whole, folder = work / f"{name}-whole", work / name
    write_steps(whole, count, scripts)

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)

    return Contender(name=name, prepare=prepare, run=partial(command, ("bash", folder / "start.sh")))


def pyinfra(work: Path, rivals: Path, name: str, operations: str) -> Contender:
    """One call of pyinfra on this machine."""
    deploy, made = work / f"{name}.py", work / "made"
    deploy.write_text(f"from pyinfra.operations import files, server\n{operations}", encoding="ascii")
    words = (rivals / "pyinfra", "--yes", "@local", deploy)
    return Contender(name=name, prepare=partial(empty, made), run=partial(command, words, cwd=work, env=surroundings()))


def ansible(work: Path, rivals: Path, name: str, task: str, count: int) -> Contender:
    """One call of ansible-playbook on this machine."""
    book, made = work / f"{name}.yml", work / "made"
    tasks = "".join(f"    - {task.format(path=made / str(number))}\n" for number in range(count))
    head = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:"
    book.write_text(f"{head}\n{tasks}" if tasks else f"{head} []\n", encoding="ascii")
    words = (rivals / "ansible-playbook", "--inventory", "localhost,", book)
    env = surroundings() | {"ANSIBLE_PIPELINING": "1", "ANSIBLE_PYTHON_INTERPRETER": str(rivals / "python")}
    return Contender(name=name, prepare=partial(empty, made), run=partial(command, words, cwd=work, env=env))


def empty(folder: Path) -> None:
    """An empty folder, whatever was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def surroundings() -> dict[str, str]:
    """Ansible wants a UTF-8 locale; both write to no home but the one that is there."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def overhead(work: Path, rivals: Path) -> list[Row]:
    """Times whole processes; a step's cost is the difference to a run of no steps, shared out."""
    made = work / "made"
    like = f"for n in range({COUNT}): files.file(name=str(n), path=f'{made}/{{n}}')\n"
    bare = f"for n in range({COUNT}): server.shell(name=str(n), commands=['true'])\n"
    creates = "ansible.builtin.command: {{cmd: 'touch {path}', creates: '{path}'}}"
    turns = race(
        (
            runner(work, "runner-none", 0, DOES),
            runner(work, "runner-does", COUNT, DOES),
            runner(work, "runner-holds", COUNT, HOLDS),
            pyinfra(work, rivals, "pyinfra-none", ""),
            pyinfra(work, rivals, "pyinfra-like", like),
            pyinfra(work, rivals, "pyinfra-bare", bare),
            ansible(work, rivals, "ansible-none", "", 0),
            ansible(work, rivals, "ansible-like", creates, COUNT),
            ansible(work, rivals, "ansible-bare", "ansible.builtin.raw: 'true'", COUNT),
        ),
        rounds=ROUNDS,
    )
    return rows_of(turns)


def a_step(turns: Mapping[str, Turns], tool: str, way: str) -> float:
    """Seconds that one step takes: the median over rounds of what the steps add, shared out."""
    return (passed(turns[f"{tool}-{way}"]) - passed(turns[f"{tool}-none"])) / COUNT


def rows_of(turns: Mapping[str, Turns]) -> list[Row]:
    """Everybody's times, and the runner's against the rivals'."""
    own = a_step(turns, "runner", "does")
    rows = [
        Row(
            what=f"{tool}, {COUNT} steps, {way}",
            measured=f"{a_step(turns, tool, way) * 1000:.1f} ms a step, {passed(turns[f'{tool}-{way}']):.3f} s in all",
            goal="< 20 ms a step" if (tool, way) == ("runner", "does") else "",
            met=own < GOAL_STEP if (tool, way) == ("runner", "does") else None,
        )
        for tool, way in (name.split("-") for name in turns)
        if way != "none"
    ]
    for rival in ("pyinfra", "ansible"):
        step = own / a_step(turns, rival, "like")
        rows.append(Row(what=f"a step, runner / {rival} like", measured=f"{step:.2f}", goal="< 1", met=step < 1))
        whole, _ = ratios(turns["runner-does"], turns[f"{rival}-bare"])
        rows.append(Row(what=f"in all, runner / {rival} bare", measured=f"{whole:.2f}", goal="< 1", met=whole < 1))
    return rows
