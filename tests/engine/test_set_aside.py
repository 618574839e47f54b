"""What stands under a bundle's names and is not ours is moved aside, never stopped or started, and found by its id."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.engine.conftest import MakeBundle, run
from tests.engine.theirs import AS_IT_WAS, Theirs, facts, image_name, instance


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    made = Theirs()
    yield made
    made.end()


def test_what_another_bundle_moved_aside_is_not_ours(make_bundle: MakeBundle, theirs: Theirs) -> None:
    """It was made from ours, so it bears our label, and the other bundle's rollback looks for it all the same."""
    ours, other = make_bundle(), make_bundle()
    ours.start()
    foreign = theirs.container(theirs.commit(ours.name))
    run("docker", "rename", foreign, other.name)
    theirs.made.append(("rm", "--force", foreign))
    there = facts(foreign)
    other.start()
    assert other.inspect("{{.Id}}") != foreign
    aside = run("docker", "inspect", "--format", "{{.Name}}", foreign).stdout
    assert instance(other) in aside
    assert AS_IT_WAS in ours.rollback("--yes", "--delete-data").stdout
    assert run("docker", "inspect", "--format", "{{.Name}}", foreign).stdout == aside
    assert AS_IT_WAS in other.rollback("--yes", "--delete-data").stdout
    assert facts(foreign) == there


def test_what_was_moved_aside_is_looked_for_by_its_id(make_bundle: MakeBundle, theirs: Theirs, base_image: str) -> None:
    bundle = make_bundle()
    foreign = theirs.container(base_image, "--label", "gen.instance=0123456789abcdef")
    run("docker", "rename", foreign, bundle.name)
    theirs.made.append(("rm", "--force", foreign))
    bundle.start()
    renamed = f"{theirs.name}-renamed"
    run("docker", "rename", foreign, renamed)
    done = bundle.rollback("--yes", "--delete-data")
    assert f"somebody else changed meanwhile: container {bundle.name} is {renamed}" in done.stdout
    assert run("docker", "inspect", "--format", "{{.Name}}", foreign).stdout.strip() == f"/{renamed}"

    run("docker", "rename", foreign, bundle.name)
    bundle.start()
    run("docker", "rm", "--force", foreign)
    done = bundle.rollback("--yes", "--delete-data")
    assert f"somebody else removed meanwhile: container {foreign} {bundle.name}" in done.stdout
    assert AS_IT_WAS in done.stdout
    assert "There is nothing to undo." in bundle.rollback("--yes").stdout, "told once"


def test_what_a_rollback_misses_stays_a_debt_until_it_is_settled(
    make_bundle: MakeBundle, theirs: Theirs, base_image: str
) -> None:
    bundle = make_bundle()
    foreign = theirs.container(base_image)
    run("docker", "rename", foreign, bundle.name)
    theirs.made.append(("rm", "--force", foreign))
    bundle.start()
    was = bundle.rewrite("steps/20-set-aside/undo.sh", "#!/usr/bin/env bash\n")
    undo = was.replace("left=0\n", f"docker rm --force {foreign}; left=0\n", 1)
    bundle.rewrite("steps/20-set-aside/undo.sh", undo)
    for again in range(2):
        done = bundle.rollback("--yes", "--delete-data", check=False)
        assert (done.returncode, AS_IT_WAS in done.stdout) == (3, False), again
        assert f"missing:   container {foreign} {bundle.name}" in done.stderr
        assert f"rm -r '{bundle.path}/.state/ledger'" in done.stderr, "what settles it"
        recovered = bundle.script("scripts/recover.sh").stdout
        assert "No run is open" in recovered
        assert "still written down" in recovered
    shutil.rmtree(bundle.path / ".state/ledger")
    assert "There is nothing to undo." in bundle.rollback("--yes").stdout


def test_another_bundle_s_label_keeps_nothing_out_of_the_comparison(
    make_bundle: MakeBundle, theirs: Theirs, base_image: str
) -> None:
    """Whoever removes what a run has moved aside is found out, whosever mark it bore."""
    bundle = make_bundle()
    foreign = theirs.container(base_image, "--label", "gen.instance=0123456789abcdef")
    run("docker", "rename", foreign, bundle.name)
    theirs.made.append(("rm", "--force", foreign))
    bundle.rewrite("steps/80-sandbox/do.sh", f"#!/usr/bin/env bash\ndocker rm --force {foreign}\nexit 1\n")
    done = bundle.start(check=False)
    assert done.returncode == 3
    assert f"missing:   container {foreign} {bundle.name}" in done.stderr
    assert "This host is what it was" not in done.stdout


@pytest.mark.parametrize("end", ["rollback", "failed"])
def test_what_its_owner_stopped_meanwhile_stays_stopped(
    make_bundle: MakeBundle, theirs: Theirs, base_image: str, end: str
) -> None:
    bundle = make_bundle()
    foreign = theirs.container(base_image)
    run("docker", "rename", foreign, bundle.name)
    theirs.made.append(("rm", "--force", foreign))
    stop = f"docker stop --time 0 {foreign}"
    if end == "failed":
        bundle.rewrite("steps/80-sandbox/do.sh", f"#!/usr/bin/env bash\n{stop}\nexit 1\n")
        done = bundle.start(check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        assert f"somebody else changed meanwhile: container {bundle.name} (running)" in done.stdout
        assert "no difference" not in done.stdout
    else:
        bundle.start()
        run(*stop.split())
        bundle.rollback("--yes", "--delete-data")
    assert run("docker", "inspect", "--format", "{{.Id}} {{.State.Status}}", bundle.name).stdout.split() == [
        foreign,
        "exited",
    ]


def test_things_are_set_aside_one_after_the_other(make_bundle: MakeBundle, theirs: Theirs, base_image: str) -> None:
    """An image is aside already when a container comes, which its owner calls as our sandbox while that is down."""
    bundle = make_bundle()
    run("docker", "tag", base_image, image_name(bundle))
    theirs.made.append(("rmi", image_name(bundle)))
    before = sorted(run("docker", "images", "--no-trunc").stdout.splitlines())
    bundle.start()
    foreign = []
    for _ in range(2):
        run("docker", "rm", "--force", bundle.name)
        foreign.append(theirs.container(base_image))
        run("docker", "rename", foreign[-1], bundle.name)
        theirs.made.append(("rm", "--force", foreign[-1]))
        bundle.start()
    bundle.script("test-setup.sh")
    moved = (bundle.path / ".state/aside/moved").read_text()
    assert [line.split()[0] for line in moved.splitlines()] == ["image", "container", "container"]
    # A run that fails gives back what it moved itself, and nothing else.
    run("docker", "rm", "--force", bundle.name)
    third = theirs.container(base_image)
    run("docker", "rename", third, bundle.name)
    theirs.made.append(("rm", "--force", third))
    do = bundle.rewrite("steps/80-sandbox/do.sh", "#!/usr/bin/env bash\nexit 1\n")
    assert bundle.start(check=False).returncode == 1
    assert (bundle.path / ".state/aside/moved").read_text() == moved
    assert run("docker", "inspect", "--format", "{{.Id}}", bundle.name).stdout.strip() == third
    bundle.rewrite("steps/80-sandbox/do.sh", do)
    run("docker", "rename", third, f"{theirs.name}-third")
    run("docker", "rename", foreign[1], f"{theirs.name}-second")
    done = bundle.rollback("--yes", "--delete-data")
    assert AS_IT_WAS in done.stdout
    assert run("docker", "inspect", "--format", "{{.Id}}", bundle.name).stdout.strip() == foreign[0]
    assert sorted(run("docker", "images", "--no-trunc").stdout.splitlines()) == before
