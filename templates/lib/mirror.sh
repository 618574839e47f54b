# A base image from an apt mirror, for those who have no registry. Sourced after docker.sh.
# shellcheck shell=bash

# apt_mirror: the mirror's address: the profile's, or the one that this host's own apt uses, or empty for the tool's default.
apt_mirror() {
    case $GEN_APT_MIRROR in
    '' | none) ;;
    host)
        # Of a base that is no suite of a distribution nothing can be asked, and the question takes apt a second.
        [ -n "$GEN_BASE_SUITE" ] || return 0
        # shellcheck disable=SC2016 # apt-get expands it
        apt-get indextargets --format '$(REPO_URI)|$(COMPONENT)|$(CODENAME)|$(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
            awk -F '|' -v suite="$GEN_BASE_SUITE" '!found && $2 == "main" && $3 == suite { print $1; found = 1 }'
        ;;
    *) printf '%s\n' "$GEN_APT_MIRROR" ;;
    esac
}

# A time for everything in the image, so that the same state of the mirror gives the same image: 2024-01-01.
MIRROR_EPOCH=1704067200

# Where the image is put together.
WORKSHOP=$STATE/mirror

# alone COMMAND...: runs it where nobody else sees what it mounts, and where that goes with it, however it ends: as root, mmdebstrap
# mounts the kernel's filesystems in the half-made tree, and a person's `rm -rf` would reach this host's own through them.
# Without root it sees to that itself.
alone() {
    local words=()
    if [ "$EUID" -eq 0 ] && unshare --mount --propagation private true 2>/dev/null; then
        words=(unshare --mount --propagation private)
    fi
    ${words[@]+"${words[@]}"} "$@"
}

# maker_problems: whether mmdebstrap can do here, for whoever runs this, what a base image takes. It is asked to do a little of it.
maker_problems() {
    local said what='the base image is made from an apt mirror'
    have mmdebstrap || { problem "$what, and mmdebstrap is not installed" "sudo apt-get install mmdebstrap"; return; }
    # Neither root nor whoever has fakechroot needs numbers of users.
    ! without_root || have fakechroot || said=$(mmdebstrap --unshare-helper true 2>&1) || case $said in
    *newuidmap* | *newgidmap*) problem "$what, and without root mmdebstrap needs newuidmap, which is not installed" "sudo apt-get install uidmap" ;;
    */etc/sub[ug]id*)
        said=$(awk -F : '$2 + $3 > free { free = $2 + $3 } END { print (free > 100000 ? free : 100000) }' /etc/subuid /etc/subgid 2>/dev/null)
        whole "$said" || NUMBER=100000
        problem "$what, and without root mmdebstrap needs numbers for its users, of which this one has none in /etc/subuid" \
            "sudo usermod --add-subuids $NUMBER-$((NUMBER + 65535)) --add-subgids $NUMBER-$((NUMBER + 65535)) $(id -un)" owner
        ;;
    *) problem "$what, and without root mmdebstrap cannot do that here: ${said##*$'\n'}" "sudo scripts/start.sh" owner ;;
    esac
}

without_root() { [ "$EUID" -ne 0 ]; }

# clear_workshop: removes what a making that was killed left, and unmounts first what it could not mount alone.
clear_workshop() {
    local point
    [ -d "$WORKSHOP" ] || return 0
    # The innermost first.
    awk -v below="$WORKSHOP/" '{ gsub(/\\040/, " ", $5) } index($5, below) == 1 { print $5 }' /proc/self/mountinfo 2>/dev/null | sort -r |
        while read -r point; do umount "$point" || exit 1; done || return 1
    rm -rf --one-file-system "$WORKSHOP"
}

# make_from_mirror TOKEN: the image gets its name when it is whole, never before.
make_from_mirror() {
    local mirror
    mirror=$(apt_mirror)
    # A mirror that the host uses by a name of its own suite only: without a match the tool's default is asked.
    echo "making $GEN_BASE_REF ($GEN_BASE_SUITE) from ${mirror:-the default mirror}"
    mkdir -p "$WORKSHOP"
    { (umask 022 && TMPDIR=$WORKSHOP SOURCE_DATE_EPOCH=$MIRROR_EPOCH through_proxy alone mmdebstrap --variant=minbase --include=ca-certificates \
        "$GEN_BASE_SUITE" - ${mirror:+"$mirror"}) 2>&1 1>&3 | mirror_words >&2; } 3>&1 |
        docker import --change 'CMD ["/bin/bash"]' --change "LABEL gen.instance=$INSTANCE" - "$(being_made "$1")" &&
        take_name "$1" && clear_workshop
}
