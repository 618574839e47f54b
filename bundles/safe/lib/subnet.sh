# Which address ranges this host and its engine already use. Sourced after docker.sh.
# shellcheck shell=bash

# number ADDRESS: an IPv4 address as one number.
number() {
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    echo $(((a << 24) + (b << 16) + (c << 8) + d))
}

# host_routes: the destinations of the host's routes but the default one, as ADDRESS/BITS.
host_routes() {
    [ -r /proc/net/route ] || return 0
    tail -n +2 /proc/net/route | while read -r _ destination _ _ _ _ _ mask _; do
        [ "$mask" != 00000000 ] || continue
        # The kernel writes the four bytes backwards, in hexadecimal.
        bits=0
        value=$((16#$mask))
        while [ "$value" -gt 0 ]; do
            bits=$((bits + (value & 1)))
            value=$((value >> 1))
        done
        echo "$((16#${destination:6:2})).$((16#${destination:4:2})).$((16#${destination:2:2})).$((16#${destination:0:2}))/$bits"
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

# overlapping SUBNET LIST: the first of LIST that shares an address with SUBNET.
overlapping() {
    local one=$1 other bits mask
    for other in $2; do
        bits=${one#*/}
        [ "$bits" -le "${other#*/}" ] || bits=${other#*/}
        mask=$(((0xffffffff << (32 - bits)) & 0xffffffff))
        if [ $(($(number "${one%/*}") & mask)) -eq $(($(number "${other%/*}") & mask)) ]; then
            echo "$other"
            return
        fi
    done
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
