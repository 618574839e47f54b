#!/usr/bin/env bash
# Sees to what the microVM's tests need: QEMU, and what makes a root file system. See --help.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"

usage() {
    cat <<'TEXT'
usage: tools/microvm.sh status | ensure [--no-install]

  status   says which QEMU there is; exit 1 when something is missing
  ensure   as root on Debian and Ubuntu installs what is missing (not with --no-install)

Exit codes: 0 all is there, 1 something is missing, 2 wrong usage.
TEXT
}

# missing_packages: the packages of what is absent, one a line.
missing_packages() {
    have qemu-system-x86_64 || echo qemu-system-x86
    have mkfs.ext4 || [ -x /usr/sbin/mkfs.ext4 ] || echo e2fsprogs
    have mmdebstrap || echo mmdebstrap
    [ -x /usr/bin/python3 ] || echo python3
}

version() { qemu-system-x86_64 --version | head -n 1; }

package_tool microVM "$@"
