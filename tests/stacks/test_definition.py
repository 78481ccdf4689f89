"""A workflow's definition and its stack must agree before anything is deployed."""

import json

import pytest

from cdk.components.definition import check_definition, placeholder_of

CALLS = json.dumps({"TimeoutSeconds": 60, "States": {"A": {"Resource": "${AssembleRecordingFunctionArn}"}}})


def test_placeholder():
    """A function's placeholder is its folder in Pascal case."""
    assert placeholder_of("assemble_recording") == "AssembleRecordingFunctionArn"


def test_agreement():
    """A definition whose placeholders are those given passes."""
    check_definition("post_call", CALLS, ["AssembleRecordingFunctionArn"])


@pytest.mark.parametrize(
    ("text", "given", "complaint"),
    [
        (CALLS, [], "names .*AssembleRecordingFunctionArn.*, which nobody fills"),
        (CALLS, ["AssembleRecordingFunctionArn", "OtherArn"], "never uses .*OtherArn"),
        (json.dumps({"States": {}}), [], "has no TimeoutSeconds"),
    ],
)
def test_disagreement(text, given, complaint):
    """An unknown placeholder, an unused value and a missing time-out each fail synth."""
    with pytest.raises(ValueError, match=rf"stepfunctions/post_call.asl.json {complaint}"):
        check_definition("post_call", text, given)
