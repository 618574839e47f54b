# What this host and its engine say of the sandbox. Nothing here runs a program that is in the sandbox, or believes one: what
# matters is read of the process that the engine names, in /proc, and of the engine's settings. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it
# shellcheck source=templates/lib/json.sh
. "$BUNDLE/lib/json.sh"

# sandbox_process: sets PID, the number that the sandbox's first process has on this host.
sandbox_process() {
    whole "$(docker inspect --format '{{.State.Pid}}' "$GEN_CONTAINER" 2>/dev/null)" 10 && [ "$NUMBER" -gt 1 ] ||
        unknown "the engine names no process of the sandbox: it does not run"
    PID=$NUMBER
    [ -r "/proc/$PID/status" ] || unknown "the sandbox's process $PID cannot be looked at on this host: /proc hides it"
}

# control_group CONTROLLER: the folder of the sandbox's control group on this host; without one, that of version 2.
control_group() {
    awk -F : -v controller="$1" '("," $2 ",") ~ ("," controller ",") {
        print "/sys/fs/cgroup" (controller == "" ? "" : "/" controller) substr($0, length($1 $2) + 3); exit }' "/proc/$PID/cgroup"
}

# control_value FILE OLDER: what the kernel has for the sandbox in version 2 of its control groups, or in version 1.
control_value() {
    cat "$(control_group '')/$1" 2>/dev/null || cat "$(control_group "${2%%/*}")/${2#*/}" 2>/dev/null
}

# sandbox_processes: the numbers of all processes of the sandbox, one a line; what runs beside the first one is among them.
sandbox_processes() {
    local folder
    folder=$(control_group pids)
    [ -n "$folder" ] || folder=$(control_group '')
    { echo "$PID"; find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null; } | grep -x '[1-9][0-9]*' | sort -un
}

# status_of PID FIELD: a field of what the kernel says of a process, its words one blank apart; empty when the process is gone.
status_of() {
    local line words
    line=$(sed -n "/^$2:/{s/^$2://p;q;}" "/proc/$1/status" 2>/dev/null)
    read -r -a words <<<"$line"
    echo ${words[@]+"${words[@]}"}
}

# mounted_in_sandbox: what is mounted there, a line each: "POINT TYPE ROOT OPTIONS SOURCE SUPEROPTIONS"; fields without blanks.
mounted_in_sandbox() {
    awk '{ for (i = 7; $i != "-"; i++); print $5, $(i + 1), $4, $6, $(i + 2), $(i + 3) }' "/proc/$PID/mountinfo"
}

# mounted_at POINT: the same for one place, as it is seen: the last that was mounted there.
mounted_at() { mounted_in_sandbox | awk -v point="$1" '$1 == point { last = $0 } END { print last }'; }

# beside COMMAND...: a program of the bundle's own image, which nobody in the sandbox can have changed, among the sandbox's
# processes, whose files are below /proc/1/root there. It reads them and can do nothing else; as another user than the
# sandbox's, so that nobody inside can touch it. A link in its arguments' paths is not to be followed: it may lead anywhere.
beside() {
    brief --network none --pid "container:$GEN_CONTAINER" --user 0:0 --cap-drop ALL --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH \
        --security-opt no-new-privileges --read-only -- "$@"
}

# beside_find FOLDER TEST...: sets FOUND to what a find in the sandbox's files says; it follows no link.
beside_find() {
    # shellcheck disable=SC2016 # that shell expands it
    FOUND=$(beside sh -c 'cd / && find "$@" 2>/dev/null; echo looked' find "/proc/1/root$1" "${@:2}") || FOUND=''
    case $FOUND in
    looked) FOUND='' ;;
    *$'\n'looked) FOUND=${FOUND%$'\n'looked} ;;
    *) unknown "the files of the sandbox could not be looked at" ;;
    esac
}

# workspace_is_ours: whether what is mounted at the workspace is the filesystem in our disk image, and as large as that; says so
# otherwise. Sourced after storage.sh; for a container.
workspace_is_ours() {
    local type root source more size found
    is_attached || { echo "the workspace's disk image is not on $DEVICE"; return 1; }
    if [ "$BACKEND" = gvisor ]; then
        # It shows its own mounts to nobody on this host. That this volume is the workspace, the engine's settings say.
        found=$(volume_line "$VOLUME") || unknown "the engine does not list its volumes"
        case $found in *" $DEVICE" | *" gen-workspace-$INSTANCE" | *" $DISK/tree") ;; *) echo "the volume is of something else: $found"; return 1 ;; esac
    else
        read -r _ type root _ source more < <(mounted_at "$GEN_STORAGE_PATH")
        case ${type:-nothing}:${source:-}:${root:-} in
        "ext4:$DEVICE:/" | "ext4:$DEVICE:/tree") ;;
        "overlay:gen-workspace-$INSTANCE:/") case ,$more, in *",upperdir=${DISK// /\\040}/upper,"*) ;; *) echo "the workspace is changed in another place: $more"; return 1 ;; esac ;;
        *) echo "the workspace is not on $DEVICE: ${type:-nothing} from ${source:-nowhere} at ${root:-nowhere}"; return 1 ;;
        esac
    fi
    # The superblock: how many blocks, and how large one is.
    whole "$(od -An -tu4 -j 1028 -N 4 "$IMAGE" | tr -d ' \n')" && size=$NUMBER && whole "$(od -An -tu4 -j 1048 -N 4 "$IMAGE" | tr -d ' \n')" 1 ||
        unknown "the filesystem's size could not be read from $IMAGE"
    size=$((size << (10 + NUMBER)))
    whole "$(file_bytes "$IMAGE")" || unknown "the size of $IMAGE could not be determined"
    [ "$size" -le "$NUMBER" ] && [ "$size" -ge $((NUMBER - (1 << 20))) ] && return
    echo "the filesystem has $(human "$size"), the image file $(human "$NUMBER")"
    return 1
}

# engine_rules: what the engine may say of this container: config/container.rules, and what is known only here and now.
engine_rules() {
    local word filter runtime=$BACKEND
    cat "$BUNDLE/config/container.rules"
    echo "Mounts[].Name is \"$VOLUME\""
    echo "HostConfig.Mounts[].Source is \"$VOLUME\""
    word 1 "$(image_line "$GEN_IMAGE_REF")"
    echo "Image is \"$WORD\""
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
        for word in "$NETWORK" "$WORD"; do echo "HostConfig.NetworkMode may \"$word\""; done
        echo "NetworkSettings.Networks.$NETWORK.* may *"
    fi
    if [ "$GEN_SECCOMP" = strict ]; then
        filter=$(sed 's/^ *//; s/^\("[^"]*"\): /\1:/; s/"/\\"/g' "$BUNDLE/config/seccomp.json" | tr -d '\n')
        echo "HostConfig.SecurityOpt[] is \"seccomp=$filter\""
    fi
    # The image's own words, and the variables that come from outside, by their names.
    docker image inspect "$GEN_IMAGE_REF" | json_leaves |
        sed -n -E 's/^\[\]\.(Config\.(Cmd|Entrypoint|Env|Volumes|ExposedPorts|StopSignal|Shell|OnBuild|ArgsEscaped)[^ ]*) (.*)/\1 may \3/p'
    cat "$BUNDLE/config/passed.env" "$LOCAL/env" 2>/dev/null | sed -n 's/^ *\(export  *\)\{0,1\}\([A-Za-z_][A-Za-z0-9_]*\).*/Config.Env[] may "\2=*/p'
}

# engine_differences: how the container that the engine has differs from the one that this bundle describes, a line each.
# Whatever is not named may only mean nothing. Fails when the engine does not answer.
engine_differences() {
    local rules said
    rules=$(engine_rules) && said=$(docker inspect --type container "$GEN_CONTAINER" | json_leaves) && [ -n "$said" ] || return 1
    # Which is which is told by the first word.
    { printf '%s\n' "$rules" | sed 's/^/rule /'; printf '%s\n' "$said" | sed 's/^\[\]\./said /'; } | compare_settings
}

compare_settings() {
    awk '
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
            # A variable whose name alone is known: any value of it.
            else if (path == "Config.Env[]" && value ~ /^"[A-Za-z_][A-Za-z0-9_]*=\*$/) beginning[++beginnings] = path " " substr(value, 1, length(value) - 1)
            else { given[path, value]; named[path] = named[path] (path in named ? " or " : "") value }
            if ($3 == "is") wanted[path, value] = path " is not " value
            next
        }
        $1 == "said" && $2 ~ /^(HostConfig\.|Config\.|Mounts\[\]|NetworkSettings\.Networks|Image$)/ {
            path = $2; value = substr($0, length($1 $2) + 3)
            delete wanted[path, value]
            if (known(path, value) || (!(path in named) && value ~ /^(null|false|0|""|\[\]|\{\})$/)) next
            if (path in named && value ~ /^(null|\[\]|\{\})$/) next # said below, by what is wanted
            print path " is " substr(value, 1, 200) (path in named ? "" : ", and the bundle says nothing of it")
        }
        END { for (rule in wanted) print substr(wanted[rule], 1, 300) }' | sort
}
