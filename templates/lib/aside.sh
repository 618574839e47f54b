# What is somebody else's and stands under our names: what a start would move aside, what stands aside now, and which names
# of our own give way. Sourced by docker.sh.
# shellcheck shell=bash disable=SC2153 # names of the files that come before this one

# foreign_objects: what a start would move, a line each: "kind id state name new-name". Before the first run this bundle has no
# number yet: then the new name ends with ID. Fails when the engine does not answer.
foreign_objects() {
    local container image new
    container=$(container_line "$GEN_CONTAINER") && image=$(image_line "$GEN_IMAGE_REF") || return 1
    if [ -n "$container" ] && ! ours "$container" 3; then
        new=$(free_name container "$GEN_CONTAINER-aside-${INSTANCE:-ID}") || return 1
        word 2 "$container"
        printf 'container %s %s %s %s\n' "${container%% *}" "$WORD" "$GEN_CONTAINER" "$new"
    fi
    if [ -n "$image" ] && ! ours "$image" 2; then
        new=$(free_name image "gen-aside:${INSTANCE:-ID}") || return 1
        word 1 "$image"
        printf 'image %s - %s %s\n' "$WORD" "$GEN_IMAGE_REF" "$new"
    fi
}

# objects_aside: what stands aside now, in the same form.
objects_aside() { [ ! -e "$STATE/aside/moved" ] || grep -E '^(container|image) [^ ]+ [^ ]+ [^ ]+ [^ ]+$' "$STATE/aside/moved" | sort -u; }

# own_name KIND WANTED: of a volume or network whose name somebody else has, "kind wanted name": the name that ours takes.
own_name() {
    local name
    name=$(free_name "$1" "$2" 2) || return 1
    [ "$name" = "$2" ] || printf '%s %s %s\n' "$1" "$2" "$name"
}

# told_move KIND ID STATE NAME NEW: what happens to that object, in words.
told_move() {
    case $1 in
    container) printf "container %s (%.12s, %s) is not ours: renamed to %s until ./rollback.sh gives the name back, and otherwise left as it is\n" "$4" "$2" "$3" "$5" ;;
    image) printf "image %s (%.19s) is not ours: called %s until ./rollback.sh gives the name back\n" "$4" "$2" "$5" ;;
    esac
}

# told_aside KIND ID STATE NAME NEW: where that object is now.
told_aside() { printf '%s %s is not ours: called %s until ./rollback.sh gives it back\n' "$1" "$4" "$5"; }

# told_name KIND WANTED NAME: that one of our names has given way.
told_name() { printf '%s %s is not ours and is left alone: ours is called %s\n' "$1" "$2" "$3"; }

# names_taken: the names of ours that have given way, "kind wanted name" a line.
names_taken() {
    [ "$VOLUME" = "$GEN_VOLUME" ] || printf 'volume %s %s\n' "$GEN_VOLUME" "$VOLUME"
    [ "$NETWORK" = "$GEN_NETWORK" ] || printf 'network %s %s\n' "$GEN_NETWORK" "$NETWORK"
}

# say_aside: all of it in words, a line each, for whoever asks how things stand.
say_aside() {
    local kind id state name new
    objects_aside | while read -r kind id state name new; do told_aside "$kind" "$id" "$state" "$name" "$new"; done
    names_taken | while read -r kind name new; do told_name "$kind" "$name" "$new"; done
}
