#!/usr/bin/env bash
# Brings a saved workspace back. What is in the workspace now is not lost: it is moved to storage/kept/.
#
# usage: scripts/restore.sh FILE
#
#   FILE   an archive that scripts/backup.sh wrote, or a disk image (.img) from storage/kept/
#
# The archive's checksum is looked at first. It is unpacked into a new disk image of the present size, which takes the old
# one's place only when it is whole. A sandbox that runs is stopped for the exchange and started again.
#
# Exit codes: 0 restored; 1 failed, and the workspace is as it was; 2 wrong arguments; 3 failed, and something is not as it was (it
#             is named); 4 refused, nothing was touched.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"

# unpack FILE IMAGE: the archive into the filesystem of IMAGE. The kernel mounts it in a container without network.
unpack() {
    # shellcheck disable=SC2016 # the container's shell expands it
    root_tool -- sh -c 'mkdir /mnt/restore && mount -o loop,nosuid,nodev "$1" /mnt/restore &&
        tar --extract --gzip --directory /mnt/restore --numeric-owner --xattrs --xattrs-include="*" --acls --same-owner --preserve-permissions
        code=$?; umount /mnt/restore && exit $code' restore "$2" <"$1"
}

verify_checksum() {
    local sum
    [ -r "$1.sha256" ] && [ -f "$1.sha256" ] || fail "$EX_REFUSED" "the backup has no checksum beside it" "$1.sha256 is missing" "take another backup: ls $(quoted "$BACKUPS")"
    read -r sum _ <"$1.sha256"
    [ "$(digest_of <"$1")" = "$sum" ] || fail "$EX_REFUSED" "the backup is damaged" "its checksum does not match" "take another backup: ls $(quoted "$BACKUPS")"
}

case ${1:-} in
-h | --help) usage "$0" && exit "$EX_DONE" ;;
'' | -*) fail "$EX_USAGE" "say which backup" "" "ls $(quoted "$BACKUPS") $(quoted "$STORAGE/kept")" ;;
esac
file=$1
[ -r "$file" ] && [ -f "$file" ] || fail "$EX_USAGE" "the backup cannot be read: $file" "" "ls $(quoted "$BACKUPS") $(quoted "$STORAGE/kept")"
begin
need_engine
need_name
need_own_file
! called_otherwise || fail "$EX_REFUSED" "$WHAT" "the sandbox is started again in the end, under its own name" "$MEND"
[ -n "$(tool_image)" ] || fail "$EX_REFUSED" "the bundle's image is not built yet, and its tools are needed" "" "scripts/start.sh, then this again"
mkdir -p "$STORAGE"
size=$GEN_STORAGE_BYTES
! is_whole "$IMAGE" || size=$(file_bytes "$IMAGE")
new=$IMAGE.new
rm -f "$new" || fail "$EX_REFUSED" "no new disk image can be made" "something has the name $new" "ls -ld $(quoted "$new")"
case $file in
*.img)
    is_ext4 "$file" || fail "$EX_REFUSED" "this is no disk image with an ext4 filesystem: $file" "" "ls $(quoted "$STORAGE/kept")"
    is_whole "$file" || fail "$EX_REFUSED" "the disk image is damaged: $file" "its filesystem has $(said_bytes "$file") bytes, and the file has $(file_bytes "$file")" \
        "truncate -s $(said_bytes "$file") $(quoted "$file") && e2fsck -f $(quoted "$file"), then this again"
    missing=$(room_for "$(allocated_bytes "$file")" "$new") || fail "$EX_REFUSED" "not enough free space" "$missing" "df -h $(quoted "$BUNDLE")"
    taking_back file "$new"
    cp --sparse=always --reflink=auto "$file" "$new" || fail "$EX_FAILED" "the image could not be copied" "" "df -h $(quoted "$STORAGE")"
    ;;
*)
    verify_checksum "$file"
    say "Unpacking into a new disk image …"
    taking_back file "$new"
    make_image "$size" "$new" || fail "$EX_FAILED" "no new disk image could be made" "" "df -h $(quoted "$STORAGE")"
    tick "unpacking"
    unpack "$file" "$new" 2>"$STATE/logs/$RUN/restore.log"
    code=$?
    tick_end
    if [ "$code" -ne 0 ] || [ -n "$SIGNAL" ]; then
        tail -n 5 "$STATE/logs/$RUN/restore.log" | printable | sed 's/^/  | /' >&2
        fail "$EX_FAILED" "the backup could not be unpacked; the workspace is as it was" "" "scripts/resize-volume.sh with a larger size, if it did not fit"
    fi
    ;;
esac
durable "$new"
line=$(sandbox_line)
was_running=''
if ours "$line" 3 && ! has_word 2 "$line" exited; then
    was_running=yes
    taking_back stopped
    thaw_sandbox 2>/dev/null
    stop_sandbox || fail "$EX_FAILED" "the sandbox could not be stopped; the workspace is as it was" "" "$MEND"
fi
detach || fail "$EX_FAILED" "the workspace is in use; it is as it was" "${HOLDERS:-}" "${HOLDER_MEND:-sudo losetup --list}"
# The old image has a second name before the new one takes its first: at no moment is there none.
kept=''
if [ -f "$IMAGE" ]; then
    kept=$(keep_also "$IMAGE") || fail "$EX_FAILED" "the present workspace could not be kept; it is as it was" "" "df -h $(quoted "$STORAGE")"
    say "what was in the workspace until now: $kept"
fi
if ! mv -f "$new" "$IMAGE" || ! durable "$IMAGE"; then
    fail "$EX_FAILED" "the restored image did not get its name; the workspace is as it was" "" "df -h $(quoted "$STORAGE")"
fi
say "The workspace is restored from $file."
if [ -n "$was_running" ]; then
    take_back
    lock_release
    "$BUNDLE/scripts/start.sh" || exit
fi
