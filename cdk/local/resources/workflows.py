"""Step Functions state machines, from an inline definition or one that is an asset."""

import json
import re

from cdk.local.resource import Made, Maker, Resource, document

_HASH = re.compile(r"[0-9A-F]{8}$")
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def make_state_machine(resource: Resource) -> Made:
    """Make a state machine with its placeholders filled."""
    name = resource.name("StateMachineName", length_max=80)
    substitutions = {key: str(value) for key, value in resource.get("DefinitionSubstitutions", {}).items()}
    definition = _PLACEHOLDER.sub(lambda found: substitutions.get(found[1], found[0]), _definition(resource))
    arn = resource.client("stepfunctions").create_state_machine(
        name=name,
        definition=definition,
        roleArn=resource["RoleArn"],
        type=resource.get("StateMachineType", "STANDARD"),
    )["stateMachineArn"]
    resource.deployment.workflows[_HASH.sub("", resource.logical_id)] = arn
    return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})


def _definition(resource: Resource) -> str:
    if location := resource.get("DefinitionS3Location"):
        return resource.assets[location["Key"]].read_text()
    if text := resource.get("DefinitionString"):
        return document(text)
    return json.dumps(resource["Definition"])


MAKERS: dict[str, Maker] = {"AWS::StepFunctions::StateMachine": make_state_machine}
