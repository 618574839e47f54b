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
# none; DECIDES is "owner" where only that one may decide it. A trouble that is "seen" is told by the step's own programs: what others said
# (lib/others.sh) is no cause of anything. One that is "heard" is of what a build fetches, and apt, pip and npm tell it in RUN lines.
find_fix() {
    local line pattern='' own heard end known
    own=$(own_words "$2") heard=$(without_times 2>/dev/null <"$2" | grep -aE '^build> ' | tail -n 60)
    known=$(<"$BUNDLE/steps/$1/step.conf")
    DECIDES=''
    while IFS= read -r line; do
        case $line in
        seen=*) pattern=${line#seen=} end=$own ;;
        heard=*) pattern=${line#heard=} end=$own$'\n'$heard ;;
        mend=* | owner=*)
            if [ -z "$pattern" ] || ! grep -qaiE -e "$pattern" <<<"$end"; then continue; fi
            FIX=${line#*=}
            [ "${line%%=*}" = mend ] || DECIDES=owner
            case $FIX in *'image.packages=['*) without_missing "$(grep -aiE -e "$pattern" <<<"$end")" ;; esac
            return
            ;;
        esac
    done <<<"$known"$'\n'"$TROUBLES"
    step_value "$1" hint
    FIX=$VALUE
}

# without_missing LINES: takes those packages out of the list in FIX of which the lines say that there is none: of the profile's own
# words, so that nothing which somebody else printed becomes a part of it.
without_missing() {
    local list=${FIX#*'image.packages=['} name bare left=''
    list=${list%%]*}
    while IFS= read -r name; do
        bare=${name%%=*}
        case $1$'\n' in
        *"ackage $bare"[!a-z0-9.+-]* | *"ackage '$bare'"* | *"for '$bare' "*) ;;
        *) left=$left${left:+, }$name ;;
        esac
    done <<<"${list//, /$'\n'}"
    [ "$left" = "$list" ] ||
        FIX="${FIX%%'image.packages=['*}image.packages=[$left]'   (without what this base does not have)"
}

# own_words LOG: the end of what a step's own programs said, without the names of files, which others chose.
own_words() { without_times 2>/dev/null <"$1" | grep -avE '^[a-z]+> ' | tail -n 60 | sed "s/b'[^']*'//g; s/b\"[^\"]*\"//g"; }

# show_fix STEP LOG: says it, and writes it down beside the log for whoever tells of this run later.
show_fix() {
    find_fix "$1" "$2"
    # Whoever stopped the run knows better.
    [ -z "$FAILURE_MEND" ] || FIX=$FAILURE_MEND DECIDES=''
    printf '%s\n' "$FIX" 2>/dev/null >"$STATE/logs/$RUN/$1.fix" || :
    [ "$PWD" -ef "$BUNDLE" ] || FIX="cd $(quoted "$BUNDLE") && $FIX"
    warn "  mend: $FIX"
    [ -z "$DECIDES" ] || warn "$OWNER_DECIDES"
}
