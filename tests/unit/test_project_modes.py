"""What comes back is open to nobody to whom the host's or the sandbox's own was not."""

import os
import subprocess

from tests.unit.copying import Copy, copy, program

__all__ = ["copy"]
SCRIPT = """
mv private/notes private/renamed
umask 22; rm closed; echo 2 >closed
chmod 600 open; echo 2 >>open
umask 77; mkdir secret; echo 1 >secret/key; echo 1 >own
mkdir -p shared; chmod 755 shared; echo 1 >shared/x; chmod 644 shared/x; chmod 750 tool; echo >>tool
"""


def test_permissions_come_back_no_wider_than_either_side_had(copy: Copy) -> None:
    copy.write("private/notes", "closed", "open", "tool", "group")
    for name, mode in (("private/notes", 0o600), ("closed", 0o600), ("tool", 0o755), ("group", 0o664)):
        (copy.project / name).chmod(mode)
    copy.enter()
    subprocess.run(("bash", "-euc", SCRIPT + "rm group; umask 22; echo 2 >group"), cwd=copy.root, check=True)
    copy.commit()
    copy.hide()
    assert program(copy.state, "review").returncode == 0
    mask = os.umask(0o22)
    done = program(copy.state, "apply", "--yes")
    os.umask(mask)
    assert done.returncode == 0, done.stderr.decode()
    names = ("private/renamed", "closed", "open", "secret", "secret/key", "own", "shared", "shared/x", "tool", "group")
    found = {name: (copy.project / name).stat().st_mode & 0o777 for name in names}
    closed = dict.fromkeys(("private/renamed", "closed", "open", "secret/key", "own"), 0o600)
    assert found == closed | {"secret": 0o700, "shared": 0o755, "shared/x": 0o644, "tool": 0o750, "group": 0o664}
