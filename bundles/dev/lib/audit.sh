# The audit log: what the sandbox was told to do, by whom and when. One line of JSON when a command begins and one when it
# has ended, in .state/audit.jsonl, which only its owner may read: a command's words may hold secrets. Sourced by connect.sh.
# shellcheck shell=bash

AUDIT=$STATE/audit.jsonl
# A full one gets a name of its own, and the newest of those stay.
AUDIT_LIMIT=$((4 << 20)) AUDITS_KEPT=4

AUDIT_ID='' AUDIT_SINCE=0

# audit_write RECORD: in one piece, since several commands may begin at once.
audit_write() { (umask 077 && cat <<<"$1" >>"$AUDIT") 2>/dev/null; }

# audit_begin WORD...: writes down that this command begins. Fails when it cannot: then it must not begin.
audit_begin() {
    local terminal parent
    clock
    AUDIT_ID=${NOW//[-:]/}-$$ AUDIT_SINCE=$SECONDS
    audit_turn
    terminal=$(tty 2>/dev/null) || terminal=''
    { read -r parent <"/proc/$PPID/comm"; } 2>/dev/null || parent=$(ps -o comm= -p "$PPID" 2>/dev/null) || parent=''
    audit_write "$(printf '{"schema":1,"time":"%s","id":"%s","event":"begin","sandbox":"%s","user":%s,"uid":%s,"sudo_user":%s,"tty":%s,"parent":%s,"command":[%s]}' \
        "$NOW" "$AUDIT_ID" "$GEN_NAME" "$(json_strings "$(id -un 2>/dev/null)")" "$(json_number "$(id -u)")" "$(text_or_null "${SUDO_USER:-}")" \
        "$(text_or_null "$terminal")" "$(text_or_null "$parent")" "$(json_strings "$@")")"
}

# audit_end CODE: writes down how it ended.
audit_end() {
    clock
    audit_write "$(printf '{"schema":1,"time":"%s","id":"%s","event":"end","code":%s,"seconds":%s}' \
        "$NOW" "$AUDIT_ID" "$(json_number "$1")" $((SECONDS - AUDIT_SINCE)))" ||
        warn "the end of this command could not be written to $AUDIT"
}

# audit_turn: a full log is put away under a name that nobody else takes; the oldest go.
audit_turn() {
    local old n=0
    [ -f "$AUDIT" ] && [ "$(wc -c <"$AUDIT")" -gt "$AUDIT_LIMIT" ] || return 0
    mv "$AUDIT" "$STATE/audit-$AUDIT_ID.jsonl" 2>/dev/null
    old=("$STATE"/audit-*.jsonl)
    while [ $((${#old[@]} - n)) -gt "$AUDITS_KEPT" ]; do
        rm -f "${old[$n]}"
        n=$((n + 1))
    done
}
