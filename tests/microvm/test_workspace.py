"""The project in the machine: in as a tar, its changes out as one, and back."""

import subprocess
import tarfile
from io import BytesIO

import pytest

from tests.microvm.machines import MIB, Vm

OPAQUE = "SCHILY.xattr.trusted.overlay.opaque"
EDIT = """
echo new >edited; echo added >added; rm gone; rm -r below; mkdir below; ln -s /etc/passwd link; ln added hard
mkfifo pipe; printf x >"$(printf 'odd\\nname \\377')"; truncate -s 500G huge; chmod 4755 added
"""


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    """What a tar has, by name."""
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        return {member.name: member for member in tar}


def test_the_project_belongs_to_the_sandboxs_user(fresh: Vm) -> None:
    assert fresh.inside("find . -type f | sort | xargs stat -c '%n %u'").splitlines() == [
        "./below/deep/file 1000",
        "./edited 1000",
        "./gone 1000",
        "./kept 1000",
    ]


def test_nothing_done_is_nothing_changed(fresh: Vm) -> None:
    assert members(fresh.run("changes").stdout) == {}


def test_changes_come_out_and_go_in_again(fresh: Vm) -> None:
    fresh.inside(EDIT)
    data = fresh.run("changes").stdout
    found = members(data)
    assert sorted(found) == ["added", "below", "edited", "gone", "hard", "huge", "link", "odd\nname \udcff", "pipe"]
    assert (found["gone"].ischr(), found["gone"].devmajor, found["gone"].devminor) == (True, 0, 0)
    assert found["below"].pax_headers == {OPAQUE: "y"}
    assert (found["hard"].islnk(), found["hard"].linkname) == (True, "added")
    assert (found["link"].linkname, found["pipe"].isfifo()) == ("/etc/passwd", True)
    assert (found["huge"].size, found["huge"].pax_headers["GEN.large"]) == (0, str(500 << 30))
    look = "find . | sort; cat edited added; ls below"
    before = fresh.inside(look)
    fresh.run("put", data=data)
    # What a tar cannot bring back: the pipe and the content of what is too large.
    assert fresh.inside(look) == before.replace("./pipe\n", "")
    assert fresh.inside("stat -c %a added") == "755\n"


def test_what_cannot_be_put_changes_nothing(fresh: Vm) -> None:
    fresh.inside("echo mine >mine")
    refused = fresh.run("put", data=b"no tar at all" * 1000, check=False)
    assert (refused.returncode, refused.stderr.startswith(b"gen: the guest's agent could not do it")) == (1, True)
    assert fresh.inside("cat mine") == "mine\n"


def test_more_changes_than_asked_for_are_refused(fresh: Vm) -> None:
    fresh.inside("head -c 3000000 /dev/urandom >big")
    assert fresh.run("changes", "--most", str(MIB), check=False).returncode == 1
    assert len(fresh.run("changes").stdout) > 3000000


WRITER = """
import os
for between in range(200):
    open(f"b-{between}", "w").close()
turn = 0
while not os.path.exists("end"):
    turn += 1
    for part in "ac":
        with open("new", "w") as file:
            file.write(str(turn))
        os.rename("new", part)
os.unlink("end")
"""
"""Writes the same number into the first and then into the last of many files, over and over."""


def first_and_last(vm: Vm, *options: str) -> tuple[int, int]:
    """What one look finds in them while that goes on."""
    with tarfile.open(fileobj=BytesIO(vm.run("changes", *options).stdout)) as tar:
        first, last = (int(content.read()) for name in "ac" if (content := tar.extractfile(name)))
    return first, last


def test_changes_are_of_one_moment_where_that_is_asked(fresh: Vm) -> None:
    fresh.inside(f"python3 -c '{WRITER}' >/dev/null 2>&1 & until [ -e c ]; do sleep 0.1; done")
    try:
        for _ in range(2):
            first, last = first_and_last(fresh, "--still")
            assert first - last in (0, 1), (first, last)
        first, last = first_and_last(fresh)
        assert last > first + 1, "what is written meanwhile is not seen without it either"
    finally:
        fresh.inside("touch end; until [ ! -e end ]; do sleep 0.1; done")


def test_a_look_that_is_killed_holds_nothing(fresh: Vm) -> None:
    fresh.inside("head -c 40000000 /dev/urandom >large")
    look = subprocess.Popen(fresh.words("changes", "--still"), stdout=subprocess.PIPE, cwd="/")
    assert look.stdout
    assert look.stdout.read(1 << 20), "it has begun, and nobody reads on"
    held = subprocess.Popen(fresh.words("exec", "--", "touch", "meanwhile"), cwd="/")
    with pytest.raises(subprocess.TimeoutExpired):
        held.wait(3)
    look.kill()
    look.communicate()
    assert held.wait(600) == 0
    assert fresh.inside("echo more >more; ls meanwhile more") == "meanwhile\nmore\n"
    assert members(fresh.run("changes", "--still").stdout).keys() >= {"large", "meanwhile", "more"}


def test_a_full_disk_stays_inside(fresh: Vm) -> None:
    said = fresh.inside("dd if=/dev/zero of=fill bs=1M; rm fill; echo alive", check=False)
    assert said == "alive\n"
    assert (fresh.state / "work.img").stat().st_size == 96 * MIB
    assert fresh.inside("dd if=/dev/zero of=/tmp/fill bs=1M; rm /tmp/fill; echo alive", check=False) == "alive\n"
