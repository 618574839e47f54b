"""All findings from all facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.doctor.bundle_findings import bundle_findings, unknown_findings
from generator.doctor.engine_findings import engine_findings
from generator.doctor.host_findings import host_findings
from generator.doctor.object_findings import loop_findings, object_findings

if TYPE_CHECKING:
    from generator.doctor.facts import Facts
    from generator.doctor.findings import Finding


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """What there is to say: the engine, the host, each bundle, then what nobody owns. Pure."""
    bundles = (finding for bundle in facts.bundles for finding in bundle_findings(bundle, facts))
    return (
        *engine_findings(facts),
        *host_findings(facts),
        *bundles,
        *unknown_findings(facts),
        *object_findings(facts),
        *loop_findings(facts),
    )
