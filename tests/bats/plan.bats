#!/usr/bin/env bats
# The plan: what a run would do, shown without changing anything; and a run that does only what was approved.

load helper
load planning

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

@test "a plan can be about a project that is not named yet: it is the plan of a start with that, and names nothing" {
    make_real_bundle none safe
    mkdir "$BATS_TEST_TMPDIR/a project" "$BATS_TEST_TMPDIR/other"
    asked() { ./scripts/plan.sh --json "$@" </dev/null 2>stderr | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["hash"], sorted(one["what"] for one in d["blocked"] if "project" in one["what"]))'; }
    unnamed=$(asked)
    [[ $unnamed == *"no project is named"* ]]
    named=$(asked --project "$BATS_TEST_TMPDIR/a project")
    echo "$named"
    [[ $named == *"[]" ]]
    [ ! -e local/project ]
    [ "$(cd "$BATS_TEST_TMPDIR" && "$OLDPWD/scripts/plan.sh" --project 'a project' --json 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["hash"], [])')" = "$named" ]
    [ "$(asked --project "$BATS_TEST_TMPDIR/other")" != "$named" ]
    mkdir -p local && printf '%s\n' "$BATS_TEST_TMPDIR/a project" >local/project
    [ "$(asked)" = "$named" ]
    # What is said in the environment is no project.
    [ "$(GEN_PROJECT_NAMED=/etc asked)" = "$named" ]
    code=0
    ./scripts/plan.sh --project /no/such/folder </dev/null >stdout 2>&1 || code=$?
    [ "$code" -eq 2 ]
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
    [ "$(value 'd["steps"][1]["says"]')" = "['a \\\\x1b[31m\"quoted\" \\\\ \\\\x80 word']" ]
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

@test "what a script that was cut off began is shown as taken back first, and approved with the rest" {
    started start
    without=$(hash)
    printf 'file %s/backups/x.part\npaused\n' "$PWD" >.state/work
    before=$(everything)
    plan
    [ "$code" -eq 0 ]
    [ "$(grep -c '  ↩ ' "$out")" -eq 2 ]
    grep -A 1 'a script that was cut off' "$out" | grep -q 'the sandbox was paused, and goes on'
    plan --json
    [ "$(value 'd["take_back"][1]')" = "this was written in part, and is removed: $PWD/backups/x.part" ]
    [ "$(value 'd["hash"]')" != "$without" ]
    [ "$before" = "$(everything)" ]
}
