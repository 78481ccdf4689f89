"""Makes the stacks of a cloud assembly real on moto, by ordinary API calls in the order of their dependencies.

moto's own CloudFormation is not used: it reports resources as created that it never makes, and drops properties
(TTL, PITR, Object Lock, definitions from S3); decision 0012.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cdk.local.assembly import Stack
from cdk.local.deployment import Deployment
from cdk.local.intrinsics import Resolver, TemplateError, references
from cdk.local.resource import ACCOUNT, Made, Resource
from cdk.local.resources import MAKERS, skip_reason

Client = Callable[[str], Any]

_GIVEN: Mapping[str, str] = {
    "BootstrapVersion": "local",  # CDK's own
    "CertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/local",
}
"""Parameters for which people give a value when they deploy."""


class ApplyError(Exception):
    """A resource could not be made; the text names it and says what to do."""


def apply(stacks: Sequence[Stack], *, client: Client, region: str, code_root: Path) -> Deployment:
    """Make every resource of `stacks` and return what has to be driven. Raises `ApplyError`.

    A type that is neither made nor on the list of skipped types is an error: nothing is left out in silence.
    """
    deployment = Deployment()
    unknown = sorted(
        {
            each["Type"]
            for stack in stacks
            for each in stack.template.get("Resources", {}).values()
            if each["Type"] not in MAKERS and skip_reason(each["Type"]) is None
        }
    )
    if unknown:
        raise ApplyError(
            f"Nobody here makes {', '.join(unknown)}. Add each to a module of cdk/local/resources/, or, if nothing on one "
            f"machine needs it, to cdk/local/resources/skipped.py with the reason."
        )
    for stack in stacks:
        _StackApplier(stack, deployment, client, stack.region or region, code_root).run()
    return deployment


class _StackApplier:
    def __init__(
        self, stack: Stack, deployment: Deployment, client: Client, region: str, code_root: Path
    ) -> None:
        self._stack = stack
        self._deployment = deployment
        self._client = client
        self._region = region
        self._code_root = code_root
        self._made: dict[str, Made] = {}
        self._resources: dict[str, Any] = stack.template.get("Resources", {})
        self._resolver = Resolver(
            stack.template,
            pseudo={
                "AWS::AccountId": ACCOUNT,
                "AWS::Partition": "aws",
                "AWS::Region": region,
                "AWS::StackId": f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack.name}/local",
                "AWS::StackName": stack.name,
                "AWS::URLSuffix": "amazonaws.com",
            },
            parameters={name: self._parameter(name, each) for name, each in _parameters(stack)},
            reference=lambda name: self._resource(name).ref,
            attribute=self._attribute,
            dynamic=self._dynamic,
        )

    def run(self) -> None:
        for logical_id in self._order():
            resource = self._resources[logical_id]
            if "Condition" in resource and not self._resolver.condition(resource["Condition"]):
                continue
            self._made[logical_id] = self._make(logical_id, resource)
            self._deployment.names[self._stack.name, logical_id] = self._made[logical_id].ref
        self._deployment.outputs[self._stack.name] = {
            name: self._resolver.resolve(output["Value"])
            for name, output in self._stack.template.get("Outputs", {}).items()
        }

    def _order(self) -> list[str]:
        graph: dict[str, set[str]] = {}
        for logical_id, resource in self._resources.items():
            needed = set(references(resource.get("Properties", {})))
            explicit = resource.get("DependsOn", [])
            needed |= {explicit} if isinstance(explicit, str) else set(explicit)
            graph[logical_id] = needed & self._resources.keys() - {logical_id}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as cycle:
            raise ApplyError(
                f"{self._stack.name}: resources refer to one another in a circle: {cycle.args[1]}"
            ) from None

    def _make(self, logical_id: str, resource: Mapping[str, Any]) -> Made:
        kind = resource["Type"]
        maker = MAKERS.get(kind)
        counts = self._deployment.applied if maker else self._deployment.skipped
        counts[kind] = counts.get(kind, 0) + 1
        if maker is None:
            return Made(ref=f"local-{logical_id}")
        try:
            return maker(
                Resource(
                    stack=self._stack.name,
                    logical_id=logical_id,
                    type=kind,
                    properties=self._resolver.resolve(resource.get("Properties", {})),
                    region=self._region,
                    client=self._client,
                    assets=self._stack.assets,
                    deployment=self._deployment,
                    code_root=self._code_root,
                )
            )
        except (ClientError, BotoCoreError, TemplateError, LookupError, TypeError, ValueError) as error:
            raise ApplyError(
                f"{self._stack.name}/{logical_id} ({kind}) could not be made: {error}"
            ) from error

    def _resource(self, name: str) -> Made:
        if name not in self._made:
            raise TemplateError(f"{name} is neither a parameter nor a resource that was made.")
        return self._made[name]

    def _attribute(self, name: str, attribute: str) -> Any:
        made = self._resource(name)
        if attribute in made.attributes:
            return made.attributes[attribute]
        kind = self._resources[name]["Type"]
        if kind in MAKERS:
            raise TemplateError(f"{kind} gives no attribute {attribute} here: add it where the type is made.")
        return f"local-{name}-{attribute}"

    def _parameter(self, name: str, parameter: Mapping[str, Any]) -> Any:
        kind, default = parameter["Type"], parameter.get("Default")
        if name in _GIVEN:
            return _GIVEN[name]
        if kind.startswith("AWS::SSM::Parameter::Value"):
            return self._dynamic("ssm", str(default))
        if default is None:
            raise ApplyError(
                f"{self._stack.name}: the parameter {name} has no default, and nobody gives it a value here."
            )
        return default

    def _dynamic(self, service: str, reference: str) -> str:
        try:
            if service != "secretsmanager":
                found = self._client("ssm").get_parameter(Name=reference, WithDecryption=True)
                return str(found["Parameter"]["Value"])
            # arn:aws:secretsmanager:region:account:secret:name:SecretString:key:stage:version, or the name instead of the ARN
            head, _, tail = reference.partition(":SecretString:")
            text = str(self._client("secretsmanager").get_secret_value(SecretId=head)["SecretString"])
            key = tail.split(":")[0]
            return str(_json_field(text, key)) if key else text
        except ClientError as error:
            raise ApplyError(
                f"{self._stack.name} asks for {service} {reference}, which no stack before it publishes. "
                f"Publish it, and let this stack depend on the one that does."
            ) from error


def _parameters(stack: Stack) -> list[tuple[str, Any]]:
    return list(stack.template.get("Parameters", {}).items())


def _json_field(text: str, key: str) -> Any:
    return json.loads(text)[key]
