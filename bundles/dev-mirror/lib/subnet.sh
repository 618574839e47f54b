# Which address ranges this host and its engine already use. Sourced after docker.sh.
# shellcheck shell=bash

# address TEXT: sets ADDRESS to an IPv4 address as one number; fails when TEXT is none.
address() {
    local part parts
    ADDRESS=0
    IFS=. read -r -a parts <<<"$1"
    [ "${#parts[@]}" -eq 4 ] || return 1
    for part in "${parts[@]}"; do
        whole "$part" 3 || return 1
        ADDRESS=$((ADDRESS << 8 | NUMBER))
    done
}

# host_routes: the destinations of the host's routes but the default one, as ADDRESS/BITS.
host_routes() {
    [ -r /proc/net/route ] || return 0
    tail -n +2 /proc/net/route | while read -r _ destination _ _ _ _ _ mask _; do
        hexadecimal "$mask" 8 && [ "$NUMBER" -gt 0 ] || continue
        bits=0 left=$NUMBER
        while [ "$left" -gt 0 ]; do
            bits=$((bits + (left & 1)))
            left=$((left >> 1))
        done
        # The kernel writes the four bytes backwards.
        hexadecimal "$destination" 8 || continue
        echo "$((NUMBER & 255)).$((NUMBER >> 8 & 255)).$((NUMBER >> 16 & 255)).$((NUMBER >> 24))/$bits"
    done
}

engine_subnets() {
    # shellcheck disable=SC2046 # one word a network
    docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' $(docker network ls --quiet) |
        tr ' ' '\n' | grep -E '^[0-9.]+/[0-9]+$' || :
}

used_subnets() {
    host_routes
    engine_subnets
}

# range SUBNET: sets ADDRESS and BITS; fails when it is no range of IPv4 addresses.
range() {
    whole "${1#*/}" 2 && [ "$NUMBER" -le 32 ] || return 1
    BITS=$NUMBER
    address "${1%/*}"
}

# overlapping SUBNET LIST: the first of LIST that shares an address with SUBNET.
overlapping() {
    local first bits shorter mask other
    range "$1" || return 0
    first=$ADDRESS bits=$BITS
    while read -r other; do
        range "$other" || continue
        shorter=$bits
        [ "$bits" -le "$BITS" ] || shorter=$BITS
        mask=$(((0xffffffff << (32 - shorter)) & 0xffffffff))
        if [ $((first & mask)) -eq $((ADDRESS & mask)) ]; then
            echo "$other"
            return
        fi
    done <<<"${2// /$'\n'}"
}

# candidate_subnets: the first choice, then its neighbours, then other private ranges.
candidate_subnets() {
    local n
    n=0
    while [ "$n" -lt 256 ]; do
        echo "172.30.$n.0/24"
        n=$((n + 1))
    done
    n=0
    while [ "$n" -lt 256 ]; do
        echo "10.213.$n.0/24"
        n=$((n + 1))
    done
}
