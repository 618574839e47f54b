"""The doctor on fake bundles and fake engines: what it sees, what it mends, and what it leaves alone."""

import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.doctor.bundles import find_owners, look_at_bundle
from generator.doctor.diagnosis import diagnose
from generator.doctor.engine import endpoint, look_at_engine
from generator.doctor.facts import EngineFacts, EngineObject, Facts, HostFacts
from generator.doctor.mending import mend
from generator.execute.bundle import Bundle
from generator.execute.registry import register
from tests.unit.faking import fake_bundle, gen, journal
from tests.unit.terminals import Terminal

INSTANCE = "00112233445566aa"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A fake bundle under ./bundles with a manifest that is right, and a recover.sh that ends the run and the lock."""
    recover = (
        'rm -f .state/lock; echo "{\\"event\\":\\"end\\"}" >>recovered; rm -f .state/journal.jsonl; emit run-ended -'
    )
    folder = fake_bundle(tmp_path / "bundles" / "fake", recover=f'cd "$(dirname "$0")/.." || exit\n{recover}')
    (folder / "lib").mkdir()
    (folder / "lib" / "settings.sh").write_text("# values\nGEN_NAME='my name'\nGEN_STORAGE_BYTES=1024\n", "utf-8")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "MANIFEST.sha256")
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n" for file in files]
    (folder / "MANIFEST.sha256").write_text("".join(lines), "utf-8")
    (folder / ".state").mkdir()
    (folder / ".state" / "instance").write_text(f"{INSTANCE}\n", "ascii")
    register(folder)
    return folder


def stale_lock(folder: Path) -> None:
    (folder / ".state" / "lock").symlink_to("999999:1:boot")


def seen(folder: Path) -> Any:
    return look_at_bundle(Bundle(path=folder, shown="fake"))


def document(here: Path, *words: str, **env: str) -> tuple[int, dict[str, Any]]:
    done = gen(here, "doctor", "--json", *words, **env)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def of_bundle(found: dict[str, Any]) -> list[str]:
    rows = found["findings"]
    return [row["id"] for row in rows if row["subject"].startswith("bundle") and row["level"] != "ok"]


def test_what_is_seen_of_a_bundle(bundle: Path) -> None:
    facts = seen(bundle)
    assert (facts.changed, facts.lock, facts.open_run, facts.leftovers, facts.copies) == ((), "free", "", (), ())
    assert (facts.setting("GEN_NAME"), facts.number("GEN_STORAGE_BYTES")) == ("my name", 1024)
    assert facts.instance == INSTANCE

    journal(bundle, ("begin", "-", "-"), ("doing", "20-make", "-"))
    stale_lock(bundle)
    (bundle / "scripts/start.sh").write_text("edited", "utf-8")
    (bundle / ".state/names").mkdir()
    (bundle / ".state/names/volume.new").touch()
    (bundle / ".state/logs/kept.new").touch()
    (bundle / "storage").mkdir()
    (bundle / f"storage/workspace-{INSTANCE}.img.new").touch()
    (bundle / "MANIFEST.sha256.pending").touch()
    facts = seen(bundle)
    assert facts.changed == ("scripts/start.sh",)
    assert (facts.lock, facts.lock_pid, facts.open_run) == ("stale", "999999", "20261122T031000Z-4711")
    assert facts.leftovers == (".state/names/volume.new",)
    assert facts.copies == (f"storage/workspace-{INSTANCE}.img.new",)
    assert facts.pending


def test_a_manifest_that_names_what_is_no_file_of_the_bundle_is_not_followed(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x", "utf-8")
    os.mkfifo(bundle / "pipe")
    digest = hashlib.sha256(b"x").hexdigest()
    names = ("/dev/zero", "../../outside", "pipe", "scripts")
    (bundle / "MANIFEST.sha256").write_text("".join(f"{digest}  {name}\n" for name in names), "utf-8")
    assert seen(bundle).changed == ("MANIFEST.sha256", "pipe", "scripts")


def test_a_copy_of_a_bundle_is_known_by_its_home(bundle: Path, tmp_path: Path) -> None:
    (bundle / ".state/home").write_text(f"{bundle}\n", "utf-8")
    assert seen(bundle).original == ""
    copy = fake_bundle(tmp_path / "copy")
    (copy / ".state").mkdir()
    for name in ("home", "instance"):
        (copy / ".state" / name).write_bytes((bundle / ".state" / name).read_bytes())
    assert seen(copy).original == str(bundle)


def test_whose_the_objects_are(bundle: Path, tmp_path: Path) -> None:
    def thing(instance: str, folder: str = "") -> EngineObject:
        return EngineObject(kind="container", id="c", name="n", instance=instance, folder=folder)

    elsewhere, other = "1" * 16, "2" * 16
    (tmp_path / "e/.state").mkdir(parents=True)
    (tmp_path / "e/.state/instance").write_text(elsewhere, "ascii")
    things = (
        thing(INSTANCE),
        thing(elsewhere, str(tmp_path / "e")),
        thing(other, str(tmp_path / "e")),
        thing("3" * 16, str(tmp_path / "nowhere")),
        thing("4" * 16),
    )
    owners = find_owners(things, (seen(bundle),))
    assert [(owner.instance[0], owner.standing) for owner in owners] == [
        ("0", "here"),
        ("1", "elsewhere"),
        ("2", "gone"),
        ("3", "gone"),
        ("4", "unknown"),
    ]


@pytest.mark.parametrize(
    ("env", "chosen", "found"),
    [
        ({}, "", "unix:///var/run/docker.sock"),
        ({}, "mine", "unix:///mine.sock"),
        ({}, "lost", ""),
        ({"DOCKER_CONTEXT": "mine"}, "", "unix:///mine.sock"),
        ({"DOCKER_CONTEXT": "default"}, "mine", "unix:///var/run/docker.sock"),
        ({"DOCKER_CONTEXT": "lost"}, "", ""),
        ({"DOCKER_HOST": "tcp://h:1", "DOCKER_CONTEXT": "mine"}, "mine", "tcp://h:1"),
    ],
)
def test_the_endpoint_is_the_one_that_the_docker_client_takes(
    env: dict[str, str], chosen: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": chosen} if chosen else {}), "utf-8")
    meta = tmp_path / "contexts/meta" / hashlib.sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    data = {"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": "unix:///mine.sock"}}}
    (meta / "meta.json").write_text(json.dumps(data), "utf-8")
    assert endpoint(env) == found


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    """A fake engine that takes every connection and never says a word."""
    path = tmp_path / "e.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen(8)
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: _take(server, held), daemon=True)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in held:
            connection.close()


def _take(server: socket.socket, held: list[socket.socket]) -> None:
    while True:
        try:
            held.append(server.accept()[0])
        except OSError:
            return


def test_an_engine_that_hangs_is_not_waited_for(listening: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.doctor.engine.LIMIT", 0.3)
    facts = look_at_engine({"DOCKER_HOST": f"unix://{listening}"})
    assert facts.trouble == "hangs"


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    assert look_at_engine({"DOCKER_HOST": f"unix://{tmp_path}/none"}).trouble == "absent"
    assert look_at_engine({"DOCKER_HOST": "ssh://somewhere"}).trouble == "remote"
    assert look_at_engine({"DOCKER_CONTEXT": "lost"}).trouble == "no context"


def test_a_socket_that_one_may_not_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_self: socket.socket, _address: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refused)
    facts = look_at_engine({"DOCKER_HOST": "unix:///run/e.sock"})
    assert (facts.trouble, facts.said) == ("denied", "Permission denied")


def test_without_an_engine_it_is_a_problem_with_its_mend(tmp_path: Path) -> None:
    code, found = document(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none")
    assert (code, found["schema"], found["level"], found["mended"]) == (1, 1, "problem", None)
    (row,) = (row for row in found["findings"] if row["id"] == "engine")
    assert "dockerd" in row["mend"]


def test_one_finding_is_one_line(bundle: Path) -> None:
    (bundle / ".state/a\x1bb.new").touch()
    done = gen(bundle.parent.parent, "doctor", DOCKER_HOST="unix:///nonexistent")
    *lines, last = done.stdout.splitlines()
    assert all(line.split()[0] in ("ok", "warning", "problem") for line in lines), done.stdout
    assert last.endswith("warnings.")
    assert "a\\x1bb.new is left over" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_on_a_terminal_it_is_a_table(bundle: Path, env: dict[str, str], coloured: bool) -> None:
    stale_lock(bundle)
    terminal = Terminal(bundle.parent.parent, "doctor", DOCKER_HOST="unix:///nonexistent", **env)
    assert terminal.end() == 1
    assert "gen recover fake" in terminal.shown
    assert (b"\x1b[" in terminal.output) is coloured


def test_what_is_asked_wrongly_is_a_usage_error(tmp_path: Path) -> None:
    for words in (("nosuch",), ("--nosuch",)):
        done = gen(tmp_path, "doctor", *words)
        assert (done.returncode, done.stdout) == (2, "")


def test_fix_removes_what_was_left_and_leaves_an_open_run_without_an_engine(bundle: Path) -> None:
    here = bundle.parent.parent
    journal(bundle, ("begin", "-", "-"))
    (bundle / ".state/home.new").touch()
    code, found = document(here, "--fix", DOCKER_HOST="unix:///nonexistent")
    assert code == 1
    results = {row["id"]: (row["result"], row["words"]) for row in found["mended"]}
    assert results["bundle-leftover"][0] == "done"
    assert results["bundle-open-run"] == ("left", "the engine does not answer, so nothing could be undone")
    assert not (bundle / ".state/home.new").exists()
    assert of_bundle(found) == ["bundle-open-run"]
    assert not (bundle / "recovered").exists()


def held_lock(folder: Path) -> None:
    start = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    (folder / ".state" / "lock").symlink_to(f"{os.getpid()}:{start}:{boot}")


def test_fix_touches_no_file_when_a_run_began_after_the_look(bundle: Path) -> None:
    (bundle / ".state/home.new").touch()
    facts = Facts(engine=EngineFacts(trouble="absent"), host=HostFacts(), bundles=(seen(bundle),))
    (finding,) = (one for one in diagnose(facts) if one.id == "bundle-leftover")
    held_lock(bundle)
    assert [one.result for one in mend((finding,), facts)] == ["failed"]
    assert (bundle / ".state/home.new").exists()


def test_fix_changes_nothing_of_a_bundle_at_work(bundle: Path) -> None:
    held_lock(bundle)
    (bundle / ".state/home.new").touch()
    _, found = document(bundle.parent.parent, "--fix", DOCKER_HOST="unix:///nonexistent")
    assert of_bundle(found) == []
    assert (bundle / ".state/home.new").exists()
