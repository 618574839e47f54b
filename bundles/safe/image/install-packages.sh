#!/bin/sh
# install-packages.sh PACKAGE…: installs Debian packages, from the mirror in /build/apt-mirror if that names one.
set -eu
export DEBIAN_FRONTEND=noninteractive

mirror=$(cat /build/apt-mirror 2>/dev/null || true)
mirror=${mirror%/}
if [ -n "$mirror" ]; then
    # Debian's security updates stand beside the main archive on a mirror; Ubuntu's stand in it.
    beside=${mirror%/*}/debian-security
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        [ -f "$list" ] || continue
        sed -i -E \
            -e "s#https?://[^ ]*/debian-security/?( |\$)#$beside\1#" \
            -e "s#https?://[^ ]*/(debian|ubuntu|ubuntu-ports)/?( |\$)#$mirror\2#" "$list"
    done
fi

apt-get update
apt-get install -y --no-install-recommends "$@"
apt-get clean
rm -rf /var/lib/apt/lists/*
