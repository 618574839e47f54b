# What the tests of plans share: a bundle of three steps with the scripts that show a plan and start it.
# shellcheck shell=bash

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
