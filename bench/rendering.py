"""`gen bundle` against cookiecutter and copier, which render templates made from the very same files."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.measure import Contender, Row, Turns, command, passed, race, ratios, spent

ROUNDS = 15
GOAL = 0.8
BIN = Path(sys.executable).parent
RAW = "{% raw %}", "{% endraw %}"


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_template(content: bytes, expression: str) -> str:
    """A template that gives the content: the sandbox's name as an expression, all else as it stands."""
    before, after = RAW
    text = content.decode().replace("gen-dev", f"gen-{after}{expression}{before}")
    return f"{before}{text}{after}"


def cookiecutter_template(files: dict[str, bytes], folder: Path) -> None:
    """Writes a cookiecutter template for the files."""
    folder.mkdir()
    (folder / "cookiecutter.json").write_text(json.dumps({"folder": "bundle", "name": "dev"}), encoding="utf-8")
    for name, content in files.items():
        path = folder / "{{cookiecutter.folder}}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_template(content, "{{ cookiecutter.name }}"), encoding="utf-8")


def copier_template(files: dict[str, bytes], folder: Path) -> None:
    """Writes a copier template for the files."""
    folder.mkdir()
    (folder / "copier.yml").write_text("name: dev\n_subdirectory: files\n", encoding="utf-8")
    for name, content in files.items():
        path = folder / "files" / f"{name}.jinja"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_template(content, "{{ name }}"), encoding="utf-8")


def surroundings() -> dict[str, str]:
    """The environment for all of them, without settings of Python: everybody keeps and uses compiled modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def contenders(work: Path, rivals: Path, gen: Sequence[str | Path]) -> tuple[Contender, ...]:
    """Those that take part. Each writes `work`/out/bundle, into a folder that is empty before its clock starts."""
    out = work / "out"
    programs: dict[str, Sequence[str | Path]] = {
        "gen": (*gen, out / "bundle"),
        "cookiecutter": (rivals / "cookiecutter", "--no-input", "-o", out, work / "cookiecutter"),
        "copier": (rivals / "copier", "copy", "--quiet", "--defaults", work / "copier", out / "bundle"),
    }
    env = surroundings()

    def clear() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    return tuple(
        Contender(name=name, prepare=clear, run=partial(command, words, env=env)) for name, words in programs.items()
    )


def cold_start(work: Path, rivals: Path) -> list[Row]:
    """Times whole processes; `rivals` is the bin folder with cookiecutter and copier."""
    gen = (BIN / "gen", "bundle", "--profile", "dev", "--out")
    command((*gen, work / "reference"))
    files = files_of(work / "reference")
    cookiecutter_template(files, work / "cookiecutter")
    copier_template(files, work / "copier")
    taking_part = contenders(work, rivals, gen)
    for contender in taking_part:
        contender.prepare()
        contender.run()
        if files_of(work / "out" / "bundle") != files:
            raise RuntimeError(f"{contender.name} did not render the same files: the comparison would be unfair")
    return rows_of(race(taking_part, rounds=ROUNDS), len(files))


def rows_of(turns: Mapping[str, Turns], count: int) -> list[Row]:
    """Everybody's times, and gen's against those of the faster rival."""
    rows = [
        Row(what=f"{name}, {count} files", measured=f"{passed(own):.3f} s, {spent(own):.3f} s of processor")
        for name, own in turns.items()
    ]
    faster = min(("cookiecutter", "copier"), key=lambda name: passed(turns[name]))
    clock, processor = ratios(turns["gen"], turns[faster])
    return [
        *rows,
        Row(what=f"gen bundle / {faster}", measured=f"{clock:.2f}", goal="≤ 0.8", met=clock <= GOAL),
        Row(what="the same, in processor time", measured=f"{processor:.2f}"),
    ]
