"""What `enter` decided, as every other command reads it."""

from __future__ import annotations

import os

from project import records
from project.failure import Failure


class Settings:
    """The project's folder, how its copy is made (`overlay` or `plain`), and whose it is."""

    __slots__ = ("asked", "gid", "method", "project", "uid", "why")

    def __init__(self, project: bytes, method: str, uid: int, gid: int, asked: str = "", why: str = "") -> None:
        self.project, self.method, self.uid, self.gid, self.asked = project, method, uid, gid, asked
        self.why = why

    @classmethod
    def load(cls, state: str) -> Settings:
        """Raises Failure when nothing was entered, or not wholly."""
        import json

        try:
            found = json.loads(records.read(os.path.join(state, "settings.json")))
            project = found["project"].encode("utf-8", "surrogateescape")
            return cls(
                project, found["method"], found["uid"], found["gid"], json.dumps(found["asked"]), found.get("why", "")
            )
        except (ValueError, KeyError):
            raise Failure("there is no copy of a project here", f"{state} has no settings of one.", code=2) from None

    @classmethod
    def quick(cls, state: str) -> Settings:
        """What a commit needs, without the reader of JSON: that takes longer to load than a commit takes."""
        try:
            if not os.path.exists(os.path.join(state, "settings.json")):
                raise ValueError(state)
            title, ((project, words),) = records.split(records.read(os.path.join(state, "settings.list")))
            uid, gid = words.split(b" ")
            return cls(project, title.decode(), int(uid), int(gid))
        except ValueError:
            return cls.load(state)

    def open_copy(self, state: str) -> int:
        """The folder that has what the sandbox wrote, open. Nothing is there while it is stopped."""
        place = os.path.join(state, "disk", "upper" if self.method == "overlay" else "tree")
        try:
            return os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            what = "the sandbox does not run, or was stopped meanwhile: its disk is not there"
            raise Failure(what, "", "scripts/start.sh", 4) from None

    def shown(self) -> str:
        """The project's path, safe to print."""
        from project import words

        return words.path(self.project)

    def told(self) -> str:
        """How the copy is made, and why so."""
        return method_told(self.method, self.why)

    def save(self, state: str) -> None:
        """Writes it durably: from now on the copy counts as whole."""
        import json

        found = {
            "schema": 1,
            "project": self.project.decode("utf-8", "surrogateescape"),
            "method": self.method,
            "uid": self.uid,
            "gid": self.gid,
            "why": self.why,
            "asked": json.loads(self.asked or "{}"),
        }
        quick = records.join([(self.project, b"%d %d" % (self.uid, self.gid))], self.method.encode())
        records.write(os.path.join(state, "settings.list"), quick, durable=True)
        content = json.dumps(found, indent=2, sort_keys=True) + "\n"
        records.write(os.path.join(state, "settings.json"), content.encode("ascii"), durable=True)


def method_told(method: str, why: str) -> str:
    """How a copy is made, and why so, in one line for people."""
    if method == "overlay":
        return "overlay (the project lies below, read-only; what changes lies on the disk image)"
    return f"plain (a whole copy{': ' + why if why else ''})"
