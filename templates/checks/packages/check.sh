#!/usr/bin/env bash
# The user installs packages without being root
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

# The package is built here and now, so the check needs no network and leaves nothing behind.
# shellcheck disable=SC2016 # the sandbox's shell expands it
inside sh -c '
    set -e
    folder=$(mktemp -d)
    trap "rm -rf $folder" EXIT
    mkdir -p "$folder/probe/DEBIAN" "$folder/probe/usr/share/gen-probe"
    printf "Package: gen-probe\nVersion: 1\nArchitecture: all\nMaintainer: gen\nDescription: a package that a check installs and removes\n" >"$folder/probe/DEBIAN/control"
    echo works >"$folder/probe/usr/share/gen-probe/file"
    dpkg-deb --root-owner-group --build "$folder/probe" "$folder/probe.deb" >/dev/null
    sudo dpkg --install "$folder/probe.deb" >/dev/null
    [ "$(cat /usr/share/gen-probe/file)" = works ] || { echo "the package was installed, and its file is not there"; exit 1; }
    sudo dpkg --purge gen-probe >/dev/null
    [ ! -e /usr/share/gen-probe ] || { echo "the package was removed, and its file is still there"; exit 1; }
    sudo apt-get --version >/dev/null
    if sudo id 2>/dev/null; then echo "sudo runs commands other than the package tools"; exit 1; fi
' || exit "$HOLDS_NOT"
