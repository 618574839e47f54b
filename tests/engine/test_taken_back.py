"""What a script leaves to be taken back is looked at as it is now, and stands in nobody's way who stops the sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.engine.conftest import Bundle, MakeBundle, run, until
from tests.engine.test_users import as_user, open_folder  # noqa: F401


def test_a_disk_that_its_owner_uses_by_now_stays_attached(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    bundle.inside("sh", "-c", "head -c 60000000 /dev/urandom >/workspace/big; sync")
    bundle.script("scripts/stop.sh")
    none = subprocess.DEVNULL
    with subprocess.Popen(
        [bundle.path / "scripts/backup.sh"], stdout=none, stderr=none, start_new_session=True
    ) as backup:
        until(lambda: "tar --create" in run("docker", "ps", "--no-trunc", "--format", "{{.Command}}").stdout)
        os.kill(backup.pid, signal.SIGKILL)
    assert "attached" in (bundle.path / ".state/work").read_text()
    run("docker", "start", bundle.name)
    bundle.script("scripts/recover.sh")
    assert not (bundle.path / ".state/work").exists()
    assert not list((bundle.path / "backups").iterdir())
    assert bundle.device.is_symlink()
    bundle.inside("test", "-e", "/workspace/big")
    bundle.script("scripts/stop.sh")


def test_a_folder_for_backups_that_is_another_s_hinders_nobody(make_bundle: MakeBundle, open_folder: None) -> None:  # noqa: F811
    bundle = make_bundle()
    group = f"--groups {Path('/var/run/docker.sock').stat().st_gid}"

    def by_user(script: str, *args: str, give: bool = False) -> subprocess.CompletedProcess[str]:
        return as_user(bundle, group, str(bundle.path / script), *args, give=give)

    assert by_user("scripts/start.sh", give=True).returncode == 0
    # What root's own backup leaves is the user's.
    bundle.script("scripts/backup.sh")
    owners = {path.lstat().st_uid for folder in ("backups", ".state") for path in (bundle.path / folder).rglob("*")}
    assert owners == {12345}
    assert by_user("scripts/backup.sh").returncode == 0

    # Half an archive, in a folder that was taken from its owner since.
    half = bundle.path / "backups/half.tar.gz.part"
    half.write_text("half")
    work = bundle.path / ".state/work"
    work.write_text(f"file {half}\n")
    os.chown(work, 12345, 12345)
    os.chown(bundle.path / "backups", 0, 0)
    (bundle.path / "backups").chmod(0o755)
    refused = by_user("scripts/backup.sh")
    assert refused.returncode == 4, refused.stdout + refused.stderr
    assert "belongs to user number 0" in refused.stderr
    stopped = by_user("scripts/stop.sh")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert f"sudo chown -R 12345 '{bundle.path}/backups' && rm -f '{half}'" in stopped.stderr
    assert by_user("scripts/start.sh").returncode == 0
    rolled = by_user("rollback.sh", "--yes", "--delete-data")
    assert (rolled.returncode, "nothing that it made is left" in rolled.stdout) == (3, True), (
        rolled.stdout + rolled.stderr
    )
    assert half.name in rolled.stderr
    # The mend, as it was said.
    os.chown(bundle.path / "backups", 12345, 12345)
    assert by_user("scripts/recover.sh").returncode == 0
    assert not half.exists()


def helpers(bundle: Bundle) -> list[str]:
    """The short-lived containers of the bundle that there are."""
    name = (bundle.path / ".state/instance").read_text().strip()
    return run("docker", "ps", "--all", "--quiet", "--filter", f"name=gen-tool-{name}").stdout.split()


def test_a_helper_whose_client_was_killed_is_ended_and_no_other_is_looked_for(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    bundle.start()
    env = {**os.environ, **bundle.env, "GEN_RUN": "a-run"}
    words, begun = ". lib/docker.sh && . lib/storage.sh && ", bundle.path / ".state/tool"
    run("bash", "-c", words + "brief --network none -- true", cwd=bundle.path, env=env)
    assert not begun.exists()

    script = ("bash", "-c", words + "brief --network none -- sleep 3600")
    with subprocess.Popen(script, cwd=bundle.path, env=env, stdin=subprocess.DEVNULL, start_new_session=True) as client:
        until(lambda: helpers(bundle) != [])
        os.killpg(client.pid, signal.SIGKILL)
    assert helpers(bundle) != [], "it ended with its client, so this shows nothing"
    assert begun.is_dir()
    run("bash", "-c", words + "end_tools", cwd=bundle.path, env=env)
    assert helpers(bundle) == []
    assert not begun.exists()
