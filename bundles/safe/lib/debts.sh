# What this bundle owes the host, by what its committed runs wrote into their ledgers, and whether a whole rollback has paid it. Sourced
# by fingerprint.sh.
# shellcheck shell=bash

# debts: what all ledgers come to: what a whole rollback owes this host, as lines of the ledger. What one run added and a later one
# took away again is in neither's debt. A run's name ends with a digit; what does not was left by one that was killed while it wrote.
debts() {
    cat "$LEDGER"/*[0-9] 2>/dev/null | awk "$PLAIN_OBJECT"'{ sign = $1; sub(/^. /, ""); sum[plain()] += (sign == "+") ? 1 : -1 }
        END { for (o in sum) if (sum[o] > 0) print "+ " o; else if (sum[o] < 0) print "- " o }' | sort
}

# debt_open: whether a rollback undid all steps and then found this host not to be what it was.
debt_open() { [ -s "$LEDGER/missing" ] || [ -s "$LEDGER/left" ]; }

# look_before: what there is before a rollback undoes anything: what somebody else has removed by then, the rollback does not owe. One
# that is tried again keeps the first look.
look_before() {
    [ -d "$LEDGER" ] && [ ! -s "$LEDGER/before" ] || return 0
    fingerprint "$LEDGER/before.new" && durable "$LEDGER/before.new" && mv -f "$LEDGER/before.new" "$LEDGER/before"
}

# measure_whole_rollback: whether everything that committed runs added is gone, and everything that they took away is back. A
# container that was moved aside is looked for by its id: its owner may call it otherwise by now. What others did to this host
# between our runs is not counted: what was gone before the rollback began is said once, and is no debt any more. Gives back 0, 1 when
# it differs, which stays written down, and UNKNOWN when that cannot be known.
measure_whole_rollback() {
    local now=$STATE/fingerprint.after found
    [ -d "$LEDGER" ] || return 0
    if ! fingerprint "$now" || ! awk "$PLAIN_OBJECT"'{ print plain() }' "$now" >"$now.plain"; then
        warn "error: whether this host is what it was cannot be known: the engine does not answer"
        return "$UNKNOWN"
    fi
    found=$(compare_debts "$now.plain")
    rm -f "$now.plain"
    if ! grep '^  ' <<<"$found" >/dev/null; then
        [ -z "$found" ] || say "$found"
        say "This host is what it was before this bundle: nothing that it made is left, nothing that it moved is missing."
        rm -rf "${LEDGER:?}"
        return 0
    fi
    sed -n 's/^  missing:   //p' <<<"$found" >"$LEDGER/missing"
    sed -n 's/^  left over: //p' <<<"$found" >"$LEDGER/left"
    # Told now, and no debt any more.
    sed -n 's/^somebody else removed meanwhile: /+ /p' <<<"$found" >"$LEDGER/$RUN"
    durable "$LEDGER/missing" "$LEDGER/left" "$LEDGER/$RUN"
    rm -f "$LEDGER/before"
    warn "error: this host is not what it was before this bundle"
    warn "$found"
    warn "  mend: put that right, then ./rollback.sh looks again; or, if you want it so: rm -r $(quoted "$LEDGER")"
    return 1
}

# compare_debts NOW: the debts against what there is: what is still owed begins with two blanks.
compare_debts() {
    awk -v aside="-aside-$INSTANCE" -v looked="$([ ! -s "$LEDGER/before" ] || echo yes)" '
        function key(at) { return $at " " $(at + 1) }
        FILENAME == ARGV[1] { there[$0]; if ($1 == "container") called[$2] = $3; next }
        FILENAME == ARGV[2] { before[$0]; next }
        FILENAME == ARGV[3] { told[$0]; next }
        { object = substr($0, 3) }
        $1 == "+" { if (object in before) held[key(2)]; if (object in there) print "  left over: " object; next }
        !(object in there) { owed[object] = key(2) }
        END { for (object in owed) {
            split(object, word, " ")
            if (word[1] == "container" && (word[2] in called) && index(called[word[2]], word[3] aside) != 1)
                print "somebody else changed meanwhile: container " word[3] " is " called[word[2]] ", " word[2]
            # What we had made of it was there when the rollback began, or nobody has looked, or a rollback before this one missed it.
            else if ((object in told) || !looked || (owed[object] in held)) print "  missing:   " object
            else print "somebody else removed meanwhile: " object
        } }' "$1" <(awk "$PLAIN_OBJECT"'{ print plain() }' "$LEDGER/before" 2>/dev/null) <(cat "$LEDGER/missing" 2>/dev/null) <(debts) | sort
}
