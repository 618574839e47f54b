# The short-lived containers that do what a script cannot, and how a container of ours is ended. Sourced by docker.sh.
# shellcheck shell=bash

# A field with a comma or a quote in --mount needs quotes of its own.
mount_field() {
    local quote='"'
    printf '"%s=%s"' "$1" "${2//$quote/$quote$quote}"
}

# One short-lived container at a time: a name of its own makes sure that a killed run's is found.
TOOL=gen-tool-$INSTANCE

# There from before one of that name is asked for until it is known to be gone: a run that was killed meanwhile leaves it.
TOOL_BEGUN=$STATE/tool
tool_begins() { mkdir "$TOOL_BEGUN" 2>/dev/null || [ -d "$TOOL_BEGUN" ]; }
tool_ended() { rmdir "$TOOL_BEGUN" 2>/dev/null || rm -f "$TOOL_BEGUN"; }

# tool_image: the id of the image that this bundle's build gave, today's before older ones. It is never found by a name or a
# label: somebody may have put another image under ours, made from a sandbox, and helpers run as root.
tool_image() {
    local id
    for id in $(owned_lines | awk -v today="$GEN_IMAGE_REF" '
        $1 == "image" && $3 != "-" { if ($4 == today) last = $3; else all = $3 " " all } END { print last, all }'); do
        docker image inspect --format '{{.Id}}' "$id" 2>/dev/null && return
    done
}

# no_tool: says why there is none. An engine that does not answer has every image there was.
no_tool() {
    if engine_answers; then
        warn "the bundle's image, which has the tools, is not there"
    else
        engine_trouble
        warn "$WHAT: $SAID"
    fi
}

# tool [OPTION...] -- COMMAND...: a short-lived container with the storage folder at its own path, and without a network.
tool() {
    brief --network none --mount "type=bind,$(mount_field source "$STORAGE"),$(mount_field target "$STORAGE")" "$@"
}

# brief [OPTION...] -- COMMAND...: a short-lived container of the bundle's own image. It goes by itself.
brief() {
    local options=() image token code=0
    image=$(tool_image)
    [ -n "$image" ] || { no_tool; return 1; }
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    token=$(tool_token) || return 1
    # Outside of these several may be at work at once, and nobody undoes anything.
    if [ -n "${GEN_RUN:-}${WORKING:-}" ]; then tool_begins && options+=(--name "$TOOL") || return 1; fi
    docker run --rm --interactive --init --pull never --label "gen.instance=$INSTANCE" --label gen.role=tool --annotation "gen.token=$token" \
        ${options[@]+"${options[@]}"} --entrypoint "$1" "$image" "${@:2}" || code=$?
    # Of a client that was ended, or failed, the engine may still make what it asked for.
    if [ -n "${GEN_RUN:-}${WORKING:-}" ] && [ "$code" -lt 124 ]; then tool_ended; fi
    return "$code"
}

# root_tool [OPTION...] -- COMMAND...: the same as root with the host's devices: to attach and detach loop devices only.
root_tool() { tool --privileged --userns host --user 0:0 --volume /dev:/dev "$@"; }

# user_tool [OPTION...] -- COMMAND...: the same as whoever runs this script, without any privilege.
user_tool() { tool --user "$(id -u):$(id -g)" --cap-drop ALL --security-opt no-new-privileges "$@"; }

# settle NAME: removes our container of that name, and sees to it that none comes after. A client that was killed may have
# asked for one that the engine is still making; its name is taken from the moment the engine begins. So the name is
# taken by us for a moment: whoever had it is seen, and whoever comes later is refused.
settle() {
    local line tries=0
    until [ -z "$(tool_image)" ] || create_tool "$1" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { warn "the name $1 does not become free"; return 1; }
        remove_ours "$1" || return 1
        line=$(container_line "$1") || return 1
        # Somebody else has the name: then nobody makes one of ours under it.
        if [ -n "$line" ] && ! ours "$line" 3; then
            [ "$1" != "$TOOL" ] || warn "a container that this bundle did not make has the name of its helpers: $ENGINE inspect $1   (then: $ENGINE rm --force $1)"
            return 0
        fi
        sleep 0.1
    done
    remove_ours "$1"
}

# create_tool NAME: a short-lived container that never runs.
create_tool() {
    local token image
    token=$(tool_token) && image=$(tool_image) && [ -n "$image" ] || return 1
    docker create --name "$1" --label "gen.instance=$INSTANCE" --label gen.role=tool --annotation "gen.token=$token" --network none "$image" true
}

# remove_ours NAME: removes the container of that name if it is ours. One that is being removed already is waited for.
remove_ours() {
    local line tries=0
    while :; do
        line=$(container_line "$1") || return 1
        ours "$line" 3 || return 0
        word 1 "$line"
        docker rm --force --volumes "$WORD" >/dev/null 2>&1 && { ! recorded container "$WORD" || disown container "$WORD"; } && return 0
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || { docker rm --force --volumes "$WORD"; return 1; }
        sleep 0.1
    done
}

# end_tools: ends the short-lived container of a run that was killed; what it was doing must not go on under an undo.
end_tools() { [ ! -e "$TOOL_BEGUN" ] || { settle "$TOOL" && tool_ended; }; }
