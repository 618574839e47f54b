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

# shellcheck source=/dev/null
. "$BUNDLE/lib/settings.sh"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\033[1m' GREEN=$'\033[32m' RED=$'\033[31m' DIM=$'\033[2m' PLAIN=$'\033[0m'
else
    BOLD='' GREEN='' RED='' DIM='' PLAIN=''
fi
export BOLD GREEN RED DIM PLAIN

# A reader that went away (a closed pipe) must not end a run half way, so a failed print is no error.
say() { printf '%s\n' "$*" 2>/dev/null || :; }
warn() { printf '%s\n' "${RED}$*${PLAIN}" >&2 2>/dev/null || :; }

# fail CODE WHAT WHY MEND: says what could not be done, why, and the command that mends it, and ends the script.
fail() {
    FAILED_WITH=("$@")
    warn "error: $2"
    [ -z "${3:-}" ] || warn "  why:  $3"
    [ -z "${4:-}" ] || warn "  mend: $4"
    exit "$1"
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

# The script's own comment block, from its second line to the first that is no comment, is its help.
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d;/^#/{s/^# \{0,1\}//;p;};}' "$1"; }

# quoted TEXT: as one word of a command that somebody may copy.
quoted() {
    local mark="'" escaped="'\\''"
    printf "'%s'" "${1//$mark/$escaped}"
}

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

# write_durably FILE: standard input becomes FILE, all of it or nothing.
write_durably() {
    cat >"$1.new" && durable "$1.new" && mv -f "$1.new" "$1" && durable "$1"
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

# at_least WANTED FOUND: compares two versions, part by part.
at_least() { [ "$(printf '%s\n%s\n' "$1" "${2#v}" | sort -V | head -n 1)" = "$1" ]; }

# human BYTES: as a person writes it, for example 20G.
human() {
    awk -v n="$1" 'BEGIN { split("B K M G T", u, " "); i = 1
        while (n >= 1024 && i < 5) { n /= 1024; i++ }
        printf (n == int(n) ? "%d%s\n" : "%.1f%s\n"), n, u[i] }'
}

# random_word BYTES: a word that nobody can guess, in hexadecimal digits.
random_word() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# made_once FILE BYTES: the word in FILE, a random one the first time.
made_once() {
    local file=$1
    if [ ! -s "$file" ]; then
        mkdir -p "$STATE" || fail "$EX_REFUSED" "this bundle's folder cannot be written" "$BUNDLE" "chmod u+w $(quoted "$BUNDLE")"
        random_word "$2" >"$file.$$" && durable "$file.$$"
        # A link is made or not made: of two that come here at once, one wins and both read the same word.
        ln "$file.$$" "$file" 2>/dev/null
        rm -f "$file.$$"
    fi
    echo "$(<"$file")"
}

# The name of this copy of the bundle: 16 hexadecimal digits, made once. It stands on every object that we make.
instance() { made_once "$STATE/instance" 8; }

# What a bundle carries for a person's own changes counts as well: a change there makes a new sandbox.
local_digest() {
    [ -e "$LOCAL/compose.override.yaml" ] || [ -e "$LOCAL/env" ] || { echo none && return; }
    cat "$LOCAL/compose.override.yaml" "$LOCAL/env" 2>/dev/null | cksum | cut -d ' ' -f 1
}
