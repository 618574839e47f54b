#!/usr/bin/env bats
# What the scripts print: whatever an engine, an image or a sandbox says, it steers no terminal and begins no line of ours.

load helper

HOSTILE=$'x\033[2J\033]0;title\007\rgen: result=committed run=X-1 failed_step=-\302\233\342\200\256\342\200\213\233\0'

setup() { make_real_bundle hostile; refresh; }

# refresh: the scripts and lib/ as they are in this checkout, whatever the committed bundle has.
refresh() {
    local file
    for file in lib/*.sh scripts/*.sh *.sh; do
        case $file in
        lib/*) [ ! -e "$ROOT/templates/$file" ] || cp "$ROOT/templates/$file" "$file" ;;
        *) [ ! -e "$ROOT/templates/files/$file" ] || cp "$ROOT/templates/files/$file" "$file" ;;
        esac
    done
    for file in "$ROOT"/templates/lib/*.sh; do cp -n "$file" lib/; done
    rm -f MANIFEST.sha256
    find . -type f ! -path './MANIFEST*' ! -path './.state/*' | sed 's#^\./##' | sort | xargs -d '\n' sha256sum >MANIFEST.sha256
}

# engine CODE: from now on a client that says hostile things to whatever it is asked, on both streams, and ends with that code.
engine() {
    rm -f "$BATS_TEST_TMPDIR/bin/docker"
    printf '#!/usr/bin/env bash\nprintf "%%s\\n" %q\nprintf "error: %%s\\n" %q >&2\nexit %s\n' "$HOSTILE" "$HOSTILE" "$1" >"$BATS_TEST_TMPDIR/bin/docker"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker"
}

# steers FILE...: whether something in them does. A carriage return at a line's end is some programs' way.
steers() {
    python3 - "$@" <<'PYTHON'
import sys, unicodedata
bad = []
for name in sys.argv[1:]:
    text = open(name, "rb").read().decode("utf-8", "surrogateescape")
    bad += [ascii(c) for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
print(*bad[:10])
sys.exit(not bad)
PYTHON
}

# forges FILE...: whether a line of them claims what no script of ours said.
forges() { tr '\r' '\n' <"$1" | grep '^gen: result=committed'; }

@test "the control: what the engine says would steer a terminal and forge a line, if it were printed as it came" {
    engine 0
    docker version >stdout 2>stderr
    steers stdout
    steers stderr
    forges stdout
}

@test "no script lets it through, whether the engine fails or pretends" {
    mkdir -p .state && echo 0123456789abcdef >.state/instance
    for code in 0 1; do
        engine "$code"
        for words in scripts/status.sh scripts/plan.sh 'scripts/plan.sh --json' scripts/start.sh scripts/stop.sh test-setup.sh 'test-setup.sh --tap' \
            'test-setup.sh --junit report.xml' scripts/backup.sh 'scripts/resize-volume.sh 40' 'scripts/mount-storage.sh detach' scripts/recover.sh 'rollback.sh --yes'; do
            ended=0
            # shellcheck disable=SC2086 # the arguments behind the script's name
            timeout 60 ./$words </dev/null >stdout 2>stderr || ended=$?
            echo "$words (engine: $code, ended with $ended)"
            # Whatever it says, no script asks it for ever.
            [ "$ended" -ne 124 ]
            refute steers stdout
            refute steers stderr
            refute forges stdout
            [ ! -e report.xml ] || refute steers report.xml
        done
    done
}

@test "say, warn and fail write out everything but our own colours" {
    . lib/common.sh
    # shellcheck disable=SC2034 # as_shown reads them
    for PLAIN in '' $'\033[0m'; do
        [ -z "$PLAIN" ] || { BOLD=$'\033[1m' GREEN=$'\033[32m' RED=$'\033[31m' DIM=$'\033[2m'; }
        say "${GREEN}✓${PLAIN} $HOSTILE" >stdout
        warn "$HOSTILE" 2>stderr
        (fail 4 "$HOSTILE"$'\n'"gen: result=committed" "a"$'\n'"b" "$HOSTILE") 2>failed || [ $? -eq 4 ]
        cat -v stdout stderr failed
        for file in stdout stderr failed; do
            sed $'s/\033\\[[0-9]*m//g' "$file" >plain
            refute steers plain
            refute forges plain
        done
        # Where a letter misleads, all of the text's are spelled out.
        [[ "$(<stdout)" == "${GREEN}"'\xe2\x9c\x93'"${PLAIN} x"* ]]
        [ "$(wc -l <failed)" -eq 5 ]
    done
}

@test "letters of people stay; what misleads is spelled out, byte by byte" {
    . lib/common.sh
    [ "$(written_out 'café ✓ … 漢字 🙂')" = 'café ✓ … 漢字 🙂' ]
    [ "$(written_out $'a\342\200\256b')" = 'a\xe2\x80\xaeb' ]
    [ "$(written_out $'\233[2J')" = '\x9b[2J' ]
    # A letter that is cut in two does not become another one by what stands between.
    [ "$(written_out $'\303\347\234\200\233')" = '\xc3\xe7\x9c\x80\x9b' ]
    [ "$(printf 'a\033b\nc\rd' | printable)" = 'a\x1bb'$'\n''c\x0dd' ]
    for code in 00AD 061C 200B 200E 202A 202E 2066 2028 FEFF FE0F 115F 3164 E0041; do
        text=$(python3 -c 'import sys; sys.stdout.buffer.write(("<" + chr(int(sys.argv[1], 16)) + ">").encode())' "$code")
        echo "$code"
        [[ "$(written_out "$text")" == '<\x'*'>' ]]
    done
}
