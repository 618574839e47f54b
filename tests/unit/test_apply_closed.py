"""A file that is closed to somebody stays so, whatever it is called and wherever it lies after an apply."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import closed
from project.host import Host

from tests.unit.applying import Versions, make, planned

TEXT = "a long secret of the user's\n"
# What the host has, with permissions; the sandbox's tree; git's old names; permissions that come at most.
CASES: dict[str, tuple[dict[str, int], dict[str, str], dict[str, str], dict[str, int]]] = {
    "renamed": ({"n.cfg": 0o600}, {"s.txt": TEXT + "x"}, {"s.txt": "n.cfg"}, {"s.txt": 0o700}),
    "renamed, for the group": ({"n.cfg": 0o640}, {"s.txt": TEXT}, {"s.txt": "n.cfg"}, {"s.txt": 0o770}),
    "two of one": ({"n": 0o600}, {"s": TEXT, "t": TEXT}, {"s": "n"}, {"s": 0o700, "t": 0o700}),
    "copied": ({"n": 0o600}, {"n": TEXT, "s": TEXT}, {}, {"s": 0o700}),
    "out of a closed folder": (
        {"closed/": 0o700, "closed/a": 0o644},
        {"opened/a": TEXT},
        {"opened/a": "closed/a"},
        {"opened/a": 0o700, "opened/": 0o700},
    ),
    "copied out of a closed folder": (
        {"closed/": 0o750, "closed/a": 0o644},
        {"closed/a": TEXT, "o/p/a": TEXT},
        {},
        {"o/p/a": 0o770, "o/": 0o770, "o/p/": 0o770},
    ),
    "within a closed folder": ({"c/": 0o700, "c/a": 0o644}, {"c/b": TEXT}, {"c/b": "c/a"}, {"c/b": 0o777}),
    "over an open file": ({"n": 0o600, "open": 0o644}, {"n": TEXT, "open": TEXT}, {}, {"open": 0o700}),
    "the control": ({"n": 0o644}, {"s": TEXT}, {"s": "n"}, {"s": 0o777}),
    "the control, another content": ({"n": 0o600}, {"n": TEXT, "s": "other"}, {}, {"s": 0o777}),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_opened_under_another_name(tmp_path: Path, case: str) -> None:
    there, sandbox, names, wanted = CASES[case]
    base = {name: "open\n" if name == "open" else TEXT for name in there if not name.endswith("/")}
    project = make(tmp_path / "project", dict(base))
    for name in sorted(there, key=lambda name: name.endswith("/")):
        (project / name).chmod(there[name])
    versions = Versions(dict(base), dict(sandbox))
    with Host(os.fsencode(project)) as host:
        sources = {os.fsencode(new): os.fsencode(old) for new, old in names.items()}
        shut = closed.of(versions.changes, host, sources, {})
        plan = planned(host, versions, tmp_path, shut=shut)
    found = {os.fsdecode(put.path): put.own for put in plan.puts}
    found |= {os.fsdecode(path) + "/": mode for path, mode in plan.folders.items() if mode is not None}
    assert found == wanted
