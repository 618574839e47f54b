"""A thousand different bundles in one process: how long each takes, and whether memory stays flat."""

import os
import time
from pathlib import Path

from bench.measure import Row
from generator.plan import build_plan
from generator.profile import load_profile
from generator.render import render_bundle, sha256

COUNT = 1000
WARM = 200
GOAL_EACH = 0.010
GOAL_GROWTH = 2_000_000


def resident() -> int:
    """The bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def thousand_bundles() -> list[Row]:
    """From the profile's YAML to every file's bytes, for a thousand names and sizes."""
    start = time.perf_counter()
    early = 0
    manifests = set()
    for number in range(COUNT):
        if number == WARM:
            early = resident()
        changes = (f"name=box-{number}", f"storage.size={number + 1}G")
        files = render_bundle(build_plan(load_profile("dev", changes)))
        # The digest, not the content: what this benchmark keeps must not count as what gen keeps.
        manifests.add(sha256(files["MANIFEST.sha256"].content))
    each = (time.perf_counter() - start) / COUNT
    growth = resident() - early
    if len(manifests) != COUNT:
        raise RuntimeError("some of the bundles were the same: the measurement would mean little")
    return [
        Row(what="1,000 bundles, each", measured=f"{each * 1000:.2f} ms", goal="< 10 ms", met=each < GOAL_EACH),
        Row(
            what=f"memory, from bundle {WARM} to {COUNT}",
            measured=f"{growth / 1e6:+.2f} MB",
            goal="flat (< 2 MB)",
            met=growth < GOAL_GROWTH,
        ),
    ]
