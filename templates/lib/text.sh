# Text of others on its way to a person: what could steer a terminal, or is not seen there, is written out. Sourced by common.sh.
# shellcheck shell=bash

# Control characters by their numbers, C0 and C1; there is none with the number 0 in a shell's text. Tabs and line feeds stay.
C0=$'-\001\002\003\004\005\006\007\010--\013\014\015\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037'
C1=$'\200\201\202\203\204\205\206\207\210\211\212\213\214\215\216\217\220\221\222\223\224\225\226\227\230\231\232\233\234\235\236\237'
# The other bytes that are no ASCII.
HIGH=$'\240\241\242\243\244\245\246\247\250\251\252\253\254\255\256\257\260\261\262\263\264\265\266\267\270\271\272\273\274\275\276\277'
HIGH=$HIGH$'\300\301\302\303\304\305\306\307\310\311\312\313\314\315\316\317\320\321\322\323\324\325\326\327\330\331\332\333\334\335\336\337'
HIGH=$HIGH$'\340\341\342\343\344\345\346\347\350\351\352\353\354\355\356\357\360\361\362\363\364\365\366\367\370\371\372\373\374\375\376\377'

# controls TEXT: whether there are control characters in it.
controls() {
    case $1 in *[$'\001'-$'\010'$'\013'-$'\037'$'\177']* | *$'\302'[$'\200'-$'\237']*) return 0 ;; esac
    return 1
}

# misleads TEXT: whether there are letters in it that turn the direction of writing, or that nobody sees; or bytes that are no UTF-8.
misleads() {
    local rest=$1
    case $1 in *[$'\200'-$'\377']*) ;; *) return 1 ;; esac
    case $1 in
    # Soft hyphen, joiners and fillers; then directions, spaces without width, and line ends; then variants and marks of bytes.
    *$'\302\255'* | *$'\315\217'* | *$'\330\234'* | *$'\341\205'[$'\237\240']* | *$'\341\236'[$'\264\265']* | *$'\341\240'[$'\213'-$'\217']*) return 0 ;;
    *$'\342\200'[$'\213'-$'\217'$'\250'-$'\256']* | *$'\342\201'[$'\240'-$'\257']* | *$'\343\205\244'*) return 0 ;;
    *$'\357\270'[$'\200'-$'\217']* | *$'\357\273\277'* | *$'\357\276\240'* | *$'\357\277'[$'\260'-$'\273']*) return 0 ;;
    # Marks of shorthand and of music, which begin and end something; tags.
    *$'\360\233\262'[$'\240'-$'\243']* | *$'\360\235\205'[$'\263'-$'\272']* | *$'\363\240'*) return 0 ;;
    esac
    # What is left when each letter is taken for one is no UTF-8.
    rest=${rest//[$'\361'-$'\363'][$'\200'-$'\277'][$'\200'-$'\277'][$'\200'-$'\277']/-}
    rest=${rest//$'\360'[$'\220'-$'\277'][$'\200'-$'\277'][$'\200'-$'\277']/-}
    rest=${rest//$'\364'[$'\200'-$'\217'][$'\200'-$'\277'][$'\200'-$'\277']/-}
    rest=${rest//[$'\341'-$'\354\356\357'][$'\200'-$'\277'][$'\200'-$'\277']/-}
    rest=${rest//$'\340'[$'\240'-$'\277'][$'\200'-$'\277']/-}
    rest=${rest//$'\355'[$'\200'-$'\237'][$'\200'-$'\277']/-}
    rest=${rest//[$'\302'-$'\337'][$'\200'-$'\277']/-}
    case $rest in *[$'\200'-$'\377']*) return 0 ;; esac
    return 1
}

# write_out TEXT: sets WRITTEN to the text with control characters as \x1b. Where a letter misleads, all that are no ASCII are
# written out, byte by byte.
write_out() {
    local n=0 digits=0123456789abcdef low
    WRITTEN=$1
    if controls "$1"; then
        while [ "$n" -lt 32 ]; do
            low=${digits:$((n % 16)):1}
            case $n in 0 | 9 | 10) ;; *) WRITTEN=${WRITTEN//"${C0:$n:1}"/"\\x$((n / 16))$low"} ;; esac
            WRITTEN=${WRITTEN//$'\302'"${C1:$n:1}"/"\\x$((n / 16 + 8))$low"}
            n=$((n + 1))
        done
        WRITTEN=${WRITTEN//$'\177'/"\\x7f"}
    fi
    misleads "$WRITTEN" || return 0
    local bytes=$C1$HIGH
    n=0
    while [ "$n" -lt 128 ]; do
        WRITTEN=${WRITTEN//"${bytes:$n:1}"/"\\x${digits:$((n / 16 + 8)):1}${digits:$((n % 16)):1}"}
        n=$((n + 1))
    done
}

# reachable TEXT: sets REACHED to it with the bundle's scripts as they are called from where the user stands.
reachable() {
    local rest=" $1" before place script
    REACHED=$1
    case $1 in *scripts/*.sh* | *./rollback.sh* | *./test-setup.sh*) ;; *) return 0 ;; esac
    place=$(quoted "$BUNDLE")
    # Where one goes into its folder first, they are called from there.
    case $1 in *"cd $place && "*) return 0 ;; esac
    [ ! "$PWD" -ef "$BUNDLE" ] || return 0
    REACHED=''
    while before=${rest%%[ (]scripts/*} && [ "$before" != "$rest" ]; do
        REACHED=$REACHED$before${rest:${#before}:1} rest=${rest:$((${#before} + 1))}
        script=${rest%%.sh*}.sh
        [ ! -f "$BUNDLE/$script" ] || REACHED=$REACHED$place/
        REACHED=${REACHED}scripts/ rest=${rest#scripts/}
    done
    REACHED=$REACHED$rest
    for script in rollback.sh test-setup.sh; do REACHED=${REACHED//" ./$script"/" $place/$script"}; done
    REACHED=${REACHED# }
}

# written_out TEXT: prints it so.
written_out() { write_out "$1" && printf '%s\n' "$WRITTEN"; }

# printable: standard input, each line so.
printable() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do written_out "$line"; done
}

# as_shown TEXT: sets SHOWN to the text written out, but for the colours that we put into it ourselves.
as_shown() {
    local mark=$RANDOM$RANDOM$RANDOM n=0 colours
    SHOWN=$1
    controls "$1" || misleads "$1" || return 0
    colours=("$BOLD" "$GREEN" "$RED" "$DIM" "$PLAIN")
    if [ -n "$PLAIN" ]; then
        while [ "$n" -lt 5 ]; do SHOWN=${SHOWN//"${colours[$n]}"/"{$mark:$n}"} n=$((n + 1)); done
    fi
    write_out "$SHOWN"
    SHOWN=$WRITTEN n=0
    if [ -n "$PLAIN" ]; then
        while [ "$n" -lt 5 ]; do SHOWN=${SHOWN//"{$mark:$n}"/"${colours[$n]}"} n=$((n + 1)); done
    fi
}
