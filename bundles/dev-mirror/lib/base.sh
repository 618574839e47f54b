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
    owned "$1" "$WORD" && name_image base "$WORD" "$GEN_BASE_REF" && docker rmi --no-prune "$part" >/dev/null
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

# drop_part TOKEN: takes away what a making that was cut off has left.
drop_part() {
    local line
    line=$(image_line "$(being_made "$1")") || return 1
    [ -z "$line" ] || docker rmi "$(being_made "$1")"
}
