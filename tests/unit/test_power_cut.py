"""The journal and a power cut: every journal that one can leave behind is read as what was before or what is after."""

from pathlib import Path

import pytest

from tests.faults.paper import paper_bundle, seal
from tests.faults.power_cut import followed, left_behind, moments_of, read_back, unsafe_changes, whole_records

pytestmark = pytest.mark.usefixtures("strace")

BYTES = 11
"""Every how many bytes the journal is cut here; `make faults` cuts at each."""


def spoilt(bundle: Path, file: str, old: str, new: str) -> Path:
    """The same bundle with an unsafe piece of code in it, on purpose."""
    text = (bundle / "lib" / file).read_text()
    assert old in text, f"{file} no longer has {old!r}"
    (bundle / "lib" / file).write_text(text.replace(old, new))
    seal(bundle)
    return bundle


def test_no_change_before_its_record_is_on_the_disk(tmp_path):
    bundle = paper_bundle(tmp_path / "b")
    for entry in ("start", "back"):
        moments = followed(bundle, entry)
        assert [moment.change for moment in moments if moment.change], "nothing was seen"
        assert unsafe_changes(moments) == []


def test_a_call_during_which_another_process_did_something_is_one(tmp_path):
    journal, folder = "3</b/.state/journal.jsonl>", "4</b/.state>"
    trace = f"""1 write({journal}, "{{}}\\n", 3) = 3
1 fsync({folder} <unfinished ...>
2 execve("/bin/bash", ["bash", "/b/steps/10-network/do.sh"], 0x7ffe /* 20 vars */) = 0
1 <... fsync resumed>)                     = 0
1 write({journal}, "[]\\n", 3 <unfinished ...>
2 openat(AT_FDCWD, "/", O_RDONLY) = 5
1 <... write resumed>)                     = 3
1 fsync({journal} <unfinished ...>
2 openat(AT_FDCWD, "/", O_RDONLY) = 5
1 <... fsync resumed>)                     = 0
"""
    moments = moments_of(trace)
    assert [(moment.synced, moment.change) for moment in moments] == [
        (b"", ""),
        (b"", "steps/10-network/do.sh"),
        (b"{}\n", ""),
        (b"{}\n", ""),
        (b"{}\n[]\n", ""),
    ]


def test_a_journal_that_is_never_synced_is_caught(tmp_path):
    bundle = spoilt(paper_bundle(tmp_path / "b"), "common.sh", "durable() {\n", "durable() {\n    return 0\n")
    assert len(unsafe_changes(followed(bundle, "start"))) == 6


def test_a_record_after_its_change_is_caught(tmp_path):
    bundle = spoilt(paper_bundle(tmp_path / "b"), "runner.sh", 'journal_append doing "$1"', ":")
    assert unsafe_changes(followed(bundle, "start")) == [
        f"steps/{step}/do.sh" for step in ("10-network", "20-image", "30-sandbox")
    ]


def test_every_cut_reads_as_before_or_after(tmp_path):
    bundle = paper_bundle(tmp_path / "b")
    journals = left_behind(followed(bundle, "start"), BYTES)
    assert len(journals) > 100
    assert read_back(bundle, journals, tmp_path / "cuts") == [whole_records(journal) for journal in journals]


def test_a_journal_that_is_not_checked_is_caught(tmp_path):
    bundle = spoilt(
        paper_bundle(tmp_path / "b"),
        "journal.sh",
        "    journal_whole\n    local digest",
        "    return\n    local digest",
    )
    journals = left_behind(followed(bundle, "start"), BYTES)
    assert read_back(bundle, journals, tmp_path / "cuts") != [whole_records(journal) for journal in journals]
