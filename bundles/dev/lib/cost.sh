# What a rollback would cost: the data of the workspace, and where else they are. Sourced after docker.sh and storage.sh.
# shellcheck shell=bash
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"

GIT_SECONDS=10

# newest_copy: the file that holds the latest earlier state of the workspace: a backup, or an image that was kept.
newest_copy() {
    local file newest=''
    for file in "$BACKUPS"/*.tar.gz "$STORAGE"/kept/*.img; do
        [ -f "$file" ] || continue
        if [ -z "$newest" ] || [ "$file" -nt "$newest" ]; then newest=$file; fi
    done
    echo "$newest"
}

written_at() { date -u -r "$1" +%Y-%m-%dT%H:%M:%SZ; }

# The question to git, for a shell in the sandbox: "changes commits folder" a line, each number "-" when git does not say.
# Commits count that are in no remote's branch. Nothing is written, and no program run that the settings of a repository
# name for this.
# shellcheck disable=SC2016 # that shell expands it
ASK_GIT='
command -v git >/dev/null || exit 9
export GIT_OPTIONAL_LOCKS=0
ask() { git -C "$place" -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@" 2>/dev/null; }
find "$1" -xdev -maxdepth 5 -name .git -prune 2>/dev/null | head -n 20 | while IFS= read -r place; do
    place=${place%/.git}
    if list=$(ask status --porcelain --ignore-submodules=all); then changes=$(printf "%s\n" "$list" | grep -c .); else changes=-; fi
    echo "$changes $(ask rev-list --count --all --not --remotes || echo -) $place"
done'

# counted TEXT: sets COUNT to what git counted, or to "-" where it does not say; fails for anything else.
counted() {
    COUNT=-
    [ "$1" = - ] || { whole "$1" 9 && COUNT=$NUMBER; }
}

# repositories: what git in the running sandbox says of the repositories in the workspace. Fails when nobody can be asked.
# It is asked as the sandbox's user, never as root, and not for long.
repositories() {
    local answer changes commits folder
    answer=$(heard with_limit "$GIT_SECONDS" "$ENGINE" exec --user "$GEN_UID" "$(sandbox_id)" timeout "$GIT_SECONDS" \
        sh -c "$ASK_GIT" ask "$GEN_STORAGE_PATH" 2>/dev/null </dev/null) || return 1
    head -n 20 <<<"$answer" | while read -r changes commits folder; do
        { counted "$changes" && changes=$COUNT && counted "$commits"; } || continue
        case $folder in /*) written_out "$changes $COUNT ${folder:0:500}" ;; esac
    done
}

# cost_look ANSWERS: finds all of it, asking the engine if it answers. Sets COST_COMMANDS, COST_BYTES, COST_COPY, COST_OUTSIDE (yes, no or unknown), COST_GIT and COST_GIT_KNOWN.
cost_look() {
    local line
    COST_COMMANDS='' COST_BYTES='' COST_OUTSIDE=unknown COST_GIT='' COST_GIT_KNOWN=''
    COST_COPY=$(newest_copy)
    [ ! -f "$IMAGE" ] || COST_BYTES=$(allocated_bytes "$IMAGE")
    [ -n "$1" ] && line=$(sandbox_line) || return 0
    COST_OUTSIDE=no
    ours "$line" 3 || return 0
    COST_OUTSIDE=yes
    COST_COMMANDS=$(running_commands)
    has_word 2 "$line" running && COST_GIT=$(repositories) && COST_GIT_KNOWN=yes
}

# cost_text: as a person reads it.
cost_text() {
    local line changes commits folder
    if [ -n "$COST_BYTES" ]; then
        say "  the workspace: $(human "$COST_BYTES") in ${IMAGE#"$BUNDLE"/}; it is kept in storage/kept/, and lost only with --delete-data"
        if [ -n "$COST_COPY" ]; then
            say "  the newest other copy, of it or of an earlier one: ${COST_COPY#"$BUNDLE"/}, from $(written_at "$COST_COPY")"
        else
            say "  there is no other copy of it"
        fi
    else
        say "  no workspace: there is none"
    fi
    [ "$COST_OUTSIDE" != yes ] || say "  what was installed or written in the sandbox outside the workspace: it goes with the container"
    [ "$COST_OUTSIDE" != unknown ] || say "  what is in the sandbox outside the workspace: the engine does not say whether there is one"
    while IFS= read -r line; do [ -z "$line" ] || say "  what runs in the sandbox, and ends: command $line"; done <<<"$COST_COMMANDS"
    while read -r changes commits folder; do
        case "$changes $commits" in ' ' | '0 0') ;; *) say "  git in $folder: $changes files changed, $commits commits in no remote" ;; esac
    done <<<"$COST_GIT"
}

# cost_json: the same as the fields of a JSON object.
cost_json() {
    local line changes commits folder comma='' file=null copy=null outside=null commands=''
    while IFS= read -r line; do [ -z "$line" ] || commands=${commands:+$commands,}$(json_strings "$line"); done <<<"$COST_COMMANDS"
    [ -z "$COST_BYTES" ] || file=$(json_strings "${IMAGE#"$BUNDLE"/}")
    [ -z "$COST_COPY" ] || copy=$(printf '{"file":%s,"bytes":%s,"time":"%s"}' \
        "$(json_strings "${COST_COPY#"$BUNDLE"/}")" "$(json_number "$(file_bytes "$COST_COPY")")" "$(written_at "$COST_COPY")")
    case $COST_OUTSIDE in yes) outside=true ;; no) outside=false ;; esac
    printf '"workspace":%s,"workspace_bytes":%s,"newest_copy":%s,"commands":[%s],"lost_outside_workspace":%s,"repositories":' \
        "$file" "$(json_number "$COST_BYTES")" "$copy" "$commands" "$outside"
    [ -n "$COST_GIT_KNOWN" ] || { printf null && return; }
    printf '['
    while read -r changes commits folder; do
        [ -n "$folder" ] || continue
        printf '%s{"folder":%s,"changes":%s,"commits":%s}' "$comma" "$(json_strings "$folder")" "$(json_number "$changes")" "$(json_number "$commits")"
        comma=,
    done <<<"$COST_GIT"
    printf ']'
}
