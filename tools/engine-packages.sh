# shellcheck shell=bash
# Which packages hold which part of the engine, and how they are had. Sourced by engine.sh.

PIN_FILE=/etc/apt/preferences.d/gen-engine.pref
SOURCES_FILE=/etc/apt/sources.list.d/gen-engine.sources
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# Debian 12's Docker and gVisor are too old; trixie's run on it, with everything below them staying bookworm's.
PINNED="docker.io docker-cli docker-compose docker-buildx runsc"

# packages_for PART...: the distribution's packages for the parts that are missing.
packages_for() {
    local ubuntu='' part
    [ "$(os_field ID)" != ubuntu ] || ubuntu=yes
    for part in "$@"; do
        case "$part" in
            # mmdebstrap makes a base image from an apt mirror; e2fsprogs makes the workspace's file system.
            engine) echo "docker.io iptables mmdebstrap e2fsprogs" ;;
            client) [ -n "$ubuntu" ] || echo docker-cli ;;
            compose) if [ -n "$ubuntu" ]; then echo docker-compose-v2; else echo docker-compose; fi ;;
            buildx) echo docker-buildx ;;
            gvisor) echo runsc ;;
        esac
    done | tr '\n' ' '
}

# is_vendor_docker: the vendor's own packages and the distribution's do not mix.
is_vendor_docker() { dpkg-query -W -f '${db:Status-Status}\n' docker-ce 2>/dev/null | grep -qx installed; }

# host_mirror CODENAME: the mirror that this host's own apt uses for the distribution's main component.
# apt answers from its package lists, so these must be there.
host_mirror() {
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(COMPONENT) $(REPO_URI)' |
        awk -v codename="$1" '$1 == "Packages" && $2 == codename && $3 == "main" { print $4; exit }'
}

# pin_from_trixie: lets the packages in PINNED, and only these, come from the next Debian release.
pin_from_trixie() {
    local mirror
    apt_refresh || return 1
    mirror=$(host_mirror bookworm)
    if [ -z "$mirror" ]; then
        err "Docker cannot be installed" "apt knows no mirror for bookworm main" "see /etc/apt/sources.list.d"
        return 1
    fi
    grep -qxF "Package: $PINNED" "$PIN_FILE" 2>/dev/null || {
        say "writing $PIN_FILE: trixie for $PINNED only"
        printf 'Package: *\nPin: release n=trixie\nPin-Priority: -10\n\nPackage: %s\nPin: release n=trixie\nPin-Priority: 600\n' \
            "$PINNED" >"$PIN_FILE"
    }
    [ -e "$SOURCES_FILE" ] || {
        say "writing $SOURCES_FILE: this host's own mirror, suite trixie"
        printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' \
            "$mirror" "$DEBIAN_KEYRING" >"$SOURCES_FILE"
        # A new source has no lists yet.
        unset APT_REFRESHED
    }
}

# install_parts PARTS: parts one a line.
install_parts() {
    local packages parts
    read -r -d '' -a parts <<<"$1" || true
    if [ "$1" != gvisor ] && is_debian_like && is_vendor_docker; then
        err "parts of Docker are missing: ${parts[*]}" "docker-ce is installed, which the distribution's packages would fight with" \
            "apt-get install docker-compose-plugin docker-buildx-plugin"
        return 1
    fi
    read -r -a packages <<<"$(packages_for "${parts[@]}")"
    if is_debian_like && is_root && [ "$(os_field ID)" = debian ] && [ "$(os_field VERSION_ID)" -le 12 ]; then
        pin_from_trixie || return 1
    fi
    need_packages "a container engine (${parts[*]})" "${packages[@]}"
}

# daemon_config: a daemon's configuration with gVisor's runtime where that is installed, as JSON. No network: a sandbox that
# is to have one is not for this runtime. Control groups are heeded, so that the profile's limits hold; the profile's filter
# of system calls holds inside as well.
daemon_config() {
    local runsc
    runsc=${GEN_RUNSC-$(command -v runsc)} || runsc=''
    if [ -n "$runsc" ]; then
        printf '{"runtimes": {"runsc": {"path": "%s", "runtimeArgs": ["--network=none", "--oci-seccomp"]}}}\n' "$runsc"
    else
        printf '{}\n'
    fi
}
