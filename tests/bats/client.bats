#!/usr/bin/env bats
# Which client of an engine is used, and what is said to Podman's. That it does what it is told is seen in tests/engine.

load helper
bats_require_minimum_version 1.5.0

setup() {
    make_bundle
    . lib/common.sh
    set +u # bats has unset variables of its own
    GEN_NETWORK_MODE=none GEN_CONTAINER=box GEN_MINIMUM_PODMAN=4.3 GEN_STORAGE_PATH=/workspace
    unset GEN_CLIENT
    # Programs that a host may have, each in a folder of its own. The tools that the choice takes are there anyway.
    mkdir -p host/{tools,docker,podman,script,link}
    local program
    for program in cat grep readlink sed rm mkdir; do ln -s "$(type -P "$program")" host/tools/; done
    printf '\177ELF, so to say' >host/docker/docker
    printf '#!/bin/sh\nexec true "$@"\n' >host/podman/podman
    printf '#!/bin/sh\nexec /usr/bin/podman "$@"\n' >host/script/docker
    chmod +x host/*/docker host/*/podman
    ln -s "$PWD/host/podman/podman" host/link/docker
}

# chosen FOLDER...: the client that is taken on a host that has those programs.
chosen() {
    local folder path=$PWD/host/tools
    for folder; do path=$path:$PWD/host/$folder; done
    (PATH=$path && . lib/client.sh && echo "$ENGINE")
}

@test "Docker's client is taken where it is; Podman's where that is what the host has" {
    [ "$(chosen docker)" = docker ]
    [ "$(chosen docker podman)" = docker ]
    [ "$(chosen podman)" = podman ]
    # Nothing is there: what is missing is named by the first step.
    [ "$(chosen)" = docker ]
}

@test "Podman's client that is called docker is known as what it is" {
    [ "$(chosen script podman)" = podman ]
    [ "$(chosen link podman)" = podman ]
}

@test "what was used before stays, then what GEN_CLIENT says; nonsense is refused" {
    [ "$(GEN_CLIENT=podman chosen docker podman)" = podman ]
    mkdir -p "$STATE/names"
    echo podman >"$STATE/names/client"
    [ "$(chosen docker)" = podman ]
    [ "$(GEN_CLIENT=docker chosen docker)" = podman ]
    rm "$STATE/names/client"
    run -2 --separate-stderr bash -c '. lib/common.sh; GEN_CLIENT=nerdctl; . lib/client.sh'
    [[ $stderr == *"no such client of an engine: nerdctl"*"unset GEN_CLIENT"* ]]
}

# said WORD...: what is told to Podman's client, a word a line.
said() {
    engine_words "$@"
    printf '%s\n' "${WORDS[@]}"
}

# podmans: the words of Podman; the client itself is nowhere asked.
podmans() {
    INSTANCE=0123456789abcdef ENGINE=podman
    . lib/podman.sh
    podman() { echo "${RUNTIME:-runc}"; }
}

@test "fields of a list and of a description have Podman's names" {
    podmans
    [ "$(said ps --all --filter 'name=^/box$' --format '{{.ID}} {{.State}} {{.Label "gen.name"}}')" = \
        "$(printf '%s\n' podman ps --all --filter 'name=^box$' --format '{{.ID}} {{.ListContainer.State}} {{index .Labels "gen.name"}}')" ]
    [ "$(said volume ls --format '{{or (.Label "a") (.Label "b")}}' | tail -n 1)" = '{{or (index .Labels "a") (index .Labels "b")}}' ]
    [ "$(said inspect --format '{{.State.Pid}} {{.HostIp}}' box | sed -n 4p)" = '{{.State.Pid}} {{.HostIP}}' ]
    [ "$(said network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}' net | sed -n 5p)" = '{{range .Subnets}}{{.Subnet}}{{end}}' ]
}

@test "a command in the sandbox is passed on as it is, whatever words it has" {
    podmans
    [ "$(said exec --interactive box git log --format '{{.Label "x"}}' 'name=^/y')" = \
        "$(printf '%s\n' podman exec --interactive box git log --format '{{.Label "x"}}' 'name=^/y')" ]
}

@test "the runtime is told to the client, with its flags, each time that it starts something" {
    podmans
    flags='--runtime-flag oci-seccomp --runtime-flag network=none'
    [ "$(said run --rm --runtime runsc image true | paste -sd ' ')" = "podman --runtime runsc $flags run --rm image true" ]
    [ "$(said run --rm image true | paste -sd ' ')" = "podman run --rm image true" ]
}

@test "networks are listed by asking each; a failure is no empty list" {
    podmans
    cat >host/podman/podman <<'FAKE'
#!/bin/sh
case "$*" in
"network ls --quiet --filter label=x") printf 'one\ntwo\n' ;;
"network ls --quiet --filter label=none") ;;
"network inspect --format {{.Name}} {{index .Labels \"y\"}} one two") echo asked ;;
*) exit 7 ;;
esac
FAKE
    ask() { PATH=$PWD/host/podman:$PATH docker network ls --no-trunc --format '{{.Name}} {{.Label "y"}}' "$@"; }
    . lib/client.sh
    . lib/podman.sh
    [ "$(ask --filter label=x)" = asked ]
    [ -z "$(ask --filter label=none)" ]
    run -7 ask --filter label=fails
}

@test "what Podman's client cannot do is a problem with its mend, and an old one too" {
    podmans
    . lib/preflight.sh
    mkdir -p "$LOCAL"
    printf '# a "comment" with $\nKEY=plain-value\n' >"$LOCAL/env"
    [ -z "$(client_problems 4.3.1 '')" ]
    [[ $(client_problems 4.2.0 '') == *"Podman is version 4.2.0, and 4.3 or newer is needed"*mend:* ]]
    [[ $(client_problems 4.3.1 remote) == *"not on this machine"*mend:* ]]
    local line
    for line in 'KEY="quoted"' "KEY='quoted'" 'KEY=with $HOME' 'KEY=value # comment'; do
        echo "$line" >"$LOCAL/env"
        [[ $(client_problems 4.3.1 '') == *"takes each as it stands"*mend:* ]]
    done
    rm "$LOCAL/env"
    : >"$LOCAL/compose.override.yaml"
    [[ $(client_problems 4.3.1 '') == *"is for Compose"*mend:* ]]
}
