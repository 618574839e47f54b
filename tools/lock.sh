#!/usr/bin/env bash
# Writes requirements.lock anew from pyproject.toml: every release pinned, with hashes, for any platform.
# No index is named in it: each machine uses the one it is set up for.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check uv
"$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links --no-annotate "$@" pyproject.toml --output-file "$work/lock"
{
    printf '# Written by "make lock" from pyproject.toml. Do not edit.\n'
    cat "$work/lock"
} >requirements.lock
