"""Properties are tried without a limit of time: a machine that is busy makes no test fail."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("gen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gen")


@pytest.fixture(autouse=True)
def data_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of bundles for each test alone: what gen keeps for its user."""
    home = tmp_path_factory.mktemp("data", numbered=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    return home / "gen"
