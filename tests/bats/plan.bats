#!/usr/bin/env bats
# The plan: what a run would do, shown without changing anything; and a run that does only what was approved.

load helper

setup() {
    make_bundle
    # The scripts that a person calls ask Docker: this fake one has nothing, and is silent when the fake engine is.
    mkdir -p "$BATS_TEST_TMPDIR/bin" scripts
    printf '#!/bin/sh\n[ ! -e "%s/faults/engine:silent" ]\n' "$BUNDLE_UNDER_TEST" >"$BATS_TEST_TMPDIR/bin/docker"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker"
    PATH="$BATS_TEST_TMPDIR/bin:$PATH"
    printf 'engine_answers() { [ ! -e "$BUNDLE/faults/engine:silent" ]; }\n' >>lib/fake.sh
    printf 'VOLUME=test NETWORK=test\n. "$BUNDLE/lib/aside.sh"\n' >>lib/fake.sh
    printf 'GEN_CONTAINER=test GEN_VOLUME=test GEN_NETWORK=test GEN_UID=1000 GEN_STORAGE_PATH=/workspace\n' >>lib/settings.sh
    sed -i 's/^PLAN_SECONDS=.*/PLAN_SECONDS=2/' lib/plan.sh
    cp "$ROOT"/templates/files/scripts/{plan,start}.sh scripts/
    for conf in steps/*/step.conf; do printf 'touches=engine: it\neffects={"root":"none"}\n' >>"$conf"; done
    seal
    out=$BATS_TEST_TMPDIR/out
}

# plan [WORD...]: shows it, from elsewhere and without a terminal; what it prints stands in $out and $out.err.
plan() {
    code=0
    (cd / && bash "$BUNDLE_UNDER_TEST/scripts/plan.sh" "$@" >"$out" 2>"$out.err" </dev/null) || code=$?
}

# value PYTHON: something of the JSON document, which is d.
value() { python3 -c "import json,sys; d=json.load(open(sys.argv[1])); print($1)" "$out"; }

hash() { plan --json && value 'd["hash"]'; }

# approved HASH: a run of only that plan; then as `started` says.
approved() {
    : >trace
    bash scripts/start.sh --approve "$1" >"$out" 2>&1 && code=0 || code=$?
    sequence=$(tr '\n' ' ' <trace | sed 's/ $//')
    last=$(tail -n 1 "$out")
    cat "$out"
}

# everything: this folder to the byte, with every name, mode, number and time.
everything() {
    find . -printf '%p %i %m %T@ %l\n' | sort
    find . -type f -exec sha256sum {} + | sort
}

# shown TITLE BEFORE FAULTS STATES CODE: looks twice, and nothing has changed.
shown() {
    rm -rf .state made && mkdir made
    local one before states
    for one in $2; do touch "made/$one"; done
    faults $3
    before=$(everything)
    plan
    [ "$code" = "$5" ] || { echo "$1: code $code" && cat "$out" "$out.err" && return 1; }
    plan --json
    states=$(value '" ".join(s["state"] for s in d["steps"])')
    printf '%s\n' "plan: $1" "states: $states" "code: $code"
    [ "$states" = "$4" ] && [ "$code" = "$5" ] && [ "$before" = "$(everything)" ]
}

@test "the table of plans" {
    #     title                     before                  faults                       states                     code
    shown "nothing is there"        ""                      ""                           "do do do"                    0
    shown "all is there"            "network image sandbox" ""                           "kept kept kept"              0
    shown "a later one holds"       "sandbox"               ""                           "do do kept"                  0
    shown "one cannot be known"     "network"               "image:verify-unknown"       "kept unknown do"             4
    shown "one hangs, as a daemon"  ""                      "image:verify-hang"          "do unknown do"               4
    shown "the engine is silent"    "network"               "engine:silent"              "unknown unknown unknown"     4
}

@test "the comparison of this folder sees a byte, a new name and a new time" {
    before=$(everything)
    touch -d tomorrow steps
    [ "$before" != "$(everything)" ]
    before=$(everything)
    mkdir .state
    [ "$before" != "$(everything)" ]
}

@test "after a run that committed the plan changes nothing and says so" {
    started start
    before=$(everything)
    plan
    [ "$code" -eq 0 ]
    [ "$(grep -c 'holds, and is kept' "$out")" -eq 3 ]
    [ "$(tail -n 1 "$out")" = 'gen: result=ok run=- failed_step=-' ]
    plan --json
    [ "$(value 'd["rollback"]["undoes"]')" = "['30-sandbox', '20-image', '10-network']" ]
    grep -q 'result=ok' "$out.err"
    [ "$before" = "$(everything)" ]
}

@test "an interrupted run is shown as undone first, and its steps as done again" {
    killed image
    # One record is torn as well.
    printf '{"seq":4,"time":"2026-11-22T02:40:56Z","run":"x","event":"commit","step":"-","scope":"-"' >>.state/journal.jsonl
    before=$(everything)
    plan
    cat "$out"
    [ "$code" -eq 0 ]
    grep -q 'which was interrupted, is undone' "$out"
    plan --json
    [ "$(value 'd["undo_first"]')" = "['20-image', '10-network']" ]
    [ "$(value '[s["state"] for s in d["steps"]]')" = "['do', 'do', 'do']" ]
    [ "$(value 'd["open_run"]')" = "$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' .state/journal.jsonl)" ]
    [ "$before" = "$(everything)" ]
    # What was shown is what is done, the undoing first.
    approved "$(value 'd["hash"]')"
    [ "$sequence" = "image:undo network:undo network:do image:do sandbox:do" ]
    [ "$code" -eq 0 ]
}

@test "what no run would begin on is refused, and nothing is shown or changed" {
    echo '# mine' >>steps/20-image/do.sh
    before=$(everything)
    stopped 'the bundle is not what gen wrote'
    grep -q 'steps/20-image/do.sh' "$out.err"
    [ "$before" = "$(everything)" ]
    seal
    started start
    sed -i '3s/done/dome/' .state/journal.jsonl
    before=$(everything)
    plan
    [ "$code" -eq 4 ]
    grep -q 'damaged in line 3' "$out.err"
    stopped 'the journal is damaged in line 3'
    [ "$before" = "$(everything)" ]
    sed -i '3s/dome/done/' .state/journal.jsonl
    sleep 30 &
    ln -s "$(bash -c '. lib/common.sh; . lib/lock.sh; process_name '$!)" .state/lock
    stopped 'another run of this bundle is under way'
    kill $!
    [ "$(value 'd["blocked"][0]["fix"]')" = "wait for it, or end it: kill $!" ]
    cp -r . "$BATS_TEST_TMPDIR/copy"
    rm "$BATS_TEST_TMPDIR/copy/.state/lock"
    BUNDLE_UNDER_TEST=$BATS_TEST_TMPDIR/copy
    stopped 'this folder is a copy'
}

# stopped WORDS: no step was asked, and the document says so with the reason.
stopped() {
    plan --json
    cat "$out" "$out.err"
    [ "$code" -eq 4 ]
    grep -q "$1" "$out.err"
    [[ "$(value 'd["blocked"][0]["what"]')" == "$1"* ]]
    [ "$(value '(d["hash"], d["steps"], d["rollback"], len(d["blocked"]))')" = '(None, [], None, 1)' ]
}

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

@test "a plan is for the project that was named" {
    mkdir -p local && echo /a/project >local/project
    shown=$(hash)
    echo /b/project >local/project
    approved "$shown"
    [ "$code" -eq 4 ] && [ -z "$sequence" ]
}

@test "a verify script gets no run, no prior state and no events" {
    sed -i '2i echo "run=$GEN_RUN events=${GEN_EVENTS:-} prior=$([ -e "$GEN_PRIOR" ] && echo there)"; exit 7' steps/20-image/verify.sh
    seal
    GEN_EVENTS="$BATS_TEST_TMPDIR/events" plan --json
    [ "$(value 'd["steps"][1]["says"]')" = "['run= events= prior=']" ]
    [ ! -e "$BATS_TEST_TMPDIR/events" ]
}

@test "what a script prints cannot steer a terminal or break the document" {
    sed -i '2i printf "a \\033[31m\\"quoted\\" \\\\ \\200 word\\n"; exit 7' steps/20-image/verify.sh
    seal
    plan --json
    [ "$(value 'd["steps"][1]["says"]')" = "['a \\\\x1b[31m\"quoted\" \\\\ ? word']" ]
    plan
    refute grep -q $'\033' "$out"
}

@test "an approved run is that run, or it is refused before anything is changed" {
    #       code sequence                            what happens between the plan and the run
    changed 0    "network:do image:do sandbox:do"    true
    changed 4    ""                                  touch made/image
    changed 4    ""                                  add_to_local env
    changed 4    ""                                  add_to_local compose.override.yaml
    changed 4    ""                                  change_the_bundle
    changed 4    ""                                  faults image:verify-unknown
    changed 4    ""                                  faults engine:silent
    changed 4    ""                                  killed image
}

add_to_local() { mkdir local && echo KEY=1 >"local/$1"; }
change_the_bundle() { echo '# new' >>steps/20-image/do.sh && seal; }
records() { cat .state/journal.jsonl 2>/dev/null || :; }

changed() { # CODE SEQUENCE COMMAND...
    rm -rf .state made local && mkdir made
    faults
    local shown before
    shown=$(hash)
    "${@:3}"
    before=$(ls made && records)
    approved "$shown"
    printf '%s\n' "story: ${*:3}" "sequence: $sequence" "code: $code" "last: $last"
    [ "$code" = "$1" ] && [ "$sequence" = "$2" ] && [ ! -L .state/lock ] || return 1
    [ "$code" -eq 0 ] || { [[ $last == "gen: result=refused run=- "* ]] && [ "$before" = "$(ls made && records)" ]; }
}

@test "a refused approval names the command that shows the plan again" {
    approved "$(printf '%064d' 0)"
    [ "$code" -eq 4 ]
    grep -q 'mend: scripts/plan.sh' "$out"
    [ "$last" = "gen: result=refused run=- failed_step=plan" ]
}

@test "what is no hash is wrong usage" {
    for wrong in '' abc "$(printf '%064d' 0)x" "$(printf '%064d' 0 | tr 0 G)"; do
        run bash scripts/start.sh --approve "$wrong"
        echo "$output"
        [ "$status" -eq 2 ]
    done
    run bash scripts/start.sh --approve
    [ "$status" -eq 2 ]
    [ ! -e .state/journal.jsonl ]
}

@test "a signal while an approved plan is looked at ends the run with nothing changed" {
    approved=$(hash)
    faults image:verify-hang
    bash scripts/start.sh --approve "$approved" >"$out" 2>&1 &
    eventually at_work 'sleep 30'
    kill -TERM $!
    code=0
    wait $! || code=$?
    cat "$out"
    [ "$code" -eq 1 ] && [ ! -s trace ]
    grep -q 'interrupted by SIGTERM; nothing was changed' "$out"
}

@test "no temporary file is left, also when it is interrupted" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    export TMPDIR="$BATS_TEST_TMPDIR/tmp"
    approved "$(hash)"
    faults image:verify-hang
    bash scripts/plan.sh >"$out" 2>&1 &
    eventually at_work 'sleep 30'
    kill -INT $!
    kill -TERM $!
    wait $! || code=$?
    [ "$code" -eq 1 ]
    [ "$(ls "$TMPDIR")" = "" ]
}

@test "a journal that cannot be read is no plan without anything to undo" {
    killed image
    # What asks for the open run, for its steps, and for those of all runs: each is not there for this once.
    for asks in 'run =' 'n++' 'did'; do
        printf '#!/bin/sh\ncase $* in *"%s"*) exit 1 ;; esac\nexec /usr/bin/awk "$@"\n' "$asks" >"$BATS_TEST_TMPDIR/bin/awk"
        chmod +x "$BATS_TEST_TMPDIR/bin/awk"
        plan --json
        cat "$out" "$out.err"
        [ "$code" -eq 4 ]
        grep -q 'the journal cannot be read' "$out.err"
        [ "$(value '(d["hash"], len(d["blocked"]))')" = '(None, 1)' ]
    done
    rm "$BATS_TEST_TMPDIR/bin/awk"
    plan --json
    [ "$(value 'd["undo_first"]')" = "['20-image', '10-network']" ]
}
