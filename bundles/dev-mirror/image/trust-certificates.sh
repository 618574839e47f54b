#!/bin/sh
# Trusts the certificates in /build/ca-certificates.crt. Runs before anything is fetched, so also before the package
# ca-certificates is there: its installation picks up what we leave for it.
set -eu

bundle=/build/ca-certificates.crt
folder=/usr/local/share/ca-certificates/gen
[ -s "$bundle" ] || exit 0

mkdir -p "$folder" /etc/ssl/certs
# One certificate a file: update-ca-certificates passes over a file that holds more than one.
awk -v folder="$folder" '
    /-----BEGIN CERTIFICATE-----/ { count++; file = sprintf("%s/%04d.crt", folder, count); writing = 1 }
    writing { print > file }
    /-----END CERTIFICATE-----/ { writing = 0; close(file) }
' "$bundle"

if command -v update-ca-certificates >/dev/null; then
    update-ca-certificates
else
    cat "$folder"/*.crt >>/etc/ssl/certs/ca-certificates.crt
fi
