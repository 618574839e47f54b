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

status() {
    local missing
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        printf 'microvm: missing: %s\n' "${missing//$'\n'/, }"
        return 1
    fi
    qemu-system-x86_64 --version | head -n 1
}

ensure() {
    local missing=()
    mapfile -t missing < <(missing_packages)
    if [ "${#missing[@]}" -gt 0 ]; then
        [ "$1" = install ] || {
            err "no microVM" "missing: ${missing[*]}" "tools/microvm.sh ensure"
            return 1
        }
        need_packages "what runs a microVM" "${missing[@]}" || return 1
    fi
    status
}

case "${1:-}" in
    status) status ;;
    ensure)
        case "${2:-}" in
            '') ensure install ;;
            --no-install) ensure never ;;
            *) usage >&2 && exit 2 ;;
        esac
        ;;
    -h | --help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
