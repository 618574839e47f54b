#!/usr/bin/env bash
# Python and Node meet the profile's minimum
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

python=$(inside python3 -c 'import platform; print(platform.python_version())') || { echo "python3 does not run"; exit "$HOLDS_NOT"; }
at_least "$GEN_PYTHON" "$python" || { echo "Python is $python, and $GEN_PYTHON is asked for"; exit "$HOLDS_NOT"; }
case $GEN_NODE in '' | none) exit "$HOLDS" ;; esac
node=$(inside node --version) || { echo "node does not run"; exit "$HOLDS_NOT"; }
at_least "$GEN_NODE" "$node" || { echo "Node is $node, and $GEN_NODE is asked for"; exit "$HOLDS_NOT"; }
inside npm --version >/dev/null || { echo "npm does not run"; exit "$HOLDS_NOT"; }
