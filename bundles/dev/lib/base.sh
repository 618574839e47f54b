# What the base image is: the name alone does not say that there is a system in it. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2153 # names of other files of this folder

# No Debian or Ubuntu is smaller. What a making that was cut off has left, and an archive of nothing, are.
LEAST_BASE=$((10 << 20))

# base_facts REF: "id layers bytes system" of an image; empty when there is none. Fails when the engine does not answer.
base_facts() { described image "$1" "reference=$1" '{{.Id}} {{len .RootFS.Layers}} {{.Size}} {{.Os}}'; }

# base_lacks FACTS: says what such an image lacks, and fails when it lacks nothing.
base_lacks() {
    local layers bytes system
    read -r _ layers bytes system <<<"$1"
    [[ $layers =~ ^[1-9][0-9]{0,3}$ ]] || { echo "it is empty" && return; }
    [[ $bytes =~ ^[0-9]{1,18}$ ]] && [ "$bytes" -ge "$LEAST_BASE" ] || { echo "it is too small to hold a system" && return; }
    [ "$system" = linux ] || { echo "it is for another system than Linux" && return; }
    return 1
}

# being_made TOKEN: the name of an image of ours that is not whole yet. No one else has such a name.
being_made() { echo "gen-making:$1"; }

# Somebody may have the very image that is brought here, under another name, by its digest or by nothing but its id. Then no more is
# ours than the name that it gets, and an undo takes no more away.

# note_images: writes down which images there are before one is brought, under whatever name or none, and by which digests.
note_images() { write_durably "$GEN_PRIOR/images" docker images --all --no-trunc --digests --format '{{.ID}} {{.Repository}}@{{.Digest}}'; }

# was_there ID: whether the image is among those.
was_there() { awk -v id="${1#sha256:}" '$1 == id || $1 == "sha256:" id { found = 1 } END { exit !found }' "$GEN_PRIOR/images" 2>/dev/null; }

# brought TOKEN ID: writes down what is ours of the image that was brought.
brought() { if was_there "$2"; then owned_name "$@"; else owned "$@"; fi; }

# take_name TOKEN: the image that was made is written down and gets its name, if there is a system in it.
take_name() {
    local facts lacks part
    part=$(being_made "$1")
    facts=$(base_facts "$part") && [ -n "$facts" ] || return 1
    if lacks=$(base_lacks "$facts"); then
        echo "what was made is no base image: $lacks"
        return 1
    fi
    word 1 "$facts"
    brought "$1" "$WORD" && name_image base "$WORD" "$GEN_BASE_REF" && docker rmi --no-prune "$part" >/dev/null
}

# pull_base TOKEN: a pull takes its name from whatever image somebody gave that meanwhile. They get it back.
pull_base() {
    local since id theirs
    since=$(date +%s)
    docker pull "$GEN_BASE_REF" | tee "$GEN_PRIOR/pulled" || return 1
    id=$(pulled_id "$GEN_BASE_REF") || return 1
    theirs=$(named_since "$since" "$GEN_BASE_REF") || return 1
    if [ -n "$id" ] && [ -n "$theirs" ] && [ "${theirs#sha256:}" != "${id#sha256:}" ]; then
        docker tag "$theirs" "$GEN_BASE_REF" && { was_there "$id" || docker rmi --no-prune "$id"; } || return 1
        id=''
    fi
    if [ -z "$id" ]; then
        echo "somebody else brought $GEN_BASE_REF meanwhile: it is theirs and stays"
        disown base "$1"
    else
        brought "$1" "$id" && { ! was_there "$id" || drop_digests "$id"; }
    fi
}

# named_since TIME NAME: the id of the last image that somebody gave the name since then; a pull gives it without saying so. The engine
# remembers what happened last, and no more.
named_since() {
    whole "$(date +%s)" || return 1
    docker events --since "$1" --until "$((NUMBER + 1))" --filter type=image --filter event=tag --format '{{.Actor.ID}} {{.Actor.Attributes.name}}' |
        awk -v name="$2" '$2 == name { id = $1 } END { print id }'
}

# drop_digests ID: takes away the digests that a pull gave an image which was there before, and had them not.
drop_digests() {
    local found name
    found=$(described image "$1" "reference=$1" '{{range .RepoDigests}}{{println .}}{{end}}') || return 1
    while read -r name; do
        [ -z "$name" ] || grep -qF " $name" "$GEN_PRIOR/images" || docker rmi --no-prune "$name" || return 1
    done <<<"$found"
}

# pulled_id NAME: the id of the image of that name if it is what this step's pull brought; else nothing. A pull that failed, or found it
# there, has brought nothing, whatever has the name by now: what the engine said at the end of it tells, as Docker (a digest) or as
# Podman (the id).
pulled_id() {
    local said=$GEN_PRIOR/pulled facts word found=''
    [ -s "$said" ] && ! grep -q '^Status: Image is up to date' "$said" || return 0
    facts=$(described image "$1" "reference=$1" '{{.Id}}{{range .RepoDigests}} {{.}}{{end}}') || return 1
    while read -r word; do
        [ -n "$word" ] && grep -qxF -e "Digest: sha256:${word##*:}" -e "${word##*:}" "$said" && found=${facts%% *}
    done < <(tr ' ' '\n' <<<"$facts")
    [ -z "$found" ] || echo "$found"
}

# drop_part TOKEN KIND: takes away what a making that was cut off has left.
drop_part() {
    local line
    line=$(image_line "$(being_made "$1")") || return 1
    [ -z "$line" ] || drop_name "$(being_made "$1")" "${line%% *}" "$@"
}

# drop_name NAME ID TOKEN KIND: takes the name away, and with it the image, unless that was there before us.
drop_name() {
    if [ "$4" = name ] || was_there "$2"; then untag "$1" "$3"; else docker rmi --no-prune "$1"; fi
}

# drop_nothing TOKEN NAME: finishes an untag that was cut off.
drop_nothing() {
    local nothing line name
    nothing=$(image_line "gen-nothing:$1") || return 1
    [ -n "$nothing" ] || return 0
    for name in "$2" "$(being_made "$1")"; do
        line=$(image_line "$name") || return 1
        [ "${line%% *}" != "${nothing%% *}" ] || docker rmi --no-prune "$name" || return 1
    done
    docker rmi --no-prune "gen-nothing:$1"
}

# drop_nameless ID: takes away an image that we brought, and whose name somebody gave another.
drop_nameless() {
    local found
    found=$(docker images --no-trunc --format '{{.ID}} {{.Tag}}') || return 1
    ! grep -qxF -e "sha256:$1 <none>" -e "$1 <none>" <<<"$found" || docker rmi --no-prune "$1"
}
