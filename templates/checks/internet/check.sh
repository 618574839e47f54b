#!/usr/bin/env bash
# The internet can be reached
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"

[ "$(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}' "$(sandbox_id)")" = "$NETWORK " ] ||
    { echo "the sandbox is on other networks than its own"; exit "$HOLDS_NOT"; }
# Any one of these will do: what is behind a proxy or a mirror often reaches nothing else. The sandbox's own package
# sources come first, then the agent's.
inside python3 - <<'PYTHON'
import glob, os, re, socket, sys, urllib.parse

targets = []
for variable in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
    if os.environ.get(variable):
        targets.append(os.environ[variable])
for name in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
    with open(name, encoding="utf-8", errors="replace") as file:
        targets += re.findall(r"^[^#\n]*?(https?://[^\s\]]+)", file.read(), re.M)
targets += ["https://example.com"]
failures = []
for target in dict.fromkeys(targets):
    url = urllib.parse.urlsplit(target)
    port = url.port or {"https": 443}.get(url.scheme, 80)
    try:
        socket.create_connection((url.hostname, port), timeout=8).close()
        sys.exit(0)
    except OSError as error:
        failures.append(f"{url.hostname}:{port}: {error}")
sys.exit("nothing can be reached: " + "; ".join(failures[:3]))
PYTHON
