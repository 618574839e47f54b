# A base image from an archive. Sourced after docker.sh, preflight.sh, mirror.sh and base.sh.
# shellcheck shell=bash

# An archive brings names of its own, over names that somebody else may use; and which ones, only the engine that loads it can tell,
# since each reads such a file in its own way. So no engine is given it. The engine gets an archive that is made here of the image's
# parts, and the one name in that is one that nobody else can have.

# load_archive TOKEN
load_archive() {
    local file list parts
    file=$(archive_path)
    # grep reads to the end: one that stops at the first match would make tar fail, and with it the answer.
    list=$(tar -tf "$file" 2>/dev/null | grep -x -e manifest.json -e ./manifest.json) || :
    if [ -z "$list" ]; then
        docker import --change 'CMD ["/bin/sh"]' "$file" "$(being_made "$1")" && take_name "$1"
        return
    fi
    mkdir -p "$WORKSHOP" || return 1
    parts=$(set -o pipefail && archive_parts "$file" "$list") || { echo "the archive holds no image, or more than one"; return 1; }
    copy_parts "$file" "${list%manifest.json}" "$1" <<<"$parts" || return 1
    (cd "$WORKSHOP" && tar -cf - -- *) | docker load --quiet && take_name "$1" && clear_workshop
}

# archive_parts FILE LIST: the parts of its one image by the list in it, "config NAME" and a line "layer NAME" each. What could be
# read in more than one way is no answer.
archive_parts() {
    tar -xOf "$1" -- "$2" 2>/dev/null | head -c $((1 << 20)) | json_leaves | awk '
        $1 == "[].Config" || $1 == "[].Layers[]" {
            if (NF != 2 || $2 !~ /^"[A-Za-z0-9][A-Za-z0-9._:\/-]*"$/ || $2 ~ /\.\./) wrong = 1
            kind = $1 == "[].Config" ? "config" : "layer"
            count[kind]++
            said = said kind " " substr($2, 2, length($2) - 2) "\n"
        }
        END { if (wrong || count["config"] != 1 || !count["layer"]) exit 1; printf "%s", said }'
}

# copy_parts FILE FOLDER TOKEN: the parts of standard input, from that folder in the archive, to the workshop, with a list of our own.
copy_parts() {
    local kind name to link layers='' number=0
    while read -r kind name; do
        number=$((number + 1)) to=config.json
        [ "$kind" = config ] || { to=layer-$number.tar && layers="$layers${layers:+,}\"$to\""; }
        tar -xOf "$1" -- "$2$name" >"$WORKSHOP/$to" || return 1
        [ ! -s "$WORKSHOP/$to" ] || continue
        # Older engines write the second of two equal layers as a link to the first.
        link=$(tar -tvf "$1" -- "$2$name" | sed -n 's#^l.* -> \.\./\([A-Za-z0-9][A-Za-z0-9/_-]*\.tar\)$#\1#p')
        [ -n "$link" ] || { echo "the archive holds no image: $name is empty"; return 1; }
        tar -xOf "$1" -- "$2$link" >"$WORKSHOP/$to" || return 1
    done
    printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":[%s]}]\n' "$(being_made "$3")" "$layers" >"$WORKSHOP/manifest.json"
}
