#!/usr/bin/env bash
# Makes the workspace larger or smaller. Nothing in it is lost.
#
# usage: scripts/resize-volume.sh SIZE
#
#   SIZE   the new size in gigabytes (40), or with a unit (512M, 40G, 1T)
#
# Growing works while the sandbox runs, where the kernel lets the engine do it. Otherwise the sandbox is stopped for it and
# started again, and the work is done on a copy, which takes the image's place only when it is whole. A size that is too
# small for what is in the workspace is refused before anything is touched, and so is one that the host's disk could not
# hold.
#
# Exit codes: 0 done; 1 failed, and the workspace is as it was; 2 wrong arguments; 3 failed, and something is not as it was (it is
#             named); 4 refused, nothing was touched.
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
    whole "$digits" 5 && echo $((NUMBER << shift_by))
}

# grow_online: the filesystem grows while it is mounted, from a short-lived container next to the sandbox.
grow_online() {
    case $(superblock 'Filesystem state') in *error*) return 1 ;; esac
    taking_back size "$old"
    truncate -s "$new" "$IMAGE" && durable "$IMAGE" || return 1
    # shellcheck disable=SC2016 # the container's shell expands it
    workspace_tool root_tool rw -- sh -c 'losetup --set-capacity "$1" && resize2fs "$1"' grow "$(attached_device)" >/dev/null 2>&1 && return 0
    # What is past the end of the filesystem was never part of it.
    take_back
    return 1
}

# resize_copy: a copy is checked, resized and checked again, and then takes the image's place.
resize_copy() {
    local copy=$IMAGE.new
    taking_back file "$copy"
    rm -f "$copy"
    cp --sparse=always --reflink=auto "$IMAGE" "$copy" && mended "$copy" &&
        { [ "$new" -lt "$old" ] || truncate -s "$new" "$copy"; } &&
        user_tool -- resize2fs "$copy" "$((new / 1024))K" >/dev/null 2>&1 &&
        truncate -s "$new" "$copy" && user_tool -- e2fsck -f -n "$copy" >/dev/null 2>&1 &&
        durable "$copy" && mv -f "$copy" "$IMAGE" && durable "$IMAGE"
}

# mended FILE: the filesystem's own check, which mends what needs no decision.
mended() {
    user_tool -- e2fsck -f -p "$1" >/dev/null
    [ $? -le 1 ]
}

# resize_offline: stops the sandbox if it runs, and resizes.
resize_offline() {
    if [ -n "$running" ]; then
        say "The sandbox is stopped for it, and started again."
        taking_back stopped
        thaw_sandbox 2>/dev/null
        stop_sandbox || return 1
        restart=yes
    fi
    detach >/dev/null && resize_copy
}

case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac
whole "$(bytes_of "${1:-}")" 18 && [ $# -eq 1 ] ||
    fail "$EX_USAGE" "not a size: ${1:-(none given)}" "a whole number of gigabytes, or one with M, G or T, is wanted" "scripts/resize-volume.sh 40"
new=$NUMBER
begin
[ -f "$IMAGE" ] || replaced || fail "$EX_REFUSED" "there is no workspace yet" "" "scripts/start.sh"
need_engine
need_own_file
need_name
! called_otherwise || fail "$EX_REFUSED" "$WHAT" "the sandbox is started again in the end, under its own name" "$MEND"
line=$(sandbox_line) || fail "$EX_REFUSED" "the engine does not list its containers" "" "$ENGINE ps -a"
running=''
word 2 "$line"
case $WORD in running | paused | restarting) ! ours "$line" 3 || running=yes ;; esac
restart=''
whole "$(file_bytes "$IMAGE")" 18 || fail "$EX_REFUSED" "the size of the workspace's image could not be determined" "$IMAGE" "ls -l $(quoted "$IMAGE")"
old=$NUMBER
whole "$(used_bytes)" 18 || fail "$EX_REFUSED" "how much of the workspace is used could not be determined" "" "scripts/mount-storage.sh report"
used=$NUMBER
if [ "$new" -lt "$old" ]; then
    [ "$new" -gt $((used + used / 20)) ] ||
        fail "$EX_REFUSED" "the workspace cannot be made smaller than what is in it" "$(human "$used") are used, and the filesystem needs a little more" \
            "remove files in the workspace first"
elif [ "$new" -gt "$old" ]; then
    missing=$(room_for "$new" "$IMAGE") || fail "$EX_REFUSED" "not enough free space" "$missing" "df -h $(quoted "$BUNDLE")"
fi
if [ "$new" -ne "$old" ] && ! { [ "$new" -gt "$old" ] && [ -n "$running" ] && grow_online; }; then
    missing=$(room_for "$((used * 2))" "$IMAGE") || fail "$EX_REFUSED" "not enough free space for the copy" "$missing" "df -h $(quoted "$BUNDLE")"
    resize_offline || fail "$EX_FAILED" "the size could not be changed; the workspace is as it was" "${HOLDERS:-}" "${HOLDER_MEND:-scripts/mount-storage.sh report}"
fi
write_durably "$STATE/resized" echo "$GEN_STORAGE_BYTES $new" || :
say "The workspace is $(human "$(file_bytes "$IMAGE")") large now; it was $(human "$old")."
if [ -n "$restart" ]; then
    take_back
    lock_release
    "$BUNDLE/scripts/start.sh" || exit
fi
