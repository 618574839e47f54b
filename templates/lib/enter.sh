# The way of a command into the sandbox: it takes the place of a shell there, which says in one sentence when there is no such
# program. An engine's client says that in words and with codes of its own. Sourced by connect.sh.
# shellcheck shell=bash

# In the sandbox: SAID CANNOT COMMAND... Builtins of that shell are no programs, so that it is asked for no name.
# shellcheck disable=SC2016,SC2034 # the sandbox's shell expands it; connect.sh takes it
ENTER='said=$1 cannot=$2 code=127
shift 2
try() {
    if [ -f "$1" ] && [ -x "$1" ]; then code=""; elif [ -e "$1" ] && [ -n "$code" ]; then code=126; fi
}
case $1 in
*/*) try "$1" ;;
?*) set -f; IFS=:; for folder in $PATH; do try "${folder:-.}/$1"; done; unset IFS; set +f ;;
esac
case $code in
126) printf "%s\n" "$cannot" >&2; exit 126 ;;
127) printf "%s\n" "$said" >&2; exit 127 ;;
esac
unset said cannot code folder
exec "$@"'

# entering COMMAND: sets WORDS, what stands in front of a command's words.
entering() {
    write_out "$1"
    # None of it begins a line of its own.
    WRITTEN=${WRITTEN//$'\n'/\\x0a}
    WORDS=(sh -c "$ENTER" gen "error: there is no $WRITTEN in the sandbox$(instead_of "$1")" "error: $WRITTEN is no program: it may not be run")
}

# instead_of NAME: what there is instead of a program that people look for.
instead_of() {
    case $1 in
    docker | docker-* | podman | buildah | nerdctl | ctr) echo ", and no engine: what would be a container is run as an ordinary program" ;;
    sudo | su | doas)
        case $GEN_SUDO in
        packages) echo ": nobody becomes root here, and sudo installs packages only" ;;
        *) echo ": nobody becomes root here, and packages are written into the profile (image.packages)" ;;
        esac
        ;;
    systemctl | service) echo ", and no services: a program is started by itself, and with --detach in front of -- it lives on" ;;
    cd | . | source | export | set | unset | alias | type | ulimit | exit) echo ": it is a word of a shell's own, as in sh -c 'cd src && make'" ;;
    esac
}
