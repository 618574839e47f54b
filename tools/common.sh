# shellcheck shell=bash
# What the tools share: messages, who we are, and apt with a guard. Sourced, never run.

say() { printf '%s\n' "==> $*"; }

# err BRIEF WHY MEND: what could not be done, why, and what mends it.
err() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf '  why:  %s\n' "$2" >&2
    [ -z "${3:-}" ] || printf '  mend: %s\n' "$3" >&2
}

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# os_field FIELD: one field of os-release, empty when there is none.
os_field() {
    local file=/etc/os-release
    [ -r "$file" ] || return 0
    # A subshell keeps the sourced names away from ours.
    # shellcheck source=/dev/null
    (. "$file" && print_variable "$1")
}

print_variable() { printf '%s' "${!1:-}"; }

is_debian_like() {
    case "$(os_field ID)" in debian | ubuntu) have apt-get ;; *) return 1 ;; esac
}

# bounded SECONDS COMMAND...: the command, killed when it takes longer.
bounded() {
    local seconds=$1
    shift
    timeout --kill-after=5 "$seconds" "$@"
}

# not_installed PACKAGE...: those of them that are not there, one a line. One that is there is not named to apt, which would
# take that for a wish to upgrade it, and what belongs to it.
not_installed() {
    local name
    for name in "$@"; do
        dpkg-query --show --showformat '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || echo "$name"
    done
}

# apt_surprises PACKAGE...: what apt would upgrade or remove to install these, one a line.
apt_surprises() {
    local plan action name rest
    plan=$(LC_ALL=C apt-get install --simulate --no-install-recommends "$@") || return 1
    while read -r action name rest; do
        case "$action" in
            Remv) printf 'remove %s\n' "$name" ;;
            # "Inst name [old] (new ...)" is an upgrade; without the bracket it is new.
            Inst) case "$rest" in "["*) printf 'upgrade %s\n' "$name" ;; esac ;;
        esac
    done <<<"$plan"
}

# as_they_are SURPRISES: each package that would be upgraded, in the version that it has: named so, apt leaves it alone where it
# can. It upgrades what has the source of something new, whether or not that is needed.
as_they_are() {
    local action name
    while read -r action name; do
        [ "$action" != upgrade ] || printf '%s=%s\n' "$name" "$(dpkg-query --show --showformat '${Version}' "$name")"
    done <<<"$1"
}

# apt_install PACKAGE...: installs what is not there of these, but only when nothing is upgraded or removed for it.
apt_install() {
    local surprises missing kept
    read -r -d '' -a missing <<<"$(not_installed "$@")" || true
    [ ${#missing[@]} -gt 0 ] || return 0
    set -- "${missing[@]}"
    if ! surprises=$(apt_surprises "$@"); then
        err "apt cannot install $*" "its own words are above" "apt-get update, then apt-get install $*"
        return 1
    fi
    if [ -n "$surprises" ]; then
        read -r -d '' -a missing <<<"$(printf '%s\n' "$@"; as_they_are "$surprises")" || true
        if kept=$(apt_surprises "${missing[@]}" 2>/dev/null); then
            set -- "${missing[@]}"
            surprises=$kept
        fi
    fi
    if [ -n "$surprises" ]; then
        err "not installing $*" "apt would also: ${surprises//$'\n'/, }" "decide on that yourself: apt-get install $*"
        return 1
    fi
    say "installing with apt: $*"
    DEBIAN_FRONTEND=noninteractive bounded 900 apt-get install --yes -qq --no-install-recommends "$@" </dev/null >/dev/null
}

# apt_refresh: package lists, once a run, and only when they may be missing.
apt_refresh() {
    [ -z "${APT_REFRESHED:-}" ] || return 0
    say "refreshing apt's package lists"
    bounded 300 apt-get update -qq || {
        err "apt's package lists could not be refreshed" "its own words are above" "apt-get update"
        return 1
    }
    APT_REFRESHED=1
}

# need_packages WHAT PACKAGE...: installs as root on Debian and Ubuntu; otherwise says the command that mends it.
need_packages() {
    local what=$1
    shift
    if ! is_debian_like; then
        err "$what is missing" "this is not Debian or Ubuntu, so it is not installed for you" "install: $*"
        return 1
    fi
    if ! is_root; then
        err "$what is missing" "installing packages needs root" "sudo apt-get install $*"
        return 1
    fi
    apt_refresh && apt_install "$@"
}

# package_tool WHAT [WORD...]: a script that sees to the packages which its missing_packages names, and tells its version: status,
# and ensure [--no-install].
package_tool() {
    local what=$1 missing=()
    shift
    mapfile -t missing < <(missing_packages)
    case "$*" in
        status | ensure | 'ensure --no-install') ;;
        -h | --help) usage && return ;;
        *) usage >&2 && return 2 ;;
    esac
    if [ "${#missing[@]}" -gt 0 ]; then
        case "$*" in
            status) printf '%s: missing:%s\n' "$what" "$(printf ' %s' "${missing[@]}")" && return 1 ;;
            ensure) need_packages "$what" "${missing[@]}" || return 1 ;;
            *) err "no $what" "missing: ${missing[*]}" "$0 ensure" && return 1 ;;
        esac
    fi
    version
}

# spent FOLDER: sets SPENT to the processor time, in seconds, of all that this shell ran and has ended; of an engine that was asked,
# nothing. `times` says it to the shell itself alone, so it goes by a file of that folder.
spent() {
    local file=$1/times.$BASHPID
    times >"$file"
    # shellcheck disable=SC2034 # for who asks
    SPENT=$(awk 'NR == 2 { split($0, part, /[ms ]+/); printf "%d", (part[1] + part[3]) * 60 + part[2] + part[4] }' "$file")
}
