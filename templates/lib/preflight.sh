# What must hold before anything is changed. Sourced after docker.sh and storage.sh.
# shellcheck shell=bash disable=SC2153 # names of the files that come before this one
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
# shellcheck source=templates/lib/sources.sh
. "$BUNDLE/lib/sources.sh"
# shellcheck source=templates/lib/reach.sh
. "$BUNDLE/lib/reach.sh"

# problem WHAT FIX [owner]: what stands in the way, and what puts it right. With "owner" only the owner of this machine may
# decide whether that is done: its size, its mirror, somebody else's container. lib/plan.sh reads these lines.
problem() {
    printf '%s\n    mend: %s\n' "$1" "$2"
    [ "${3:-}" != owner ] || printf '    decides: owner\n'
}

# engine_problem ERROR: why the engine does not answer, from what its client says.
engine_problem() {
    SAID=$1
    engine_trouble
    problem "$WHAT: $SAID" "$MEND"
}

# engine_facts: what the engine and its client say of themselves, in one line; after an error the last line is "failed".
engine_facts() {
    docker info --format "$ENGINE_FACTS" 2>&1 ||
        printf '\nfailed\n'
}

# engine_problems: the engine takes long to tell of itself; meanwhile it is asked who has our names.
engine_problems() {
    local facts names
    have "$ENGINE" || { problem "$ENGINE is not installed" "sudo apt-get install docker.io   (or podman)"; return; }
    exec 3< <(engine_facts)
    names=$(name_problems)
    facts=$(cat <&3)
    exec 3<&-
    case $facts in *$'\nfailed') engine_problem "$(printf '%s\n' "$facts" | sed '/^$/d; $d')" && return ;; esac
    # With no daemon this client still ends with 0 and names the error in a field.
    [ -n "${facts%%|*}" ] || { engine_problem "${facts##*|}"; return; }
    host_problems "$facts"
    [ -z "$names" ] || printf '%s\n' "$names"
}

# old_problem WHAT FOUND MINIMUM MEND
old_problem() {
    if [ -z "$2" ]; then
        problem "$1 is not installed" "$4"
    elif ! at_least "$3" "$2"; then
        problem "$1 is version $2, and $3 or newer is needed" "$4"
    fi
}

# host_problems FACTS: the fields of ENGINE_FACTS, separated by bars.
host_problems() {
    local os version cpus memory security plugins
    IFS='|' read -r os version cpus memory security plugins _ <<<"$1"
    [ "$os" = linux ] || problem "the engine runs $os containers" "switch the engine to Linux containers"
    client_problems "$version" "$security" "$plugins"
    whole "$cpus" 6 && awk -v want="$GEN_CPUS" -v have="$NUMBER" 'BEGIN { exit !(want > have) }' &&
        problem "the profile asks for $GEN_CPUS processors, and the host has $NUMBER" "$(again --set "resources.cpus=$NUMBER")" owner
    whole "$memory" || NUMBER=0
    [ "$GEN_MEMORY_BYTES" -le "$NUMBER" ] ||
        problem "the profile asks for $(human "$GEN_MEMORY_BYTES") of memory, and the host has $(human "$NUMBER")" "$(again --set "resources.memory=$((NUMBER >> 20))M")" owner
    [ -e /dev/loop-control ] || problem "the kernel has no loop devices" "sudo modprobe loop"
}

# bundle_made FOLDER CONTAINER: whether the bundle in that folder has written down that it made it. One that we may not read, as another
# user's mostly is, or that an earlier version of gen ran, is believed.
bundle_made() {
    [ -f "$1/MANIFEST.sha256" ] || { shut "$1"; return; }
    [ -f "$1/.state/owned" ] && [ -r "$1/.state/owned" ] || return 0
    grep -q "^container [0-9a-f]* $2 " "$1/.state/owned"
}

# shut PATH: whether nobody can tell if anything has that name, since a folder on the way may not be entered.
shut() {
    local above=$1
    # A word that is no path of a folder says nothing; a step up would not end.
    case $1 in /*) ;; *) return 1 ;; esac
    while [ -n "$above" ] && [ ! -e "$above" ]; do above=${above%/*}; done
    [ -d "$above" ] && [ ! -x "$above" ]
}

# name_problems: two bundles never share a sandbox's name, and one never has sandboxes of two names.
name_problems() {
    local line folder
    line=$(container_line "$GEN_CONTAINER" 2>/dev/null) || { problem "the engine does not list its containers" "$ENGINE ps -a"; return; }
    if [ -n "$line" ] && ! ours "$line" 3; then
        word 1 "$line"
        folder=$(docker container inspect --format '{{index .Config.Labels "com.docker.compose.project.working_dir"}}' "$WORD" 2>/dev/null)
        ! bundle_made "$folder" "$WORD" ||
            problem "another bundle on this machine runs a sandbox named $GEN_NAME" "$(again --set "name=$GEN_NAME-2")   (a name that is free; or, for whoever owns it: $(quoted "$folder")/rollback.sh)" owner
    fi
    ! renamed || problem "$WHAT" "$MEND" owner
    ! called_otherwise || problem "$WHAT" "$MEND" owner
}

# base_problems: what the base image, and then the packages in ours, are fetched from. Each is asked if it is needed.
base_problems() {
    local line
    line=$(image_line "$GEN_IMAGE_REF" 2>/dev/null) && ours "$line" 2 || [ "$GEN_IMAGE_SOURCE" = mirror ] || mirror_problems
    image_is_there "$GEN_BASE_REF" 2>/dev/null && return
    case $GEN_IMAGE_SOURCE in
    mirror)
        maker_problems
        mirror_problems
        ;;
    registry) registry_problems ;;
    archive) [ -r "$(archive_path)" ] || problem "the archive of the base image is not there: $(archive_path)" "$ENGINE save IMAGE > $(quoted "$(archive_path)")" owner ;;
    esac
}

space_problems() {
    local missing size fits=''
    [ -e "$IMAGE" ] && return
    missing=$(room_for "$GEN_STORAGE_BYTES" "$IMAGE") && return
    # In whole gigabytes, or megabytes of a small disk: a size that fits.
    whole "$(free_bytes "$BUNDLE")" || NUMBER=0
    size=$(((NUMBER - GEN_STORAGE_RESERVE_BYTES) * 3 / 4 >> 20))
    if [ "$size" -ge 2048 ]; then fits=$((size >> 10))G; elif [ "$size" -ge 64 ]; then fits=${size}M; fi
    problem "not enough free space: $missing" \
        "${fits:+$(again --set "storage.size=$fits")   (that fits now, and leaves room for the image), or }df -h $(quoted "$BUNDLE")   (and make room)" owner
}

preflight_problems() {
    case $BUNDLE in *$'\n'*) problem "the folder's name has a line break" "give the folder another name" ;; esac
    ! have iconv || printf '%s' "$BUNDLE" | iconv -f UTF-8 -t UTF-8 >/dev/null 2>&1 ||
        problem "the folder's path is not UTF-8, and an engine is told of no other" "give the folder, or what it lies in, another name"
    [ -w "$BUNDLE" ] || problem "the bundle's folder cannot be written: $BUNDLE" "chmod u+w $(quoted "$BUNDLE")"
    cat <(engine_problems) <(isolation_problems) <(base_problems) <(space_problems) <(port_problems) <(copy_problems) <(additions_problems)
}

copy_problems() {
    [ "$GEN_PROJECT_METHOD" != none ] || return 0
    # shellcheck source=templates/lib/project.sh
    . "$BUNDLE/lib/project.sh"
    project_problems
}
