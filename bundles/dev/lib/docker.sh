# What the steps, checks and scripts ask of Docker. Sourced after common.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it
# shellcheck source=templates/lib/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

# Empty as long as no run has begun: then nothing is ours. It is made by the first run.
INSTANCE=''
[ ! -s "$STATE/instance" ] || read -r INSTANCE <"$STATE/instance"
is_random_word "$INSTANCE" || INSTANCE=''

# kept_name KIND NAME: sets KEPT to the name that we chose at run time, since somebody else's object has the first one, else to
# NAME. It is kept in .state/names/; a path there would be a folder of this host.
kept_name() {
    local kept=''
    KEPT=$2
    [ ! -s "$STATE/names/$1" ] || read -r kept <"$STATE/names/$1"
    case $kept in '' | [!a-zA-Z0-9]* | *[!a-zA-Z0-9_.-]*) ;; *) KEPT=$kept ;; esac
}
kept_name volume "$GEN_VOLUME"
VOLUME=$KEPT
kept_name network "$GEN_NETWORK"
NETWORK=$KEPT

# What isolates the sandbox: the one backend that the bundle accepts if that is docker, else the one that was chosen here.
# Empty as long as none is chosen.
BACKEND=$GEN_BACKENDS
if [ "$GEN_BACKENDS" != docker ]; then
    BACKEND=''
    [ ! -s "$STATE/names/isolation" ] || read -r BACKEND <"$STATE/names/isolation"
    case " $GEN_BACKENDS " in *" $BACKEND "*) ;; *) BACKEND='' ;; esac
fi

# shellcheck source=templates/lib/home.sh
. "${BASH_SOURCE[0]%/*}/home.sh"
# shellcheck source=templates/lib/client.sh
. "${BASH_SOURCE[0]%/*}/client.sh"

# unknown WHAT: a verify.sh that cannot know says so and stops: it never guesses.
unknown() {
    warn "$1"
    exit "$UNKNOWN"
}

# shellcheck source=templates/lib/others.sh
. "${BASH_SOURCE[0]%/*}/others.sh"
# shellcheck source=templates/lib/owned.sh
. "${BASH_SOURCE[0]%/*}/owned.sh"

# container_line NAME [OPTION...]: "id state owner bundle local" of the container of exactly that name; empty when there
# is none, or none that passes the filters in the options. Fails when the engine does not answer, which is not the same.
container_line() { one_container "name=^/$1\$" "${@:2}"; }
one_container() { # FILTER [OPTION...]
    local line id state rest whose
    line=$(docker ps --all --no-trunc --filter "$@" \
        --format '{{.ID}} {{.State}} {{.Label "gen.bundle"}} {{.Label "gen.local"}}') || return 1
    [ -n "$line" ] || return 0
    read -r id state rest <<<"$line"
    whose=$(container_owner "$id") || return 1
    [ -z "$whose" ] || echo "$id $state $whose $rest"
}

# network_line, volume_line, image_line NAME: "name-or-id owner", empty when there is none. A volume's has its device too.
network_line() {
    local lines id token line=''
    lines=$(network_facts "$1") || return 1
    while read -r id token; do
        # Ours first, where somebody made another of that name.
        if [ -n "$id" ] && ! ours "$line" 2; then line="$id $(owner network "$id" "$token")"; fi
    done <<<"$lines"
    [ -z "$line" ] || echo "$line"
}
volume_line() {
    local line id token device
    line=$(volume_facts "$1") || return 1
    [ -n "$line" ] || return 0
    read -r id token device <<<"$line"
    echo "$1 $(owner volume "$id" "$token") $device"
}
image_line() {
    local id
    id=$(described image "$1" "reference=$1" '{{.Id}}') || return 1
    [ -z "$id" ] || echo "$id $(owner image "$id")"
}

# network_facts NAME: "id token", a line for each network of that name: some engines let two have one.
network_facts() { docker network ls --no-trunc --filter "name=^$1\$" --format '{{.ID}} {{.Label "gen.token"}}'; }

# volume_facts NAME: "id token device". A name may be given again, so when it was made is part of what a volume is known by.
volume_facts() {
    described volume "$1" "name=^$1\$" '{{.Name}}@{{json .CreatedAt}} {{with .Labels}}{{or (index . "gen.token") (index . "gen.instance") "-"}}{{else}}-{{end}} {{with .Options}}{{.device}}{{end}}'
}

# To inspect fails for what is not there and for an engine that fails. Where it does not say itself which, the list does. One that
# hangs is asked once.

# described KIND NAME FILTER FORMAT: a line about the object of that name; empty when there is none.
described() {
    local code=0 found
    # What it complains of is read here, and what it answers goes on to whoever asked.
    { found=$(docker "$1" inspect --format "$4" "$2" 2>&1 >&4 4>&-) || code=$?; } 4>&1
    case $code:$found in
    0:*) return 0 ;;
    124:*) return 1 ;;
    *:*[Nn]"o such $1"*) ;;
    *) found=$(docker "$1" ls --quiet --filter "$3") && [ -z "$found" ] ;;
    esac
}

# word N LINE: sets WORD, the N-th word of a line; empty when there are not so many.
word() {
    local all
    # Words of others may have a star in them: this splits, and looks for no files.
    IFS=$' \t\n' read -r -d '' -a all <<<"$2" || :
    whole "$1" && WORD=${all[NUMBER - 1]:-}
}

# has_word N LINE TEXT: whether the N-th word of a line is that text.
has_word() {
    word "$1" "$2"
    [ "$WORD" = "$3" ]
}

# image_is_there REF
image_is_there() {
    local id
    id=$(docker images --quiet "$1") || return "$UNKNOWN"
    [ -n "$id" ]
}

# The sandbox, by whatever isolates it: machine.sh has the same verbs for a microVM.
# sandbox_line [OPTION...]: container_line of the sandbox: by the id that is written down, whatever it is called by now; by its name where
# none of that id is there. healthy_line: only when it runs and is healthy.
sandbox_line() {
    local id line=''
    id=$(owned_id container "$GEN_CONTAINER")
    [ -z "$id" ] || line=$(one_container "id=$id" "$@") || return 1
    if [ -n "$line" ]; then echo "$line"; else container_line "$GEN_CONTAINER" "$@"; fi
}
healthy_line() {
    look_at_health
    sandbox_line --filter status=running --filter health=healthy
}
# look_at_health: has its health looked at now, where the engine does not do so by itself.
look_at_health() { :; }
# inside ARG...: a command in the running sandbox as its user.
inside() { heard docker exec --interactive "$(sandbox_id)" "$@"; }
# sandbox_client: sets CLIENT, the words in front of a command for the sandbox. With "tty" it has a terminal, of the caller's kind.
sandbox_client() {
    CLIENT=("$ENGINE" exec --interactive --env "GEN_COMMAND=$AUDIT_ID")
    [ "${1:-}" != tty ] || CLIENT+=(--tty --env "TERM=${TERM:-dumb}" --env "COLORTERM=${COLORTERM:-}")
    CLIENT+=("$(sandbox_id)")
}
# end_with_sandbox PID: returns when the sandbox has ended, and ends the client of that number if it has not noticed by itself.
# gVisor can be brought down by what runs in it, and then the engine does not always tell a client of `docker exec`.
end_with_sandbox() {
    local waiting client
    [ "$BACKEND" = gvisor ] || return 0
    client=$(process_name "$1")
    command "$ENGINE" wait "$(sandbox_id)" >/dev/null 2>&1 &
    waiting=$!
    # shellcheck disable=SC2064 # the number as it is now
    trap "kill $waiting 2>/dev/null; exit" TERM
    wait "$waiting" || return
    trap exit TERM
    sleep 2 && signal_process KILL "$client" && warn "error: the sandbox ended while the command ran"
}
thaw_sandbox() { docker unpause "$(sandbox_id)" >/dev/null; }
# thaw_first: what runs in the sandbox goes on, where somebody froze it to end a command and was killed.
thaw_first() {
    [ -e "$STATE/frozen" ] || return 0
    # shellcheck source=templates/lib/storage.sh
    . "$BUNDLE/lib/storage.sh"
    let_go
}
# stop_sandbox: the commands in it end first, so that each writes down as its own what it changed; and then it itself. Where that fails,
# MEND is what is to be done: never to kill what alone has the work.
stop_sandbox() {
    # shellcheck source=templates/lib/commands.sh
    . "$BUNDLE/lib/commands.sh"
    # shellcheck source=templates/lib/storage.sh
    . "$BUNDLE/lib/storage.sh"
    end_commands
    if ! keep_worked; then warn "error: $WHAT: $WHY" && warn "  mend: $MEND" && return 1; fi
    MEND=$(kill_words)
    halt_sandbox
}
halt_sandbox() { docker stop --time 10 "$(sandbox_id)" >/dev/null; }
# kill_words: the command that ends it at once.
kill_words() { echo "$ENGINE kill $(sandbox_id)"; }
# no_disk_needed: whether what isolates the sandbox keeps its workspace itself, so that this step has nothing to do.
no_disk_needed() { [ "$BACKEND" = microvm ] && [ -z "${GEN_UNDO:-}" ]; }
# need_sandbox CODE: ends a script that can ask nothing of the sandbox.
need_sandbox() { need_engine "$1"; }

# engine_settle: after a client was killed: returns when what we have in the engine has not changed for three seconds.
# The engine finishes what it was asked even when nobody waits for the answer.
engine_settle() {
    local last='' found same=0
    # A line of the record that was cut off in the middle.
    rm -f "$OWNED.new"
    while [ "$same" -lt 6 ]; do
        found=$(engine_marked) || return 0
        if [ "$found" = "$last" ]; then same=$((same + 1)); else same=0; fi
        last=$found
        sleep 0.5
    done
}

# remove_recorded KIND: removes our volumes or networks, whatever names they took. Those that somebody uses stay, and are said.
remove_recorded() {
    local kind token name line lines id users left=''
    lines=$(owned_lines) || return 1
    while read -r kind token _ name; do
        [ "$kind" = "$1" ] || continue
        line=$("$1_line" "$name") || return 1
        read -r id _ <<<"$line"
        if ours "$line" 2 && ! docker "$1" rm "$id"; then
            users=$(docker ps --all --filter "$1=$id" --format '  {{.Names}} ({{.Status}})')
            [ -z "$users" ] || printf '%s\n' "the $1 $name stays, since somebody else's container uses it:" "$users"
            left=yes
        else
            disown "$1" "$token" || return 1
        fi
    done <<<"$lines"
    [ -z "$left" ] || return 1
    forget_name "$1"
}

# build WORD...: builds an image. end_build: takes away what one that was killed has left.
build() {
    local codes
    DOCKER_BUILDKIT=1 docker build --progress plain --pull=false "$@" 2>&1 | build_words
    codes=("${PIPESTATUS[@]}")
    return "${codes[0]}"
}
end_build() { :; }

# engine_answers: whether it does, and before long. What its client said instead is in SAID.
engine_answers() { SAID=$(docker version --format '{{.Server.Version}}' 2>&1 >/dev/null); }

# need_engine [CODE]: ends a script that can do nothing without the engine.
need_engine() {
    engine_answers && return
    [ -z "${SIGNAL:-}" ] || fail "$EX_FAILED" "interrupted by SIG$SIGNAL"
    # Another one than the sandbox's is no trouble of this one.
    ! looks_elsewhere || engine_check
    engine_trouble
    fail "${1:-$EX_REFUSED}" "$WHAT" "$SAID" "$MEND"
}

# engine_trouble: from SAID, WHAT stands between us and the engine, and MEND. Of several lines the last one tells why.
engine_trouble() {
    SAID=${SAID##*$'\n'} WHAT="the engine does not answer" MEND="sudo systemctl start docker   (without systemd: sudo dockerd &)"
    case $SAID in
    *'permission denied'*) WHAT="your user may not use the engine" MEND="sudo usermod -aG docker $(id -un 2>/dev/null)   (then log out and in again)" ;;
    esac
}

# shellcheck source=templates/lib/names.sh
. "${BASH_SOURCE[0]%/*}/names.sh"
# shellcheck source=templates/lib/tools.sh
. "${BASH_SOURCE[0]%/*}/tools.sh"
# shellcheck source=templates/lib/inventory.sh
. "${BASH_SOURCE[0]%/*}/inventory.sh"
# shellcheck source=templates/lib/aside.sh
. "${BASH_SOURCE[0]%/*}/aside.sh"
# shellcheck source=templates/lib/additions.sh
. "${BASH_SOURCE[0]%/*}/additions.sh"
# shellcheck source=templates/lib/foresee.sh
. "${BASH_SOURCE[0]%/*}/foresee.sh"
if [ "$ENGINE" = podman ]; then
    # shellcheck source=/dev/null
    . "${BASH_SOURCE[0]%/*}/podman.sh"
fi
if [ "$BACKEND" = microvm ]; then
    # shellcheck source=templates/lib/machine.sh
    . "${BASH_SOURCE[0]%/*}/machine.sh"
fi
