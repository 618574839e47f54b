# What the scripts that show and move changes of the project's copy begin with. They end with the last line that programs
# read, on standard error, since standard output is what was asked for.
# shellcheck shell=bash
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

end_project_script() {
    local code=$?
    wake || warn "the sandbox is still stopped: scripts/start.sh"
    thaw || warn "the sandbox is still frozen: docker unpause $GEN_CONTAINER"
    last_line "$code" >&2
}
trap end_project_script EXIT
end_on_signals
case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac

# need_copy: ends a script that has nothing to show.
need_copy() {
    home_check
    [ -s "$PROJECT/settings.json" ] || fail "$EX_REFUSED" "there is no copy of a project" "" "scripts/start.sh --project PATH"
}

# at_rest: from here on nothing in the sandbox runs, and no overlay of the copy is mounted: while it is, what changes in its
# layers is not seen through it. Ends with this script.
STOPPED=''
at_rest() {
    [ "$(copied method)" = overlay ] && [ "$(sandbox_state)" = running ] || { frozen && return; }
    docker stop --time 10 "$GEN_CONTAINER" >/dev/null ||
        fail "$EX_REFUSED" "the sandbox cannot be stopped, so nothing is done" "" "scripts/status.sh"
    STOPPED=yes
}
wake() { [ -z "$STOPPED" ] || docker start "$GEN_CONTAINER" >/dev/null; }

# frozen: from here on nothing in the sandbox runs, until this script ends.
frozen() { freeze || fail "$EX_REFUSED" "the sandbox cannot be frozen, so nothing is done" "" "scripts/status.sh"; }
