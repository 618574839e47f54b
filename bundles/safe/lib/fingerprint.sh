# The fingerprint: what is on this host that a run could touch, one object a line, sorted, so that two of them can be
# compared. Whole inventories, not only what bears our label. Sourced by the runner.
# shellcheck shell=bash
# shellcheck source=templates/lib/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

LEDGER=$STATE/ledger

# kernel_inventory: loop devices with what backs them, the processes of machines, and where something is mounted. A loop
# device is ours when it has our workspace, a mount where it stands in this folder or shows that; any other is the host's own:
# devices and mounts of all kinds of programs come and go there.
kernel_inventory() {
    local file name backing owner loops=' '
    for file in /sys/block/loop*/loop/backing_file; do
        [ -r "$file" ] || continue
        name=${file#/sys/block/} name=${name%%/*}
        { read -r backing <"$file"; } 2>/dev/null || continue
        owner=owner=host
        case $backing in *"workspace-${INSTANCE:-none}.img"*) loops="$loops/dev/$name " owner=owner=${INSTANCE:-} ;; esac
        echo "loop $name $backing $owner"
    done
    for file in /dev/gen-workspace-*; do
        [ ! -L "$file" ] || echo "link $file"
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

# without_other_bundles: leaves out what bears the mark of another bundle. No bundle touches another's objects, and they
# may come and go while we work.
without_other_bundles() {
    awk -v mine="${INSTANCE:-}" '
        match($NF, /^owner=[0-9a-f]+$/) && length($NF) == 22 && substr($NF, 7) != mine { next }
        match($0, /^(loop|link) .*workspace-[0-9a-f]+/) && substr($0, RSTART + RLENGTH - 16, 16) != mine { next }
        { print }'
}

# fingerprint FILE: writes it. Fails when some part of it cannot be known: no answer is not the same as nothing there. Whoever
# needs it after a power cut makes it durable.
fingerprint() {
    { engine_inventory && kernel_inventory && file_inventory; } | without_other_bundles | sort >"$1"
    [ "${PIPESTATUS[*]}" = '0 0 0' ]
}

# difference BEFORE AFTER: what is more ("left over") and what is less ("missing"), a line each. Fails when there is any.
# What came meanwhile and bears the mark of another owner is said, and does not count.
difference() {
    {
        comm -13 "$1" "$2" | sed 's/^/left over: /'
        # What is no longer mounted was somebody else's: a run unmounts nothing but what it mounted, and detaches no
        # other device than its own.
        comm -23 "$1" "$2" | sed '/^mount /d; / owner=host$/d; s/^/missing:   /'
    } | awk -v mine="owner=${INSTANCE:-}" '
        /^left over: .* owner=./ && $NF != mine { print "somebody else made meanwhile: " substr($0, 12); next }
        { print; count++ }
        END { exit count > 0 }'
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
    if found=$(difference "$1" "$after"); then
        [ -z "$found" ] || say "$found"
        say "This host is what it was before the run: $(($(wc -l <"$after"))) objects compared, no difference."
        return 0
    fi
    warn "error: this host is not what it was before the run"
    warn "$(printf '%s\n' "$found" | sed 's/^/  /')"
    return 1
}

# Containers in the ledger are known by number and name alone: whether one runs is its owner's business between runs.
# shellcheck disable=SC2016 # awk expands it
WITHOUT_STATE='$1 == "container" { $0 = $1 " " $2 " " $3 " " $NF }'

# write_ledger BEFORE: what this run adds to the host ("+"), and what it takes away ("-"): a whole rollback is measured by
# that. Mounts, and what is the host's own, come and go by themselves; so does what another owner makes.
write_ledger() {
    local work=$STATE/prior/$RUN/ledger
    mkdir -p "$LEDGER" && fingerprint "$work" && awk -v mine="owner=${INSTANCE:-}" "$WITHOUT_STATE"'
        $1 == "mount" || $NF == "owner=host" { next }
        FILENAME == ARGV[1] { before[$0]; next }
        { after[$0] }
        !($0 in before) && !(/ owner=./ && $NF != mine) { print "+ " $0 }
        END { for (object in before) if (!(object in after)) print "- " object }' "$1" "$work" | write_durably "$LEDGER/$RUN"
}

# measure_whole_rollback: whether everything that committed runs added is gone, and everything that they took away is back.
# What others did to this host between our runs is not counted.
measure_whole_rollback() {
    local now=$STATE/fingerprint.after found
    [ -d "$LEDGER" ] || return 0
    if ! fingerprint "$now" || ! awk "$WITHOUT_STATE"' { print }' "$now" >"$now.plain"; then
        warn "error: whether this host is what it was cannot be known: the engine does not answer"
        return 1
    fi
    # What one run added and a later one took away again is in neither's debt. A run's name ends with a digit; what does
    # not was left by one that was killed while it wrote.
    found=$(cat "$LEDGER"/*[0-9] | awk '{ sign = substr($0, 1, 1); object = substr($0, 3); sum[object] += (sign == "+") ? 1 : -1 }
        END { for (o in sum) if (sum[o] > 0) print "+ " o; else if (sum[o] < 0) print "- " o }' | sort |
        while read -r sign object; do
            if grep -qxF -e "$object" "$now.plain"; then
                [ "$sign" = - ] || echo "  left over: $object"
            else
                [ "$sign" = + ] || echo "  missing:   $object"
            fi
        done)
    rm -f "$now.plain"
    if [ -z "$found" ]; then
        say "This host is what it was before this bundle: nothing that it made is left, nothing that it moved is missing."
        rm -rf "${LEDGER:?}"
        return 0
    fi
    warn "error: this host is not what it was before this bundle"
    warn "$found"
    return 1
}

# The engine's own part, engine_inventory, stands with everything else that is asked of that engine.
engine_inventory() { :; }
if [ -f "$BUNDLE/lib/${GEN_ENGINE:-none}.sh" ]; then
    # shellcheck source=/dev/null
    . "$BUNDLE/lib/$GEN_ENGINE.sh"
fi
