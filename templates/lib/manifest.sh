# What gen wrote is what runs: the files of the bundle are compared with its manifest before any of them is used. Sourced by
# common.sh, which has it done. Whoever could change these lines could change the manifest too: gen looks from outside.
# shellcheck shell=bash disable=SC2034 # common.sh reads FAILED_STEP

MANIFEST=$BUNDLE/MANIFEST.sha256

# is_listed PATH: whether the manifest has that file. What it does not have is nobody's to run.
is_listed() { awk -v path="$1" 'substr($0, 67) == path { found = 1 } END { exit !found }' "$MANIFEST"; }

# scripts_in FOLDER: the scripts of the manifest that lie in that folder, a path a line.
scripts_in() { awk -v folder="$1" '{ path = substr($0, 67) } path ~ "^" folder "/[^/]*[.]sh$" { print path }' "$MANIFEST"; }

# strangers: what the manifest does not list, a line each: files of others in its folders, since what lies beside a script or a
# module could stand in for it, and whatever is no file. At the top anybody may keep what they like; nothing is looked for there.
strangers() {
    find . \( -path ./.state -o -path ./local -o -path ./storage -o -path ./backups -o -path ./.git \) -prune -o \
        -type f -print0 -o ! -type d -exec printf '!%s\0' {} + 2>&1 | tr '\n\0' '?\n' | awk '
        function is_ours(line, path) {
            return substr(line, 1, 66) ~ /^[0-9a-f]+  $/ && length(path) && path !~ /[^A-Za-z0-9._\/-]/ &&
                ("/" path "/") !~ /\/\/|\/\.\.?\/|^\/(\.state|local|storage|backups)\//
        }
        NR == FNR {
            path = substr($0, 67)
            if (!is_ours($0, path)) { print "MANIFEST.sha256: gen writes no such line: " NR; exit }
            listed[path]
            if (sub(/\/.*/, "", path)) folders[path]
            next
        }
        { no_file = sub(/^!/, ""); sub(/^\.\//, ""); top = $0; sub(/\/.*/, "", top) }
        ($0 in listed) ? no_file : (top in folders || /^find: /) { print $0 (no_file ? ": no file" : ": not in the manifest") }' MANIFEST.sha256 -
}

# manifest_holds: whether the bundle is what its manifest says; prints what is not, a line each. What cannot be looked at does not
# hold either.
manifest_holds() (
    cd "$BUNDLE" || exit
    [ -f MANIFEST.sha256 ] && [ ! -L MANIFEST.sha256 ] || { echo "MANIFEST.sha256: missing, or no file" && exit 1; }
    found=$(set -o pipefail && strangers) || found=${found:-its folders cannot be looked at}
    # Of what is no file no digest is asked: it might never come.
    [ -z "$found" ] || { echo "$found" && exit 1; }
    found=$({ if have sha256sum; then sha256sum -c --quiet MANIFEST.sha256; else shasum -a 256 -c MANIFEST.sha256; fi; } 2>&1) && exit
    grep -v ': OK$' <<<"$found" || echo "its files cannot be read"
    exit 1
)

# manifest_check: refuses a bundle that is not what gen wrote.
manifest_check() {
    local wrong
    wrong=$(manifest_holds) && return
    FAILED_STEP=manifest
    warn "$(head -n 10 <<<"$wrong")"
    refuse "the bundle is not what gen wrote, so nothing is run" "MANIFEST.sha256 does not match" \
        "$(again --check)   (your own changes belong into local/)"
}
