# The journal: what a run did, one JSON record a line, on the disk before the change that it speaks of.
# A record ends with a checksum of what stands before it. Fields stand in a fixed order, so that sed can read them.
# shellcheck shell=bash

JOURNAL=$STATE/journal.jsonl

# How many records and bytes the journal has, once that was counted: whoever writes it holds the lock.
RECORDS='' BYTES=0

# The CRC of POSIX's cksum, byte by byte: a table that doubling makes.
CRC=(0 79764919)
for ((n = 2; n < 256; n++)); do
    CRC[n]=$(((CRC[n / 2] << 1 ^ CRC[CRC[n / 2] >> 31] ^ CRC[n & 1]) & 0xffffffff))
done

# checksum TEXT: sets SUM, what `printf %s TEXT | cksum` says. Each record has one, and a process for it takes twice as long.
checksum() {
    local n byte crc=0
    for ((n = 0; n < ${#1}; n++)); do
        printf -v byte %d "'${1:n:1}"
        crc=$(((crc << 8 ^ CRC[(crc >> 24 ^ byte) & 255]) & 0xffffffff))
    done
    for ((n = ${#1}; n > 0; n >>= 8)); do
        crc=$(((crc << 8 ^ CRC[(crc >> 24 ^ n) & 255]) & 0xffffffff))
    done
    SUM=$((crc ^ 0xffffffff))
}

# journal_append EVENT [STEP [SCOPE [PATH...]]]: writes one record and makes it durable, and PATHs with it. Fails when it
# cannot: then nothing more may be changed but to undo. A write or a sync that failed is not tried again. A "done" goes to
# the disk with the record after it: as long as it is not there the step would be undone, as is right before the commit. So
# does the "begin" of a run that has not changed anything yet.
journal_append() {
    local body
    [ -n "$RECORDS" ] || journal_count
    clock
    body='{"seq":'$((RECORDS + 1))',"time":"'$NOW'","run":"'$RUN'","event":"'$1'","step":"'${2:--}'","scope":"'${3:--}'"'
    checksum "$body"
    if printf '%s,"sum":%s}\n' "$body" "$SUM" 2>/dev/null >>"$JOURNAL" && journal_sync "$@"; then
        RECORDS=$((RECORDS + 1)) BYTES=$((BYTES + ${#body} + ${#SUM} + 9))
        return 0
    fi
    # What a full disk cut short must not stand before the next record.
    truncate -s "$BYTES" "$JOURNAL" 2>/dev/null
    warn "error: the journal cannot be written: $JOURNAL"
    warn "  mend: df -h $(quoted "$STATE")   (make room, then scripts/recover.sh)"
    return 1
}

# journal_count: sets RECORDS and BYTES.
journal_count() {
    local records=0 bytes=0
    [ ! -e "$JOURNAL" ] || read -r records bytes < <(wc -lc <"$JOURNAL")
    whole "$records" && RECORDS=$NUMBER
    whole "$bytes" && BYTES=$NUMBER
}

# journal_sync EVENT [STEP [SCOPE [PATH...]]]: what the record speaks of goes to the disk before it.
journal_sync() {
    case $1:${3:--} in
    done:* | begin:-) ;;
    *) durable "${@:4}" "$JOURNAL" ;;
    esac
}

# journal_whole: looks at the journal, and writes nothing. Counts its records into WHOLE; a last one that was torn off in
# the middle is not among them, and makes TORN. Refuses a journal that is damaged elsewhere.
# What was checked before, the first KNOWN records, is known by its digest, so that a long journal is not read record by
# record each time.
journal_whole() {
    local line at body sum known='' digest='' seen=$STATE/journal.checked
    WHOLE=0 TORN='' KNOWN=0
    [ -s "$JOURNAL" ] || return 0
    whole "$(wc -l <"$JOURNAL")" || journal_unread
    WHOLE=$NUMBER
    [ -z "$(tail -c 1 "$JOURNAL")" ] || TORN=yes # a whole record ends with a line break
    [ ! -s "$seen" ] || read -r known digest <"$seen"
    ! whole "$known" || KNOWN=$NUMBER
    [ "$digest" = "$(head -n "$KNOWN" "$JOURNAL" | digest_of)" ] || KNOWN=0
    at=$KNOWN
    while IFS= read -r line; do
        at=$((at + 1))
        body=${line%,\"sum\":*}
        sum=${line##*,\"sum\":}
        checksum "$body"
        [ "$body" != "$line" ] && [ "$sum" = "$SUM}" ] && continue
        [ "$at" -eq "$WHOLE" ] && [ -z "$TORN" ] && TORN=yes && WHOLE=$((WHOLE - 1)) && continue
        fail "$EX_REFUSED" "the journal is damaged in line $at, so nothing is changed on its word" "$JOURNAL" \
            "look at it, then move it away and see what is left with scripts/status.sh"
    done < <(tail -n "+$((KNOWN + 1))" "$JOURNAL" | head -n "$((WHOLE - KNOWN))")
}

# journal_check: the same, and drops a torn record.
journal_check() {
    journal_whole
    local digest
    [ -z "$TORN" ] || write_durably "$JOURNAL" head -n "$WHOLE" "$JOURNAL"
    # Without it the next one reads all of it again.
    [ "$WHOLE" = "$KNOWN" ] || { digest=$(digest_of <"$JOURNAL") && write_durably "$STATE/journal.checked" printf '%s %s\n' "$WHOLE" "$digest"; } 2>/dev/null || :
}

# journal_read: the records as lines "run event step scope".
journal_read() {
    [ -s "$JOURNAL" ] || return 0
    sed -n 's/^{"seq":[0-9]*,"time":"[^"]*","run":"\([^"]*\)","event":"\([^"]*\)","step":"\([^"]*\)","scope":"\([^"]*\)".*/\1 \2 \3 \4/p' "$JOURNAL"
}

# The questions below fail when the journal cannot be read: no answer is not the same as nothing there.

# journal_open_run: the last run, if it neither committed nor came to an end.
journal_open_run() (
    set -o pipefail
    journal_read | awk '$2 == "begin" { run = $1 } $2 == "commit" || $2 == "end" { run = "" } END { if (run) print run }'
)

# need_engine_to_undo: refuses to undo without an engine, or on another one, before anything is begun. Where nothing was done none is
# needed.
need_engine_to_undo() {
    [ ! -s "$JOURNAL" ] || [ -z "$(journal_open_run)$(journal_steps_ever)" ] || { engine_check && need_engine; }
}

# journal_steps_of RUN: the steps that the run began to do and did not undo, last one first.
journal_steps_of() (
    set -o pipefail
    journal_read | awk -v run="$1" '$1 == run && $2 == "doing" { n++; step[n] = $3; open[$3] = 1 }
        $1 == run && $2 == "undone" { open[$3] = 0 }
        END { for (i = n; i > 0; i--) if (open[step[i]]) { print step[i]; open[step[i]] = 0 } }'
)

# journal_steps_ever: the steps that committed runs did since the last whole rollback, last in the plan's order first.
# What a run did that did not commit is undone already when this is asked.
journal_steps_ever() (
    set -o pipefail
    journal_read | awk '$2 == "done" { did[$1] = did[$1] " " $3 }
        $2 == "commit" { n = split(did[$1], step, " "); for (i = 1; i <= n; i++) open[step[i]] = 1 }
        $2 == "undone" && $4 == "all" { delete open[$3] }
        $2 == "end" && $4 == "all" { for (s in open) delete open[s] }
        END { for (s in open) print s }' | sort -r
)

# journal_unread: ends a script that got no answer.
journal_unread() {
    fail "$EX_REFUSED" "the journal cannot be read, so nothing is done on its word" "$JOURNAL" "scripts/status.sh, then the same again"
}

# journal_committed RUN: whether that run committed.
journal_committed() { [ -s "$JOURNAL" ] && grep -qF "\"run\":\"$1\",\"event\":\"commit\"" "$JOURNAL"; }
