# Where this bundle lives. What it made names its folder, so a folder that was moved or copied is noticed. Sourced by the
# runner.
# shellcheck shell=bash

# The engine's own file has the real ones.
engine_owns() { :; }
engine_settle() { :; }

# home_check: refuses to act from a copy of a bundle, or from a moved one whose sandbox still stands. Remembers where we are.
home_check() {
    local home='' owned
    [ ! -s "$STATE/home" ] || read -r home <"$STATE/home"
    [ "$home" != "$BUNDLE" ] || return 0
    if [ -n "$home" ]; then
        if [ "$(cat "$home/.state/instance" 2>/dev/null)" = "$INSTANCE" ]; then
            fail "$EX_REFUSED" "this folder is a copy, and its sandbox belongs to the original" "$home" \
                "rm -r '$BUNDLE/.state' '$BUNDLE/storage'   (the copy begins anew, without a workspace), or work in '$home'"
        fi
        owned=$(engine_owns) || fail "$EX_REFUSED" "whether this bundle's sandbox stands cannot be known" "the engine does not answer" "scripts/status.sh"
        [ -z "$owned" ] || fail "$EX_REFUSED" "this bundle made its sandbox when its folder was $home" "the folder was moved" \
            "mv '$BUNDLE' '$home'   (there, ./rollback.sh; then it can be moved)"
    fi
    printf '%s\n' "$BUNDLE" | write_durably "$STATE/home"
}
