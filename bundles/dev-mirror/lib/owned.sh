# What is ours: what this bundle wrote down when it made it, and nothing else. A label proves nothing: a container inherits those
# of its image, and an image those of a container that somebody committed. Sourced by docker.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

# A line an object, "KIND TOKEN ID NAME", written before the object is made, with "-" for an id that is not known yet. KIND is
# container, image, base, name (of an image that was there before us: only the name is ours), volume or network. TOKEN is a word that nobody can guess; the object has it where nothing inherits it: a
# container among its annotations, a volume and a network as a label, an image as its first tag. Whatever a crash left without an
# id is known by that.
OWNED=$STATE/owned

# owned_lines: the record.
owned_lines() {
    if [ -e "$OWNED" ]; then cat "$OWNED"; elif [ -d "$STATE/ledger" ]; then owned_by_ledger; fi
}

# owned_by_ledger: an earlier version of gen wrote no such record, but its ledger has the ids of what committed runs made.
owned_by_ledger() {
    cat "$STATE"/ledger/*[0-9] 2>/dev/null | awk -v instance="$INSTANCE" '
        $NF != "owner=" instance && !($2 == "image" && $4 ~ /^gen-[^:]*:[0-9a-f]+$/) { next }
        $2 == "volume" { object = "volume " instance " - " $3 }
        $2 != "volume" { sub(/^sha256:/, "", $3); object = $2 " ledger " $3 " " $4 }
        { sum[object] += $1 == "+" ? 1 : -1 }
        END { for (object in sum) if (sum[object] > 0) print object }'
}

# record LINES: makes them the record.
record() {
    write_durably "$OWNED" printf '%s' "${1:+$1$'\n'}" && return
    # A line that could not be written is none; what stands of it would be left by an undo.
    rm -f "$OWNED.new"
    return 1
}

# own KIND NAME: writes down that one is about to be made. Sets TOKEN.
own() {
    local lines
    lines=$(owned_lines) && TOKEN=$(random_word 16) && [ ${#TOKEN} -eq 32 ] || return 1
    record "${lines:+$lines$'\n'}$1 $TOKEN - $2"
}

# owned TOKEN ID: writes down which object it became.
owned() {
    local lines
    # What could not be read or changed is not written over.
    [ -n "$2" ] && lines=$(owned_lines) && lines=$(awk -v token="$1" -v id="${2#sha256:}" '$2 == token { $3 = id } { print }' <<<"$lines") &&
        record "$lines"
}

# owned_name TOKEN ID: writes down that the base image was there before, so that no more than its name is ours.
owned_name() {
    local lines
    lines=$(owned_lines) && [ -n "$2" ] || return 1
    record "$(awk -v token="$1" -v id="${2#sha256:}" '$2 == token { $1 = "name"; $3 = id } { print }' <<<"$lines")"
}

# disown KIND WHAT: strikes out those of an id or a token; "-" for all whose id never became known, "all" for all of the kind.
disown() {
    local lines
    lines=$(owned_lines) || return 1
    [ -n "$lines" ] || return 0
    lines=$(awk -v kind="$1" -v what="${2#sha256:}" '$1 != kind || (what != "all" && $3 != what && $2 != what)' <<<"$lines") && record "$lines"
}

# read_owned: sets RECORD to the record, without a process of its own where there is a file: it is asked for all the time.
read_owned() { RECORD=''; if [ -e "$OWNED" ]; then IFS= read -r -d '' RECORD <"$OWNED" || :; else RECORD=$(owned_lines); fi; }

# recorded KIND ID [TOKEN]: whether this object is written down: by its id, or by its token as long as no id is. A volume has no id but
# its name and the second in which it was made, which two may share: of one the token counts as well.
recorded() {
    local kind token id wanted=${2#sha256:} RECORD
    read_owned
    while read -r kind token id _; do
        [ "$kind" = "$1" ] && [ "$wanted" != - ] || continue
        case $id in "$wanted") [ "$token" = "${3:-}" ] || [ "$kind" != volume ] || continue ;; -) [ "$token" = "${3:-}" ] || continue ;; *) continue ;; esac
        return 0
    done <<<"$RECORD"
    return 1
}

# owned_id KIND NAME: the id of the last one that was made under that name; empty when none is known.
owned_id() {
    local kind id name found='' RECORD
    read_owned
    while read -r kind _ id name; do
        if [ "$kind" = "$1" ] && [ "$name" = "$2" ] && [ "$id" != - ]; then found=$id; fi
    done <<<"$RECORD"
    echo "$found"
}

# owner KIND ID [TOKEN]: INSTANCE when it is ours, else "-".
owner() { if [ -n "$INSTANCE" ] && recorded "$@"; then echo "$INSTANCE"; else echo -; fi; }

# The mark of the short-lived containers, which come and go too fast for a record each: one word for all of this bundle's, which is
# told to nobody but the engine.
tool_token() { made_once "$STATE/token" 16; }

# container_owner ID: owner of a container, whose token is looked at where its id is not known. Empty when it is gone by now.
container_owner() {
    local token found
    if recorded container "$1"; then
        owner container "$1"
    elif token=$(docker container inspect --format '{{index .HostConfig.Annotations "gen.token"}}' "$1" 2>/dev/null); then
        if [ -s "$STATE/token" ] && [ "$token" = "$(<"$STATE/token")" ]; then echo "$INSTANCE"; else owner container "$1" "$token"; fi
    else
        found=$(docker ps --all --no-trunc --quiet --filter "id=$1") && [ -z "$found" ]
    fi
}

# recorded_among KIND: those of the ids of standard input that are written down.
recorded_among() { grep -xF -f <(owned_lines | awk -v kind="$1" '$1 == kind && $3 != "-" { print $3 }'); }

# our_containers: the ids of ours that there are, whatever they are called by now and whatever labels they bear: only what has no id
# in the record yet is found by our label.
our_containers() {
    local all ids id whose
    [ -n "$INSTANCE" ] || return 0
    all=$(docker ps --all --no-trunc --format '{{.ID}}{{with .Label "gen.instance"}}{{if eq . "'"$INSTANCE"'"}} claimed{{end}}{{end}}') || return 1
    ids=$(sed -n 's/ claimed$//p' <<<"$all")
    all=${all// claimed/}
    # Of one whose making was cut off only the token is known: each is asked for it.
    ! owned_lines | grep '^container [^ ]* - ' >/dev/null || ids=$all
    ids=$(sort -u <<<"$ids"$'\n'"$(recorded_among container <<<"$all")") || return 1
    for id in $ids; do
        whose=$(container_owner "$id") || return 1
        [ "$whose" != "$INSTANCE" ] || echo "$id"
    done
}

# ours LINE N: whether the N-th word, the owner, is this copy of the bundle.
ours() { [ -n "$1" ] && [ -n "$INSTANCE" ] && has_word "$2" "$1" "$INSTANCE"; }

# name_image KIND ID NAME: gives an image of ours its name, unless somebody else's has that: whatever has a name loses it to the one
# that is given it.
name_image() {
    local has
    has=$(described image "$3" "reference=$3" '{{.Id}}') || return 1
    if [ -n "$has" ] && [ "${has#sha256:}" != "${2#sha256:}" ] && ! recorded "$1" "$has"; then
        echo "somebody else gave an image the name $3 just now: it is theirs and stays; start again"
        return 1
    fi
    docker tag "$2" "$3"
}

# untag NAME TOKEN: takes a name from an image and nothing else. Docker takes the image with its last name, and the digests that
# somebody may know it by with the last tag of a repository. So the name is given to an image of nothing first, and goes with that.
untag() {
    local nothing=gen-nothing:$2
    image_is_there "$nothing" || tar -cf - -T /dev/null | docker import - "$nothing" >/dev/null || return 1
    docker tag "$nothing" "$1" && docker rmi --no-prune "$1" "$nothing" >/dev/null
}

# sandbox_id: the container that we made under the sandbox's name; a name that nobody has, where there is none.
sandbox_id() {
    local id
    id=$(owned_id container "$GEN_CONTAINER")
    echo "${id:-no-sandbox-of-ours}"
}
