# The copy of a project: where it lies, and the program that makes, tracks and reads it. Sourced after docker.sh.
# shellcheck shell=bash
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"

PROJECT=$STATE/project

# project COMMAND...: the part that bash cannot do safely: it reads trees that somebody may be changing at that moment.
project() { python3 -I -S -B "$BUNDLE/lib/project/__main__.py" --state "$PROJECT" "$@"; }

# project_path: the project that this bundle is for, as this start was told or as it was named before; empty when nobody has named one.
project_path() {
    local path
    if [ -n "${GEN_PROJECT_NAMED:-}" ]; then printf '%s\n' "$GEN_PROJECT_NAMED" && return; fi
    [ -s "$LOCAL/project" ] && IFS= read -r path <"$LOCAL/project" || [ -n "${path:-}" ] || return 0
    # Somebody wrote it there: with a slash at its end, or by a link.
    (CDPATH='' cd -- "$path" 2>/dev/null && pwd -P) || printf '%s\n' "$path"
}

# copied: one value of what was decided when the copy was made. Fails when there is none.
copied() {
    [ -s "$PROJECT/settings.json" ] &&
        python3 -I -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$PROJECT/settings.json" "$1"
}

# project_is_copied: whether there is a whole copy of the project that is named. Where none is named and none is there, it is not.
project_is_copied() {
    local has
    has=$(copied project) && [ "$has" = "$(project_path)" ]
}

# apart PATH: whether neither that folder nor this bundle lies in the other one.
apart() {
    local project=${1%/}/
    case $BUNDLE/ in "$project"*) return 1 ;; esac
    case $project in "$BUNDLE"/*) return 1 ;; esac
}

# copy_is_there: whether what the copy is made of is on the disk, which may be another one by now. On one that is not mounted, or that
# we may not look into, nobody can see that.
copy_is_there() {
    { disk_is_mounted || [ "$BACKEND" = microvm ]; } && [ -x "$DISK" ] || return 0
    case $(copied method) in
    overlay) [ -d "$DISK/upper" ] && [ -d "$DISK/work" ] ;;
    plain) [ -d "$DISK/tree" ] ;;
    *) return 1 ;;
    esac
}

# copy_without_record: whether the disk holds what a copy is made of although no record says of which project: that is the agent's work.
copy_without_record() {
    [ ! -e "$PROJECT/settings.json" ] && disk_is_mounted && { [ -e "$DISK/upper" ] || [ -e "$DISK/tree" ]; }
}

# name_project PATH: this start is for that project. A copy that is there is never taken for one of another.
name_project() {
    local path has
    [ "$GEN_PROJECT_METHOD" != none ] || fail "$EX_USAGE" "this bundle's workspace is no copy of a project" "" "scripts/start.sh"
    path=$(cd -- "$1" 2>/dev/null && pwd -P) || fail "$EX_USAGE" "there is no such folder: ${1:-(none was named)}" "" "scripts/start.sh --project PATH"
    case $path in *$'\n'*) fail "$EX_USAGE" "the project's path has a line break" "" "give the folder another name" ;; esac
    if ! apart "$path"; then
        fail "$EX_USAGE" "the project and this bundle must lie apart" "what an agent can write must never be what this host runs: $BUNDLE, $path" \
            "scripts/start.sh --project PATH   (of a folder that this bundle does not lie in; or move the bundle out of it)"
    fi
    if has=$(copied project) && [ "$has" != "$path" ]; then
        [ -d "$has" ] || fail "$EX_REFUSED" "this sandbox holds a copy of $has, which is not there any more" "" \
            "mv $(quoted "$path") $(quoted "$has")   (if it was moved here; or ./rollback.sh, which keeps what waits as a patch, and then this again)"
        fail "$EX_REFUSED" "this sandbox holds a copy of another project" "$has" \
            "scripts/review.sh, then scripts/discard.sh   (or write another bundle: gen bundle --profile $(quoted "$BUNDLE/profile.yaml") --set name=NAME --out FOLDER)"
    fi
    export GEN_PROJECT_NAMED=$path
}

# keep_project: from now on this bundle is for that project. Asked for when nothing refuses the start any more.
keep_project() {
    local kept=''
    [ -n "${GEN_PROJECT_NAMED:-}" ] || return 0
    [ ! -s "$LOCAL/project" ] || kept=$(head -n 1 "$LOCAL/project")
    [ "$kept" = "$GEN_PROJECT_NAMED" ] || { mkdir -p "$LOCAL" && printf '%s\n' "$GEN_PROJECT_NAMED" | write_durably "$LOCAL/project"; } ||
        fail "$EX_REFUSED" "the project's name cannot be kept" "$LOCAL/project" "ls -ld $(quoted "$LOCAL")"
}

# way_back PATH: what to do where the project was.
way_back() {
    echo "mv FOLDER $(quoted "$1")   (if it was moved or renamed: back to its place; or ./rollback.sh keeps what waits in its copy as a patch, then: scripts/start.sh --project FOLDER)"
}

# project_went PATH: whether the project that the copy is of is not there. Sets WHAT and MEND.
project_went() {
    [ -n "$1" ] && [ ! -d "$1" ] || return 1
    WHAT="the project is not there any more: $1" MEND=$(way_back "$1")
}

# project_problems: what stands in the way of a copy, for preflight.
project_problems() {
    local path
    path=$(project_path)
    if [ -z "$path" ]; then
        problem "no project is named: this bundle makes a copy of one" "scripts/start.sh --project PATH"
    elif [ ! -e "$path" ] && [ "$(copied project)" = "$path" ] && project_went "$path"; then
        problem "$WHAT" "$MEND"
    elif [ ! -d "$path" ] || [ ! -r "$path" ] || [ ! -x "$path" ]; then
        problem "the project cannot be read: $path" "ls -ld $(quoted "$path")   (or name another one: scripts/start.sh --project PATH)"
    elif ! apart "$(cd -- "$path" && pwd -P)"; then
        problem "the project and this bundle must lie apart: $path" "scripts/start.sh --project PATH   (of a folder that this bundle does not lie in)"
    fi
    [ "$EUID" -eq 0 ] || [ "$EUID" -eq "$GEN_UID" ] ||
        problem "the sandbox's user is number $GEN_UID and you are $EUID: neither could use what the other makes in the copy" \
            "$(again --set "image.user.uid=$EUID")"
    have git || problem "git is not installed" "sudo apt-get install git"
    if ! have python3; then
        problem "python3 is not installed" "sudo apt-get install python3"
    elif ! python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 9))'; then
        problem "python3 is older than 3.9" "sudo apt-get install python3"
    elif have git && [ -d "$path" ] && [ ! -e "$PROJECT/settings.json" ]; then
        foreseen_problem
    fi
}

# foreseen_problem: what git would wait for in the project, and a project that the disk cannot hold, seen before anything is built.
foreseen_problem() {
    local said what
    ! said=$(enter_project --foresee 2>&1 >/dev/null) || return 0
    said=${said#gen: } what=${said%%$'\n'*}
    case $what in
    'git cannot read '*) problem "$what: that is no file, or far too large" "${said##*mend: }" ;;
    'the project is too large '*) problem "$what" "$(again --set "storage.size=${said##*mend: }")   (or leave some of it out: project.secrets)" owner ;;
    esac
}

# enter_project [--foresee|--compare]: makes the copy, or only says how it would be made, or which settings it was made without.
enter_project() {
    local path words=() word method=$GEN_PROJECT_METHOD room=$GEN_STORAGE_BYTES
    path=$(project_path)
    [ ! -f "$IMAGE" ] || room=$(file_bytes "$IMAGE")
    [ "${1:-}" != --foresee ] || words+=(--room "$room")
    [ "$GEN_PROJECT_IGNORED" = false ] || words+=(--ignored)
    [ "$GEN_PROJECT_HISTORY" = false ] || words+=(--git)
    set -f
    for word in $GEN_PROJECT_SECRETS; do words+=(--secret "$word"); done
    for word in $GEN_PROJECT_KEEP; do words+=(--keep "$word"); done
    set +f
    [ -z "${1:-}" ] || words+=("$1")
    # A machine has no overlay of this host's: it unpacks the copy on its own disk.
    [ "$BACKEND" != microvm ] || method=plain
    project enter --project "$path" --sandbox-uid "$GEN_UID" --method "$method" ${words[@]+"${words[@]}"} || return 1
    [ -n "${1:-}" ] || [ "$BACKEND" != microvm ] || tar_for_machine
}

# made_without: sets WHY, where the profile says otherwise by now what is in the copy.
made_without() {
    WHY=$(enter_project --compare 2>/dev/null) && [ -n "$WHY" ] || return 1
    WHY="the copy was made before $WHY changed, which takes hold in a new one only: scripts/apply.sh for what you want of it, then scripts/discard.sh, then start again"
}

# tar_for_machine: the copy as one file, which the machine reads and cannot write.
tar_for_machine() {
    tar --format=gnu --numeric-owner -C "$DISK/tree" -cf "$PROJECT/project.tar.new" . &&
        durable "$PROJECT/project.tar.new" && mv -f "$PROJECT/project.tar.new" "$PROJECT/project.tar"
}

# leave_project: a whole rollback keeps the history of what the agent did beside the disk image that it keeps.
leave_project() {
    rm -f "$PROJECT"/project.tar*
    # The kernel keeps a folder of root's beside an overlay's layer; what an agent removed leaves a device in it.
    [ "$EUID" -eq 0 ] || [ ! -d "$DISK/work/work" ] || mount_tool rm -rf "$DISK/work" || :
    if [ "${GEN_UNDO:-run}" = all ] && [ "${GEN_DELETE_DATA:-}" != yes ]; then project leave; else project leave --delete; fi
}

# tree_device METHOD: the engine takes any word for the source of an overlay; ours tells whose it is.
tree_device() {
    case $1 in
    overlay) echo "gen-workspace-$INSTANCE" ;;
    plain) echo "$DISK/tree" ;;
    esac
}

# tree_options: sets OPTIONS, what the engine is to mount.
tree_options() {
    local path method
    path=$(project_path) method=$(copied method)
    OPTIONS=(--opt "device=$(tree_device "$method")")
    case $method in
    overlay) OPTIONS+=(--opt type=overlay --opt "o=nosuid,nodev,userxattr,lowerdir=$DISK/masks:$path,upperdir=$DISK/upper,workdir=$DISK/work") ;;
    plain) OPTIONS+=(--opt type=none --opt "o=bind,nosuid,nodev") ;;
    *) return 1 ;;
    esac
}

# left_out: the paths that were not copied, a line each, without those that the sandbox made itself since, and those with a
# line break.
left_out() { project left-out --lines --untouched; }

# sandbox_state: running, paused, exited and so on; empty when there is none of ours.
sandbox_state() {
    local line state
    line=$(sandbox_line) || return 1
    read -r _ state _ <<<"$line"
    ! ours "$line" 3 || echo "$state"
}

# look_below: what the host has changed in the project since, before a command begins that may build on it. What cannot be
# looked at only makes more of it a conflict.
look_below() { [ ! -s "$PROJECT/host.list" ] || project look || warn "what you changed in the project since could not be looked at"; }
# track_begin WORD...: the commit before this command, its words and whose script runs it, written down before it begins: what a
# look finds from now on may be of this command (lib/project/begun.py).
track_begin() {
    local head='' file process
    # Of a command whose script was killed: what is found now is its own, not this one's.
    for file in "$PROJECT"/command.*; do
        { IFS= read -r -d '' process <"$file"; } 2>/dev/null && ! process_lives "$process" && look --outside >/dev/null && break
    done
    { read -r head <"$PROJECT/track.git/refs/heads/sandbox"; } 2>/dev/null || :
    BEGUN=$PROJECT/command.$AUDIT_ID BEGAN=$head
    begun '' '' "$@"
}

# begun CODE SECONDS WORD...: writes that down, the end too where there is one, in one step.
begun() { printf '%s\0' "$SELF" "$BEGAN" "$@" >"$BEGUN.new" && mv -f "$BEGUN.new" "$BEGUN"; }

# track CODE WORD...: what a command changed becomes one commit, with its words, its exit code and how long it took.
track() {
    begun "$1" $((SECONDS - AUDIT_SINCE)) "${@:2}" && copy_is_shown && look --outside >/dev/null && return 0
    if copy_is_shown; then
        warn "what this command changed is not written down yet: scripts/changes.sh tries again"
    else
        warn "the sandbox was stopped meanwhile: what this command changed last is written down when it runs again"
        warn "  mend: scripts/start.sh"
    fi
}

# look [--still] OPTION...: a commit of what is changed now. A machine tells of its changes itself. With --still nothing in the
# sandbox can change it meanwhile: all files of the commit are of one moment.
look() {
    local still=''
    if [ "${1:-}" = --still ]; then still=yes && shift; fi
    if [ "$BACKEND" != microvm ]; then
        ${still:+held_still} project commit "$@"
    else
        (set -o pipefail && machine changes ${still:+--still} | project commit --tar - "$@")
    fi
}

# undo_commands N: what was changed last is written down first, once nothing runs that could add to it. A layer that is
# mounted is not changed behind its back; a machine is sent another one.
undo_commands() {
    local state layer=$PROJECT/layer.$$ code=0
    state=$(sandbox_state) || return 1
    copy_is_shown || fail "$EX_REFUSED" "the sandbox $GEN_NAME does not run, so nothing is undone" "" "scripts/start.sh"
    # Before anything is stopped for it.
    if [ "$(copied method)" = overlay ] && project_went "$(copied project)"; then fail "$EX_REFUSED" "nothing is undone" "$WHAT" "$MEND"; fi
    track_rest && project undo --foresee "$1" || return
    if [ "$BACKEND" = microvm ]; then
        project undo --tar "$layer" "$1" && machine put <"$layer" && look --undone "$1" >/dev/null || code=$?
        rm -f "$layer"
        return "$code"
    fi
    [ "$state" != running ] || stop_sandbox || return 1
    project undo "$1" || code=$?
    [ "$state" != running ] || { docker start "$(sandbox_id)" >/dev/null && healthy_within 30; } || return 1
    return "$code"
}

# track_rest: what was changed outside of any command becomes a commit too, where there is something to look at.
track_rest() { ! copy_is_shown || look --still --outside >/dev/null; }

# copy_is_shown: whether what was changed can be looked at: a stopped sandbox has its disk put away.
copy_is_shown() {
    if [ "$BACKEND" = microvm ]; then [ "$(sandbox_state)" = running ]; else disk_is_mounted; fi
}
