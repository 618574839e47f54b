# Sourced by every script of the bundle. Needs bash 3.2 or newer and coreutils.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

# Several files of lib/ ask for this one; it is read once.
[ -z "${COMMON_IS_READ:-}" ] || return 0
COMMON_IS_READ=yes

# The same order of names and the same messages everywhere.
LC_ALL=C
export LC_ALL
set -u

BUNDLE=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P) || exit 4
STATE=$BUNDLE/.state
STORAGE=$BUNDLE/storage
BACKUPS=$BUNDLE/backups
LOCAL=$BUNDLE/local
# The microVM, where one isolates the sandbox, and its workspace, which is the only thing of it that is data.
MACHINE=$STATE/microvm MACHINE_WORK=$STATE/microvm/work.img

# Exit codes, the same in every script of the bundle and in `gen`.
readonly EX_DONE=0 EX_FAILED=1 EX_USAGE=2 EX_RESIDUE=3 EX_REFUSED=4
# What a verify.sh or a check says: it holds, it does not hold, or it cannot be known.
# In a plan it may say too that this is not decided yet; a run takes that, as all else, for no answer.
readonly HOLDS=0 HOLDS_NOT=1 UNKNOWN=5 UNDECIDED=6
export EX_DONE EX_FAILED EX_USAGE EX_RESIDUE EX_REFUSED HOLDS HOLDS_NOT UNKNOWN UNDECIDED

# What a run keeps is for its user alone. What it brings into a project has the user's own mask.
[ -n "${GEN_UMASK:-}" ] || GEN_UMASK=$(umask)
export GEN_UMASK
umask 077

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\033[1m' GREEN=$'\033[32m' RED=$'\033[31m' DIM=$'\033[2m' PLAIN=$'\033[0m'
else
    BOLD='' GREEN='' RED='' DIM='' PLAIN=''
fi
export BOLD GREEN RED DIM PLAIN

# shellcheck source=templates/lib/text.sh
. "$BUNDLE/lib/text.sh"

# What a script prints, it prints by these: whatever stands in it, it steers no terminal. A reader that went away (a closed pipe)
# must not end a run half way, so a failed print is no error.
say() { as_shown "$*" && printf '%s\n' "$SHOWN" 2>/dev/null || :; }
warn() { reachable "$*" && as_shown "${RED}$REACHED${PLAIN}" && printf '%s\n' "$SHOWN" >&2 2>/dev/null || :; }

OWNER_DECIDES='  decides: owner   (only the owner of this machine may decide that)'

# fail CODE WHAT WHY MEND [owner]: says what could not be done, why, the command that mends it, and who decides about that, and ends the script.
fail() {
    FAILED_WITH=("$@")
    # None of it begins a line of its own.
    warn "error: ${2//$'\n'/$'\n  | '}"
    [ -z "${3:-}" ] || warn "  why:  ${3//$'\n'/$'\n  | '}"
    [ -z "${4:-}" ] || warn "  mend: ${4//$'\n'/$'\n  | '}"
    [ -z "${5:-}" ] || warn "$OWNER_DECIDES"
    exit "$1"
}

# refuse WHAT WHY MEND: the same for a script that has not begun. It ends with its last line as well, where the script has not said
# yet where that belongs.
refuse() {
    [ -n "$(trap -p EXIT)" ] || trap 'last_line $?' EXIT
    fail "$EX_REFUSED" "$@"
}

# The machine-readable last line of a script, however it ends: result_of CODE names the result, unless the script did.
RESULT='' RUN='' FAILED_STEP=''
result_of() {
    [ -n "$RESULT" ] || case $1 in
    "$EX_DONE") RESULT=ok ;;
    "$EX_FAILED") RESULT=failed ;;
    "$EX_USAGE") RESULT=usage ;;
    "$EX_RESIDUE") RESULT=residue ;;
    "$EX_REFUSED") RESULT=refused ;;
    *) RESULT=failed ;;
    esac
}
last_line() {
    result_of "$1"
    say "gen: result=$RESULT run=${RUN:--} failed_step=${FAILED_STEP:--}"
}

# end_on_signals: from here on a signal ends the script, with a code. Of itself bash shows a trap on EXIT a code of 0 then,
# and the last line would call it well done.
end_on_signals() {
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 131' QUIT
    trap 'exit 143' TERM
}

# have PROGRAM: whether there is one; a function of that name is none.
have() { type -P "$1" >/dev/null; }

# limited SECONDS [--foreground]: sets LIMITED to the words that stand before a program so that it ends in time, and with it
# all that it began; with --foreground it alone, and it stays in our process group.
limited() {
    LIMITED=(env)
    ! have timeout || LIMITED=(timeout -k 10 ${2:+"$2"} "$1")
}

# with_limit SECONDS PROGRAM...: a daemon that hangs must not hang us.
with_limit() {
    limited "$1" --foreground
    shift
    "${LIMITED[@]}" "$@"
}

# say_yes QUESTION: whether somebody at the terminal says yes to it. on_terminal: whether there is somebody to ask.
on_terminal() { [ -t 0 ] && [ -t 1 ]; }
say_yes() {
    local answer=''
    printf '%s [y/N] ' "$1"
    read -r answer
    case $answer in [yY] | [yY][eE][sS]) ;; *) return 1 ;; esac
}

# The script's own comment block, from its second line to the first that is no comment, is its help.
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d;/^#/{s/^# \{0,1\}//;p;};}' "$1"; }

# quoted TEXT: as one word of a command that somebody may copy.
quoted() {
    local mark="'" escaped="'\\''"
    printf "'%s'" "${1//$mark/$escaped}"
}

# again WORD...: the command that writes this bundle again from its own profile, with WORDs to change it. It works anywhere.
again() { echo "gen bundle --profile $(quoted "$BUNDLE/profile.yaml") --out $(quoted "$BUNDLE")${*:+ $*}"; }

# help_or_refuse SCRIPT ARG...: answers --help, refuses what is not known. For scripts that take no other argument.
help_or_refuse() {
    local script=$1
    shift
    case ${1:-} in
    '') return 0 ;;
    -h | --help) usage "$script" && exit "$EX_DONE" ;;
    *) fail "$EX_USAGE" "unknown argument: $1" "" "$script --help" ;;
    esac
}

# clock: sets NOW, the time in UTC. A newer bash can tell it by itself, without a process for it.
clock() {
    if [ "${BASH_VERSINFO[0]}" -ge 5 ]; then TZ=UTC0 printf -v NOW '%(%Y-%m-%dT%H:%M:%SZ)T' -1; else NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ); fi
}

# durable PATH...: what was written there, and the name in its folder, is on the disk when this returns.
durable() {
    local path all=()
    for path in "$@"; do all+=("$path" "${path%/*}"); done
    sync "${all[@]}" 2>/dev/null && return 0
    case $(uname -s) in
    Linux) return 1 ;;
    *) sync ;; # a sync that takes no file names: all of it, then
    esac
}

# write_durably FILE [COMMAND...]: what the command prints becomes FILE, or standard input: all of it or nothing. Of what a pipe brings
# nobody can tell whether it is all, so what may fail is a COMMAND here.
write_durably() {
    local file=$1
    shift
    [ $# -gt 0 ] || set -- cat
    # A link would be written through, a pipe waited for, and into a folder the new one would be moved.
    if [ -L "$file.new" ] || [ -p "$file.new" ]; then rm -f "$file.new" || return 1; fi
    if [ -d "$file" ]; then warn "$file is a folder, so nothing can be written there" && return 1; fi
    "$@" >"$file.new" && durable "$file.new" && mv -f "$file.new" "$file" && durable "$file"
}

# unwrite FILE: takes away what write_durably made, and what it left where it was cut off.
unwrite() { rm -f "$1" "$1.new"; }

# holds_files FOLDER: whether there is anything in it.
holds_files() {
    set -- "$1"/*
    [ -e "$1" ]
}

# digest_of: the SHA-256 of standard input, 64 hexadecimal digits.
digest_of() {
    if have sha256sum; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# at_least WANTED FOUND: compares two versions, number by number; what is missing counts as 0.
at_least() {
    local part least n=0 wanted found=${2#v}
    IFS=. read -r -a wanted <<<"${1//[!0-9]/.}"
    IFS=. read -r -a found <<<"${found//[!0-9]/.}"
    for part in "${wanted[@]}"; do
        whole "${part:-0}" 9 && least=$NUMBER && whole "${found[n]:-0}" 9 || return 1
        [ "$NUMBER" -eq "$least" ] || { [ "$NUMBER" -gt "$least" ]; return; }
        n=$((n + 1))
    done
}

# Text that somebody else wrote (the output of a program in the sandbox, a file that an agent can write, what the engine says
# of foreign objects) becomes a number by these two alone: bash runs the commands that stand in what it reckons with.
# whole TEXT [DIGITS]: sets NUMBER to the whole number that TEXT is, of at most so many digits (15); fails when it is none.
whole() {
    local text=$1
    NUMBER=''
    text=${text#"${text%%[! ]*}"} # some programs print blanks in front
    case $text in '' | *[!0-9]*) return 1 ;; esac
    # With a leading zero it would be octal.
    text=${text#"${text%%[!0]*}"}
    [ "${#text}" -le "${2:-15}" ] || return 1
    NUMBER=${text:-0}
}

# hexadecimal TEXT [DIGITS]: the same for a hexadecimal number without a prefix.
hexadecimal() {
    local text=$1
    NUMBER=''
    case $text in '' | *[!0-9a-fA-F]*) return 1 ;; esac
    text=${text#"${text%%[!0]*}"}
    [ "${#text}" -le "${2:-15}" ] || return 1
    NUMBER=$((16#${text:-0}))
}

# human BYTES: as a person writes it, for example 20G.
human() {
    awk -v n="$1" 'BEGIN { split("B K M G T", u, " "); i = 1
        while (n >= 1024 && i < 5) { n /= 1024; i++ }
        printf (n == int(n) ? "%d%s\n" : "%.1f%s\n"), n, u[i] }'
}

# random_word BYTES: a word that nobody can guess, in hexadecimal digits.
random_word() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# made_once FILE BYTES: the word in FILE, a random one the first time. Nothing was ever made with one that is empty: it is made then.
made_once() {
    local file=$1 word=''
    if [ ! -s "$file" ]; then
        mkdir -p "$STATE" || fail "$EX_REFUSED" "this bundle's folder cannot be written" "$BUNDLE" "chmod u+w $(quoted "$BUNDLE")"
        word=$(random_word "$2")
        if ! is_random_word "$word" "$2" || ! printf '%s' "$word" 2>/dev/null >"$file.$$" || ! durable "$file.$$"; then
            rm -f "$file.$$"
            fail "$EX_REFUSED" "this bundle's own word cannot be written down" "$file" "df -h $(quoted "$STATE")   (make room, then the same again)"
        fi
        take_empty "$file"
        # Of two that come here at once, one makes the link, and both read the same word.
        ln "$file.$$" "$file" 2>/dev/null
        rm -f "$file.$$"
    fi
    { word=$(<"$file"); } 2>/dev/null || word=''
    is_random_word "$word" "$2" || fail "$EX_REFUSED" "this is not the word that this bundle made" "$file" \
        "ls -l $(quoted "$file")   (if no sandbox of this bundle was ever started: rm $(quoted "$file"))"
    echo "$word"
}

# take_empty FILE: takes one away that is empty, one at a time: as long as it is there nobody can give the name to another.
take_empty() {
    [ -e "$1" ] && [ ! -s "$1" ] || return 0
    local tries=0
    until mkdir "$1.taken" 2>/dev/null || [ "$tries" -ge 20 ]; do tries=$((tries + 1)) && sleep 0.1; done
    { [ -s "$1" ] || rm -f "$1"; } && rmdir "$1.taken" 2>/dev/null || :
}

# is_random_word TEXT [BYTES]: whether it looks like one, of so many bytes: it stands in patterns and names of files.
is_random_word() {
    case $1 in '' | *[!0-9a-f]*) return 1 ;; esac
    [ -z "${2:-}" ] || { whole "$2" 2 && [ ${#1} -eq $((NUMBER * 2)) ]; }
}

# The name of this copy of the bundle: 16 hexadecimal digits, made once. It stands on every object that we make.
instance() {
    # By another one nothing that was made with it would be found.
    [ -s "$STATE/instance" ] || [ ! -s "$STATE/owned" ] ||
        fail "$EX_REFUSED" "the name of this copy of the bundle is lost, and with it what it made" "$STATE/instance is empty, or not there" \
            "ls $(quoted "$STORAGE") /dev/gen-workspace-*   (the ID in these names; then: printf ID > $(quoted "$STATE/instance"))"
    made_once "$STATE/instance" 8
}

# shellcheck source=templates/lib/json.sh
. "$BUNDLE/lib/json.sh"
# shellcheck source=templates/lib/manifest.sh
. "$BUNDLE/lib/manifest.sh"

# Each script looks at its bundle first, and reads no more of it until then. The scripts that it starts need not look again.
[ "${GEN_BUNDLE_SEEN:-}" = "$BUNDLE" ] || manifest_check
# shellcheck source=templates/lib/state.sh
. "$BUNDLE/lib/state.sh"
[ "${GEN_BUNDLE_SEEN:-}" = "$BUNDLE" ] || own_state
export GEN_BUNDLE_SEEN=$BUNDLE

# shellcheck source=/dev/null
. "$BUNDLE/lib/settings.sh"
