#!/usr/bin/env bash
# Python and Node meet the profile's minimum
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

# at_least WANTED FOUND: compares the numbers, part by part.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

python=$(inside python3 -c 'import platform; print(platform.python_version())') || { echo "python3 does not run"; exit "$HOLDS_NOT"; }
at_least "$GEN_PYTHON" "$python" || { echo "Python is $python, and $GEN_PYTHON is asked for"; exit "$HOLDS_NOT"; }
case $GEN_NODE in '' | none) exit "$HOLDS" ;; esac
node=$(inside node --version) || { echo "node does not run"; exit "$HOLDS_NOT"; }
at_least "$GEN_NODE" "${node#v}" || { echo "Node is $node, and $GEN_NODE is asked for"; exit "$HOLDS_NOT"; }
inside npm --version >/dev/null || { echo "npm does not run"; exit "$HOLDS_NOT"; }
