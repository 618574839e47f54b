#!/usr/bin/env bash
# Builds the image. Its context is a folder of exactly the Dockerfile and the files that it copies.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
# shellcheck source=templates/lib/sources.sh
. "$BUNDLE/lib/sources.sh"
set -e

CONTEXT=$STATE/build
ca_certificates() {
    local file
    if file=$(certificates_file); then cat "$file" && return; fi
    [ "$GEN_CA" = none ] || { echo "this host has no bundle of certificates at any of: $HOST_BUNDLES" >&2; return 1; }
}

# The predefined proxy arguments of the engine's builds are not kept in the image's history.
proxy_arguments() {
    local name value
    for name in HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        value=$(proxy_of "$name")
        [ -z "$value" ] || arguments+=(--build-arg "$name=$value" --build-arg "$(printf '%s' "$name" | tr '[:upper:]' '[:lower:]')=$value")
    done
}

# Whom the user hides files from is no matter of the image's.
umask 022
rm -rf "$CONTEXT"
mkdir -p "$CONTEXT"
[ ! -d "$BUNDLE/image" ] || cp -R "$BUNDLE/image/." "$CONTEXT/"
# What lies beside it tells an engine what to leave out (Dockerfile.dockerignore): so nothing of anybody does.
cp "$BUNDLE/Dockerfile" "$CONTEXT/Dockerfile"
ca_certificates >"$CONTEXT/ca-certificates.crt"
apt_mirror >"$CONTEXT/apt-mirror"
arguments=()
proxy_arguments
# Its first tag is one that nobody can guess: what bears it is what was built here, whatever else gets our name meanwhile.
own image "$GEN_IMAGE_REF"
build --file "$CONTEXT/Dockerfile" --tag "gen-build:$TOKEN" \
    --label "gen.instance=$INSTANCE" --label "gen.name=$GEN_NAME" --label "gen.version=$GEN_VERSION" \
    ${arguments[@]+"${arguments[@]}"} "$CONTEXT"
id=$(docker image inspect --format '{{.Id}}' "gen-build:$TOKEN")
owned "$TOKEN" "$id"
name_image image "$id" "$GEN_IMAGE_REF"
docker rmi --no-prune "gen-build:$TOKEN"
