"""What a manifest asks a package manager for: what its lock file follows from."""

from __future__ import annotations

import json
import re

from project import risky

TYPE_CHECKING = False
if TYPE_CHECKING:
    from project.data import Entry
    from project.tree import Blob

LARGEST = 1 << 20
# Keys of a manifest of JSON that say what is fetched, and from where.
FETCHES = re.compile(
    r"depend|require|resolution|override|workspace|repositor(?:y|ies)$|catalog|packagemanager|imports$|scopes$|links$"
    r"|packages$|patched|minimum-stability|engines$|pnpm$",
    re.IGNORECASE,
)
# What any manifest tells to people; `name` and `version` do not change what is fetched either.
TELLS = re.compile(
    rb"""^["':]*(?:(?:name|version|description|summary|authors?|maintainers?|keywords|categories|classifiers|license"""
    rb"""|license-file|licenses|readme|homepage|documentation|repository|url|urls|changelog|edition|publish|module"""
    rb"""|spec\.(?:name|version|summary|description|authors?|email|homepage|licenses?))["']*"""
    rb"""|spec\.metadata\S*)\s*[=: ]""",
    re.IGNORECASE,
)
COMMENT = re.compile(rb"(?:^|\s)(?:#|//|--|;).*$")


def changed(old: Entry | None, new: Entry | None, blob: Blob) -> bool:
    """Whether a manifest asks for something else than before. One that is removed, or cannot be read, asks nothing."""
    if new is None or new.mode not in risky.FILES or new.size > LARGEST or (old and old.oid == new.oid):
        return False
    before = blob(old.oid) if old and old.mode in risky.FILES and old.size <= LARGEST else b""
    return asked(blob(new.oid)) != asked(before)


def asked(content: bytes) -> list[str]:
    """What a manifest asks for, as words to compare."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        lines = (COMMENT.sub(b"", line).strip() for line in content.splitlines())
        return [b" ".join(line.split()).decode("utf-8", "replace") for line in lines if line and not TELLS.match(line)]
    if not isinstance(document, dict):
        return []
    found = {key: value for key, value in document.items() if FETCHES.search(key) and value}
    # npm's `repository` tells people where the source is; composer's `repositories` are fetched from.
    found.pop("repository", None)
    return [json.dumps(found, sort_keys=True)] if found else []
