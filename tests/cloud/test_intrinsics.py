"""CloudFormation's functions and conditions, as AWS evaluates them."""

from typing import Any

import pytest

from cdk.local.intrinsics import NO_VALUE, Resolver, TemplateError, references


def resolver(**template: Any) -> Resolver:
    """One resource, Thing, with an ARN; one parameter, Size; the region us-east-1."""
    return Resolver(
        template,
        pseudo={"AWS::Region": "us-east-1"},
        parameters={"Size": "3", "Names": ["a", "b"]},
        reference=lambda name: f"ref-{name}",
        attribute=lambda name, attribute: f"{name}/{attribute}",
        dynamic=lambda service, reference: f"<{service} {reference}>",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Thing"}, "ref-Thing"),
        ({"Ref": "Size"}, "3"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Thing", "Arn"]}, "Thing/Arn"),
        ({"Fn::GetAtt": "Thing.Some.Name"}, "Thing/Some.Name"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-3"),
        ({"Fn::Join": [",", {"Ref": "Names"}]}, "a,b"),
        ({"Fn::Sub": "${Thing}:${Thing.Arn}:${!Literal}:${AWS::Region}"}, "ref-Thing:Thing/Arn:${Literal}:us-east-1"),
        ({"Fn::Sub": ["${Own}-${Size}", {"Own": {"Ref": "Thing"}}]}, "ref-Thing-3"),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b:c"]}]}, "b"),
        ({"Fn::Select": ["0", {"Fn::GetAZs": ""}]}, "us-east-1a"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, 7),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::If": ["IsThree", "yes", "no"]}, "yes"),
        ({"a": {"Fn::If": ["IsFour", "yes", {"Ref": "AWS::NoValue"}]}, "b": 1}, {"b": 1}),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ("{{resolve:ssm:/a/b}} and {{resolve:secretsmanager:s:SecretString:k}}", "<ssm /a/b> and <secretsmanager s:SecretString:k>"),
        ({"Condition": {"StringEquals": {"a": {"Ref": "Size"}}}}, {"Condition": {"StringEquals": {"a": "3"}}}),
    ],
)  # fmt: skip
def test_a_value_is_evaluated(value, expected):
    """Functions nest; what is no function stays."""
    template = {
        "Mappings": {"Sizes": {"us-east-1": {"small": 7}}},
        "Conditions": {
            "IsThree": {"Fn::Equals": [{"Ref": "Size"}, "3"]},
            "IsFour": {"Fn::And": [{"Condition": "IsThree"}, {"Fn::Not": [{"Condition": "IsThree"}]}]},
        },
    }

    assert resolver(**template).resolve(value) == expected


def test_no_value_alone_is_recognised():
    """The caller leaves the property out."""
    assert resolver().resolve({"Ref": "AWS::NoValue"}) is NO_VALUE


@pytest.mark.parametrize(
    "value",
    [{"Fn::ImportValue": "x"}, {"Fn::If": ["Unknown", 1, 2]}, {"Fn::FindInMap": ["No", "such", "map"]}],
)
def test_what_is_not_understood_is_an_error(value):
    """Exports, too: stacks of ours pass values by parameters."""
    with pytest.raises(TemplateError):
        resolver().resolve(value)


def test_references_are_found_wherever_they_hide():
    """They order the resources; names of a Sub's own are none."""
    value = {
        "a": [{"Ref": "One"}, {"Fn::GetAtt": ["Two", "Arn"]}],
        "b": {"Fn::Sub": ["${Three.Arn} ${own} ${!Literal}", {"own": {"Ref": "Four"}}]},
        "c": {"Fn::Join": ["", [{"Fn::Sub": "${Five}"}]]},
    }

    assert set(references(value)) == {"One", "Two", "Three", "Four", "Five"}
