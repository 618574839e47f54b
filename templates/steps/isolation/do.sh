#!/usr/bin/env bash
# Takes the strongest of what the profile accepts that really boots here, and writes it down with the reasons.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
# shellcheck source=templates/lib/isolation.sh
. "$BUNDLE/lib/isolation.sh"

# What was chosen before, if anything: undo brings exactly that back, and takes nothing away without it.
if [ -e "$CHOICE" ]; then write_durably "$GEN_PRIOR/choice" cat "$CHOICE"; else write_durably "$GEN_PRIOR/choice" true; fi || exit 1
if ! choose; then
    none_works "$REASONS"
    exit 1
fi
printf '%s\n%s' "$BACKEND" "$REASONS"
remember_name isolation "$BACKEND"$'\n'"${REASONS%$'\n'}"
