#!/usr/bin/env bash
# Takes away the images that this bundle built from earlier states of itself, and that no sandbox needs any more.
#
# usage: scripts/prune.sh [--yes]
#
# It says first which, and asks. Without a terminal it wants --yes. The image of now, the base image, and whatever a container uses stay.
#
# Exit codes: 0 they are gone, or there was none; 2 wrong arguments; 3 one is left (it is named); 4 refused (also: you said no, or the
#             engine does not answer), nothing was changed.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/images.sh
. "$BUNDLE/lib/images.sh"

yes=''
case ${1:-} in
-h | --help) usage "$0" && exit "$EX_DONE" ;;
--yes) yes=yes ;;
'') ;;
*) fail "$EX_USAGE" "unknown argument: $1" "" "scripts/prune.sh --help" ;;
esac

begin
need_engine
old=$(old_images) || fail "$EX_REFUSED" "which images are old cannot be known" "the engine does not list them" "scripts/status.sh"
[ -n "$old" ] || { RESULT=unchanged && say "No image of $GEN_NAME is old." && exit "$EX_DONE"; }
while read -r _ id name bytes; do say "$(printf '  %s  %.12s  %s' "$name" "$id" "$(human "$bytes")")"; done <<<"$old"
say "No sandbox needs them: $(told_images <<<"$old"), less what their layers share with what stays."
if [ -z "$yes" ]; then
    on_terminal || fail "$EX_REFUSED" "nothing is taken away unasked" "there is no terminal to ask on" "scripts/prune.sh --yes"
    say_yes "Take them away?" || fail "$EX_REFUSED" "nothing was taken away"
fi
hold_signals
# What a committed run added, and this takes away, no rollback owes any more.
prior=$STATE/prior/$RUN left=''
{ mkdir -p "$prior" && fingerprint "$(baseline)"; } ||
    fail "$EX_REFUSED" "nothing was taken away" "what is on this host cannot be known, or $STATE is full" "df -h $(quoted "$STATE")"
touch "$prior/pruning"
while read -r token id name _; do
    if ! remove_image "$token" "$id" "$name" >/dev/null || ! disown image "$token" || ! there=$(described image "$id" "reference=$name" '{{json .RepoTags}}'); then
        left="${left:+$left$'\n'}$name$(image_users "$id")"
    elif [ -n "$there" ]; then
        # It is somebody else's from now on: no rollback takes it away.
        case $there in *'"'*) why="somebody gave it a name: $(tr -d '[]"' <<<"$there")" ;; *) why="somebody made another image from it" ;; esac
        say "$(printf '  %.12s stays: %s' "$id" "$why")"
    fi
done <<<"$old"
write_ledger "$(baseline)" || left="${left:+$left$'\n'}what was taken away could not be written down: $LEDGER"
rm -rf "${prior:?}"
[ -z "$left" ] || fail "$EX_RESIDUE" "not all of them could be taken away" "$left" "$ENGINE ps --all   (then scripts/prune.sh again)"
say "No image of $GEN_NAME is old any more."
