# Text as JSON. Sourced by common.sh.
# shellcheck shell=bash

# json_strings TEXT...: each as a JSON string, quotes included, separated by commas; nothing but ASCII. A byte that is no
# UTF-8 is written out as \xff, so that whoever reads it sees that it was there.
json_strings() {
    [ $# -gt 0 ] || return 0
    printf '%s\0' "$@" | od -An -v -tu1 | awk '
        function unit(n) { out = out sprintf("\\u%04x", n) }
        function letter(n) {
            if (n == 34 || n == 92) out = out sprintf("\\%c", n)
            else if (n >= 32 && n < 127) out = out sprintf("%c", n)
            else if (n < 65536) unit(n)
            else { n -= 65536; unit(55296 + int(n / 1024)); unit(56320 + n % 1024) }
        }
        function lead(b, first, bytes, from, to) { code = b - first; wanted = bytes; least = from; most = to }
        # The raw bytes of a letter that is not whole yet are kept: it may turn out to be none.
        function byte(b) {
            if (wanted) {
                if (b >= least && b <= most) {
                    code = code * 64 + b - 128; raw = raw sprintf("\\\\x%02x", b); least = 128; most = 191
                    if (!--wanted) { letter(code); raw = "" }
                    return
                }
                out = out raw; raw = ""; wanted = 0
            }
            if (b == 0) { printf "%s\"%s\"", comma, out; comma = ","; out = ""; return }
            if (b < 128) { letter(b); return }
            if (b >= 194 && b <= 223) lead(b, 192, 1, 128, 191)
            else if (b >= 224 && b <= 239) lead(b, 224, 2, b == 224 ? 160 : 128, b == 237 ? 159 : 191)
            else if (b >= 240 && b <= 244) lead(b, 240, 3, b == 240 ? 144 : 128, b == 244 ? 143 : 191)
            else { out = out sprintf("\\\\x%02x", b); return }
            raw = sprintf("\\\\x%02x", b)
        }
        { for (i = 1; i <= NF; i++) byte($i + 0) }'
}

# json_strings_each TEXT...: the same, each on a line of its own.
json_strings_each() {
    local text
    for text; do json_strings "$text" && echo; done
}

# json_number TEXT: as a JSON number, which has no leading zeros; null for what is none. Only `whole` says what a number is.
json_number() { if whole "$1"; then echo "$NUMBER"; else echo null; fi; }

# text_or_null TEXT: as a JSON string; null for nothing.
text_or_null() { if [ -n "$1" ]; then json_strings "$1"; else echo null; fi; }

# json_leaves: the JSON of standard input as one line "PATH VALUE" for each value that holds no other: .State.Pid 4711. The
# elements of a list have one path, that ends with []. Names have their blanks written out. Fails for what is no JSON.
json_leaves() {
    tr '\n\t\r' '   ' | awk '
        function token() {
            sub(/^ +/, "", text)
            if (!match(text, /^"([^"\\]|\\.)*"/) && !match(text, /^[-+.0-9A-Za-z]+/) && !match(text, /^[][{}:,]/)) bad()
            found = substr(text, 1, RLENGTH)
            text = substr(text, RLENGTH + 1)
        }
        function bad() { wrong = 1; exit 1 }
        # Some engines write these three as numbers, and some do not.
        function plain(value) { gsub(/\\u003c/, "<", value); gsub(/\\u003e/, ">", value); gsub(/\\u0026/, "\\&", value); return value }
        function name(key) {
            if (key !~ /^"/) bad()
            key = substr(key, 2, length(key) - 2)
            gsub(/ /, "\\u0020", key)
            return plain(key)
        }
        function members(path, first,   key) {
            for (first = 1; ; first = 0) {
                token()
                if (found == "}") { if (first) print path, "{}"; return }
                if (!first) { if (found != ",") bad(); token() }
                key = name(found)
                token()
                if (found != ":") bad()
                token()
                value(path "." key)
            }
        }
        function elements(path, first) {
            for (first = 1; ; first = 0) {
                token()
                if (found == "]") { if (first) print path, "[]"; return }
                if (!first) { if (found != ",") bad(); token() }
                value(path "[]")
            }
        }
        function value(path) {
            if (found == "{") members(path)
            else if (found == "[") elements(path)
            else if (found ~ /^[]}:,]/) bad()
            else print path, plain(found)
        }
        { text = text $0 }
        END { if (!wrong) { token(); value(""); sub(/^ +/, "", text); if (text != "") exit 1 } else exit 1 }'
}
