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

    # Somebody runs something from it: that is named, and stays.
    user = run("docker", "run", "--detach", first, "sleep", "600").stdout.strip()
    left = bundle.script("scripts/prune.sh", "--yes", check=False)
    assert (left.returncode, "docker ps --all" in left.stderr) == (3, True)
    assert run("docker", "inspect", "--format", "{{.State.Status}}", user).stdout == "running\n"
    run("docker", "rm", "--force", user)

    done = bundle.script("scripts/prune.sh", "--yes")
    assert "They are gone." in done.stdout
    assert run("docker", "image", "inspect", first, check=False).returncode == 1
    assert bundle.inspect("{{.Image}} {{.State.Running}}") == f"{second} true"
    again = bundle.script("scripts/prune.sh")
    assert "No image of" in again.stdout
    assert "old images" not in bundle.script("scripts/status.sh").stdout
    assert "is what it was before this bundle" in bundle.rollback("--delete-data").stdout
    assert (inventory() - before) == {}
