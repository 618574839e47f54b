#!/usr/bin/env bash
# Makes the bridge network on a subnet that nothing else uses.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/subnet.sh
. "$BUNDLE/lib/subnet.sh"
set -e

create() { # NAME SUBNET
    local facts
    docker network create --driver bridge --label "gen.instance=$INSTANCE" --label "gen.token=$TOKEN" --label "gen.name=$GEN_NAME" --subnet "$2" "$1" &&
        facts=$(network_facts "$1") || return 1
    # Some engines let two networks have one name: then the sandbox might get on the other one.
    owned "$TOKEN" "$(awk -v token="$TOKEN" '$2 == token { print $1 }' <<<"$facts")" && [ "$(wc -l <<<"$facts")" -eq 1 ] ||
        { echo "somebody else made a network named $1 just now: it is theirs and stays; start again" && return 1; }
}

name=$(free_name network "$GEN_NETWORK" 2)
[ "$name" = "$GEN_NETWORK" ] || echo "a network named $GEN_NETWORK is not ours, so ours is named $name"
remember_name network "$name"
own network "$name"
used=$(used_subnets)
if [ "$GEN_SUBNET" != auto ]; then
    taken=$(overlapping "$GEN_SUBNET" "$used")
    [ -z "$taken" ] || { echo "the profile's subnet $GEN_SUBNET is taken: $taken is in use on this host"; exit 1; }
    create "$name" "$GEN_SUBNET"
    exit
fi
for subnet in $(candidate_subnets); do
    [ -z "$(overlapping "$subnet" "$used")" ] || continue
    # Somebody may have taken it since we looked: then the next one.
    if create "$name" "$subnet"; then
        echo "the subnet is $subnet"
        exit 0
    fi
    [ -z "$(network_line "$name")" ] || exit 1
done
echo "no free subnet was found"
exit 1
