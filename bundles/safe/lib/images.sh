# The images that this bundle built: one is taken away, and which ones no sandbox needs any more. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2153 # names of other files of this folder

# A client that was killed may have asked for one more container, which the engine makes a moment later, as long as there is the image.
take_away() { # NAME-OR-ID
    local tries=0 said
    until said=$(docker rmi --no-prune "$1" 2>&1); do
        tries=$((tries + 1))
        if [ "$tries" -ge 5 ] || ! end_tools; then
            printf '%s\n' "$said"
            return 1
        fi
        sleep 1
    done
}

# remove_image TOKEN ID NAME: takes away the image that this bundle built as NAME. A name that a person gave it is that person's, and
# so is an image that a person gave our name.
remove_image() {
    local found id=$2 name
    for name in "$3" "gen-build:$1"; do
        found=$(image_line "$name") || return 1
        word 1 "$found"
        [ -n "$WORD" ] || continue
        # An id that never became known is that of what has the build's own tag.
        [ "$id" != - ] || [ "$name" = "$3" ] || id=${WORD#sha256:}
        if [ "${WORD#sha256:}" = "$id" ]; then take_away "$name" || return 1; fi
    done
    [ "$id" != - ] || return 0
    # Without a name it stays only when somebody took its name for another one.
    found=$(docker images --no-trunc --format '{{.ID}} {{.Repository}}') || return 1
    ! grep -qxF -e "sha256:$id <none>" -e "$id <none>" <<<"$found" || take_away "$id"
}

# image_users ID: the containers that use an image, a line each.
image_users() { docker ps --all --filter "ancestor=$1" --format '  {{.Names}} ({{.Status}})'; }

# old_images: those that were built from earlier states of this bundle and that no container is made from, "TOKEN ID NAME BYTES" a line.
# As long as there is none of today's, the last one has the tools that free the disk. Fails when the engine does not answer.
old_images() {
    local lines kind token id name now bytes users
    lines=$(owned_lines) && now=$(image_line "$GEN_IMAGE_REF") || return 1
    ours "$now" 2 || return 0
    while read -r kind token id name; do
        if [ "$kind" != image ] || [ "$id" = - ] || [ "$name" = "$GEN_IMAGE_REF" ] || has_word 1 "$now" "sha256:$id"; then continue; fi
        bytes=$(described image "$id" "reference=$name" '{{.Size}}') && users=$(image_users "$id") || return 1
        ! whole "$bytes" || [ -n "$users" ] || echo "$token $id $name $NUMBER"
    done <<<"$lines"
}

# told_images: what they are in words: how many, and how large. Their layers may be shared, with each other and with the image of now.
told_images() { awk '{ count++; bytes += $4 } END { if (count) printf "%d of earlier states, %.1f GB at most\n", count, bytes / 1e9 }'; }
