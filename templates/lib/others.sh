# What somebody else says within a step's log: a program in the sandbox, a line of a build, a package. Each line of theirs has a mark
# before it that says whose it is ("container> "), so that none looks like one of ours, and none is taken for a cause. Sourced by docker.sh.
# shellcheck shell=bash

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
