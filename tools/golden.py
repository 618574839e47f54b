"""Writes the committed bundles anew. They are nobody's own: in no list of gen's, by which `gen bundle` would go."""

from pathlib import Path

from generator.bundle import write_bundle
from generator.plan import build_plan
from generator.profile import load_profile
from generator.render import render_bundle

BUNDLES = Path(__file__).parents[1] / "bundles"

BUNDLES.mkdir(exist_ok=True)
for name in ("dev", "dev-mirror", "safe"):
    write_bundle(render_bundle(build_plan(load_profile(name))), BUNDLES / name, force=True)
