"""What is compared with what was there, is compared with what the host has by now: somebody may have said no before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tracking import Tracked

SCRIPTS = dict.fromkeys("abcdefgh", "true")


def package(place: int | None, **more: Any) -> str:
    """A package.json with a script that an installation runs, in that place among the others."""
    scripts = list(SCRIPTS.items())
    if place is not None:
        scripts.insert(place, ("postinstall", "id > /tmp/ran"))
    return json.dumps({"name": "x", **more, "scripts": dict(scripts)}, indent=1) + "\n"


def lock(place: int | None) -> str:
    """A lock file with a package of another host, in that place among the others."""
    names = [(name, "registry.example") for name in "abcdefgh"]
    if place is not None:
        names.insert(place, ("z", "evil.example"))
    packages = {
        f"node_modules/{name}": {"version": "1.0.0", "resolved": f"https://{host}/{name}.tgz", "integrity": "sha512-x"}
        for name, host in names
    }
    return json.dumps({"name": "x", "lockfileVersion": 3, "packages": packages}, indent=1) + "\n"


def held(tracked: Tracked) -> set[str]:
    return {each["path"] for each in tracked.review()["changes"] if each["held"]}  # type: ignore[attr-defined, index]


def test_what_was_refused_is_held_back_when_it_moves(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"package.json": package(None)})
    tracked.commit({"package.json": package(1)})
    assert held(tracked) == {"package.json"}
    tracked.run("review")
    tracked.run("apply", "--yes", "--ours", "package.json")
    assert held(tracked) == set()
    tracked.commit({"package.json": package(7)}, based={"package.json": package(1)})
    assert held(tracked) == {"package.json"}
    tracked.run("review")
    assert "1 path still held back" in tracked.run("apply", "--yes").stdout
    assert (tracked.project / "package.json").read_text() == package(None)


def test_what_its_user_took_out_is_held_back_when_it_comes_again(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"package.json": package(None)})
    tracked.commit({"package.json": package(1)})
    tracked.run("review")
    tracked.run("apply", "--yes", "--accept", "package.json")
    (tracked.project / "package.json").write_text(package(None))
    tracked.commit({"package.json": package(7)}, based={"package.json": package(1)})
    assert held(tracked) == {"package.json"}


def test_a_host_that_was_refused_is_counted_when_the_lock_file_changes_again(tmp_path: Path) -> None:
    manifest = package(None)
    tracked = Tracked(tmp_path, {"package.json": manifest, "package-lock.json": lock(None)})
    tracked.commit({"package.json": manifest, "package-lock.json": lock(1)})
    tracked.run("review")
    tracked.run("apply", "--yes", "--ours", "package-lock.json")
    asks = package(None, dependencies={"h": "1"})
    tracked.commit(
        {"package.json": asks, "package-lock.json": lock(7)},
        based={"package.json": manifest, "package-lock.json": lock(1)},
    )
    (change,) = [each for each in tracked.review()["changes"] if each["path"] == "package-lock.json"]  # type: ignore[attr-defined]
    assert any("did not name before" in reason["reason"] for reason in change["held"])


def test_the_control_what_the_host_has_already_is_no_news(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"package.json": package(3)})
    tracked.commit({"package.json": package(3, description="new")})
    assert held(tracked) == set()


CODE = "".join(f"line {number}\n" for number in range(40))
EVIL = CODE + "evil()\n"


def shown(tracked: Tracked) -> str:
    """A whole review; the document for programs, and the patch, say the same of what was renamed."""
    file = tracked.state / "patch"
    said = tracked.run("review", "--patch", file).stdout
    renamed = ["renamed_from" in each for each in tracked.review()["changes"]]  # type: ignore[attr-defined]
    assert any(renamed) == ("rename from" in said) == ("rename from" in file.read_text())
    return said


@pytest.mark.parametrize("also", ["", "more()\n"])
@pytest.mark.parametrize("known", [True, False])
def test_what_was_refused_is_shown_when_its_file_is_renamed(tmp_path: Path, known: bool, also: str) -> None:
    """To the host all of it is new, also where the host never had the file."""
    base = {"other": "x\n", **({"tool.py": CODE} if known else {})}
    tracked = Tracked(tmp_path, base)
    tracked.commit({**base, "tool.py": EVIL})
    assert "+evil()" in shown(tracked)
    tracked.run("apply", "--yes", "--ours", "tool.py")
    tracked.commit({"other": "x\n", "util.py": EVIL + also}, based={**base, "tool.py": EVIL})
    assert "+evil()" in shown(tracked)


@pytest.mark.parametrize("mine", [CODE, None])
def test_what_its_user_took_out_is_shown_when_its_file_is_renamed(tmp_path: Path, mine: str | None) -> None:
    tracked = Tracked(tmp_path, {"tool.py": EVIL}, {"tool.py": mine} if mine else {})
    tracked.commit({"util.py": EVIL})
    assert "+evil()" in shown(tracked)


def test_what_its_user_takes_out_after_the_look_has_to_be_looked_at(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"tool.py": EVIL})
    tracked.commit({"util.py": EVIL})
    assert "evil()" not in shown(tracked)
    (tracked.project / "tool.py").write_text(CODE)
    done = tracked.run("apply", "--yes", "--ours", "tool.py", check=False)
    assert (done.returncode, (tracked.project / "util.py").exists()) == (4, False)
    assert "removed  tool.py" in done.stderr


def test_the_control_what_the_host_has_is_renamed(tmp_path: Path) -> None:
    tracked = Tracked(tmp_path, {"tool.py": EVIL})
    tracked.commit({"util.py": EVIL})
    assert "tool.py -> util.py (100%)" in shown(tracked)
    assert tracked.run("apply", "--yes").returncode == 0
    assert (tracked.project / "util.py").read_text() == EVIL
