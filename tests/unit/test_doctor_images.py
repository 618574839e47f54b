"""What the doctor says of images that a bundle built from earlier states of itself."""

from __future__ import annotations

from dataclasses import replace

from generator.doctor.diagnosis import diagnose
from generator.doctor.facts import EngineObject
from generator.doctor.findings import Finding
from tests.unit.test_doctor_findings import BUNDLE, ENGINE, ID, SANDBOX, SETTINGS, facts


def test_images_of_earlier_states_are_named_and_are_no_problem() -> None:
    now = EngineObject(kind="image", id="sha256:i2", name="gen-dev:now", instance=ID)
    objects = (SANDBOX, now, replace(now, id="sha256:i1", name="gen-dev:before"))
    settings = (*SETTINGS, ("GEN_IMAGE_REF", "gen-dev:now"))

    def said(*images: str) -> list[Finding]:
        bundle = replace(BUNDLE, settings=settings, images=images)
        found = diagnose(facts(replace(ENGINE, objects=objects), bundle=bundle))
        return [finding for finding in found if finding.id == "bundle-old-images"]

    # One that is not written down is not ours, whatever its label says.
    assert said("i2") == []
    (one,) = said("i2", "i1", "gone")
    assert (one.level, one.what) == ("ok", "1 of its images is from an earlier state of it")
    assert one.mend.startswith("gen prune b ")
