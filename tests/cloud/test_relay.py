"""What a target of a rule gets of an event."""

import json

import pytest

from cdk.local.deployment import Target
from cdk.local.workers.relay import target_input

EVENT = {
    "id": "e1",
    "time": 1_790_000_000.0,
    "source": "small",
    "detail": {"name": 'a "b"', "n": 3, "list": [1]},
}
ARN = "arn:aws:lambda:us-east-1:1:function:f"
PATHS = {"name": "$.detail.name", "n": "$.detail.n", "all": "$.detail", "none": "$.detail.none"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"name": <name>, "n": <n>}', {"name": 'a "b"', "n": 3}),
        ('{"name": "<name>", "text": "is <n> of <name>"}', {"name": 'a "b"', "text": 'is 3 of a "b"'}),
        ('{"all": <all>, "none": <none>}', {"all": EVENT["detail"], "none": None}),
        ('"at <n>"', "at 3"),
    ],
)
def test_a_template_takes_values_as_json_or_within_its_strings(template, expected):
    """EventBridge User Guide, "Input transformation": quotes of a value never break the JSON."""
    assert json.loads(target_input(Target(arn=ARN, template=template, paths=PATHS), EVENT)) == expected


def test_the_whole_event_carries_its_time_in_iso_8601():
    """Unless Input or InputPath say otherwise."""
    whole = json.loads(target_input(Target(arn=ARN), EVENT))

    assert whole == {**EVENT, "time": "2026-09-21T14:13:20Z"}
    assert target_input(Target(arn=ARN, input='{"a":1}'), EVENT) == '{"a":1}'
    assert json.loads(target_input(Target(arn=ARN, input_path="$.detail.list"), EVENT)) == [1]
