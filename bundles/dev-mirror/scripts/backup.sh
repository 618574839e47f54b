#!/usr/bin/env bash
# Saves the workspace to a compressed archive with a checksum beside it, and says where.
#
# usage: scripts/backup.sh [--help]
#
# A sandbox that runs is paused meanwhile, so that the archive is one moment of the workspace; one that is not is thrown away. Owners, modes, links,
# extended attributes and sparse files are kept. scripts/restore.sh FILE brings it back.
#
# Exit codes: 0 saved; 1 failed, and nothing is left behind; 3 failed, and something is (it is named); 4 refused.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/moment.sh
. "$BUNDLE/lib/moment.sh"
help_or_refuse "$0" "$@"

# As root in the container, with the one capability that reading every file of the workspace needs; the volume is read-only.
archive() {
    workspace_tool tool ro --user 0:0 --cap-drop ALL --cap-add DAC_READ_SEARCH --security-opt no-new-privileges -- \
        tar --create --gzip --directory /mnt --numeric-owner --xattrs --acls --sparse --one-file-system --exclude ./lost+found .
}

begin
[ -f "$IMAGE" ] || replaced || fail "$EX_REFUSED" "there is no workspace to save" "" "scripts/start.sh"
need_engine
need_own_file
need_name
! called_otherwise || say "$WHAT."
is_whole "$IMAGE" || fail "$EX_REFUSED" "the workspace's disk image is damaged" "$IMAGE" "scripts/plan.sh   (says what may be done)"
if ! mkdir -p "$BACKUPS" 2>/dev/null || [ ! -w "$BACKUPS" ]; then
    if [ -d "$BACKUPS" ]; then unwritable "$BACKUPS" scripts/backup.sh; else unwritable "$BUNDLE" scripts/backup.sh; fi
    fail "$EX_REFUSED" "nothing can be saved" "$WHY" "$MEND"
fi
is_attached || taking_back attached
attach >/dev/null || fail "$EX_FAILED" "the workspace could not be attached" "" "scripts/mount-storage.sh attach"
volume_is_ours || fail "$EX_REFUSED" "there is nothing to save it from" "the volume $VOLUME is not there, or not the one that this bundle made on its disk image" "scripts/start.sh"
line=$(sandbox_line) || fail "$EX_FAILED" "the engine does not list its containers" "" "$ENGINE ps -a"
if ours "$line" 3 && has_word 2 "$line" running; then
    taking_back paused
    docker pause "$(sandbox_id)" >/dev/null || fail "$EX_FAILED" "the sandbox could not be paused" "" "scripts/status.sh"
fi
moment_begins || fail "$EX_FAILED" "an archive would not be of one moment of the workspace, so none is made" "$WHY" "$MEND"
file=$BACKUPS/$GEN_NAME-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
[ ! -e "$file" ] || file=${file%.tar.gz}-$$.tar.gz
taking_back file "$file.part"
say "Saving the workspace …"
tick "saving"
archive >"$file.part" 2>"$STATE/logs/$RUN/backup.log"
code=$?
tick_end
if [ "$code" -ne 0 ] || [ -n "$SIGNAL" ] || ! gzip -t "$file.part" || ! durable "$file.part"; then
    tail -n 5 "$STATE/logs/$RUN/backup.log" | printable | sed 's/^/  | /' >&2
    fail "$EX_FAILED" "the workspace could not be saved; nothing is left behind" "" "df -h $(quoted "$BACKUPS")"
fi
moment_held || fail "$EX_FAILED" "the archive is not of one moment of the workspace, so it was thrown away" "$WHY" "scripts/backup.sh   (again)"
# The checksum first: an archive that has its name has its checksum.
name_archive() {
    local sum
    sum=$(digest_of <"$file.part") && [ ${#sum} -eq 64 ] || return 1
    write_durably "$file.sha256" printf '%s  %s\n' "$sum" "${file##*/}" &&
        mv "$file.part" "$file" && durable "$file"
}
name_archive || fail "$EX_FAILED" "the archive did not get its checksum and its name" "$file" "df -h $(quoted "$BACKUPS")"
say "saved:   $file ($(human "$(file_bytes "$file")"))"
say "restore: scripts/restore.sh $(quoted "$file")"
