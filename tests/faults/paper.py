"""A bundle of paper: the real lib/, and steps that make a file each. For what needs no engine, like the journal."""

from __future__ import annotations

import hashlib
from pathlib import Path

LIB = Path(__file__).parents[2] / "templates/lib"
STEPS = ("10-network", "20-image", "30-sandbox")

_SETTINGS = "GEN_NAME=paper\nGEN_VERSION=0\nGEN_ENGINE=fake\n"
# A fake engine, standing in for Docker: what it holds are the files in made/.
_ENGINE = 'engine_inventory() { ls "$BUNDLE/made"; }\nkernel_inventory() { :; }\n'
_SCRIPTS = {
    "do.sh": 'echo nothing >"$GEN_PRIOR/was"; touch "$(dirname "$0")/../../made/NAME"\n',
    "verify.sh": '[ -e "$(dirname "$0")/../../made/NAME" ] || exit 1\n',
    "undo.sh": 'rm -f "$(dirname "$0")/../../made/NAME"\n',
    "commit.sh": ":\n",
    "step.conf": "id=NAME\ntitle=Make NAME\ntimeout=20\nhint=none\n",
}


def paper_bundle(folder: Path) -> Path:
    """Writes it. `start.sh` and `back.sh` run it."""
    for name in ("lib", "made", *(f"steps/{step}" for step in STEPS)):
        (folder / name).mkdir(parents=True)
    for file in LIB.glob("*.sh"):
        (folder / "lib" / file.name).write_bytes(file.read_bytes())
    (folder / "lib/settings.sh").write_text(_SETTINGS)
    (folder / "lib/fake.sh").write_text(_ENGINE)
    for step in STEPS:
        for name, text in _SCRIPTS.items():
            (folder / "steps" / step / name).write_text(text.replace("NAME", step[3:]))
    for entry, function in (("start", "run_up"), ("back", "run_back"), ("recover", "begin")):
        (folder / f"{entry}.sh").write_text(f'. "$(dirname "$0")/lib/runner.sh"\n{function}\n')
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Writes the manifest anew, after a change."""
    files = sorted(file for part in ("lib", "steps") for file in (folder / part).rglob("*") if file.is_file())
    digests = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n" for file in files)
    (folder / "MANIFEST.sha256").write_text("".join(digests))
