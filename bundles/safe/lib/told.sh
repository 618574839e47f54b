# What Docker was told about the sandbox's container, compared with what this bundle says. Sourced by sight.sh.
# shellcheck shell=bash

# engine_rules: what the engine may say of this container: config/container.rules, and what is known only here and now.
engine_rules() {
    local name filter runtime=$BACKEND
    cat "$BUNDLE/config/container.rules"
    echo "Mounts[].Name then \"$VOLUME\""
    echo "HostConfig.Mounts[].Source then \"$VOLUME\""
    word 1 "$(image_line "$GEN_IMAGE_REF")"
    echo "Image is \"$WORD\""
    # The marks by which it is known.
    echo "HostConfig.Annotations.gen.token is \"$(sandbox_token)\""
    echo "Config.Labels.gen.bundle is \"$GEN_COMPOSE_PROJECT\""
    echo "Config.Labels.gen.instance is \"$INSTANCE\""
    echo "Config.Labels.gen.local is \"$(additions)\""
    echo "Config.Image is \"$GEN_IMAGE_REF\""
    case $runtime in
    gvisor) runtime=runsc ;;
    *) runtime=$(docker info --format '{{.DefaultRuntime}}') ;;
    esac
    echo "HostConfig.Runtime is \"$runtime\""
    if [ "$GEN_NETWORK_MODE" = none ]; then
        echo "NetworkSettings.Networks.none.* may *"
    else
        word 1 "$(network_line "$NETWORK")"
        for name in "$NETWORK" "$WORD"; do echo "HostConfig.NetworkMode may \"$name\""; done
        echo "NetworkSettings.Networks.$NETWORK.* may *"
    fi
    if [ "$GEN_SECCOMP" = strict ]; then
        filter=$(sed 's/^ *//; s/^\("[^"]*"\): /\1:/; s/"/\\"/g' "$BUNDLE/config/seccomp.json" | tr -d '\n')
        echo "HostConfig.SecurityOpt[] is \"seccomp=$filter\""
    fi
    # The image's own words, and the variables that come from outside, by their names.
    docker image inspect "$GEN_IMAGE_REF" | json_leaves | sed -n -E '
        s/^\[\]\.(Config\.(Cmd|Entrypoint)\[\]) (.*)/\1 then \3/p; t
        s/^\[\]\.(Config\.(Cmd|Entrypoint|Env|Volumes|ExposedPorts|StopSignal|Shell|OnBuild|ArgsEscaped|Labels)[^ ]*) (.*)/\1 may \3/p'
    cat "$BUNDLE/config/passed.env" "$LOCAL/env" 2>/dev/null | sed -n 's/^ *\(export  *\)\{0,1\}\([A-Za-z_][A-Za-z0-9_]*\).*/Config.Env[] may "\2=*/p'
}

# sandbox_token: the word by which this bundle knows its container.
sandbox_token() { owned_lines | awk -v name="$GEN_CONTAINER" '$1 == "container" && $4 == name { token = $2 } END { print token }'; }

# beside_ours: what else there is in the engine of the sandbox's own Compose project, a line each.
beside_ours() {
    local filter found
    filter=label=com.docker.compose.project=$GEN_COMPOSE_PROJECT-$(sandbox_token)
    found=$(docker ps --all --no-trunc --filter "$filter" --format 'container {{.ID}} {{.Names}}' &&
        docker volume ls --filter "$filter" --format 'volume {{.Name}}' &&
        docker network ls --filter "$filter" --format 'network {{.Name}}') || return 1
    grep -v -e "^container $(sandbox_id) " -e '^$' <<<"$found" | sed 's/^/made beside the sandbox: /'
    return 0
}

# engine_differences: how the container that the engine has differs from the one that this bundle describes, a line each.
# Whatever is not named may only mean nothing. Fails when the engine does not answer.
engine_differences() {
    local rules said
    beside_ours || return 1
    additions_problems | sed '/^    decides: /d'
    rules=$(engine_rules) && said=$(docker inspect --type container "$(sandbox_id)" | json_leaves) && [ -n "$said" ] || return 1
    # Which is which is told by the first word.
    { printf '%s\n' "$rules" | sed 's/^/rule /'; printf '%s\n' "$said" | sed 's/^\[\]\./said /'; } | compare_settings
}

compare_settings() {
    awk '
        # What nobody has set: a field of the engine alone, since in a list, and under a name that somebody chose, empty is a value.
        function nothing(path, value) { return value ~ /^(null|false|0|""|\[\]|\{\})$/ && path ~ /^[A-Za-z]+\.[A-Za-z0-9]+$/ }
        function known(path, value,   n, rule) {
            if ((path, value) in given || (path, "*") in given) return 1
            for (n = 1; n <= beginnings; n++) {
                rule = beginning[n]
                if (index(path " " value, rule) == 1) return 1
            }
            return 0
        }
        $1 == "rule" {
            path = $2; value = substr($0, length($1 $2 $3) + 4)
            if (path ~ /\.\*$/) beginning[++beginnings] = substr(path, 1, length(path) - 1)
            # One of several, each in its place.
            else if ($3 == "then") { order[path, ++wanted_of[path]] = value; named[path] = named[path] " " value }
            # A variable whose name alone is known: any value of it.
            else if (path == "Config.Env[]" && value ~ /^"[A-Za-z_][A-Za-z0-9_]*=\*$/) beginning[++beginnings] = path " " substr(value, 1, length(value) - 1)
            else { given[path, value]; named[path] = named[path] (path in named ? " or " : "") value }
            if ($3 == "is") wanted[path, value] = path " is not " value
            next
        }
        $1 == "said" && $2 ~ /^(HostConfig\.|Config\.|Mounts\[\]|NetworkSettings\.Networks|Image$)/ {
            path = $2; value = substr($0, length($1 $2) + 3)
            if (path in wanted_of) {
                place = ++said_of[path]
                if (place > wanted_of[path]) print path " has one more: " substr(value, 1, 200)
                else if (order[path, place] != value) print path " is " substr(value, 1, 200) ", not " substr(order[path, place], 1, 200)
                next
            }
            delete wanted[path, value]
            if (known(path, value) || (!(path in named) && nothing(path, value))) next
            if (path in named && value ~ /^(null|\[\]|\{\})$/) next # said below, by what is wanted
            print path " is " substr(value, 1, 200) (path in named ? "" : ", and the bundle says nothing of it")
        }
        END {
            for (rule in wanted) print substr(wanted[rule], 1, 300)
            for (path in wanted_of) if (said_of[path] < wanted_of[path]) print path " is not" substr(named[path], 1, 300)
        }' | sort
}
