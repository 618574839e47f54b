#!/usr/bin/env bats
# What a plan foresees: what would stop a start, what may have to be done, what a step does on this host; and a run that stops before
# it does anything else.

load helper
load planning

# says STEP TEXT: the step's verify.sh prints that as well.
says() {
    sed -i "2i cat <<'TOLD'\n$2\nTOLD" "steps/$1/verify.sh"
    seal
}

@test "what stops a start is told with its fix, and with who may decide" {
    sed -i 's/^changes=.*//' steps/10-network/step.conf
    echo changes=no >>steps/10-network/step.conf
    says 10-network 'a word before\ndisk is too small: "1G"\n    mend: make it larger\nno mirror\n    mend: name one\n    decides: owner'
    before=$(everything)
    plan
    cat "$out" "$out.err"
    [ "$code" -eq 4 ]
    grep -q 'A start would stop here: disk is too small' "$out"
    grep -q 'only the owner of this machine may decide: no mirror' "$out"
    refute grep -q -e '--approve' "$out"
    [ "$(tail -n 1 "$out")" = 'gen: result=refused run=- failed_step=10-network' ]
    plan --json
    [ "$code" -eq 4 ]
    [ "$(value '[(b["step"], b["what"], b["fix"], b["owner_only"]) for b in d["blocked"]]')" = \
        "[('10-network', 'disk is too small: \"1G\"', 'make it larger', False), ('10-network', 'no mirror', 'name one', True)]" ]
    [ "$before" = "$(everything)" ]
    approved "$(value 'd["hash"]')"
    [ "$code" -eq 4 ] && [ -z "$sequence" ]
    grep -q 'disk is too small' "$out"
    # The control: the same step when it holds.
    touch made/network
    plan --json
    [ "$code" -eq 0 ] && [ "$(value 'd["blocked"]')" = '[]' ]
}

@test "a silent engine is a reason as well" {
    faults engine:silent
    plan --json
    [ "$code" -eq 4 ]
    [ "$(value 'len(d["blocked"])')" = 1 ]
    [[ "$(value 'd["blocked"][0]["what"]')" == *'engine'* ]]
}

@test "a step whose need is not decided may be done, and its approval holds either way" {
    sed -i '2i [ -n "${GEN_RUN:-}" ] || exit 6' steps/20-image/verify.sh
    seal
    for there in '' image; do
        rm -rf .state made && mkdir made
        [ -z "$there" ] || touch "made/$there"
        plan --json
        [ "$code" -eq 0 ]
        [ "$(value '" ".join(s["state"] for s in d["steps"])')" = "do may do" ]
        approved "$(value 'd["hash"]')"
        [ "$code" -eq 0 ]
    done
    [ "$sequence" = "network:do sandbox:do" ]
    plan
    grep -q '~ Make the image (may be done: that is decided on the way)' "$out"
}

@test "in a run, what is not decided is no answer" {
    sed -i '2i exit 6' steps/20-image/verify.sh
    seal
    started start
    [ "$code" -eq 1 ] && [ "$sequence" = "network:do network:undo" ]
}

@test "a step that follows one to be done may be done, and a step that follows none is kept" {
    touch made/image made/sandbox
    echo 'follows=10-network' >>steps/20-image/step.conf
    echo 'follows=20-image' >>steps/30-sandbox/step.conf
    seal
    plan --json
    [ "$(value '" ".join(s["state"] for s in d["steps"])')" = "do may may" ]
    # One that knows that it holds, whatever is done before, says so.
    says 20-image 'settled: nobody needs it'
    plan --json
    [ "$(value '" ".join(s["state"] for s in d["steps"])')" = "do kept kept" ]
    touch made/network
    plan --json
    [ "$(value '" ".join(s["state"] for s in d["steps"])')" = "kept kept kept" ]
}

# unforeseen: what the second step has is of no use any more once the first is done, and no `follows` says so.
unforeseen() {
    sed -i '2i cd "$(dirname "$0")/../.." && [ -e made/network ] && [ ! -e again ] && exit 1' steps/20-image/verify.sh
    echo 'touch again' >>steps/20-image/do.sh
    seal
    touch made/image
}

@test "a run stops before a step that was approved as kept, and is undone" {
    unforeseen
    shown=$(hash)
    [ "$(value '" ".join(s["state"] for s in d["steps"])')" = "do kept do" ]
    approved "$shown"
    echo "$sequence"
    [ "$code" -eq 4 ] && [ "$sequence" = "network:do network:undo" ]
    [[ $last == "gen: result=rolled-back run="*" failed_step=20-image" ]]
    grep -q 'the plan that was approved keeps it' "$out"
    grep -q 'mend: scripts/plan.sh' "$out"
    grep -h -q "^$shown\$" .state/logs/*/approved
    # The control: nobody approved this run, so it does what the steps say.
    started start
    [ "$code" -eq 0 ] && [ "$sequence" = "network:do image:do sandbox:do" ]
}

@test "what a step would do on this host, and whose objects it moves, is shown and approved" {
    local id
    id=$(printf '%064d' 7)
    says 20-image "would: take packages from a mirror\nmoves: container $id running dev dev-aside-ID\nnamed: volume v v-2"
    plan
    cat "$out"
    grep -q 'here: take packages from a mirror' "$out"
    grep -q 'here: container dev (000000000000, running) is not ours: renamed to dev-aside-ID' "$out"
    grep -q 'here: volume v is not ours and is left alone: ours is called v-2' "$out"
    first=$(hash)
    [ "$(value 'd["moves"]')" = "[{'kind': 'container', 'id': '$id', 'state': 'running', 'name': 'dev', 'new_name': 'dev-aside-ID'}]" ]
    [ "$(value 'd["names"]')" = "[{'kind': 'volume', 'wanted': 'v', 'name': 'v-2'}]" ]
    [ "$(value 'd["steps"][1]["says"], len(d["steps"][1]["would"])')" = "[] 3" ]
    approved "$first"
    [ "$code" -eq 0 ]
    grep -q 'container dev (000000000000, running) is not ours' "$out"
    # Each word of it is approved: with another one, and nothing else changed, the hash is another one.
    rm -rf .state made && mkdir made
    cp steps/20-image/verify.sh told
    for change in s/packages/wheels/ s/7/8/ s/running/exited/ 's/ dev / web /' s/dev-aside/web-aside/ s/v-2/v-3/; do
        # What it tells is read from a file, so that the manifest is the same.
        sed 's/^cat .*$/cat "$BUNDLE_TOLD"/; /^would:/d; /^moves:/d; /^named:/d; /^TOLD$/d' told >steps/20-image/verify.sh
        seal
        sed -n '/^would:/p; /^moves:/p; /^named:/p' told >told.lines
        export BUNDLE_TOLD=$PWD/told.lines
        first=$(hash)
        sed -i "$change" told.lines
        [ "$(hash)" != "$first" ] || { echo "not approved: $change" && return 1; }
    done
}

@test "the first run's number does not change the hash, and a move that was not named stops the run" {
    sed -i '2i echo "moves: image sha256:1 - dev gen-aside:$(cat "${0%/*}/../../.state/instance" 2>/dev/null || echo ID)"' steps/20-image/verify.sh
    seal
    approved "$(hash)"
    [ "$code" -eq 0 ]
    # What comes under our name while the run goes on is nobody's approval.
    rm -rf .state made && mkdir made
    sed -i '2i [ ! -e "${0%/*}/../../made/network" ] || echo "moves: container 5 running dev dev-aside-ID"' steps/20-image/verify.sh
    seal
    approved "$(hash)"
    [ "$code" -eq 4 ] && [ "$sequence" = "network:do network:undo" ]
    grep -q 'the plan that was approved does not name this: container 5 running dev' "$out"
}
