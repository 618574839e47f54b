#!/usr/bin/env bash
# Makes .venv with the locked requirements and the package itself, editable. Called by make.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
cd "$here/.."

PYTHON=${PYTHON:-python3}

if ! have "$PYTHON"; then
    need_packages "Python 3.11 or newer" python3 python3-venv
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    err "$PYTHON is $("$PYTHON" -c 'import platform; print(platform.python_version())')" \
        "gen needs Python 3.11 or newer" "make PYTHON=/path/to/a/newer/python3"
    exit 1
fi
# Debian and Ubuntu ship venv without the part that puts pip into it.
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    need_packages "Python's venv module" python3-venv
fi

say "making .venv"
# One that works is kept; one whose Python is gone is made anew.
.venv/bin/python -c '' 2>/dev/null || "$PYTHON" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
# The package itself is a folder, so it has no hash; everything it needs is there already.
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
