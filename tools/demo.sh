#!/usr/bin/env bash
# From nothing to a running, checked sandbox; ends with how to use it. Called by `make demo`.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
cd "$here/.."

GEN=.venv/bin/gen
ASK_SECONDS=30

# setting FILE KEY: one value of a bundle's settings, read by bash itself since they are quoted for it.
setting() {
    # shellcheck source=/dev/null
    (. "$1" && print_variable "$2")
}

# base_can_be_had IMAGE: whether the engine has the image, or its registry would give it. Nothing is pulled here: what
# the bundle's own step pulls, its rollback removes again.
base_can_be_had() {
    if docker image inspect "$1" >/dev/null 2>&1; then
        say "the base image $1 is here already"
        return 0
    fi
    say "asking the registry for the base image $1"
    bounded "$ASK_SECONDS" docker manifest inspect "$1" >/dev/null
}

how_to_go_on() {
    cat <<TEXT

The sandbox runs. From here:

  connect     $1/scripts/connect.sh
  look        $1/scripts/status.sh
  stop        $1/scripts/stop.sh
  start       $1/scripts/start.sh
  check       $1/test-setup.sh
  roll back   $1/rollback.sh     (keeps the workspace unless you give it --delete-data)
  the plan    $1/PLAN.md
TEXT
}

main() {
    local bundle=bundles/dev base
    tools/engine.sh ensure
    mkdir -p bundles
    say "writing $bundle"
    "$GEN" bundle --profile dev --out "$bundle"
    base=$(setting "$bundle/lib/settings.sh" GEN_IMAGE_BASE)
    if ! base_can_be_had "$base"; then
        say "no registry has $base for us, so the profile dev cannot be built on this machine as it stands."
        say "Instead the built-in profile dev-mirror is used: debian:bookworm, made here from this host's apt mirror."
        bundle=bundles/dev-mirror
        say "writing $bundle"
        "$GEN" bundle --profile dev-mirror --out "$bundle"
    fi
    say "$bundle/scripts/start.sh"
    "$bundle/scripts/start.sh"
    say "$bundle/test-setup.sh"
    "$bundle/test-setup.sh"
    how_to_go_on "$bundle"
}

main
