"""SECURITY.md names a test for each promise: they are there, and the classes are those of a hostile review."""

import re
from pathlib import Path


def test_each_test_that_holds_a_promise_is_there(repository: Path) -> None:
    text = (repository / "SECURITY.md").read_text("utf-8")
    rows = [line for line in text.split("\n") if line.startswith("| ") and not line.startswith("| promised")]
    assert len(rows) > 15
    missing = []
    for row in rows:
        held = row.strip("| ").split(" | ")[-1]
        names = re.findall(r"`(?:tests/)?([\w/*]+(?:\.\w+)?)`", held)
        assert names, row
        for name in names:
            found = list((repository / "tests").glob(name)) + list((repository / "tests").glob(f"*/{name}"))
            # `python -m tests.hostile` has no file of its own there.
            missing += [] if found else [name]
    assert missing == []


def test_the_classes_are_all_there_each_with_what_is_not_promised(repository: Path) -> None:
    text = (repository / "SECURITY.md").read_text("utf-8")
    classes = re.split(r"\n## ", text)[1:-1]
    assert [one.split(".")[0] for one in classes] == [str(number) for number in range(1, 8)]
    assert all("\nNot promised: " in one for one in classes)
    assert "private vulnerability reporting" in text
    assert "(SECURITY.md)" in (repository / "README.md").read_text("utf-8")
