"""`gen bundle` against cookiecutter and copier, which render templates made from the very same files."""

import json
import shutil
import sys
from pathlib import Path

from bench.measure import Contender, Row, command, race

ROUNDS = 9
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


def cold_start(work: Path, rivals: Path) -> list[Row]:
    """Times whole processes; `rivals` is the bin folder with cookiecutter and copier."""
    gen = (BIN / "gen", "bundle", "--profile", "dev", "--out")
    command((*gen, work / "reference"))
    files = files_of(work / "reference")
    cookiecutter_template(files, work / "cookiecutter")
    copier_template(files, work / "copier")
    out = work / "out"

    def clear() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    contenders = (
        Contender(name="gen", prepare=clear, run=lambda: command((*gen, out / "bundle"))),
        Contender(
            name="cookiecutter",
            prepare=clear,
            run=lambda: command((rivals / "cookiecutter", "--no-input", "-o", out, work / "cookiecutter")),
        ),
        Contender(
            name="copier",
            prepare=clear,
            run=lambda: command((rivals / "copier", "copy", "--quiet", "--defaults", work / "copier", out / "bundle")),
        ),
    )
    for contender in contenders:
        contender.prepare()
        contender.run()
        if files_of(out / "bundle") != files:
            raise RuntimeError(f"{contender.name} did not render the same files: the comparison would be unfair")
    medians = race(contenders, rounds=ROUNDS)
    faster = min(medians["cookiecutter"], medians["copier"])
    rows = [Row(what=f"{name}, {len(files)} files", measured=f"{taken:.3f} s") for name, taken in medians.items()]
    ratio = medians["gen"] / faster
    return [*rows, Row(what="gen bundle / the faster one", measured=f"{ratio:.2f}", goal="≤ 0.8", met=ratio <= GOAL)]
