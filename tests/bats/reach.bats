#!/usr/bin/env bats
# Whether a mirror, a registry and the profile's ports are there to be had: asked before anything is begun.

load helper

setup() {
    make_bundle
    . lib/common.sh
    set +u # bats has unset variables of its own
    export DOCKER_HOST=unix:///nowhere
    GEN_PROXY=none GEN_APT_MIRROR='' GEN_BASE_SUITE=bookworm GEN_PORTS='' GEN_CONTAINER=box
    unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
    . lib/docker.sh
    . lib/storage.sh
    . lib/preflight.sh
    REACH_SECONDS=2
    container_line() { :; }
    mkdir -p site/dists/bookworm
    echo Release >site/dists/bookworm/Release
    server=''
}

teardown() { [ -z "$server" ] || kill "$server"; }

# serve: a mirror on a free port of this host: sets PORT.
serve() {
    python3 -u -m http.server --bind 127.0.0.1 --directory site 0 >served 2>&1 3>&- &
    server=$!
    until grep -q 'port [0-9]' served; do sleep 0.1; done
    PORT=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served)
}

# only PROGRAM: of those that can ask, this one.
only() {
    local program=$1
    eval "asker() { echo $program; }"
}

@test "a mirror that answers and has the release is no problem, whoever asks" {
    serve
    for program in curl wget python3 bash; do
        only "$program"
        GEN_APT_MIRROR=http://127.0.0.1:$PORT/
        found=$(mirror_problems)
        [ -z "$found" ] || { echo "$program: $found"; return 1; }
    done
    GEN_APT_MIRROR=file:///nowhere
    [ -z "$(mirror_problems)" ]
}

@test "a dead mirror, and one without the release, is a problem that its owner decides" {
    serve
    for program in curl wget python3 bash; do
        only "$program"
        GEN_APT_MIRROR=http://127.0.0.1:1
        found=$(mirror_problems)
        echo "$program: $found"
        [[ $found == *"does not answer: http://127.0.0.1:1"*"mend: gen bundle --profile '"*"--set build.apt_mirror="*"decides: owner" ]]
        [ "$program" != bash ] || continue
        GEN_APT_MIRROR=http://127.0.0.1:$PORT GEN_BASE_SUITE=trixie
        [[ $(mirror_problems) == *"does not have the release trixie"*"decides: owner" ]]
        GEN_BASE_SUITE=bookworm
    done
}

@test "the proxy of the profile is asked, and where nothing can ask that is said and stops nobody" {
    serve
    GEN_APT_MIRROR=http://mirror.invalid/debian
    only curl
    [[ $(mirror_problems) == *"does not answer"* ]]
    mkdir -p site/debian/dists/bookworm
    # This server takes the whole address for a path, and so says that it is not there: it was asked.
    GEN_PROXY=http://127.0.0.1:$PORT
    [[ $(mirror_problems) == *"does not have the release"* ]]
    only bash
    run mirror_problems
    [ "$output" = 'note: whether the apt mirror answers could not be asked: there is no curl, wget or python3 here' ]
}

@test "a mirror that hangs is waited for as long as is said" {
    python3 -u -c 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); print("port", s.getsockname()[1]); time.sleep(60)' >served 3>&- &
    server=$!
    until grep -q port served; do sleep 0.1; done
    GEN_APT_MIRROR=http://127.0.0.1:$(cut -d ' ' -f 2 served)
    for program in curl wget python3; do
        only "$program"
        SECONDS=0
        [[ $(mirror_problems) == *"does not answer"* ]]
        [ "$SECONDS" -le 6 ]
    done
}

@test "a mirror that the packages come from is asked too, whatever the base comes from" {
    serve
    GEN_IMAGE_SOURCE=registry GEN_BASE_REF=some:base INSTANCE=1
    image_is_there() { [ "$1" = "$GEN_BASE_REF" ]; }
    image_line() { :; }
    for GEN_BASE_SUITE in bookworm ''; do
        GEN_APT_MIRROR=http://127.0.0.1:$PORT/debian
        mkdir -p site/debian/dists/bookworm && touch site/debian/dists/bookworm/Release
        [ -z "$(base_problems)" ]
        GEN_APT_MIRROR=http://127.0.0.1:1/debian
        [[ $(base_problems) == *"the apt mirror does not answer: http://127.0.0.1:1/debian"*"build.apt_mirror=ADDRESS"* ]]
    done
    # With the image built nothing is fetched.
    image_line() { echo "sha256:1 1"; }
    [ -z "$(base_problems)" ]
    GEN_APT_MIRROR=none
    image_line() { :; }
    [ -z "$(base_problems)" ]
}

@test "the first mend for a registry that is not there says what the mirror will want next" {
    GEN_CA=none GEN_PROXY=none
    unset SSL_CERT_FILE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
    find() { :; }
    [[ $(from_mirror) == *"build.apt_mirror=host" ]]
    SSL_CERT_FILE=/ca.pem
    [[ $(from_mirror) == *"build.apt_mirror=host --set build.ca_certificates=host" ]]
    HTTPS_PROXY=http://p:1
    [[ $(from_mirror) == *"--set build.ca_certificates=host --set build.proxy=host" ]]
    GEN_CA=host GEN_PROXY=host
    [[ $(from_mirror) == *"build.apt_mirror=host" ]]
}

@test "the engine is asked for the registry, by its own socket" {
    cat >engine.py <<'PY'
import http.server, socketserver, sys
class Engine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open("said").read().encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "-"
socketserver.UnixStreamServer(sys.argv[1], Engine).serve_forever()
PY
    echo '{"message":"Get \"https://registry.invalid/v2/\": dial tcp: lookup registry.invalid: no such host"}' >said
    python3 engine.py "$BATS_TEST_TMPDIR/s" 3>&- >/dev/null 2>&1 &
    server=$!
    until [ -S "$BATS_TEST_TMPDIR/s" ]; do sleep 0.1; done
    DOCKER_HOST=unix://$BATS_TEST_TMPDIR/s GEN_BASE_REF=ubuntu:24.04
    [[ $(registry_problems) == *"the registry of the base image does not answer, or image.base names none that there is: ubuntu:24.04"*"image.source=mirror"*"decides: owner" ]]
    # A registry that refuses the question is there.
    echo '{"message":"unauthorized: authentication required"}' >said
    [ -z "$(registry_problems)" ]
    ENGINE=podman
    [ -z "$(registry_problems)" ]
}

@test "a port that some program has is a problem; the same port of another address is none" {
    serve
    GEN_PORTS="127.0.0.1:$PORT:80/tcp"
    [[ $(port_problems) == *"has port $PORT/tcp, which the profile publishes"*"decides: owner" ]]
    GEN_PORTS="0.0.0.0:$PORT:80/tcp"
    [[ $(port_problems) == *"has port $PORT/tcp"* ]]
    GEN_PORTS="127.0.0.2:$PORT:80/tcp 127.0.0.1:$PORT:80/udp"
    [ -z "$(port_problems)" ]
    GEN_PORTS="127.0.0.1:$PORT:80/tcp"
    INSTANCE=1
    container_line() { echo "id running 1 x y"; }
    [ -z "$(port_problems)" ]
}

# fake_maker WORDS: an mmdebstrap that says these and fails, as the real one of Debian 12 does for whoever is not root; without words it
# can do what it is asked.
fake_maker() {
    mkdir -p bin
    printf '#!/bin/sh\n[ "$*" = "--unshare-helper true" ] || exit 9\n%s\n' "${1:+echo '$1' >&2; exit 25}" >bin/mmdebstrap
    chmod +x bin/mmdebstrap
    PATH=$PWD/bin:$PATH
    without_root() { true; }
}

@test "what mmdebstrap cannot do without root is said before anything is made, with what mends it" {
    fake_maker 'E: cannot find newuidmap'
    [[ $(maker_problems) == *"needs newuidmap"*"mend: sudo apt-get install uidmap" ]]
    fake_maker 'E: failed to parse /etc/subuid and /etc/subgid'
    [[ $(maker_problems) =~ mend:\ sudo\ usermod\ --add-subuids\ ([0-9]+)-([0-9]+).*decides:\ owner ]]
    [ "${BASH_REMATCH[1]}" -ge 100000 ] && [ $((BASH_REMATCH[2] - BASH_REMATCH[1])) -eq 65535 ]
    fake_maker 'E: unshare() failed: Operation not permitted'
    [[ $(maker_problems) == *"Operation not permitted"*"mend: sudo scripts/start.sh"* ]]
}

@test "what mmdebstrap can do is no problem, and root is not asked" {
    fake_maker
    [ -z "$(maker_problems)" ]
    fake_maker 'E: cannot find newuidmap'
    without_root() { false; }
    [ -z "$(maker_problems)" ]
}
