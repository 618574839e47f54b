"""Nothing of a bundle runs that its manifest does not list: each script looks first, and no program reads beside it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES, BUNDLES = ROOT / "templates", ROOT / "bundles"
OWN = ("local", ".state", "storage", "backups")
# What a script may do before the first file of lib/ that it reads has looked at the bundle.
BEGINS = re.compile(
    r'\. "(\$\(dirname "\$0"\)|\$\{BASH_SOURCE\[0\]%/\*\})(/\.\./lib|/lib|/\.\./\.\./lib|)/[a-z-]+\.sh"'
)
SCRIPTS = sorted(path.relative_to(BUNDLES / "safe").as_posix() for path in (BUNDLES / "safe").glob("scripts/*.sh"))
SCRIPTS += ["rollback.sh", "test-setup.sh", "scripts/mount-storage.sh", "scripts/backup.sh", "scripts/restore.sh"]
TRACE = 'touch "$TRACE"\n'


def appended(name: str) -> Callable[[Path], None]:
    """Something of the bundle's is edited."""

    def spoil(bundle: Path) -> None:
        with (bundle / name).open("a") as file:
            file.write(TRACE)

    return spoil


def added(name: str) -> Callable[[Path], None]:
    """Something lies beside what is the bundle's."""

    def spoil(bundle: Path) -> None:
        place = bundle / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(
            f"#!/usr/bin/env bash\n# A check\n{TRACE}" if name.endswith(".sh") else "raise SystemExit(1)\n"
        )

    return spoil


def link(bundle: Path) -> None:
    """A file is a link to what is the same now, and may be another one at any moment."""
    (bundle / "lib/text.sh").rename(bundle / "local.sh")
    (bundle / "lib/text.sh").symlink_to("../local.sh")


def pipe(bundle: Path) -> None:
    """Whoever reads it waits for ever."""
    (bundle / "lib/sandbox.sh").unlink()
    os.mkfifo(bundle / "lib/sandbox.sh")


SPOILT: dict[str, Callable[[Path], None]] = {
    "a library is edited": appended("lib/sandbox.sh"),
    "the settings are edited": appended("lib/settings.sh"),
    "a check is edited": appended("checks/30-capabilities.sh"),
    "a check more": added("checks/00-hello.sh"),
    "a step more": added("steps/00-hello/do.sh"),
    "a commit more": added("steps/10-preflight/commit.sh"),
    "a module of Python's name": added("lib/json.py"),
    "a compiled module": added("lib/project/__pycache__/words.cpython-311.pyc"),
    "a file of the image": added("image/.dockerignore"),
    "a name with a line feed": added("lib/x\nlib/y.sh"),
    "a name out of the manifest behind a line feed": added("lib/client.sh\nlib/common.sh"),
    "a link": link,
    "a pipe": pipe,
    "no manifest": lambda bundle: (bundle / "MANIFEST.sha256").unlink(),
    "an empty manifest": lambda bundle: (bundle / "MANIFEST.sha256").write_text(""),
    "a manifest of something above": lambda bundle: (bundle / "MANIFEST.sha256").write_text(
        f"{'0' * 64}  lib/../../x\n"
    ),
}


def copy_of(bundle: Path, to: Path) -> Path:
    return Path(shutil.copytree(bundle, to, ignore=lambda _, names: {*OWN, "__pycache__"} & set(names)))


def call(bundle: Path, script: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """As a person calls it, with an engine that is not there."""
    return subprocess.run(
        ("bash", bundle / script, *words),
        env={"PATH": os.environ["PATH"], "HOME": str(bundle.parent), "DOCKER_HOST": "unix:///nowhere", **env},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("spoilt", SPOILT)
def test_no_script_begins_in_a_bundle_that_is_not_what_gen_wrote(tmp_path: Path, spoilt: str) -> None:
    trace = tmp_path / "trace"
    # Each script once, and each way with some of them: all with all takes minutes.
    scripts = SCRIPTS if spoilt == "a library is edited" else ["test-setup.sh", "scripts/connect.sh"]
    for name in ("safe", "dev"):
        bundle = copy_of(BUNDLES / name, tmp_path / name)
        SPOILT[spoilt](bundle)
        for script in scripts:
            if (bundle / script).exists():
                done = call(bundle, script, "--", "true", TRACE=str(trace))
                said = done.stdout + done.stderr
                assert done.returncode == 4, (name, script, said)
                assert "the bundle is not what gen wrote" in said, (name, script)
                assert re.search(r"^(# )?gen: result=refused run=- failed_step=manifest$", said, re.MULTILINE), script
                assert not (bundle / ".state").exists(), script
    assert not trace.exists()


def test_the_control_a_whole_one_begins_and_what_lies_at_the_top_is_nobodys_matter(tmp_path: Path) -> None:
    for name in ("safe", "dev"):
        bundle = copy_of(BUNDLES / name, tmp_path / name)
        for theirs in ("report.xml", "notes/x.sh", ".git/config", ".env"):
            added(theirs)(bundle)
        for script in SCRIPTS:
            if (bundle / script).exists():
                done = call(bundle, script, "--help")
                assert (done.returncode, "usage:" in done.stdout) == (0, True), (script, done.stderr)


@pytest.mark.parametrize("program", ["find", "tr", "awk", "sha256sum"])
def test_what_cannot_be_looked_at_is_not_taken_for_whole(tmp_path: Path, program: str) -> None:
    bundle, broken = copy_of(BUNDLES / "dev", tmp_path / "dev"), tmp_path / "bin" / program
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    done = call(bundle, "scripts/connect.sh", "--help", PATH=f"{broken.parent}:{os.environ['PATH']}")
    assert (done.returncode, "not what gen wrote" in done.stderr) == (4, True), done.stderr


def test_every_script_reads_a_library_first() -> None:
    entries = [*TEMPLATES.glob("files/*.sh"), *TEMPLATES.glob("files/scripts/*.sh")]
    entries += [*TEMPLATES.glob("steps/*/*.sh"), *TEMPLATES.glob("checks/*/check.sh"), TEMPLATES / "lib/docker.sh"]
    assert len(entries) > 80
    for script in entries:
        sourced = [line for line in script.read_text("utf-8").splitlines() if re.match(r"(\.|source) ", line)]
        # The undoing of what only looks does nothing, and needs none.
        assert sourced or script.parent.name == "preflight", f"{script} reads no library"
        assert not sourced or BEGINS.match(sourced[0]), (script, sourced[0])
    # Three of them lead to the one that looks.
    for name in ("runner", "docker", "project-script"):
        lines = (TEMPLATES / f"lib/{name}.sh").read_text("utf-8").splitlines()
        first = next(line for line in lines if line.startswith(". "))
        assert first == '. "${BASH_SOURCE[0]%/*}/common.sh"', name
    common = (TEMPLATES / "lib/common.sh").read_text("utf-8")
    before = common[: common.index("|| manifest_check\n")]
    assert re.findall(r'^\. "\$BUNDLE/lib/(\w+)\.sh"', before, re.MULTILINE) == ["text", "json", "manifest"]


#   what is forbidden                                    a line that does it
LAWS = {
    r'for \w+ in "\$BUNDLE"/': 'for check in "$BUNDLE"/checks/*.sh; do',
    r'"\$BUNDLE"/[a-z]+/\*': 'local all=("$BUNDLE"/checks/*.sh)',
    # Python puts a folder, and a script's without -I, before its own modules.
    r'python3 (?!-I )["$a-z/-]*(BUNDLE|lib/|-c)': 'python3 "$BUNDLE/lib/still.py"',
    r'python3 [^|;]*"\$BUNDLE/(?![^"]*\.py")[^"]*"': 'python3 -I -B "$BUNDLE/lib/microvm" --state "$MACHINE"',
    # What these read by themselves may lie at the top.
    r"docker compose (?!--env-file /dev/null )(?!version)": 'docker compose --project-directory "$BUNDLE" up',
    r'--file "\$BUNDLE/Dockerfile"': 'docker build --file "$BUNDLE/Dockerfile" "$CONTEXT"',
}


@pytest.mark.parametrize("law", LAWS)
def test_nothing_is_run_or_read_because_it_lies_there(law: str) -> None:
    assert re.search(law, LAWS[law]), "the control"
    breaches = [
        f"{path.relative_to(TEMPLATES)}: {line.strip()}"
        for path in sorted(TEMPLATES.rglob("*.sh"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(law, line)
        and not re.search(r"^\s*#|\b(problem|inside|warn|say|fail|MEND=|Requirement)\b|apt-get", line)
    ]
    assert breaches == []


def test_pythons_own_modules_come_first() -> None:
    for program in ("project", "microvm"):
        text = (TEMPLATES / f"lib/{program}/__main__.py").read_text("utf-8")
        assert "sys.path.append(" in text
        assert not re.search(r"sys\.path\[[^\]]*\] = \[?[a-z(]|sys\.path\.insert", text), program
