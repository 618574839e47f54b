# Whether what is read of the workspace is of one moment: nobody wrote meanwhile. Sourced by backup.sh, after storage.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

# writers: every container that may write to the workspace, a line each: "id state since name". One that is paused or stopped, and is
# the same at the end, has not written; but see went_on.
writers() {
    local ids id folder all
    ids=$(docker ps --all --no-trunc --quiet --filter "volume=$VOLUME") && folder=$(volume_folder) &&
        all=$(docker ps --all --no-trunc --format '{{.ID}} {{.Mounts}}') || return 1
    # Somebody may have the folder of the volume, and not the volume.
    ids=$(printf '%s\n' "$ids" "$(awk -v folder="$folder" 'folder != "" && index($0, folder) { print $1 }' <<<"$all")" | sort -u)
    while read -r id; do
        [ -z "$id" ] || docker container inspect --format \
            '{{.Id}} {{.State.Status}} {{json .State.StartedAt}} {{.Name}}{{range .Mounts}}{{if .RW}} {{.Name}} {{json .Source}}{{end}}{{end}}' "$id" || return 1
    done <<<"$ids" | awk -v volume="$VOLUME" -v folder="$folder" '
        index($0 " ", " " volume " ") || (folder != "" && (index($0, "\"" folder "\"") || index($0, "\"" folder "/"))) { print $1, $2, $3, $4 }'
    [ "${PIPESTATUS[*]}" = '0 0' ]
}

# went_on SINCE WRITERS: those of the containers that went on since then, or came, although all of them are as they were by now. The
# engine remembers what happened last.
went_on() {
    local now
    whole "$(date +%s)" || return 1
    now=$((NUMBER + 1))
    docker events --since "$1" --until "$now" --filter type=container --filter event=unpause --format '{{.Actor.ID}}' |
        grep -F -f <(awk 'NF { print $1 }' <<<"$2")
    [ "$ENGINE" = podman ] || docker events --since "$1" --until "$now" --filter type=volume --filter event=mount --filter "volume=$VOLUME" \
        --format '{{index .Actor.Attributes "read/write"}} {{.Actor.Attributes.container}}' | sed -n 's/^true //p'
}

# moment_begins: sets MOMENT and SINCE. Fails, with WHY and MEND, when somebody writes.
moment_begins() {
    local id state since name
    WHY="the engine does not list the containers that have the workspace" MEND="$ENGINE ps -a"
    whole "$(date +%s)" && SINCE=$NUMBER && MOMENT=$(writers) || return 1
    while read -r id state since name; do
        case $state in
        running | restarting)
            WHY="the container ${name#/} has the workspace, and runs" MEND="$ENGINE pause $(quoted "${name#/}")   (and go on with it afterwards: $ENGINE unpause)"
            return 1
            ;;
        esac
    done <<<"$MOMENT"
}

# moment_held: whether nobody wrote since then. Sets WHY otherwise.
moment_held() {
    local now
    now=$(writers) || return 1
    WHY="a container that has the workspace went on, was started or came meanwhile"
    [ "$now" = "$MOMENT" ] && [ -z "$(went_on "$SINCE" "$MOMENT")" ]
}
