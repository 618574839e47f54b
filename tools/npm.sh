#!/usr/bin/env bash
# Installs the locked test programs from npm into node_modules. Called by make.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
cd "$here/.."

have npm || need_packages "npm, which brings bats" nodejs npm
say "installing bats into node_modules"
npm ci --no-audit --no-fund --loglevel=error
