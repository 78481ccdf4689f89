"""Synthesised templates as plain data, with references resolved to the values they would have in a made-up account.

The account's id and the names of its resources are invented, yet alike everywhere: what one stack publishes as an SSM
parameter is what another looks up, so that a policy in one template can be held against a key in another.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": None,
}
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::EC2::VPC": "arn:aws:ec2:{region}:{account}:vpc/{name}",
    "AWS::ECS::Cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "AWS::ECS::Service": "arn:aws:ecs:{region}:{account}:service/{name}",
    "AWS::ElasticLoadBalancingV2::Listener": "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/{name}/50dc6c49/f2f7dc8e",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/50dc6c49",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/73e2d6bc",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "AWS::KinesisFirehose::DeliveryStream": "arn:aws:firehose:{region}:{account}:deliverystream/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
}
_REF_IS_ARN = {
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
}
_NAMES = {"AWS::Logs::LogGroup": "LogGroupName", "AWS::SecretsManager::Secret": "Name"}


class UnresolvedError(Exception):
    """A template refers to something that the checks do not know; the message names it."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one template; `properties` are as written, references unresolved."""

    stack: str
    id: str
    type: str
    body: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """What the template says of it."""
        found: Mapping[str, Any] = self.body.get("Properties", {})
        return found

    @property
    def path(self) -> str:
        """Where the construct stands in the app, for example `data/Calls/Resource`."""
        return str(self.body.get("Metadata", {}).get("aws:cdk:path", f"{self.stack}/{self.id}"))

    def __str__(self) -> str:
        """For people: where it is and what it is."""
        return f"{self.path.removesuffix('/Resource')} ({self.type})"


@dataclass(frozen=True)
class Assembly:
    """All templates of one synthesis."""

    templates: Mapping[str, Mapping[str, Any]]
    acknowledged: Mapping[str, Mapping[str, str]]
    """Construct path -> cdk-nag rule -> reason."""
    dependencies: Mapping[str, tuple[str, ...]]
    """Stack -> stacks that are deployed before it."""
    region: str = "us-east-1"

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """Every resource of every template."""
        return tuple(
            Resource(stack, name, body["Type"], body)
            for stack, template in self.templates.items()
            for name, body in template.get("Resources", {}).items()
        )

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these CloudFormation types."""
        return (each for each in self.resources if each.type in types)

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Resource]:
        return {(each.stack, each.id): each for each in self.resources}

    @cached_property
    def published(self) -> dict[str, Resource]:
        """SSM parameter name -> the resource that publishes it."""
        return {
            each.properties["Name"]: each
            for each in self.of_type("AWS::SSM::Parameter")
            if isinstance(each.properties.get("Name"), str)
        }

    def lookups(self) -> Iterator[tuple[str, str]]:
        """(stack, SSM parameter name) of every value that a stack takes from another."""
        for stack, template in self.templates.items():
            for parameter in template.get("Parameters", {}).values():
                name = str(parameter.get("Default", ""))
                is_lookup = parameter["Type"].startswith("AWS::SSM::Parameter::Value")
                if is_lookup and not name.startswith("/cdk-bootstrap/"):
                    yield stack, name

    def arn(self, resource: Resource) -> str:
        """The made-up ARN of a resource."""
        if resource.type == "AWS::IAM::Role":
            return f"arn:aws:iam::{ACCOUNT}:role{resource.properties.get('Path', '/')}{resource.id}"
        pattern = _ARNS.get(resource.type, "arn:aws:other:{region}:{account}:{name}")
        return pattern.format(region=self.region, account=ACCOUNT, name=self._name(resource))

    def resolve(self, stack: str, value: Any) -> Any:
        """`value` with every reference replaced; raises `UnresolvedError` for one that leads nowhere."""
        match value:
            case {"Ref": str(name)} if len(value) == 1:
                return self._ref(stack, name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(self._resource(stack, name), attribute)
            case {"Fn::Join": [str(delimiter), parts]}:
                return delimiter.join(str(each) for each in self.resolve(stack, parts))
            case {"Fn::Sub": [str(text), dict() as variables]}:
                return self._sub(stack, text, variables)
            case {"Fn::Sub": str(text)}:
                return self._sub(stack, text, {})
            case {"Fn::Select": [index, parts]}:
                return self._select(stack, int(index), parts)
            case {"Fn::Split": [str(delimiter), text]}:
                return str(self.resolve(stack, text)).split(delimiter)
            case {"Fn::GetAZs": _}:
                return [f"{self.region}{letter}" for letter in "abc"]
            case {"Fn::ImportValue": name}:
                raise UnresolvedError(
                    f"{stack} imports {name}. Use publish and lookup of components/shared.py."
                )
            case dict() if any(key.startswith("Fn::") for key in value):
                raise UnresolvedError(
                    f"Stack {stack} uses {next(iter(value))}, which cdk/checks/templates.py cannot resolve."
                )
            case dict():
                return {key: self.resolve(stack, each) for key, each in value.items()}
            case list():
                return [self.resolve(stack, each) for each in value]
            case _:
                return value

    def properties(self, resource: Resource) -> Any:
        """The resource's properties, resolved."""
        return self.resolve(resource.stack, resource.properties)

    def reasons(self, path: str, rule: str) -> list[str]:
        """Why findings of `rule` (a prefix of their ids) at `path` or above it are acknowledged."""
        parts = path.split("/")
        above = {"/".join(parts[:length]) for length in range(1, len(parts) + 1)}
        return [
            reason
            for place, findings in self.acknowledged.items()
            if place in above
            for found, reason in findings.items()
            if found.startswith(rule)
        ]

    def _select(self, stack: str, index: int, parts: Any) -> Any:
        found = self.resolve(stack, parts)
        if not index < len(found):
            raise UnresolvedError(
                f"Stack {stack} selects part {index} of {found}. If that is an ARN made up here, give its type a pattern in _ARNS."
            )
        return found[index]

    def _resource(self, stack: str, name: str) -> Resource:
        try:
            return self._by_id[stack, name]
        except KeyError:
            raise UnresolvedError(f"Stack {stack} refers to {name}, which it does not have.") from None

    def _name(self, resource: Resource) -> str:
        given = resource.properties.get(_NAMES.get(resource.type, ""))
        name = str(self.resolve(resource.stack, given)) if given else resource.id
        return name.lower() if resource.type == "AWS::S3::Bucket" else name

    def _ref(self, stack: str, name: str) -> Any:
        if name == "AWS::Region":
            return self.region
        if name == "AWS::StackName":
            return stack
        if name in _PSEUDO:
            return _PSEUDO[name]
        parameters = self.templates[stack].get("Parameters", {})
        if name in parameters:
            return self._parameter(stack, parameters[name])
        resource = self._resource(stack, name)
        if resource.type in _REF_IS_ARN:
            return self.arn(resource)
        if resource.type == "AWS::SQS::Queue":
            return f"https://sqs.{self.region}.amazonaws.com/{ACCOUNT}/{resource.id}"
        return self._name(resource)

    def _parameter(self, stack: str, parameter: Mapping[str, Any]) -> Any:
        if not parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
            return parameter.get("Default", "")
        name = parameter["Default"]
        if name not in self.published:
            raise UnresolvedError(f"{stack} looks up {name}, which no stack publishes.")
        source = self.published[name]
        return self.resolve(source.stack, source.properties["Value"])

    def _attribute(self, resource: Resource, attribute: str) -> str:
        if attribute in ("Arn", "TopicArn", "StateMachineArn", "LogGroupArn"):
            return self.arn(resource)
        if attribute == "StreamArn":
            return f"{self.arn(resource)}/stream/2026-01-01T00:00:00.000"
        if attribute in ("QueueName", "TopicName", "Name"):
            return self._name(resource)
        return f"{resource.id}.{attribute}"

    def _sub(self, stack: str, text: str, variables: Mapping[str, Any]) -> str:
        pieces = text.split("${")
        out = [pieces[0]]
        for piece in pieces[1:]:
            name, _, rest = piece.partition("}")
            if name.startswith("!"):
                out.append(f"${{{name[1:]}}}{rest}")
            elif name in variables:
                out.append(f"{self.resolve(stack, variables[name])}{rest}")
            elif "." in name:
                owner, _, attribute = name.partition(".")
                out.append(f"{self._attribute(self._resource(stack, owner), attribute)}{rest}")
            else:
                out.append(f"{self._ref(stack, name)}{rest}")
        return "".join(out)


def load(folder: Path, *, without: str = "") -> Assembly:
    """Read the cloud assembly that `make synth` wrote, but for one stack; raises `FileNotFoundError` if there is none."""
    manifest = json.loads((folder / "manifest.json").read_text())
    stacks = {
        name: artifact
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack" and name != without
    }
    regions = {artifact["environment"].rpartition("/")[2] for artifact in stacks.values()}
    return Assembly(
        templates={
            name: json.loads((folder / artifact["properties"]["templateFile"]).read_text())
            for name, artifact in stacks.items()
        },
        acknowledged=_acknowledged(folder, stacks),
        dependencies={
            name: tuple(other for other in artifact.get("dependencies", ()) if other in stacks)
            for name, artifact in stacks.items()
        },
        region=regions.pop() if len(regions) == 1 else "us-east-1",
    )


def _acknowledged(folder: Path, stacks: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, artifact in stacks.items():
        path = folder / artifact.get("additionalMetadataFile", f"{name}.metadata.json")
        entries = {**artifact.get("metadata", {}), **(json.loads(path.read_text()) if path.is_file() else {})}
        for place, metadata in entries.items():
            for entry in metadata:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    for rule, reason in entry["data"].items():
                        found.setdefault(place.strip("/"), {})[rule.partition("::")[2]] = reason
    return found
