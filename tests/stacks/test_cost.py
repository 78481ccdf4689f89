"""The cost model: complete, current, and monotonous where it must be."""

import re
import tomllib
from pathlib import Path

import pytest

from cdk import cost
from cdk.checks.templates import Assembly
from cdk.environments import ENTERPRISE, ENVIRONMENTS, GROWTH, STARTER

ROOT = Path(__file__).resolve().parents[2]
PRICES = tomllib.loads((ROOT / "cdk/prices.toml").read_text())


def test_the_page_is_current():
    """docs/operate/cost.md is what the script prints."""
    assert (ROOT / "docs/operate/cost.md").read_text() == cost.table()


def test_every_price_has_a_source_and_is_used():
    """A price without a use is forgotten at the next update, one without a source cannot be checked."""
    text = (ROOT / "cdk/cost.py").read_text()
    used = set(re.findall(r'price\("(\w+)"\)', text))

    assert used == PRICES["aws"].keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", PRICES["as_of"])
    for table in ("aws", "vendors"):
        for each in PRICES[table].values():
            assert each["usd"] > 0
            assert "[unverified]" in each["source"] or "read 20" in each["source"]


@pytest.mark.parametrize("record", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_volume_costs_more_than_none(record):
    """No component becomes cheaper by being used."""
    for idle, busy in zip(cost.idle(record), cost.at_volume(record), strict=True):
        assert idle.component == busy.component
        assert idle.usd <= busy.usd


def test_larger_environments_cost_more():
    """In sum, idle and at volume."""
    for lines in (cost.idle, cost.at_volume):
        totals = [cost.total(lines(each)) for each in (STARTER, GROWTH, ENTERPRISE)]
        assert totals == sorted(totals)


def test_what_is_counted_is_there(assembly: Assembly):
    """Keys, alarms and firewalls are as many as the model says, or fewer."""
    keys, firewalls = (assembly.of_type(f"AWS::{each}") for each in ("KMS::Key", "WAFv2::WebACL"))
    alarms = len(list(assembly.of_type("AWS::CloudWatch::Alarm")))

    assert len(list(keys)) == cost.KEYS
    assert len(found := list(firewalls)) == cost.FIREWALLS
    assert {len(each.properties["Rules"]) for each in found} == {cost.FIREWALL_RULES}
    assert alarms <= cost.ALARMS <= 1.5 * alarms
