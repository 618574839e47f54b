# Whether what a build fetches from answers: asked before anything is begun, with what this host has, and not for long. Sourced
# by preflight.sh, after docker.sh and mirror.sh.
# shellcheck shell=bash

REACH_SECONDS=10

# through_proxy COMMAND...: runs it with the proxy that the profile names; with host, or without one, as the environment has it.
through_proxy() {
    case $GEN_PROXY in
    none | host) "$@" ;;
    *) http_proxy=$GEN_PROXY https_proxy=$GEN_PROXY HTTP_PROXY=$GEN_PROXY HTTPS_PROXY=$GEN_PROXY "$@" ;;
    esac
}

# asker: the program that can ask for an address. There are several of the name wget, and one has the words that are used here.
asker() {
    if have curl; then
        echo curl
    elif have wget && wget --version 2>/dev/null | grep '^GNU' >/dev/null; then
        echo wget
    elif have python3; then
        echo python3
    else
        echo bash
    fi
}

# ask URL: 0 somebody answers; 1 nobody does; 2 somebody answers that it is not there; UNKNOWN where nothing here can ask. What is
# no plain no is no reason to stop: the build may know better.
ask() {
    local code=0 by
    by=$(asker)
    case $by in
    curl) with_limit $((REACH_SECONDS + 5)) curl -q -fsSL -o /dev/null --range 0-0 --max-time "$REACH_SECONDS" -- "$1" || code=$? ;;
    wget) with_limit $((REACH_SECONDS + 5)) wget --no-config -q -O /dev/null -T "$REACH_SECONDS" -t 1 -- "$1" || code=$? ;;
    python3) with_limit $((REACH_SECONDS + 5)) python3 -I -c "$ASK_URL" "$1" "$REACH_SECONDS" || code=$? ;;
    bash) ask_by_bash "$1" || code=$? ;;
    esac >/dev/null 2>&1
    case $by:$code in
    curl:22 | wget:8 | python3:8) return 2 ;;
    *:124 | curl:5 | curl:6 | curl:7 | curl:28 | wget:4 | python3:4 | bash:1) return 1 ;;
    bash:"$UNKNOWN") return "$UNKNOWN" ;;
    esac
}

ASK_URL='
import ssl, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])).close()
except urllib.error.HTTPError:
    sys.exit(8)
except Exception as error:
    sys.exit(3 if isinstance(getattr(error, "reason", error), ssl.SSLError) else 4)'

# ask_by_bash URL: bash itself can connect, and no more: whether somebody listens there. A proxy it cannot use.
ask_by_bash() {
    local rest=${1#*://} host port=80
    have timeout && [ -z "${http_proxy:-}${https_proxy:-}${HTTP_PROXY:-}${HTTPS_PROXY:-}" ] || return "$UNKNOWN"
    case $1 in https:*) port=443 ;; esac
    host=${rest%%/*}
    case $host in *:*) port=${host##*:} host=${host%:*} ;; esac
    # shellcheck disable=SC2016 # that shell expands it
    timeout "$REACH_SECONDS" "$BASH" -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port"
}

# mirror_problems: whether the mirror answers, and has the release, where that is known.
mirror_problems() {
    local mirror place code=0
    mirror=$(apt_mirror)
    # The tool's own default it knows by itself, and what is no address of the web is not asked by us.
    case $mirror in http://* | https://*) ;; *) return 0 ;; esac
    place=${GEN_BASE_SUITE:+dists/$GEN_BASE_SUITE/Release}
    through_proxy ask "${mirror%/}/$place" || code=$?
    case $code:$place in
    0:* | 2:) ;;
    1:*) problem "the apt mirror does not answer: $mirror" "$(again --set build.apt_mirror=ADDRESS)   (of a mirror that answers; build.proxy if it takes one)" owner ;;
    2:*) problem "the apt mirror does not have the release $GEN_BASE_SUITE: $mirror" "$(again --set build.apt_mirror=ADDRESS)   (of a mirror that has it)" owner ;;
    *) echo "note: whether the apt mirror answers could not be asked: there is no curl, wget or python3 here" >&2 ;;
    esac
}

# trusts_others: whether this host trusts certificates of its own, mostly those of a proxy that looks into what is fetched.
trusts_others() {
    [ -n "${SSL_CERT_FILE:-}${REQUESTS_CA_BUNDLE:-}${NODE_EXTRA_CA_CERTS:-}${CURL_CA_BUNDLE:-}" ] ||
        [ -n "$(find /usr/local/share/ca-certificates -name '*.crt' 2>/dev/null | sed 1q)" ]
}

# from_mirror: the command that makes the base from this machine's mirror; with what that will want next on a machine like this one.
from_mirror() {
    local more=()
    [ "$GEN_CA" != none ] || ! trusts_others || more=(--set build.ca_certificates=host)
    [ "$GEN_PROXY" != none ] || [ -z "${http_proxy:-}${https_proxy:-}${HTTP_PROXY:-}${HTTPS_PROXY:-}" ] || more+=(--set build.proxy=host)
    again --set image.source=mirror --set image.base=debian:bookworm --set build.apt_mirror=host ${more[@]+"${more[@]}"}
}

# registry_problems: the engine is asked, since the engine fetches: with its own proxy, mirrors and certificates. Only over its
# socket can that be asked; elsewhere it is found when the image is pulled.
registry_problems() {
    local socket=${DOCKER_HOST:-unix:///var/run/docker.sock} said
    case $ENGINE:$socket in docker:unix://*) ;; *) return 0 ;; esac
    if ! have curl; then
        echo "note: whether the registry answers could not be asked: there is no curl here" >&2
        return 0
    fi
    said=$(with_limit $((REACH_SECONDS + 5)) curl -q -sS --max-time "$REACH_SECONDS" --unix-socket "${socket#unix://}" \
        "http://engine/distribution/$GEN_BASE_REF/json" 2>&1)
    # Only a plain word that nobody is there counts: a registry may refuse this question, and answer a pull.
    if grep -qaiE 'dial tcp|no such host|i/o timeout|connection refused|network is unreachable|proxyconnect|client\.timeout|timed out after' <<<"$said"; then
        problem "the registry of the base image does not answer, or image.base names none that there is: $GEN_BASE_REF" \
            "$(from_mirror)   (makes the base from this machine's apt mirror)" owner
    fi
}

# listeners PROTOCOL: ADDRESS:PORT of each socket of this host that takes what comes, as the kernel writes it: in hexadecimal. 0A is
# a listening one of TCP, 07 an open one of UDP.
listeners() {
    cat "/proc/net/$1" "/proc/net/${1}6" 2>/dev/null | awk -v state="$([ "$1" = tcp ] && echo 0A || echo 07)" '$4 == state { print $2 }'
}

# kernel_address ADDRESS: an IPv4 address as the kernel writes it.
kernel_address() {
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    printf '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
}

# port_problems: ports that the profile publishes and that some program of this host has already.
port_problems() {
    local mapping rest port protocol address line taken hex
    [ -n "$GEN_PORTS" ] || return 0
    line=$(sandbox_line 2>/dev/null)
    # A sandbox of ours that stands has them itself.
    if ours "$line" 3 && has_word 2 "$line" running; then return 0; fi
    for mapping in $GEN_PORTS; do
        protocol=${mapping##*/} rest=${mapping%/*} rest=${rest%:*} port=${rest##*:} address=${rest%:*}
        hex=$(printf '%04X' "$port")
        taken=$(listeners "$protocol" | grep ":$hex\$")
        # Whoever has all addresses has this one; who has another one has not.
        case $address in
        0.0.0.0 | '['*) ;;
        *) taken=$(grep -E "^(0+|$(kernel_address "$address")|0{16}FFFF0000$(kernel_address "$address")):" <<<"$taken") ;;
        esac
        [ -z "$taken" ] || problem "a program of this machine has port $port/$protocol, which the profile publishes" \
            "ss -lntup | grep -w $port   (its owner stops it), or $(again --set "network.ports=[]")   (or other ports)" owner
    done
}
