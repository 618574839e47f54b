"""The commands that run in the sandbox at this moment, as lib/commands.sh has written them down on this host."""

from __future__ import annotations

import os

BOOT = "/proc/sys/kernel/random/boot_id"
MOST, LONGEST = 20, 1000
"""So many commands are named, with so many letters each."""


def commands(folder: str, own: str) -> tuple[str, ...]:
    """Each that has begun and not ended, but for the one of that number, as a shell would have it; oldest first.

    One whose caller was killed counts: it may still run.
    """
    try:
        names = sorted((name for name in os.listdir(folder) if name.isdigit() and name != own), key=int)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    shown = (_running(os.path.join(folder, name)) for name in names)
    return tuple(text[:LONGEST] for text in shown if text)[:MOST]


def _running(place: str) -> str:
    """The command in that folder, if it runs."""
    if os.path.exists(os.path.join(place, "ended")):
        return ""
    try:
        with open(os.path.join(place, "begun"), encoding="ascii") as begun, open(BOOT, encoding="ascii") as boot:
            # A sandbox does not outlive its host.
            if f":{boot.read().strip()} " not in begun.read():
                return ""
        with open(os.path.join(place, "words"), "rb") as words:
            return line(words.read(65536).decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        # It is being begun, or forgotten.
        return ""


def line(words: str) -> str:
    """Words with a NUL behind each, as a shell would have them."""
    return " ".join(map(_quoted, words.rstrip("\0").split("\0")))


def _quoted(word: str) -> str:
    safe = word and not word.strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")
    return word if safe else "'" + word.replace("'", "'\"'\"'") + "'"
