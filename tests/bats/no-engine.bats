#!/usr/bin/env bats
# Where the engine does not answer, that is what is said, with what mends it; and nothing is begun that could not come to its end.

load helper

setup() {
    make_real_bundle dead safe
    mkdir -m 700 .state
    echo 0123456789abcdef >.state/instance
}

# began: an earlier run did a step, and committed.
began() {
    local n=0 event
    for event in begin 'doing","step":"40-image' 'done","step":"40-image' commit; do
        n=$((n + 1))
        case $event in *step*) ;; *) event="$event\",\"step\":\"-" ;; esac
        printf '{"seq":%s,"time":"2026-01-01T00:00:00Z","run":"20260101T000000Z-1","event":"%s","scope":"-"' "$n" "$event" >line
        { cat line && printf ',"sum":%s}\n' "$(cksum <line | cut -d ' ' -f 1)"; } >>.state/journal.jsonl
    done
    rm line
}

@test "a rollback and a discard are refused before anything is begun" {
    began
    cp .state/journal.jsonl before
    for words in 'rollback.sh --yes' 'rollback.sh --yes --delete-data' 'scripts/discard.sh --yes'; do
        code=0
        # shellcheck disable=SC2086 # the words of a command
        ./$words </dev/null >stdout 2>stderr || code=$?
        cat stdout stderr
        [ "$code" -eq 4 ]
        [[ $(tail -n 1 stdout) == "gen: result=refused "* ]]
        grep -q '^error: the engine does not answer' stderr
        grep -q '^  mend: sudo systemctl start docker' stderr
        refute grep -q 'could not be undone' stderr
        cmp before .state/journal.jsonl
        [ "$(ls .state)" = $'instance\njournal.jsonl' ]
    done
}

@test "where nothing was done no engine is needed to undo it" {
    ./rollback.sh --yes </dev/null >stdout
    grep -q 'There is nothing to undo' stdout
}

@test "a tool that cannot run says whether its image or the engine is missing" {
    said=$(bash -c '. lib/docker.sh; brief -- true' 2>&1) || :
    [[ $said == *"the engine does not answer: Cannot connect"* && $said != *"image, which has the tools"* ]]
    said=$(FAKE_ENGINE=none bash -c '. lib/docker.sh; brief -- true' 2>&1) || :
    [ "$said" = "the bundle's image, which has the tools, is not there" ]
    mkdir .state/project && echo '{}' >.state/project/settings.json
    code=0
    bash -c '. lib/project-script.sh; need_last "nothing is applied"' 2>stderr || code=$?
    [ "$code" -eq 1 ]
    grep -q '^  mend: sudo systemctl start docker' stderr
}

@test "what mends a failure is found without a broken pipe in the middle of it" {
    { cat steps/10-preflight/step.conf && head -c 200000 /dev/zero | tr '\0' '#'; } >conf && mv conf steps/10-preflight/step.conf
    seal_real
    echo '    mend: sudo apt-get install docker.io' >log
    for _ in 1 2 3 4 5; do
        bash -c 'trap "" PIPE; GEN_EVENTS=; . lib/common.sh; . lib/log.sh; . lib/troubles.sh; find_fix 10-preflight log; echo "$FIX"' >stdout 2>stderr
        [ ! -s stderr ] && grep -q '^cat .state/logs' stdout
    done
}
