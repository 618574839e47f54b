# What the engine holds: all of it, for the fingerprint, and what of it is ours. Sourced by docker.sh.
# shellcheck shell=bash

# engine_marked: what bears our label, one "kind id sandbox-name" a line; for a volume its name is its id. Others may bear it too.
engine_marked() {
    local filter=label=gen.instance=$INSTANCE
    cat <(docker ps --all --no-trunc --filter "$filter" --format 'container {{.ID}} {{.Label "gen.name"}}' && echo answered) \
        <(docker volume ls --filter "$filter" --format 'volume {{.Name}} {{.Label "gen.name"}}' && echo answered) \
        <(docker network ls --no-trunc --filter "$filter" --format 'network {{.ID}} {{.Label "gen.name"}}' && echo answered) | known 3
}

# engine_owns: what this copy of the bundle has in the engine, one "kind sandbox-name" a line.
engine_owns() {
    local found all
    [ -n "$(owned_lines)" ] || return 0
    found=$(engine_marked) && all=$(docker ps --all --no-trunc --format 'there {{.ID}}') || return 1
    # A container's labels are for its user to change; it was made under the sandbox's name.
    awk 'FILENAME == ARGV[1] { mine[$1 " " ($1 == "volume" ? $4 : $3)]; if ($1 == "container") name[$3] = $4; next }
        $1 == "there" { if ($2 in name) print "container", name[$2]; next }
        $1 != "container" && ($1 " " $2) in mine { print $1, $3 }' <(owned_lines) <(printf '%s\n' "$found" "$all")
}

# known N: passes on the answers to N questions that were asked at once. Fails when not each of them ends with "answered":
# whatever cut one short, no answer is not the same as nothing there.
known() {
    awk -v asked="$1" '$0 == "answered" { answers++; next } { said = said $0 "\n" }
        END { if (answers != asked) exit 1; printf "%s", said }'
}

# engine_inventory: everything that this engine holds, for the fingerprint; nothing is left out. Behind each object stands whose it
# is: ours by the record, somebody else's where it bears another mark, or nothing. No text of a label comes into it. The
# questions are asked at once.
engine_inventory() {
    local owner
    owner='owner={{with .Label "gen.instance"}}{{if eq . "'${INSTANCE:-none}'"}}claimed{{else}}other{{end}}{{else}}{{if .Label "com.docker.compose.project"}}other{{end}}{{end}}'
    # The engine makes its own three networks anew when it starts: they are known by their names.
    cat <(docker ps --all --no-trunc --format "container {{.ID}} {{.Names}} {{.State}} $owner" && echo answered) \
        <(our_containers | sed 's/^/mine /' && [ "${PIPESTATUS[0]}" -eq 0 ] && echo answered) \
        <(docker images --no-trunc --format 'marked {{.ID}}' --filter label=gen.instance && echo answered) \
        <(docker images --no-trunc --format 'image {{.ID}} {{.Repository}}:{{.Tag}} owner=' && echo answered) \
        <(docker volume ls --format "volume {{.Name}} {{.Driver}} $owner" && echo answered) \
        <({ docker network ls --no-trunc --format "network {{.ID}} {{.Name}} {{.Driver}} $owner" && echo answered; } |
            sed -E 's/^network [0-9a-f]+ (bridge|host|none) /network - \1 /') | known 6 | whose
    [ "${PIPESTATUS[*]}" = '0 0 0' ]
}

# whose: puts the owner behind each object of standard input. What claims to be ours and is not written down is somebody else's,
# where marks are inherited.
whose() {
    awk -v mine="owner=${INSTANCE:-none}" '
        function id(word) { sub(/^sha256:/, "", word); return word }
        FILENAME == ARGV[1] { owned[($1 == "base" ? "image" : $1) " " ($1 == "volume" ? $4 : $3)]; tag["gen-build:" $2]; next }
        $1 == "mine" { owned["container " $2]; next }
        $1 == "marked" { marked[id($2)]; next }
        { line[++n] = $0 }
        END { for (i = 1; i <= n; i++) {
            $0 = line[i]; name = $3; sub(/^localhost\//, "", name)
            if (($1 " " id($2)) in owned || ($1 == "image" && name in tag)) $NF = mine
            else if ($1 == "image" && id($2) in marked || $1 == "container" && $NF == "owner=claimed") $NF = "owner=other"
            else if ($NF == "owner=claimed") $NF = "owner="
            print } }' <(owned_lines) -
}
