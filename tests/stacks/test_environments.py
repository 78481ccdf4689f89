"""Profiles keep their promises."""

import dataclasses

import pytest

from cdk.environments import ENVIRONMENTS, GROWTH, STARTER, environment_named


def test_profiles():
    """Starter, growth and enterprise carry 100, 1,000 and 10,000 calls, each with two times headroom."""
    promised = {name: (each.calls_max, each.slots_max) for name, each in ENVIRONMENTS.items()}
    assert {
        "starter": (100, 200),
        "growth": (1_000, 2_000),
        "enterprise": (10_000, 20_000),
    } == promised


def test_unknown_environment():
    """A misspelt environment is answered with those that there are."""
    with pytest.raises(ValueError, match=r"no environment 'prod'.*starter\|growth\|enterprise"):
        environment_named("prod")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"tasks_max": 3}, "two times"),
        ({"tasks_min": 1}, "lost zone"),
        ({"recording_lock_days": 9_999}, "lock ends"),
    ],
)
def test_broken_promise(change, complaint):
    """A record that breaks a promise cannot be made."""
    with pytest.raises(AssertionError, match=complaint):
        dataclasses.replace(STARTER, **change)


def test_growth_survives_a_zone():
    """Losing one of growth's zones leaves NAT and warm gateways in another."""
    assert GROWTH.nat_gateways >= 2
    assert GROWTH.tasks_min >= 2 * GROWTH.zones
