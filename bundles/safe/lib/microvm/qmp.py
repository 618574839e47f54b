"""QEMU's own control socket. QEMU parses what a hostile guest sends: its answers are bounded too, and not believed."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from .failure import Failure

LIMIT = 4 << 20


class Qmp:
    """A connection that is ready for commands."""

    def __init__(self, connection: socket.socket, limit: float = 20) -> None:
        self._socket, self._limit, self._rest = connection, limit, b""
        self._next()
        self.ask("qmp_capabilities")

    def __enter__(self) -> Qmp:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, command: str, file: int | None = None, **arguments: Any) -> Any:
        """What QEMU answers; a file goes with the command. Raises Failure when QEMU refuses or says nothing."""
        line = json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
        try:
            if file is None:
                self._socket.sendall(line)
            else:
                socket.send_fds(self._socket, [line], [file])
        except OSError as error:
            raise Failure("QEMU does not take a command", str(error)) from None
        while True:
            answer = self._next()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failure(f"QEMU refuses {command}", str(answer["error"].get("desc", ""))[:500])

    def _next(self) -> dict[str, Any]:
        """The next object; events are objects as well."""
        end = time.monotonic() + self._limit
        try:
            while b"\n" not in self._rest:
                self._socket.settimeout(max(0.01, end - time.monotonic()))
                data = self._socket.recv(65536)
                if not data or len(self._rest) > LIMIT:
                    raise Failure("QEMU ended, or sends too much", "its control socket closed")
                self._rest += data
            line, self._rest = self._rest.split(b"\n", 1)
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            raise Failure("QEMU does not answer on its control socket", str(error)) from None
        if not isinstance(answer, dict):
            raise Failure("QEMU's answer makes no sense")
        return answer
