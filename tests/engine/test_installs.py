"""What a developer installs by habit in `dev` works as that user, is found, and outlives the container."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from tests.engine.conftest import MakeBundle, run


def wheel(folder: Path) -> Path:
    """A Python package with one program, made by hand, so that nothing is fetched."""
    made = folder / "moo-1.0-py3-none-any.whl"
    about = "moo-1.0.dist-info"
    files = {
        "moo.py": "def main():\n    print('moo of pip')\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: moo\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\npmoo = moo:main\n",
    }
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD")))
    return made


def package(folder: Path) -> Path:
    """The same for npm."""
    place = folder / "nmoo"
    place.mkdir()
    about = {"name": "nmoo", "version": "1.0.0", "bin": {"nmoo": "moo.js"}}
    (place / "package.json").write_text(json.dumps(about))
    (place / "moo.js").write_text("#!/usr/bin/env node\nconsole.log('moo of npm')\n")
    return place


def test_programs_of_ones_own(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle("image.node=22")
    bundle.start()
    for source in (wheel(tmp_path), package(tmp_path)):
        run("docker", "cp", source, f"{bundle.name}:/workspace/{source.name}")
    # As npm makes it of a package that it fetched: a folder would be linked to.
    bundle.inside("sh", "-c", "cd /tmp && npm pack --silent /workspace/nmoo && npm install --global ./nmoo-1.0.0.tgz")
    bundle.inside("pip", "install", "--user", "--no-index", "/workspace/moo-1.0-py3-none-any.whl")
    bundle.inside(
        "sh", "-c", "mkdir -p ~/.cargo/bin ~/go/bin; cp /bin/true ~/.cargo/bin/cmoo; cp /bin/true ~/go/bin/gmoo"
    )
    assert bundle.inside("nmoo").stdout == "moo of npm\n"
    assert bundle.inside("pmoo").stdout == "moo of pip\n"
    bundle.inside("sh", "-c", "cmoo && gmoo && command -v yarn && command -v pnpm && corepack --version")
    # A container that is made anew has them still, as its workspace.
    run("docker", "rm", "--force", bundle.name)
    bundle.start()
    assert bundle.inside("nmoo").stdout + bundle.inside("pmoo").stdout == "moo of npm\nmoo of pip\n"
    bundle.script("test-setup.sh")
