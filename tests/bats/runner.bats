#!/usr/bin/env bats
# The runner's law, a story a line: what is there before, what goes wrong, what is done in which order, how it ends.

load helper

setup() { make_bundle; }

# story TITLE BEFORE FAULTS SEQUENCE CODE RESULT MADE
story() {
    rm -rf .state made && mkdir made
    local one
    for one in $2; do touch "made/$one"; done
    faults $3
    started start
    printf '%s\n' "story: $1" "sequence: $sequence" "code: $code" "last: $last" "made: $(ls made | tr '\n' ' ')"
    [ "$sequence" = "$4" ] && [ "$code" = "$5" ] && [[ $last == "gen: result=$6 "* ]] && [ "$(echo $(ls made))" = "$7" ]
}

@test "the sequence table" {
    #     title                       before            faults                          sequence                                                             code result      left made
    story "nothing is there"          ""                ""                              "network:do image:do sandbox:do"                                     0 committed   "image network sandbox"
    story "all is there"              "network image sandbox" ""                        ""                                                                   0 unchanged   "image network sandbox"
    story "what holds is kept"        "image"           ""                              "network:do sandbox:do"                                              0 committed   "image network sandbox"
    story "the first one fails"       ""                "network:do-error"              "network:do network:undo"                                            1 rolled-back ""
    story "the second one fails"      ""                "image:do-error"                "network:do image:do image:undo network:undo"                        1 rolled-back ""
    story "the last one fails"        ""                "sandbox:do-error"              "network:do image:do sandbox:do sandbox:undo image:undo network:undo" 1 rolled-back ""
    story "kept is never undone"      "network"         "image:do-error"                "image:do image:undo"                                                1 rolled-back "network"
    story "half done is undone"       ""                "image:do-partial"              "network:do image:do image:undo network:undo"                        1 rolled-back ""
    story "done, yet it does not hold" ""               "image:verify-never"            "network:do image:do image:undo network:undo"                        1 rolled-back ""
    story "verify does not know"      ""                "image:verify-unknown"          "network:do network:undo"                                            1 rolled-back ""
    story "verify does not know the first" ""           "network:verify-unknown"        ""                                                                   1 failed      ""
    story "it takes too long"         ""                "image:do-hang"                 "network:do image:do image:undo network:undo"                        1 rolled-back ""
    story "a signal"                  ""                "image:do-signal"               "network:do image:do image:undo network:undo"                        1 rolled-back ""
    story "an undo fails, others go on" ""              "sandbox:do-error image:undo-error" "network:do image:do sandbox:do sandbox:undo image:undo network:undo" 3 residue "image"
    story "an undo that lies"         ""                "sandbox:do-error image:undo-lies"  "network:do image:do sandbox:do sandbox:undo image:undo network:undo" 3 residue "image"
    story "what no step knows is seen" ""               "image:do-litter"               "network:do image:do image:undo network:undo"                        3 residue     "litter"
    story "the engine falls silent"   ""                "image:do-silence"              "network:do image:do image:undo network:undo"                        3 residue     ""
    story "the engine is silent"      ""                "engine:silent"                 ""                                                                   1 failed      ""
}

@test "a run that was killed is undone before the next one begins" {
    killed image
    [ "$sequence" = "network:do image:do" ]
    [ "$code" -eq 137 ]
    started start
    cat output
    [ "$sequence" = "image:undo network:undo network:do image:do sandbox:do" ]
    [ "$code" -eq 0 ]
}

@test "an undo that failed is tried again by the next run" {
    faults sandbox:do-error image:undo-error
    started start
    [ "$code" -eq 3 ]
    faults
    started start
    [ "$sequence" = "image:undo network:do image:do sandbox:do" ]
    [ "$code" -eq 0 ]
}

@test "a failed run leaves alone what an earlier run committed" {
    started start
    rm made/sandbox
    faults sandbox:do-error
    started start
    [ "$sequence" = "sandbox:do sandbox:undo" ]
    [ "$code" -eq 1 ]
    [ -e made/network ] && [ -e made/image ]
}

@test "a whole rollback undoes what every run did, and not what was kept" {
    touch made/network
    started start
    started back
    [ "$sequence" = "sandbox:undo image:undo" ]
    [ "$code" -eq 0 ]
    [ "$(ls made)" = network ]
    started back
    [ "$sequence" = "" ]
    [[ $last == "gen: result=unchanged "* ]]
}

@test "a whole rollback that was interrupted goes on" {
    started start
    faults image:undo-error
    started back
    [ "$code" -eq 3 ]
    [ "$(ls made)" = image ]
    faults
    started back
    [ "$sequence" = "image:undo" ]
    [ "$code" -eq 0 ]
}

@test "a failure shows the step, the reason, the last lines of the log and the hint" {
    faults image:do-error
    started start
    cat output
    grep -q 'step 20-image failed: Make the image' output
    grep -q 'do.sh ended with code 3' output
    grep -q '| no image today' output
    grep -q 'mend: make more room for the image' output
    [ "$(cat .state/logs/last/20-image.fix)" = 'make more room for the image' ]
    [[ $last == *"failed_step=20-image" ]]
    # The last words, when all is undone, in the order in which they are read.
    [ "$(sed -n '/^error: /,$p' output | sed 's/:.*//; s/ failed//')" = "$(printf '%s\n' 'error' '  why' '  | no image today' '  mend' '  log' gen)" ]
    [ "$(grep -n '↩ Make the network' output | cut -d : -f 1)" -lt "$(grep -n '^error: step 20-image' output | cut -d : -f 1)" ]
}

@test "the summary of a run that could not be undone, or that was interrupted" {
    faults image:do-error network:undo-error
    started start
    [ "$code" -eq 3 ]
    grep -q 'error: step 10-network could not be undone' output
    grep -q 'mend: make more room for the image' output
    rm -rf .state made && mkdir made
    faults image:do-signal
    started start
    grep -q 'why:  interrupted by SIGTERM' output
    refute grep -q 'mend:' output
    rm -rf .state
    faults network:verify-unknown
    started start
    grep -q 'why:  verify.sh ended with code 7' output
}

@test "a changed script is refused, and nothing is run" {
    echo '# mine' >>steps/20-image/do.sh
    started start
    [ "$code" -eq 4 ]
    [ "$sequence" = "" ]
    grep -q 'steps/20-image/do.sh' output
}

@test "with a step that the manifest does not name nothing is run" {
    make_step 05-evil evil
    started start
    [ "$code" -eq 4 ]
    [ -z "$sequence" ]
    grep -q 'steps/05-evil/do.sh: not in the manifest' output
    # It is no step either where nobody looks at the whole.
    GEN_BUNDLE_SEEN=$PWD started start
    [ "$code" -eq 0 ]
    [[ $sequence != *evil* ]]
}

@test "a commit that the manifest does not name is never run" {
    echo 'touch "$GEN_PRIOR/saved"' >>steps/20-image/do.sh
    seal
    echo 'echo commit:evil >>trace' >steps/20-image/commit.sh
    GEN_BUNDLE_SEEN=$PWD started start
    [ "$code" -eq 0 ]
    [[ $sequence != *evil* ]]
    # The control: one that it names.
    seal
    bash back.sh
    started start
    [[ $sequence == *commit:evil* ]]
}

@test "a rollback says that the host is what it was, or names what differs" {
    faults sandbox:do-error
    started start
    grep -q 'This host is what it was before the run: [0-9]* objects compared, no difference' output
    faults image:do-litter
    started start
    cat output
    grep -q 'left over: made litter' output
    rm made/litter
}

@test "a run whose host could not be looked at stays open, and is measured by the next" {
    faults image:do-silence
    started start
    [ "$code" -eq 3 ]
    grep -q 'cannot be known' output
    faults
    started recover
    cat output
    [ "$code" -eq 0 ]
    grep -q 'This host is what it was before the run' output
    started start
    [ "$code" -eq 0 ]
}

@test "a whole rollback is measured by what the runs added, whatever others did meanwhile" {
    touch made/theirs
    started start
    rm made/theirs
    touch made/new-of-theirs
    started back
    cat output
    [ "$code" -eq 0 ]
    grep -q 'This host is what it was before this bundle' output
    [ "$(ls made)" = new-of-theirs ]
}

@test "a whole rollback that leaves something says what" {
    sed -i '/do-litter/d' steps/*/do.sh
    sed -i '$a touch made/secretly' steps/20-image/do.sh
    seal
    started start
    [ "$code" -eq 0 ]
    started back
    cat output
    [ "$code" -eq 3 ]
    grep -q 'left over: made secretly' output
    rm made/secretly
    started back
}

@test "a run that was killed while it wrote its ledger is in nobody's debt" {
    started start
    [ "$code" -eq 0 ]
    for part in before after new; do echo "made nothing" >".state/ledger/20200101T000000Z-1.$part"; done
    started back
    cat output
    [ "$code" -eq 0 ]
    [[ $last == *"result=rolled-back"* ]]
}

@test "a runner that dies while it undoes says that something is left, and is recovered" {
    # Of itself, as a shell does that meets an error in its own script; once.
    echo 'emit() { [ "$1" != undoing ] || [ "${0##*/}" = recover.sh ] || exit 1; }' >>lib/fake.sh
    seal
    faults image:do-error
    started start
    cat output
    [ "$code" -eq 3 ]
    [[ $last == *"result=residue"* ]]
    started recover
    [ "$code" -eq 0 ]
    [ "$sequence" = "image:undo network:undo" ]
}

@test "a step that changes nothing is not journalled, and not undone" {
    printf 'changes=no\n' >>steps/10-network/step.conf
    seal
    faults image:do-error
    started start
    [ "$sequence" = "network:do image:do image:undo" ]
    refute grep -q '10-network' .state/journal.jsonl
}

@test "a disk that is full before the run changes nothing; one that fills in the middle is undone" {
    mkdir .state
    mount -t tmpfs -o mode=700,size=256k none .state || skip "this user may not mount"
    dd if=/dev/zero of=.state/filler bs=1k 2>/dev/null || true
    started start
    cat output
    umount .state
    [ "$code" -ne 0 ] && [ "$sequence" = "" ]
    mount -t tmpfs -o mode=700,size=256k none .state
    faults image:do-fill
    started start
    cat output
    cp .state/journal.jsonl whole || true
    faults
    started start
    umount .state
    grep -q '"event":"end"' whole
    [ "$code" -eq 0 ]
    [ "$sequence" = "network:do image:do sandbox:do" ]
}

@test "a step that fails on a full disk: what it said is lost, and that is said" {
    mkdir .state
    mount -t tmpfs -o mode=700,size=256k none .state || skip "this user may not mount"
    faults image:do-fill image:do-error
    # It fills the disk first, and what it says then has no room.
    sed -i '/^fault do-error/{h;d};/^fault do-fill/G' steps/20-image/do.sh
    seal
    started start
    cat output
    umount .state
    grep -q "it said nothing, or the disk was full (df -h '" output
}

@test "the clock of a long step holds no output: who reads that to its end does not wait for it" {
    mkdir bin
    printf '#!/bin/sh\n[ "$1" != 1 ] || { output=$(readlink "/proc/$$/fd/1"); echo "$output" >>"%s"; }\nexec /bin/sleep "$@"\n' "$PWD/held" >bin/sleep
    chmod +x bin/sleep
    faults image:do-hang
    PATH=$PWD/bin:$PATH started start
    [ "$code" -eq 1 ]
    [ "$(sort -u held)" = /dev/null ]
}

@test "the events of a run begin with its start, also when it first undoes another" {
    killed image
    export GEN_EVENTS=$PWD/events
    started start
    cat events
    [ "$(head -n 1 events | sed 's/.*"event":"\([^"]*\)".*/\1/')" = run-started ]
    [ "$(tail -n 1 events | sed 's/.*"event":"\([^"]*\)".*/\1/')" = run-ended ]
    [ "$(grep -c '"event":"run-started"' events)" -eq 1 ]
    [ "$(head -n 1 events | sed 's/.*"run":"\([^"]*\)".*/\1/')" = "$(tail -n 1 events | sed 's/.*"run":"\([^"]*\)".*/\1/')" ]
    # What is undone first is the other run's.
    [ "$(grep '"event":"undone"' events | sed 's/.*"run":"\([^"]*\)".*/\1/' | sort -u)" != "$(head -n 1 events | sed 's/.*"run":"\([^"]*\)".*/\1/')" ]
}
