# What the scripts that show and move changes of the project's copy begin with. They end with the last line that programs
# read, on standard error, since standard output is what was asked for.
# shellcheck shell=bash
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"
# shellcheck source=templates/lib/home.sh
. "$BUNDLE/lib/home.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

end_on_signals
case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac

# need_last WHAT: ends a script that cannot do without what was changed last, which could not be written down. Without the engine there
# are no tools for that, where this user is not root.
need_last() {
    [ "$BACKEND" = microvm ] || engine_answers || { engine_trouble && fail "$EX_FAILED" "what was changed last could not be written down, so $1" "$WHAT: $SAID" "$MEND"; }
    fail "$EX_FAILED" "what was changed last could not be written down, so $1" "" "scripts/status.sh"
}

# show_rest: before something is shown, what was changed last is written down too; else it is said that it may be missing. So it is if
# the project is not there to be compared with.
show_rest() {
    if project_went "$(copied project)"; then warn "$WHAT" && warn "  mend: $MEND"; fi
    if ! copy_is_shown; then
        warn "the sandbox does not run: this is what was found when it was looked at last (scripts/start.sh starts it)"
    else
        track_rest >&2 || warn "what was changed last may be missing here"
    fi
}

# need_copy: ends a script that has nothing to show.
need_copy() {
    home_check sandbox
    [ -s "$PROJECT/settings.json" ] || fail "$EX_REFUSED" "there is no copy of a project" "" "scripts/start.sh --project PATH"
    let_go
}
