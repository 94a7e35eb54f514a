"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# How long an example takes, or is looked for, says more of the machine than of it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
