# A base image from an archive. Sourced after docker.sh and preflight.sh.
# shellcheck shell=bash

# An archive brings names of its own, over names that somebody else may use. What they meant before is written down first;
# afterwards each of them means that again.
NAMES=${GEN_PRIOR:-}/names KNOWN_IMAGES=${GEN_PRIOR:-}/images

# archive_names FILE: the names that its images get when it is loaded, one a line. Fails when they cannot be read; an
# archive without names is no failure.
archive_names() {
    { tar -xOf "$1" manifest.json 2>/dev/null || tar -xOf "$1" ./manifest.json; } | tr -d '\n' | sed 's/"RepoTags":/\n&/g' |
        sed -n 's/^"RepoTags": *\[\([^]]*\)\].*/\1/p' | tr -d '" ' | tr ',' '\n' | sed '/^$/d' | sort -u
}

# remember_names FILE
remember_names() {
    local name names id
    names=$(set -o pipefail && archive_names "$1") || return 1
    docker images --all --no-trunc --quiet | sort -u | write_durably "$KNOWN_IMAGES" || return 1
    while IFS= read -r name; do
        # What begins like an option is no image's name.
        case $name in '' | -*) continue ;; esac
        id=$(docker images --no-trunc --quiet "$name" </dev/null) || return 1
        echo "$name ${id:-none}"
    done <<<"$names" | write_durably "$NAMES"
}

# put_back_names: our own name for the base is not among them.
put_back_names() {
    local name before now
    while read -r name before; do
        [ "$name" != "$GEN_BASE_REF" ] || continue
        now=$(docker images --no-trunc --quiet "$name") || return 1
        [ "${now:-none}" != "$before" ] || continue
        if [ "$before" != none ]; then
            docker tag "$before" "$name" || return 1
        elif grep -qxF "$now" "$KNOWN_IMAGES"; then
            docker rmi --no-prune "$name" || return 1
        else
            docker rmi "$name" || return 1
        fi
    done <"$NAMES"
}

# load_archive TOKEN
load_archive() {
    local file id
    file=$(archive_path)
    # grep reads to the end: one that stops at the first match would make tar fail, and with it the answer.
    if ! tar -tf "$file" 2>/dev/null | grep -x -e manifest.json -e ./manifest.json >/dev/null; then
        docker import --change 'CMD ["/bin/sh"]' "$file" "$(being_made "$1")" && take_name "$1"
        return
    fi
    remember_names "$file" || return 1
    id=$(docker load --quiet --input "$file" | sed -n 's/^Loaded image\( ID\)\{0,1\}: //p' | sed -n 1p)
    [ -n "$id" ] || { echo "the archive holds no image"; return 1; }
    docker tag "$id" "$(being_made "$1")" && take_name "$1" && put_back_names
}

# unload_archive: after a load that was cut short the engine may give the names a moment later.
unload_archive() {
    local tries=0
    [ -s "$NAMES" ] || return 0
    while [ "$tries" -lt 6 ]; do
        put_back_names || return 1
        tries=$((tries + 1))
        sleep 0.5
    done
}
