# What the engine holds: all of it, for the fingerprint, and what of it is ours. Sourced by docker.sh.
# shellcheck shell=bash

# engine_owns: what this copy of the bundle has in the engine, one "kind sandbox-name" a line.
engine_owns() {
    local filter=label=gen.instance=$INSTANCE
    cat <(docker ps --all --filter "$filter" --format 'container {{.Label "gen.name"}}' && echo answered) \
        <(docker volume ls --filter "$filter" --format 'volume {{.Label "gen.name"}}' && echo answered) \
        <(docker network ls --filter "$filter" --format 'network {{.Label "gen.name"}}' && echo answered) | known 3
}

# known N: passes on the answers to N questions that were asked at once. Fails when not each of them ends with "answered":
# whatever cut one short, no answer is not the same as nothing there.
known() {
    awk -v asked="$1" '$0 == "answered" { answers++; next } { said = said $0 "\n" }
        END { if (answers != asked) exit 1; printf "%s", said }'
}

# engine_inventory: everything that this engine holds, for the fingerprint, with the mark of its owner where there is
# one. The questions are asked at once.
engine_inventory() {
    local owner='owner={{or (.Label "gen.instance") (.Label "com.docker.compose.project")}}'
    # The engine makes its own three networks anew when it starts: they are known by their names.
    cat <(docker ps --all --no-trunc --format "container {{.ID}} {{.Names}} {{.State}} $owner" && echo answered) \
        <(image_inventory) \
        <(docker volume ls --format "volume {{.Name}} {{.Driver}} $owner" && echo answered) \
        <({ docker network ls --no-trunc --format "network {{.ID}} {{.Name}} {{.Driver}} $owner" && echo answered; } |
            sed -E 's/^network [0-9a-f]+ (bridge|host|none) /network - \1 /') | known 4
}

# image_inventory: the images but those that another bundle has marked as its own.
image_inventory() {
    cat <(docker images --no-trunc --format 'marked {{.ID}}' --filter label=gen.instance && echo answered) \
        <(docker images --no-trunc --format 'mine {{.ID}}' --filter "label=gen.instance=$INSTANCE" && echo answered) \
        <(docker images --no-trunc --format 'image {{.ID}} {{.Repository}}:{{.Tag}}' && echo answered) |
        awk '$1 == "answered" { answers++; next }
            $1 == "marked" { theirs[$2] = 1; next }
            $1 == "mine" { delete theirs[$2]; next }
            !($2 in theirs)
            END { if (answers == 3) print "answered" }'
}
