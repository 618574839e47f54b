# What the user adds to this bundle: local/env, and local/compose.override.yaml as Compose takes it, since that may name further files.
# Sourced by docker.sh.
# shellcheck shell=bash

OVERRIDE=$LOCAL/compose.override.yaml

# The variables of our caller's that Compose gets, besides those that the sandbox is to get: what finds the engine. Whatever else is set
# in some shell decides nothing, so that what was looked at is what is made.
PASSED_TO_COMPOSE='PATH HOME TMPDIR DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_CERT_PATH DOCKER_TLS_VERIFY
    GEN_INSTANCE GEN_TOKEN GEN_LOCAL GEN_VOLUME_NAME GEN_NETWORK_NAME GEN_RUNTIME'

# composed PROJECT plain|added WORD...: Compose on this bundle's file alone, or with the user's additions.
composed() (
    gets=" ${PASSED_TO_COMPOSE//$'\n'/ } $(tr '\n' ' ' <"$BUNDLE/config/passed.env") "
    for name in $(compgen -e); do
        case $gets in *" $name "*) ;; *) export -n "${name?}" ;; esac
    done
    # No file .env either: that is for people's own use of Compose.
    words=(--project-directory "$BUNDLE" --project-name "$1" --file "$BUNDLE/compose.yaml")
    [ "$2" = plain ] || [ ! -f "$OVERRIDE" ] || words+=(--file "$OVERRIDE")
    docker compose --env-file /dev/null "${words[@]}" "${@:3}"
)

# resolved plain|added: all that Compose makes of it, a line "PATH VALUE" each; with what it is only told at the start left open.
resolved() {
    GEN_INSTANCE='' GEN_TOKEN='' GEN_LOCAL='' GEN_VOLUME_NAME='' GEN_NETWORK_NAME='' GEN_RUNTIME='' \
        composed "$GEN_COMPOSE_PROJECT" "$1" config --format json | json_leaves
    [ "${PIPESTATUS[*]}" = '0 0' ]
}

# local_digest: of what the user adds, and of what it comes to. The keys that come from a shell are not in it: another shell may have none.
local_digest() {
    [ -e "$OVERRIDE" ] || [ -e "$LOCAL/env" ] || { echo none && return; }
    {
        cat "$OVERRIDE" <(echo) "$LOCAL/env"
        [ ! -e "$OVERRIDE" ] || [ "$ENGINE" = podman ] || resolved added | without_keys | with_filters
    } 2>/dev/null | digest_of
}
without_keys() { grep -v -F -f <(sed 's/.*/.services.sandbox.environment.& /' "$BUNDLE/config/passed.env"); }

# with_filters: and the filters of system calls that are named there, which Compose reads when it makes the container.
with_filters() {
    local line file
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in '.services.sandbox.security_opt[] "seccomp'[:=]*) file=${line#*seccomp?} file=${file%\"} ;; *) continue ;; esac
        case $file in /*) ;; *) file=$BUNDLE/$file ;; esac
        [ ! -f "$file" ] || digest_of <"$file"
    done
}

# What of the service stays as it is: by these the sandbox is known and found again, or they do more than the engine says afterwards.
KEPT_OF_SERVICE='annotations\.gen\.|build|configs|container_name|credential_spec|deploy\.replicas|depends_on|develop|image|label_file|labels\.(gen|com\.docker)\.|models|post_start|pre_stop|provider|pull_policy|scale|secrets|use_api_socket|volumes_from'

# additions_beyond: reads the lines of `resolved plain` and `resolved added`; says what the latter has beyond settings of our service, volume and
# network, which are what a check sees and a rollback undoes.
additions_beyond() {
    awk -v kept="^[.]services[.]sandbox[.]($KEPT_OF_SERVICE)" '
        function named(path,   part) {
            if (match(path, kept)) { path = substr(path, 19); sub(/(\[| ).*/, "", path); return path " of the sandbox" }
            if (index(path, ".services.sandbox.") == 1 || path ~ /^[.]name /) return ""
            sub(/(\[| ).*/, "", path); split(path, part, ".")
            return part[2] "." part[3]
        }
        # The first two fields of a line tell which it is of.
        { from = $1; line = substr($0, length($1) + 2); if (from == "plain") plain[line]; else added[line] }
        END {
            for (line in added) if (!(line in plain)) found[named(line)]
            # What is of no use to the service any more is left out there; that, its settings tell.
            for (line in plain) if (!(line in added) && match(line, kept)) found[named(line)]
            for (name in found) if (name != "") print name
        }' | sort
}

# folders_made: of these lines, the folders of this host that are not there and that the engine would make, for ever.
folders_made() {
    local line bind=''
    while IFS= read -r line; do
        case $line in
        'added .services.sandbox.volumes[].type "bind"') bind=yes ;;
        'added .services.sandbox.volumes[].type '*) bind='' ;;
        'added .services.sandbox.volumes[].source '*) [ -z "$bind" ] || { line=${line#* \"} && [ -e "${line%\"}" ] || echo "${line%\"}"; } ;;
        esac
    done
}

# additions_problems: what stands in the way of a sandbox with these additions.
additions_problems() {
    local said plain added found mend code=0
    [ -e "$OVERRIDE" ] && [ "$ENGINE" != podman ] && have docker || return 0
    mend="nano $(quoted "$OVERRIDE")"
    plain=$(resolved plain 2>/dev/null | sed 's/^/plain /')
    said=$(resolved added 2>&1) || code=$?
    added=$(sed -n 's/^[.]/added &/p' <<<"$said")
    said=$(sed '/^[.]/d' <<<"$said")
    # Of its warnings this one changes what is made.
    [ "$code" -ne 0 ] || said=$(grep 'variable is not set' <<<"$said")
    said=$(tail -n 1 <<<"$said")
    if [ "$code" -ne 0 ] || [ -z "$plain" ] || [ -n "$said" ]; then
        problem "Compose does not take local/compose.override.yaml as it is: ${said:-it says nothing}" "$mend   (a variable of some shell counts for nothing there: write its value)" owner
        return
    fi
    found=$(additions_beyond <<<"$plain"$'\n'"$added" | paste -s -d , - | sed 's/,/, /g')
    [ -z "$found" ] || problem "local/compose.override.yaml has more than settings of the sandbox, which no check sees and no rollback undoes: $found" \
        "$mend   (take that out; a helper is run on its own, as a container or a Compose project of yours)" owner
    found=$(folders_made <<<"$added" | head -n 1)
    [ -z "$found" ] || problem "local/compose.override.yaml names a folder that is not there, and the engine would make it: $found" "mkdir -p $(quoted "$found")" owner
}
