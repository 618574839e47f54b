#!/usr/bin/env bash
# Makes the workspace larger or smaller. Nothing in it is lost.
#
# usage: scripts/resize-volume.sh SIZE
#
#   SIZE   the new size in gigabytes (40), or with a unit (512M, 40G, 1T)
#
# Growing works while the sandbox runs. For shrinking, stop the sandbox first: the work is done on a copy, which takes the
# image's place only when it is whole. A size that is too small for what is in the workspace is refused before anything
# is touched, and so is one that the host's disk could not hold.
#
# Exit codes: 0 done; 1 failed, and the workspace is as it was; 2 wrong arguments; 4 refused, nothing was touched.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

# bytes_of SIZE: the bytes that a size stands for; fails when it is none.
bytes_of() {
    local digits=${1%[MGT]} shift_by=30
    case $digits in '' | *[!0-9]* | 0* | ??????*) return 1 ;; esac
    case $1 in *M) shift_by=20 ;; *T) shift_by=40 ;; esac
    echo $((digits << shift_by))
}

# The filesystem is looked at before it is changed: one with errors is mended first, by its own tool, or left alone.
check_filesystem() {
    if [ -n "$running" ]; then
        case $(superblock 'Filesystem state') in
        *error*) fail "$EX_REFUSED" "the filesystem has errors" "it cannot be mended while the sandbox runs" "scripts/stop.sh, then this again" ;;
        esac
    else
        user_tool -- e2fsck -f -p "$1" >/dev/null
        [ $? -le 1 ] || fail "$EX_REFUSED" "the filesystem has errors that are not mended without a decision" "$1" \
            "scripts/backup.sh, then: e2fsck -f '$1'"
    fi
}

# The filesystem grows while it is mounted, here in a short-lived container next to the sandbox.
grow() {
    local was_attached='' before
    before=$(file_bytes "$IMAGE")
    ! is_attached || was_attached=yes
    truncate -s "$new" "$IMAGE" && durable "$IMAGE" || return 1
    if ! { attach && root_tool --volume "$VOLUME:/mnt" -- sh -c 'losetup --set-capacity "$1" && resize2fs "$1"' grow "$(attached_device)" >/dev/null; }; then
        # What is past the old end was never part of the filesystem.
        [ "$(filesystem_bytes)" -gt "$before" ] || truncate -s "$before" "$IMAGE"
        [ -n "$was_attached" ] || detach
        return 1
    fi
    [ -n "$was_attached" ] || detach
}

filesystem_bytes() {
    user_tool -- dumpe2fs -h "$IMAGE" 2>/dev/null | awk -F ': *' '/^Block count/ { n = $2 } /^Block size/ { s = $2 } END { printf "%.0f\n", n * s }'
}

# minimum_bytes: the smallest size that the filesystem's own tool thinks it can have.
minimum_bytes() {
    local blocks size
    blocks=$(user_tool -- resize2fs -P "$IMAGE" 2>/dev/null | sed -n 's/.*: *//p')
    size=$(superblock 'Block size')
    echo $((blocks * size))
}

shrink() {
    local copy=$IMAGE.new
    rm -f "$copy"
    cp --sparse=always --reflink=auto "$IMAGE" "$copy" &&
        user_tool -- resize2fs "$copy" "$((new / 1024))K" >/dev/null &&
        truncate -s "$new" "$copy" && user_tool -- e2fsck -f -n "$copy" >/dev/null && durable "$copy" &&
        mv -f "$copy" "$IMAGE" && durable "$IMAGE" && return 0
    rm -f "$copy"
    return 1
}

case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac
new=$(bytes_of "${1:-}") && [ $# -eq 1 ] ||
    fail "$EX_USAGE" "not a size: ${1:-(none given)}" "a whole number of gigabytes, or one with M, G or T, is wanted" "scripts/resize-volume.sh 40"
begin
[ -f "$IMAGE" ] || fail "$EX_REFUSED" "there is no workspace yet" "" "scripts/start.sh"
line=$(container_line "$GEN_CONTAINER") || fail "$EX_REFUSED" "the engine does not answer" "" "sudo systemctl start docker"
running=''
case $(word 2 "$line") in running | paused | restarting) running=yes ;; esac
old=$(file_bytes "$IMAGE")

if [ "$new" -gt "$old" ]; then
    missing=$(room_for "$new" "$IMAGE") || fail "$EX_REFUSED" "not enough free space" "$missing" "df -h '$BUNDLE'"
    check_filesystem "$IMAGE"
    grow || fail "$EX_FAILED" "the workspace could not be made larger" "" "scripts/mount-storage.sh report"
elif [ "$new" -lt "$old" ]; then
    used=$(used_bytes)
    [ "$new" -gt "$used" ] ||
        fail "$EX_REFUSED" "the workspace cannot be made smaller than what is in it" "$(human "$used") are used" "remove files in the workspace first"
    [ -z "$running" ] || fail "$EX_REFUSED" "the workspace cannot be made smaller while the sandbox runs" "" "scripts/stop.sh, then this again"
    detach || fail "$EX_REFUSED" "the workspace is in use" "" "losetup -a"
    check_filesystem "$IMAGE"
    minimum=$(minimum_bytes)
    [ "$new" -ge "$minimum" ] ||
        fail "$EX_REFUSED" "the workspace cannot be made that small" "its filesystem needs $(human "$minimum")" "a larger size"
    missing=$(room_for "$((used * 2))" "$IMAGE") || fail "$EX_REFUSED" "not enough free space for the copy" "$missing" "df -h '$BUNDLE'"
    shrink || fail "$EX_FAILED" "the workspace could not be made smaller; it is as it was" "" "scripts/mount-storage.sh report"
fi
say "The workspace is $(human "$(file_bytes "$IMAGE")") large now; it was $(human "$old")."
