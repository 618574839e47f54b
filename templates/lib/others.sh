# What somebody else says: a program in the sandbox, a line of a build, a package. What answers us is bounded. In a step's log each line of
# theirs has a mark before it that says whose it is ("container> "), so that none looks like one of ours, and none is taken for a cause.
# Sourced by docker.sh.
# shellcheck shell=bash

# heard COMMAND...: runs it and passes on what it prints. Whatever a program in the sandbox says, it says to us through here: no more
# than somebody reads is kept, and what is longer is no answer.
HEARD_BYTES=65536 ONE_MORE=65537
heard() {
    local said code
    said=$("$@" | head -c "$ONE_MORE" | tr -d '\000'; printf '\n%s' "${PIPESTATUS[0]}")
    code=${said##*$'\n'} said=${said%$'\n'*}
    if [ "${#said}" -gt "$HEARD_BYTES" ]; then
        warn "that is more than $HEARD_BYTES bytes, and no answer"
        [ "$code" -ne 0 ] || code=1
    fi
    printf '%s' "${said:0:$HEARD_BYTES}"
    return "$code"
}

# Shorter than what the log's writer takes for one line: what is longer would begin a new one there, without the mark.
OTHERS_LINE=4000

# others WHO: standard input, with the mark.
others() {
    local line
    while IFS= read -r -n "$OTHERS_LINE" line || [ -n "$line" ]; do [ -z "$line" ] || printf '%s> %s\n' "$1" "$line"; done
}

# build_words: what Docker's builder says, where the words of RUN lines have a number and a time before them. What it shows once more
# behind a failure, with the Dockerfile, is left out; its very last word is its own.
build_words() {
    local line others='' again='' last=''
    while IFS= read -r -n "$OTHERS_LINE" line || [ -n "$line" ]; do
        if [ -n "$again" ]; then
            case $line in ERROR:*) last=$line ;; esac
        elif [ -n "$others" ] || [[ $line =~ ^#[0-9]+\ [0-9]+\.[0-9]+\  ]]; then
            printf 'build> %s\n' "$line"
            if [ ${#line} -lt "$OTHERS_LINE" ]; then others=''; else others=yes; fi
        elif [ "$line" = ------ ]; then
            again=yes
        else
            printf '%s\n' "$line"
        fi
    done
    [ -z "$last" ] || printf '%s\n' "$last"
}

# last_is_own: what a builder says that does not tell its own words from others': only its error at the end is its own.
last_is_own() {
    local line last=''
    while IFS= read -r -n "$OTHERS_LINE" line || [ -n "$line" ]; do
        [ -z "$last" ] || printf 'build> %s\n' "$last"
        last=$line
    done
    case $last in 'Error: '*) printf '%s\n' "$last" ;; ?*) printf 'build> %s\n' "$last" ;; esac
}

# mirror_words: what mmdebstrap and apt say; from the first package that is unpacked on, packages say it too.
mirror_words() {
    local line
    while IFS= read -r -n "$OTHERS_LINE" line || [ -n "$line" ]; do
        printf '%s\n' "$line"
        case $line in 'I: extracting archives'*) others mmdebstrap ;; esac
    done
}
