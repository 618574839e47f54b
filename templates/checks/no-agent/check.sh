#!/usr/bin/env bash
# No AI assistant is installed, as the profile says
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

case $(inside sh -c 'if [ -e /opt/agent ]; then echo there; else echo none; fi') in
none) ;;
there) echo "the profile asks for no assistant, and /opt/agent is there" && exit "$HOLDS_NOT" ;;
*) unknown "the sandbox does not say whether there is one" ;;
esac
