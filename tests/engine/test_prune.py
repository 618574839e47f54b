"""Images of earlier states of a bundle: shown, taken away when somebody says so, and owed by no rollback afterwards."""

from __future__ import annotations

from tests.engine.conftest import SMALL, MakeBundle, generate, inventory, on_base, run


def test_what_no_sandbox_needs_is_shown_and_taken_away(make_bundle: MakeBundle, base_image: str) -> None:
    before = inventory()
    bundle = make_bundle()
    bundle.start()
    first = bundle.inspect("{{.Image}}")

    def built_anew() -> None:
        generate(bundle.path, bundle.name, *SMALL, *on_base(base_image), "image.user.name=other")

    built_anew()
    # A sandbox stands that was made from it.
    assert "old images" not in bundle.script("scripts/status.sh").stdout
    bundle.start()
    second = bundle.inspect("{{.Image}}")
    assert first != second
    assert "1 of earlier states" in bundle.script("scripts/status.sh").stdout
    refused = bundle.script("scripts/prune.sh", check=False)
    assert (refused.returncode, "nothing is taken away unasked" in refused.stderr) == (4, True)

    # Somebody runs something from it: then it is not old.
    user = run("docker", "run", "--detach", first, "sleep", "600").stdout.strip()
    assert "No image of" in bundle.script("scripts/prune.sh", "--yes").stdout
    assert run("docker", "inspect", "--format", "{{.State.Status}}", user).stdout == "running\n"
    run("docker", "rm", "--force", user)

    done = bundle.script("scripts/prune.sh", "--yes")
    assert "is old any more" in done.stdout
    assert run("docker", "image", "inspect", first, check=False).returncode == 1
    assert bundle.inspect("{{.Image}} {{.State.Running}}") == f"{second} true"
    again = bundle.script("scripts/prune.sh")
    assert "No image of" in again.stdout
    assert "old images" not in bundle.script("scripts/status.sh").stdout
    assert "is what it was before this bundle" in bundle.rollback("--delete-data").stdout
    assert (inventory() - before) == {}


def test_what_somebody_made_of_one_stays_and_is_named(make_bundle: MakeBundle, base_image: str) -> None:
    before = inventory()
    bundle = make_bundle()
    ids = []
    for user in ("agent", "other", "third"):
        generate(bundle.path, bundle.name, *SMALL, *on_base(base_image), f"image.user.name={user}")
        bundle.start()
        ids.append(bundle.inspect("{{.Image}}"))
    run("docker", "tag", ids[0], "gt-mine:keep")
    run("docker", "create", "--name", "gt-child", ids[1])
    run("docker", "commit", "gt-child", "gt-mine:child")
    run("docker", "rm", "gt-child")
    try:
        said = bundle.script("scripts/prune.sh", "--yes").stdout
        assert "stays: somebody gave it a name: gt-mine:keep" in said
        assert "stays: somebody made another image from it" in said
        assert "No image of" in bundle.script("scripts/prune.sh", "--yes").stdout
        bundle.rollback("--delete-data")
        assert run("docker", "image", "inspect", "--format", "{{.Id}}", "gt-mine:keep").stdout.strip() == ids[0]
    finally:
        run("docker", "rmi", "gt-mine:keep", "gt-mine:child")
    assert (inventory() - before) == {}


def test_the_last_one_with_the_tools_stays(make_bundle: MakeBundle, base_image: str) -> None:
    bundle = make_bundle()
    bundle.start()
    generate(bundle.path, bundle.name, *SMALL, *on_base(base_image), "image.user.name=other")
    run("docker", "rm", "--force", bundle.name)
    assert "No image of" in bundle.script("scripts/prune.sh", "--yes").stdout


def test_a_rollback_goes_on_past_what_is_in_use(make_bundle: MakeBundle, base_image: str) -> None:
    bundle = make_bundle()
    ids = []
    for user in ("agent", "other", "third", "fourth"):
        generate(bundle.path, bundle.name, *SMALL, *on_base(base_image), f"image.user.name={user}")
        bundle.start()
        ids.append(bundle.inspect("{{.Image}}"))
    users = [run("docker", "run", "--detach", one, "sleep", "600").stdout.strip() for one in (ids[0], ids[2])]
    try:
        rolled = bundle.rollback("--delete-data", check=False)
        assert rolled.returncode == 3
        assert rolled.stderr.count("stays, since containers that are not ours use it") == len(users)
        left = [one for one in ids if run("docker", "image", "inspect", one, check=False).returncode == 0]
        assert left == [ids[0], ids[2]]
    finally:
        run("docker", "rm", "--force", *users)
    bundle.rollback("--delete-data")
