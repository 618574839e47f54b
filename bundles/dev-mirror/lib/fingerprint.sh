# The fingerprint: what is on this host that a run could touch, one object a line, sorted, so that two of them can be
# compared. Whole inventories, not only what bears our label. Sourced by the runner.
# shellcheck shell=bash
# shellcheck source=templates/lib/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

# shellcheck source=templates/lib/loop.sh
. "${BASH_SOURCE[0]%/*}/loop.sh"

LEDGER=$STATE/ledger

# kernel_inventory: loop devices with what backs them, the processes of machines, and where something is mounted. A loop
# device is ours when it was given our workspace's very file, a mount where it stands in this folder or shows that; any other is the
# host's own: devices, links and mounts of all kinds of programs, other bundles' too, come and go there.
kernel_inventory() {
    local file name backing owner loops link=/dev/gen-workspace-${INSTANCE:-none}
    loops=" $(loops_of "$STORAGE/workspace-${INSTANCE:-none}.img" "$link" | sed 's/ [a-z]*$//' | tr '\n' ' ')"
    for file in /sys/block/loop*/loop/backing_file; do
        name=${file#/sys/block/} name=${name%%/*}
        { read -r backing <"$file"; } 2>/dev/null || continue
        owner=owner=host
        case $loops in *" /dev/$name "*) owner=owner=${INSTANCE:-} ;; esac
        echo "loop $name $backing $owner"
    done
    for file in /dev/gen-workspace-*; do
        owner=owner=host
        [ "$file" != "$link" ] || owner=owner=${INSTANCE:-}
        [ ! -L "$file" ] || echo "link $file $owner"
    done
    # A machine of this bundle is a process, which no engine knows; it works in its folder.
    [ ! -d "$MACHINE" ] || grep -ls '^qemu-system' /proc/[0-9]*/comm | while read -r file; do
        [ ! "${file%comm}cwd" -ef "$MACHINE" ] || echo "process of a machine, owner=$INSTANCE"
    done
    # What an engine mounts for its containers and builds comes and goes with them; the containers are listed.
    [ ! -r /proc/self/mountinfo ] ||
        awk -v folder="$BUNDLE/" -v loops="$loops" -v mine="owner=${INSTANCE:-}" '
            / - nsfs / || $5 ~ "/overlay2/[^/]+/merged$|/buildkit/|/containers/[0-9a-f]+/mounts/|/volumes/[^/]+/_data$" { next }
            { for (i = 7; $i != "-"; i++); point = $5; gsub(/\\040/, " ", point)
              ours = index(point "/", folder) == 1 || index(loops, " " $(i + 2) " ")
              print "mount", $5, ours ? mine : "owner=host" }' /proc/self/mountinfo
}

# file_inventory: the files and links of this folder that steps make.
file_inventory() {
    local path
    for path in "$STORAGE"/* "$STORAGE"/kept/* "$MACHINE_WORK"; do
        if [ -L "$path" ] || [ -f "$path" ]; then echo "file ${path#"$BUNDLE"/}"; fi
    done
}

# fingerprint FILE: writes it. Fails when some part of it cannot be known: no answer is not the same as nothing there. Whoever
# needs it after a power cut makes it durable.
fingerprint() {
    { engine_inventory && kernel_inventory && file_inventory; } | sort >"$1"
    [ "${PIPESTATUS[*]}" = '0 0' ]
}

# moved_by BASELINE: what the run of that fingerprint moved aside, as its step wrote it down, for awk: "KIND ID STATE NAME ASIDE".
moved_by() { cat "${1%/*}"/*/moved 2>/dev/null || :; }

# difference BEFORE AFTER [MOVED]: what is more ("left over") and what is less ("missing"), a line each. Fails when there is any
# that a run may have done. Of somebody else's objects that is what MOVED names: they are looked for by their ids, whatever they are
# called by now. All that others did meanwhile is said, and does not count. A place may be mounted twice: equal lines are counted.
difference() {
    awk -v mine="owner=${INSTANCE:-}" -v aside="-aside-${INSTANCE:-}" '
        function theirs(line) { return match(line, / owner=[a-z0-9]+$/) && substr(line, RSTART + 1) != mine }
        function counted(what, line) { print what line; count++ }
        FILENAME == ARGV[1] { moved[$1 " " $2]; next }
        FILENAME == ARGV[2] { before[$0]++; if ($1 == "container") { was[$2] = $4; called[$2] = $3 } next }
        ($0 in before) && before[$0]-- > 0 { next }
        $1 == "container" && ($2 in called) && $NF != mine && index($3, called[$2] aside) != 1 {
            print "somebody else changed meanwhile: container " called[$2] " (" was[$2] ") is " $3 " (" $4 "), " $2
            changed[$2]; next
        }
        theirs($0) { print "somebody else made meanwhile: " $0; next }
        { counted("left over: ", $0) }
        END {
            for (line in before) while (before[line]-- > 0) {
                split(line, word, " ")
                # What is no longer mounted was somebody else'"'"'s: a run unmounts nothing but what it mounted, and detaches no
                # other device than its own.
                if (word[1] == "mount" || line ~ / owner=host$/ || word[1] == "container" && word[2] in changed) continue
                if (theirs(line) && !((word[1] " " word[2]) in moved)) print "somebody else removed meanwhile: " line
                else counted("missing:   ", line)
            }
            exit count > 0
        }' <(printf '%s\n' "${3:-}") "$1" "$2"
}

# measure_rollback BEFORE: whether this host is again what it was; says so, or names each object that differs.
# Gives back 0, 1 when it differs, and UNKNOWN when that cannot be known.
measure_rollback() {
    local after=$STATE/fingerprint.after found
    [ -f "$1" ] || return 0 # nothing was begun, so nothing was changed
    if ! fingerprint "$after"; then
        warn "error: whether this host is what it was cannot be known: the engine does not answer"
        return "$UNKNOWN"
    fi
    if found=$(difference "$1" "$after" "$(moved_by "$1")"); then
        whole "$(wc -l <"$after")"
        if [ -z "$found" ]; then
            say "This host is what it was before the run: $NUMBER objects compared, no difference."
        else
            say "$found"
            say "This host is what it was before the run, but for what others did meanwhile, which is named above: $NUMBER objects compared."
        fi
        return 0
    fi
    warn "error: this host is not what it was before the run"
    warn "$(printf '%s\n' "$found" | sed 's/^/  /')"
    return 1
}

# In the ledger an object of the engine is known by number and name alone: whether a container runs is its owner's business between
# runs, and whose it is the record's.
# shellcheck disable=SC2016 # awk expands it
PLAIN_OBJECT='function plain() {
    if ($1 == "container") return $1 " " $2 " " $3
    sub(/ owner=[a-z0-9]*$/, "")
    return $0 }'

# write_ledger BEFORE: what this run adds to the host ("+"), and what it takes away ("-"): a whole rollback is measured by
# that. Mounts, and what is the host's own, come and go by themselves; so does what others make, but for what we moved aside.
write_ledger() {
    local work=$STATE/prior/$RUN/ledger
    mkdir -p "$LEDGER" && fingerprint "$work" || return 1
    # shellcheck disable=SC2016 # awk expands it
    write_durably "$LEDGER/$RUN" awk -v mine="owner=${INSTANCE:-}" "$PLAIN_OBJECT"'
        function theirs() { return / owner=[a-z0-9]+$/ && $NF != mine }
        FILENAME == ARGV[1] { moved[$1 " " $2]; next }
        $1 == "mount" || $NF == "owner=host" { next }
        theirs() && !(($1 " " $2) in moved) { next }
        FILENAME == ARGV[2] { before[plain()]; next }
        { after[plain()] }
        END { for (object in after) if (!(object in before)) print "+ " object
            for (object in before) if (!(object in after)) print "- " object }' \
        <(moved_by "$1") "$1" "$work"
}

# shellcheck source=templates/lib/debts.sh
. "${BASH_SOURCE[0]%/*}/debts.sh"

# The engine's own part, engine_inventory, stands with everything else that is asked of that engine.
engine_inventory() { :; }
if [ -f "$BUNDLE/lib/${GEN_ENGINE:-none}.sh" ]; then
    # shellcheck source=/dev/null
    . "$BUNDLE/lib/$GEN_ENGINE.sh"
fi
