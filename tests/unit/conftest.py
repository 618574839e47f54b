"""Properties are tried without a limit of time: a machine that is busy makes no test fail."""

from hypothesis import HealthCheck, settings

settings.register_profile("gen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gen")
