"""The table of what is held back, for programs: `review --json` names it, and `review --rules` shows it."""

from __future__ import annotations

import hashlib
import json

from project import risky

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHOWN_BY = "scripts/review.sh --rules"


def listed() -> list[dict[str, str]]:
    """Every rule: the pattern, its kind, and why it holds a path back."""
    return [{"pattern": rule.pattern, "kind": rule.kind, "reason": rule.reason} for rule in risky.TABLE]


def reference() -> dict[str, Any]:
    """Which table a verdict was made by, without the table: how many rules, a digest of them, and what shows them."""
    rules = listed()
    digest = hashlib.sha256(json.dumps(rules, sort_keys=True).encode("ascii")).hexdigest()
    return {"count": len(rules), "sha256": digest, "command": SHOWN_BY}
