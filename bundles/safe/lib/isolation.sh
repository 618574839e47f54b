# What isolates the sandbox: found by booting it, chosen once, and never changed for something weaker. Sourced after
# docker.sh and sandbox.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

CHOICE=$STATE/names/isolation
PROBE_SECONDS=60 PROBE_BYTES=$((256 << 20))

# lacks_BACKEND: whether this host plainly lacks what it takes. It is found by asking; then WHY and MEND are set.
lacks_docker() { return 1; }
lacks_gvisor() {
    MEND=$RUNSC_INSTALLED
    WHY="the engine has no runtime runsc"
    ! has_runsc
}
lacks_microvm() {
    WHY="it is not built into this bundle" MEND="$(again)   (with a newer gen)"
    [ -e "$BUNDLE/lib/microvm/__main__.py" ] || return 0
    WHY="qemu-system-x86_64 is not installed" MEND="sudo apt-get install qemu-system-x86"
    have qemu-system-x86_64 || return 0
    emulation_will_do && return 1
    WHY="only by emulation, since this user has no /dev/kvm" MEND=$EMULATED
    ! { [ -r /dev/kvm ] && [ -w /dev/kvm ]; }
}

# emulation_will_do: whoever wants a machine without /dev/kvm, where it works as well, and slowly, says so.
emulation_will_do() { [ "$GEN_BACKENDS" = microvm ]; }
EMULATED="$(again --set isolation=microvm)   (takes it all the same)"

# boots_BACKEND: whether it works: it is started, and says of itself what it should. Otherwise WHY and MEND are set.
boots_docker() {
    MEND="$ENGINE run --rm $GEN_IMAGE_REF true   (and see what it says)"
    WHY=$(probe)
}
boots_gvisor() {
    local facts
    engine_words run --rm --runtime runsc --network none "$GEN_IMAGE_REF" dmesg
    MEND="${WORDS[*]}   (and see what it says)"
    facts=$(probe --runtime runsc) || { WHY=$facts && return 1; }
    MEND=$RUNSC_TOLD
    case $facts in *[Gg][Vv]isor*) ;; *) WHY="the engine's runtime runsc is not gVisor" && return 1 ;; esac
    whole "$(printf '%s\n' "$facts" | sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p')" 12 || NUMBER=0
    [ "$NUMBER" -le $((PROBE_BYTES / 1024)) ] ||
        { WHY="runsc is told to ignore control groups (--ignore-cgroups), so no limit would hold" && return 1; }
    [ "$GEN_NETWORK_MODE" = none ] || grep -q '^ *eth0:' <<<"$facts" ||
        { WHY="runsc gives no network, which the profile asks for" && return 1; }
}
boots_microvm() {
    MEND="python3 -I -S -B lib/microvm/__main__.py --state .state/microvm probe   (and see what it says)"
    WHY=$(python3 -I -S -B "$BUNDLE/lib/microvm/__main__.py" --state "$MACHINE" probe --json 2>&1) || return 1
    case $WHY in *'"accel": "kvm"'*) return 0 ;; esac
    ! emulation_will_do || case $WHY in *'"accel": "tcg"'*) return 0 ;; esac
    WHY="only by emulation, since no kernel boots under /dev/kvm" MEND=$EMULATED
    return 1
}

# probe [OPTION...]: what a short-lived container says of the kernel that it has; or why it did not start, and fails.
probe() {
    local network=none said code=0 RUN_SECONDS=$PROBE_SECONDS
    [ "$GEN_NETWORK_MODE" = none ] || network=bridge
    said=$(heard brief --network "$network" --memory "${PROBE_BYTES}b" --memory-swap "${PROBE_BYTES}b" --cap-drop ALL "$@" -- \
        sh -c 'cat /proc/version /proc/cmdline /proc/meminfo /proc/net/dev; dmesg 2>/dev/null | head -n 3' 2>&1 </dev/null) || code=$?
    [ "$code" -ne 124 ] || remove_ours "$TOOL"
    [ "$code" -eq 0 ] || said=$(printf '%s\n' "$said" | grep -v -e '^$' -e "^Run 'docker" | tail -n 1)
    printf '%s\n' "$said"
    return "$code"
}

# works BACKEND: whether it does, here and now.
works() {
    WHY='' MEND=''
    ! "lacks_$1" && "boots_$1"
}

# choose: sets BACKEND to the first of those that the profile accepts which works, and REASONS to a line for each that
# was looked at. Fails when none does.
choose() {
    BACKEND='' REASONS=''
    for BACKEND in $GEN_BACKENDS; do
        if works "$BACKEND"; then
            REASONS="$REASONS$BACKEND: it boots"$'\n'
            return 0
        fi
        REASONS="$REASONS$BACKEND: $WHY"$'\n'
    done
    BACKEND=''
    return 1
}

# gone: what is said when the backend that was chosen does not work any more.
gone() {
    problem "$BACKEND, which isolates this sandbox, does not work here any more: $WHY; nothing else is taken in its place" \
        "$MEND   (or ./rollback.sh, which keeps the workspace; then start chooses anew)"
}

# none_works REASONS: what is said when nothing here is strong enough.
none_works() {
    problem "nothing here isolates as the profile asks, with at least a $GEN_ISOLATION_MINIMUM: $(printf '%s' "$1" | paste -sd ';' - | sed 's/;/; /g')" "$MEND"
}

# isolation_problems: what can be known without an image of ours. Booting it comes later.
isolation_problems() {
    local backend reasons=''
    [ "$GEN_BACKENDS" != docker ] && engine_answers || return 0
    for backend in ${BACKEND:-$GEN_BACKENDS}; do
        "lacks_$backend" || return 0
        reasons="$reasons$backend: $WHY"$'\n'
    done
    if [ -n "$BACKEND" ]; then gone; else none_works "$reasons"; fi
}
