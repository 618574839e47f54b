# What a build takes from this host: an archive of its base image, its certificates and its proxy. Sourced after docker.sh.
# shellcheck shell=bash

# archive_path: where the archive of the base image is.
archive_path() {
    case $GEN_IMAGE_ARCHIVE in /*) echo "$GEN_IMAGE_ARCHIVE" ;; *) echo "$BUNDLE/$GEN_IMAGE_ARCHIVE" ;; esac
}

HOST_BUNDLES="/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem"

# certificates_file: the file of the certificates that the image trusts besides its own; it fails where it trusts no others.
certificates_file() {
    local file
    case $GEN_CA in
    file) echo "$BUNDLE/config/ca-certificates.crt" && return ;;
    host)
        for file in $HOST_BUNDLES; do
            if [ -r "$file" ]; then echo "$file" && return; fi
        done
        ;;
    esac
    return 1
}

# certificates_in FILE: how many, where from, and the digest by which they are approved.
certificates_in() {
    local whose=''
    [ "$GEN_CA" != host ] || whose="this host's "
    echo "$whose$(grep -c -e '-BEGIN CERTIFICATE-' "$1") certificates, ${1#"$BUNDLE"/} (sha256 $(digest_of <"$1"))"
}

# proxy_of NAME: what a build is told of HTTP_PROXY, HTTPS_PROXY or NO_PROXY; empty for nothing.
proxy_of() {
    case $GEN_PROXY in
    none) ;;
    host) printenv "$1" || printenv "$(printf '%s' "$1" | tr '[:upper:]' '[:lower:]')" || : ;;
    *) [ "$1" = NO_PROXY ] || echo "$GEN_PROXY" ;;
    esac
}
