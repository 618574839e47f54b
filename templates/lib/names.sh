# The names of what this bundle makes: which are free, which it took instead, and what others made of them. Sourced by docker.sh.
# shellcheck shell=bash disable=SC2034 # WHAT and MEND are for those who ask

# renamed: whether the sandbox that stands has another name than the bundle has now. Sets WHAT and MEND.
renamed() {
    local other
    other=$(engine_owns | awk -v now="$GEN_NAME" 'NF == 2 && $2 != now { print $2; exit }')
    WHAT="this folder's sandbox is called $other, and the bundle now says $GEN_NAME"
    MEND="./rollback.sh   (it undoes the one called $other and keeps the workspace; then start again)"
    [ -n "$other" ]
}

# sandbox_called: the name that somebody gave our sandbox's container, where it is not the one that it was made under.
sandbox_called() {
    local name id
    id=$(owned_id container "$GEN_CONTAINER") && [ -n "$id" ] || return 0
    name=$(docker ps --all --no-trunc --filter "id=$id" --format '{{.Names}}') || return 1
    case $name in '' | "$GEN_CONTAINER" | "$GEN_CONTAINER-prior-$INSTANCE") ;; *) echo "${name%%,*}" ;; esac
}

# called_otherwise: whether there is such a name. Sets WHAT and MEND: what needs the name is refused, and no second sandbox is made.
called_otherwise() {
    local name
    name=$(sandbox_called) && [ -n "$name" ] || return 1
    WHAT="this sandbox's container is called $name now, and not $GEN_CONTAINER" MEND="$ENGINE rename $(quoted "$name") $GEN_CONTAINER"
}

# need_name: refuses to act on half of a sandbox: by the new name it is not found, while it uses the workspace.
need_name() { ! renamed || fail "$EX_REFUSED" "$WHAT" "" "$MEND"; }

# free_name KIND WANTED [OURS]: WANTED, or WANTED-2 and so on: the first that nothing has, or that is ours already where OURS is its
# field in the kind's line. Fails where thirty names are taken: whoever says so of all of them would say so for ever.
free_name() {
    local name=$2 number line
    for number in {2..31}; do
        line=$("$1_line" "$name") || return 1
        if [ -z "$line" ] || { [ -n "${3:-}" ] && ours "$line" "$3"; }; then
            echo "$name"
            return
        fi
        name=$2-$number
    done
    warn "error: $2 is taken, and so are the thirty names after it"
    return 1
}

# remember_name KIND NAME: the name that this bundle uses from now on.
remember_name() {
    mkdir -p "$STATE/names"
    write_durably "$STATE/names/$1" printf '%s\n' "$2"
}

# forget_name KIND
forget_name() {
    unwrite "$STATE/names/$1" || return 1
    # Empty, it says nothing.
    rmdir "$STATE/names" 2>/dev/null || :
}
