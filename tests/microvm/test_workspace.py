"""The project in the machine: in as a tar, its changes out as one, and back."""

import tarfile
from io import BytesIO

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


def test_a_full_disk_stays_inside(fresh: Vm) -> None:
    said = fresh.inside("dd if=/dev/zero of=fill bs=1M; rm fill; echo alive", check=False)
    assert said == "alive\n"
    assert (fresh.state / "work.img").stat().st_size == 96 * MIB
    assert fresh.inside("dd if=/dev/zero of=/tmp/fill bs=1M; rm /tmp/fill; echo alive", check=False) == "alive\n"
