# Text as JSON. Sourced by whatever writes some.
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
