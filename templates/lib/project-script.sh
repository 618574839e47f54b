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

trap 'last_line $? >&2' EXIT
end_on_signals
case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac

# need_copy: ends a script that has nothing to show.
need_copy() {
    home_check sandbox
    [ -s "$PROJECT/settings.json" ] || fail "$EX_REFUSED" "there is no copy of a project" "" "scripts/start.sh --project PATH"
    let_go
}
