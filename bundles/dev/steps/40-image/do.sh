#!/usr/bin/env bash
# Builds the image. Its context is a folder of exactly the files that the Dockerfile copies.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
set -e

CONTEXT=$STATE/build
HOST_BUNDLES="/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem"

ca_certificates() {
    local file
    case $GEN_CA in
    none) ;;
    file) cat "$BUNDLE/config/ca-certificates.crt" ;;
    host)
        for file in $HOST_BUNDLES; do
            if [ -r "$file" ]; then cat "$file" && return; fi
        done
        echo "this host has no bundle of certificates at any of: $HOST_BUNDLES" >&2
        return 1
        ;;
    esac
}

# The predefined proxy arguments of the engine's builds are not kept in the image's history.
proxy_arguments() {
    local name value
    for name in HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        value=$GEN_PROXY
        [ "$GEN_PROXY" != host ] || value=$(printenv "$name" || printenv "$(printf '%s' "$name" | tr '[:upper:]' '[:lower:]')" || :)
        [ "$name$GEN_PROXY" != "NO_PROXY$value" ] || continue
        [ -z "$value" ] || [ "$value" = none ] || arguments+=(--build-arg "$name=$value" --build-arg "$(printf '%s' "$name" | tr '[:upper:]' '[:lower:]')=$value")
    done
}

rm -rf "$CONTEXT"
mkdir -p "$CONTEXT"
[ ! -d "$BUNDLE/image" ] || cp -R "$BUNDLE/image/." "$CONTEXT/"
ca_certificates >"$CONTEXT/ca-certificates.crt"
apt_mirror >"$CONTEXT/apt-mirror"
arguments=()
proxy_arguments
# Its first tag is one that nobody can guess: what bears it is what was built here, whatever else gets our name meanwhile.
own image "$GEN_IMAGE_REF"
build --file "$BUNDLE/Dockerfile" --tag "gen-build:$TOKEN" \
    --label "gen.instance=$INSTANCE" --label "gen.name=$GEN_NAME" --label "gen.version=$GEN_VERSION" \
    ${arguments[@]+"${arguments[@]}"} "$CONTEXT"
id=$(docker image inspect --format '{{.Id}}' "gen-build:$TOKEN")
owned "$TOKEN" "$id"
docker tag "$id" "$GEN_IMAGE_REF"
docker rmi --no-prune "gen-build:$TOKEN"
