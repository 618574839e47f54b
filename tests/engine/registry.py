"""A registry that gives one image: what `docker save` wrote, served as it stands. It runs where the engine is."""

from __future__ import annotations

import contextlib
import json
import secrets
import tarfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tests.engine.conftest import run, until

SERVER = textwrap.dedent(
    """
    import http.server, os, sys, time
    class Give(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rsplit("/", 1)[-1].replace("sha256:", "")
            if "/manifests/" in self.path and "sha256" not in self.path:
                name = open("/r/manifest").read()
            while "/blobs/" in self.path and os.path.exists("/r/hold"):
                open("/r/held", "w").close()
                time.sleep(0.1)
            body = open("/r/blobs/sha256/" + name, "rb").read() if name else b"{}"
            self.send_response(200)
            if "/manifests/" in self.path:
                self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                self.send_header("Docker-Content-Digest", "sha256:" + name)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)
        do_HEAD = do_GET
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Give).serve_forever()
    """
)


@contextlib.contextmanager
def registry(folder: Path, image: str, python: str) -> Iterator[str]:
    """Serves that image, by a container of `python`; gives the name that a pull takes.

    As long as there is a file `hold` in the folder, no part is given; `held` appears when one was asked for.
    """
    run("docker", "save", "--output", folder / "image.tar", image)
    with tarfile.open(folder / "image.tar") as tar:
        tar.extractall(folder, filter="data")
    (folder / "image.tar").unlink()
    (index,) = json.loads((folder / "index.json").read_text())["manifests"]
    (folder / "manifest").write_text(index["digest"].removeprefix("sha256:"))
    (folder / "serve.py").write_text(SERVER)
    port = 20000 + secrets.randbelow(10000)
    words = ("--network", "host", "--volume", f"{folder}:/r", python, "python3", "/r/serve.py", str(port))
    server = run("docker", "run", "--detach", "--init", *words).stdout.strip()
    look = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
    try:
        until(lambda: run("docker", "exec", server, "python3", "-c", look, check=False).returncode == 0)
        yield f"127.0.0.1:{port}/somebase:1"
    finally:
        run("docker", "rm", "--force", server)
