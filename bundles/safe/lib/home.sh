# Where this bundle lives. What it made names its folder, so a folder that was moved or copied is noticed. Sourced
# before docker.sh.
# shellcheck shell=bash

# The engine's own file has the real ones.
engine_answers() { :; }
# shellcheck disable=SC2034 # for those who ask
engine_trouble() { WHAT="the engine does not answer" MEND=scripts/status.sh; }
engine_owns() { :; }
engine_settle() { :; }

# home_check: refuses to act from a copy of a bundle, or from a moved one whose sandbox still stands.
home_check() {
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
    [ "$(cat "$STATE/home" 2>/dev/null)" = "$BUNDLE" ] || printf '%s\n' "$BUNDLE" | write_durably "$STATE/home"
}
