#!/usr/bin/env bash
# No key is in the image
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

text=$(docker image inspect --format '{{range .Config.Env}}{{.}}{{"\n"}}{{end}}' "$GEN_IMAGE_REF"; docker history --no-trunc --format '{{.CreatedBy}}' "$GEN_IMAGE_REF") || unknown "the engine does not answer"
for key in $GEN_ENV_KEYS; do
    case $text in *"$key="?*) echo "the image holds a value for $key"; exit "$HOLDS_NOT" ;; esac
    # A value that this machine has for the key is not in it under another name either.
    value=$(sed -n "s/^$key=//p" "$LOCAL/env" 2>/dev/null | head -n 1)
    [ "${#value}" -lt 8 ] || case $text in *"$value"*) echo "the image holds the value of $key"; exit "$HOLDS_NOT" ;; esac
done
