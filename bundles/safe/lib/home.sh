# Where this bundle lives. What it made names its folder, so a folder that was moved or copied is noticed. Sourced by docker.sh, before
# its own functions, and by the runner.
# shellcheck shell=bash

# The engine's own file has the real ones.
engine_answers() { :; }
# shellcheck disable=SC2034 # for those who ask
engine_trouble() { WHAT="the engine does not answer" MEND=scripts/status.sh; }
engine_owns() { :; }
engine_settle() { :; }
engine_identity() { :; }
engine_place() { :; }
engine_back() { :; }
local_digest() { echo none; }

# home_check: refuses to act from a copy of a bundle, from a moved one whose sandbox still stands, or on another engine than its own.
# With "sandbox" for those who ask the sandbox alone: a microVM is known to no engine.
home_check() {
    [ "${1:-}${BACKEND:-}" = sandboxmicrovm ] || engine_check
    place_check
}

place_check() {
    local home='' owned
    [ ! -s "$STATE/home" ] || read -r home <"$STATE/home"
    [ "$home" != "$BUNDLE" ] || return 0
    if [ -n "$home" ]; then
        if [ "$(cat "$home/.state/instance" 2>/dev/null)" = "$INSTANCE" ]; then
            fail "$EX_REFUSED" "this folder is a copy, and its sandbox belongs to the original" "$home" \
                "rm -r $(quoted "$BUNDLE/.state") $(quoted "$BUNDLE/storage")   (the copy begins anew, without a workspace), or work in $(quoted "$home")"
        fi
        owned=$(engine_owns) || fail "$EX_REFUSED" "whether this bundle's sandbox stands cannot be known" "the engine does not answer" "scripts/status.sh"
        [ -z "$owned" ] || fail "$EX_REFUSED" "this bundle made its sandbox when its folder was $home" "the folder was moved" \
            "mv $(quoted "$BUNDLE") $(quoted "$home")   (there, ./rollback.sh; then it can be moved)"
    fi
}

# home_remember: from here on this is where the bundle lives.
home_remember() {
    [ "$(cat "$STATE/home" 2>/dev/null)" = "$BUNDLE" ] || write_durably "$STATE/home" printf '%s\n' "$BUNDLE"
}

# looks_elsewhere: whether the client looks for its engine in another place than when this bundle made its sandbox.
looks_elsewhere() {
    local place=''
    [ ! -s "$STATE/names/engine" ] || { IFS= read -r _ && IFS= read -r place; } <"$STATE/names/engine"
    [ -n "$place" ] && [ "$place" != "$(engine_place)" ]
}

# engine_check: refuses to act on another engine than the one that has what this bundle made: there all of it would seem to be gone.
# Sets ENGINE_ID, and where the client finds its engine by a default, that too: whoever changes it now changes nothing for us.
engine_check() {
    local made='' place='' now
    now=$(engine_identity) || now=''
    ENGINE_ID=${now%%|*}
    case $now in *'|'?*) [ -n "${DOCKER_HOST:-}" ] || export DOCKER_CONTEXT="${now##*|}" ;; esac
    [ ! -s "$STATE/names/engine" ] || { IFS= read -r made && IFS= read -r place; } <"$STATE/names/engine"
    [ -n "$made" ] && [ "$made" != "$ENGINE_ID" ] || return 0
    now=$(engine_place)
    # A silent one says nothing of anything, and whoever asks it hears that. For one that may be another, nobody waits.
    [ -n "$ENGINE_ID" ] || [ "$now" != "$place" ] || return 0
    fail "$EX_REFUSED" "this is not the engine in which this bundle made its sandbox, so nothing was changed" \
        "that is $made ($place), and this is ${ENGINE_ID:-one that does not answer} ($now)" \
        "$(engine_back "$place")   (if that engine is gone for good, with all that was in it: rm $(quoted "$STATE/names/engine"), and this one takes its place)"
}
