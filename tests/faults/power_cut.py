"""A power cut, by its definition: what was not synced may be there, in part, or not at all.

The system calls of a real run are followed, and from them every journal is made that a cut could leave behind.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,write,fsync,ftruncate,truncate,execve"
_READER = """
. "$1/lib/common.sh"; . "$1/lib/journal.sh"
for case in "$2"/*; do
    cp "$case" "$JOURNAL"; rm -f "$STATE/journal.checked"
    if (journal_check) >/dev/null 2>&1; then journal_read >"$case.read"; else echo refused >"$case.read"; fi
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The journal after one system call: what is on the disk for certain, and what may be; and what is changed next."""

    synced: bytes
    written: bytes
    change: str = ""
    """The script of a step that is started now: `steps/10-network/do.sh`."""


def followed(bundle: Path, entry: str) -> list[Moment]:
    """Runs an entry script and follows what it does to the journal."""
    out = bundle / "strace"
    subprocess.run(
        ["strace", "-f", "-y", "-s", "9999", "-e", f"trace={CALLS}", "-o", out, "bash", bundle / f"{entry}.sh"],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    return moments_of(out.read_text(errors="replace"))


def moments_of(trace: str) -> list[Moment]:
    """What a trace of those calls says."""
    return list(_moments(_whole_calls(trace)))


def _whole_calls(trace: str) -> Iterator[str]:
    """One line a system call, where it ended: strace cuts those in two during which another process did something."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[process] = call.removesuffix("<unfinished ...>").rstrip()
        elif match := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            yield begun.pop(process, "") + match[1]
        else:
            yield call


def _moments(calls: Iterator[str]) -> Iterator[Moment]:
    synced = written = b""
    linked = False
    for call in calls:
        change = ""
        if match := re.match(r'write\(\d+</[^>]*/journal\.jsonl>, (".*"), \d+\) += (\d+)', call):
            written += ast.literal_eval("b" + match[1])[: int(match[2])]
        elif match := re.match(r'truncate\("[^"]*/journal\.jsonl", (\d+)\)', call):
            written = written[: int(match[1])]
        elif re.match(r"fsync\(\d+</[^>]*/journal\.jsonl>\) += 0", call):
            synced = written if linked else synced
        elif re.match(r"fsync\(\d+</[^>]*/\.state>\) += 0", call):
            # The file's name is on the disk as well from now on.
            linked, synced = True, written
        elif match := re.match(r'execve\("[^"]*bash", \["[^"]*", "[^"]*/(steps/[^"]*\.sh)"', call):
            change = match[1]
        else:
            continue
        yield Moment(synced=synced, written=written, change=change)


def unsafe_changes(moments: list[Moment]) -> list[str]:
    """The scripts that were started while the record that speaks of them was not yet on the disk for certain."""
    wanted = {"do.sh": "doing", "commit.sh": "commit"}
    unsafe = []
    for moment in moments:
        _, step, script = moment.change.split("/") if moment.change else ("", "", "")
        named = "-" if script == "commit.sh" else step
        record = f'"event":"{wanted.get(script, "")}","step":"{named}"'.encode()
        if script in wanted and record not in moment.synced:
            unsafe.append(moment.change)
    return unsafe


def left_behind(moments: list[Moment], every: int = 1) -> list[bytes]:
    """Every journal that a cut can leave: what was synced, and of the rest the first so many bytes."""
    found = {b""}
    for moment in moments:
        if moment.written.startswith(moment.synced):
            cuts = range(len(moment.synced), len(moment.written) + 1)
            found |= {moment.written[:cut] for cut in cuts if cut % every == 0 or cut in (cuts[0], cuts[-1])}
            # A file may also have got its length before its data.
            tail = moment.written[len(moment.synced) :]
            found |= {moment.synced + bytes(len(tail))} if tail else set()
    return sorted(found, key=len)


def read_back(bundle: Path, journals: list[bytes], folder: Path) -> list[str]:
    """What the bundle's own lib/journal.sh reads from each: records as lines, or `refused`."""
    folder.mkdir()
    for number, journal in enumerate(journals):
        (folder / f"{number:05}").write_bytes(journal)
    subprocess.run(["bash", "-c", _READER, "reader", bundle, folder], check=True, stdin=subprocess.DEVNULL)
    return [(folder / f"{number:05}.read").read_text() for number in range(len(journals))]


def whole_records(journal: bytes) -> str:
    """What has to be read: the records that are there to their last byte."""
    lines = journal.split(b"\n")[:-1]
    fields = (re.findall(rb'"(?:run|event|step|scope)":"([^"]*)"', line) for line in lines)
    return "".join(" ".join(field.decode() for field in record) + "\n" for record in fields)
