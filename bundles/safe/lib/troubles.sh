# What mends a failure, by its cause: the end of the step's log tells that. Sourced by progress.sh.
# shellcheck shell=bash

# What any step may meet, after its own troubles: how it is seen, and what mends it. With "owner" only the owner of this machine
# may decide it.
# shellcheck disable=SC2016 # whoever follows it expands it
TROUBLES='seen=permission denied while trying to connect to the docker|dial unix .*: connect: permission denied
owner=sudo usermod -aG docker "$USER"   (then log out and in again)
seen=cannot connect to the docker daemon|is the docker daemon running|the engine did not answer within|error during connect
mend=sudo systemctl start docker   (without systemd: sudo dockerd &)
seen=no space left on device|disk quota exceeded
owner=df -h . /var/lib/docker /var/lib/containers   (then make room on the disk that is full)
seen=too many open files|cannot allocate memory|out of memory
owner=free -h   (then end what takes the memory)'

# find_fix STEP LOG: sets FIX to what mends the first trouble that the end of the log tells of, or to what is said when it tells of
# none; DECIDES is "owner" where only that one may decide it. The log is a stranger's text: it is searched, and never more than that.
find_fix() {
    local line pattern='' end known
    end=$(tail -n 60 "$2" 2>/dev/null | without_times)
    known=$(<"$BUNDLE/steps/$1/step.conf")
    DECIDES=''
    while IFS= read -r line; do
        case $line in
        seen=*) pattern=${line#seen=} ;;
        mend=* | owner=*)
            if [ -z "$pattern" ] || ! grep -qaiE -e "$pattern" <<<"$end"; then continue; fi
            FIX=${line#*=}
            [ "${line%%=*}" = mend ] || DECIDES=owner
            return
            ;;
        esac
    done <<<"$known"$'\n'"$TROUBLES"
    step_value "$1" hint
    FIX=$VALUE
}

# show_fix STEP LOG: says it, and writes it down beside the log for whoever tells of this run later.
show_fix() {
    find_fix "$1" "$2"
    # Whoever stopped the run knows better.
    [ -z "$FAILURE_MEND" ] || FIX=$FAILURE_MEND DECIDES=''
    printf '%s\n' "$FIX" 2>/dev/null >"$STATE/logs/$RUN/$1.fix" || :
    [ "$PWD" -ef "$BUNDLE" ] || FIX="cd $(quoted "$BUNDLE") && $FIX"
    warn "  mend: $FIX"
    [ -z "$DECIDES" ] || warn "  decides: owner   (only the owner of this machine may decide that)"
}
