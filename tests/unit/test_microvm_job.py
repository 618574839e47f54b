"""A command of the guest's agent, here as a process of the host's."""

import time
from pathlib import Path

from microvm.guest.job import Job


def test_what_is_ended_before_it_is_in_its_group_is_ended_too(tmp_path: Path) -> None:
    # Plain files stand in for a control group that the process is not in yet: the end of the group does not reach it.
    went_on = tmp_path / "went on"

    def child() -> None:
        time.sleep(1)
        went_on.touch()

    Job(child, str(tmp_path), None, None).destroy()
    assert not went_on.exists()
