"""What a project had at entry is told by the times of its inodes' last changes: an entry need not look at each file."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from project import records
from project.moment import SECOND, Moment

from tests.unit.copying import Copy

HOUR = 3600 * SECOND


@pytest.fixture
def entered(tmp_path: Path) -> Iterator[Copy]:
    """A copy by overlay of a project with two files, a link, and what may be a secret."""
    copy = Copy(tmp_path)
    copy.write("a", "b", "credentials.py")
    (copy.project / "link").symlink_to("a")
    copy.enter()
    yield copy
    copy.hide()


def touched(copy: Copy, *names: str) -> list[str]:
    """Of these files, changed by the agent, those of which the project's own version was not known any more."""
    for name in names:
        (copy.root / name).write_text("the agent's\n")
    copy.commit()
    return copy.noted()


def moment(folder: Path) -> Moment:
    descriptor = os.open(folder, os.O_RDONLY)
    found = Moment.now(descriptor)
    os.close(descriptor)
    assert found is not None
    return found


def test_a_file_of_no_suspicious_name_is_not_looked_at(entered: Copy) -> None:
    title, listed = records.split(records.read(str(entered.state / "base.list")))
    looked = {path: words for path, words in listed if not words.startswith(b"#")}
    assert Moment.of(title) is not None
    assert sorted(looked) == [b"credentials.py", b"link"]
    assert dict(listed)[b"a"] == b"#%d" % (entered.project / "a").stat().st_ino


def test_what_did_not_change_is_what_it_was(entered: Copy) -> None:
    assert touched(entered, "a", "b", "credentials.py") == []


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("the host's\n"),
        lambda path: path.with_name("b").replace(path),
        lambda path: path.chmod(0o755),
    ],
    ids=("written", "replaced", "mode"),
)
def test_a_change_of_the_hosts_is_seen_whatever_its_times_say(entered: Copy, change: Callable[[Path], None]) -> None:
    path = entered.project / "a"
    was = path.stat()
    change(path)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert touched(entered, "a") == ["base-unknown:a"]


def test_a_clock_that_was_set_back_proves_nothing(tmp_path: Path) -> None:
    now = moment(tmp_path)
    assert now.is_after(now.at - HOUR - 1)
    # What was changed an hour before, by a clock that was an hour ahead at entry, may be new.
    back = Moment(now.at, now.ahead + 2 * HOUR, now.boot)
    assert not back.is_after(now.at - HOUR)
    assert back.is_after(now.at - 3 * HOUR)
    # One that was set ahead takes nothing away, and of another boot it is not known.
    assert Moment(now.at, now.ahead - HOUR, now.boot).is_after(now.at - HOUR)
    assert Moment(now.at, now.ahead + 2 * HOUR, b"another").is_after(now.at - HOUR)


def test_whole_seconds_are_too_rough_for_the_same_second(tmp_path: Path) -> None:
    at = moment(tmp_path)
    now = Moment(5 * SECOND + 500, at.ahead, b"")
    assert not now.is_after(5 * SECOND)
    assert now.is_after(4 * SECOND)
    assert now.is_after(5 * SECOND + 1)
    assert not now.is_after(5 * SECOND + 500)


def test_the_time_comes_before_what_is_done_next(tmp_path: Path) -> None:
    """The moment and the inodes have the same clock: no later change is taken for an earlier one."""
    for number in range(200):
        now = moment(tmp_path)
        (tmp_path / str(number)).write_text("")
        assert not now.is_after((tmp_path / str(number)).stat().st_ctime_ns)
    time.sleep(0.02)
    assert moment(tmp_path).is_after((tmp_path / "0").stat().st_ctime_ns)


def test_a_filesystem_without_such_times_is_looked_at() -> None:
    descriptor = os.open("/proc", os.O_RDONLY)
    assert Moment.now(descriptor) is None
    os.close(descriptor)
    assert Moment.of(b"") is None
