# What a verify.sh tells of what its step would do on this host, for the plan: lines in its log with a mark, which are part of
# what is approved. Sourced by docker.sh.
# shellcheck shell=bash

# would TEXT: what the step would do here, where plan.json can only say what it does anywhere. It is asked in a plan only:
# some of it takes a second to find.
would() { printf 'would: %s\n' "$1"; }
foreseeing() { [ -n "${GEN_PLAN:-}" ] && [ -z "${GEN_UNDO:-}" ]; }
# undone_first: whether what there is of this step goes before its turn comes, since an interrupted run made it.
undone_first() { [ "${GEN_PLAN:-}" = again ] && foreseeing; }

# undecided WHY: ends a verify.sh of a step whose need an earlier step decides. In a run that one has been done by then.
undecided() {
    would "$1"
    exit "$UNDECIDED"
}

# settled WHY: the step holds, whatever is done before its turn.
settled() { printf 'settled: %s\n' "$1"; }

# machine_may_come: whether nothing is chosen yet to isolate the sandbox, and a microVM could be.
machine_may_come() { [ -z "$BACKEND" ] && [ -z "${GEN_UNDO:-}" ] && machine_is_possible; }

# machine_is_possible: whether the profile accepts a microVM, and the host does not plainly lack it. Otherwise WHY says so.
machine_is_possible() {
    WHY="the profile takes no microVM"
    case " $GEN_BACKENDS " in *' microvm '*) ;; *) return 1 ;; esac
    # shellcheck source=templates/lib/isolation.sh
    . "$BUNDLE/lib/isolation.sh"
    ! lacks_microvm
}

# needed_without_machine: ends the verify.sh of a step that does not hold, and that a microVM, with a workspace of its own,
# has no need of.
needed_without_machine() {
    machine_may_come || exit "$HOLDS_NOT"
    # There is nothing else that it could be.
    [ "$GEN_BACKENDS" != microvm ] || exit "$HOLDS"
    undecided "this, unless a microVM isolates the sandbox: that is decided at the start"
}

# foresee_isolation: what would be chosen, as far as it can be told without booting anything.
foresee_isolation() {
    local backend stronger=''
    for backend in $GEN_BACKENDS; do
        if "lacks_$backend"; then
            would "not $backend: $WHY"
            continue
        fi
        would "$backend${stronger:+, if not $stronger}: decided at the start, by booting it"
        stronger=${stronger:+$stronger and not }$backend
    done
}

# foresee_base: what the image would begin with: a name, and an archive's, may be another's by the time of the start.
foresee_base() {
    local line file
    line=$(image_line "$GEN_BASE_REF") || unknown "the engine does not list its images"
    if [ -n "$line" ]; then
        would "the image begins with $GEN_BASE_REF, which is ${line%% *} here"
    elif [ "$GEN_IMAGE_SOURCE" = archive ]; then
        file=$(archive_path)
        [ ! -r "$file" ] || would "the image begins with the archive $file (sha256 $(digest_of <"$file"))"
    fi
}

# foresee_build: what the image would take from this host.
foresee_build() {
    local file name value
    # shellcheck source=templates/lib/sources.sh
    . "$BUNDLE/lib/sources.sh"
    foresee_base
    if [ "$GEN_APT_MIRROR" != none ]; then
        # shellcheck source=templates/lib/mirror.sh
        . "$BUNDLE/lib/mirror.sh"
        value=$(apt_mirror)
        would "packages come from ${value:-the mirror that the base image names}" | without_password
    fi
    for name in HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        value=$(proxy_of "$name")
        [ -z "$value" ] || would "the build uses $name=$value" | without_password
    done
    file=$(certificates_file) || return 0
    would "the image trusts $(certificates_in "$file")"
}

# without_password: standard input without what stands before the @ of an address.
without_password() { sed 's#://[^/@]*@#://***@#g'; }

# foresee_name KIND WANTED: the name that ours takes where somebody else has the wanted one.
foresee_name() {
    local name
    name=$(own_name "$1" "$2") || unknown "the engine does not say who has the name $2"
    [ -z "$name" ] || printf 'named: %s\n' "$name"
}
