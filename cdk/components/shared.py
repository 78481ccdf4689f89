"""What every stack shares: its base class, the values that pass between stacks, acknowledged findings.

Values pass by SSM parameters `/switchboard/<environment>/<name>`, never by exports: an export cannot change while
somebody imports it, so that a stack could not be rolled forward alone (decision 0010).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from aws_cdk import Acknowledgment, Stack, Tags, Validations
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IConstruct

from cdk.environments import CONTEXT_KEY, DEFAULT, Environment, environment_named

PRODUCT = "switchboard"
ALL_TENANTS = "Switchboard-AllTenants"
"""`acknowledge(role, {"Switchboard-AllTenants[s3:GetObject]": why})`: a role of the platform, not of one tenant, may do this."""
CONTROL_PACKS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321")

T = TypeVar("T", bound=IConstruct)


class SwitchboardStack(Stack):
    """A stack `Switchboard-<environment>-<name>` with our tags; `environment` is its record.

    No account is named, so that synth asks AWS nothing; the region must be, since load balancers' access logs need it.
    """

    def __init__(self, scope: Construct, name: str, *, description: str, stateful: bool = False) -> None:
        environment = environment_of(scope)
        super().__init__(
            scope,
            name,
            stack_name=f"Switchboard-{environment.name}-{name}",
            description=description,
            env=AwsEnvironment(region=region_of(scope)),
            termination_protection=stateful and environment.deletion_protection,
        )
        self.record = environment
        for key, value in (("product", PRODUCT), ("environment", environment.name), ("component", name)):
            Tags.of(self).add(key, value)


def environment_of(scope: IConstruct) -> Environment:
    """The record that the app is built for."""
    return environment_named(scope.node.try_get_context(CONTEXT_KEY) or DEFAULT)


def region_of(scope: IConstruct) -> str:
    """The region that the app is built for: `-c region=eu-west-1`; us-east-1 without it."""
    return str(scope.node.try_get_context("region") or "us-east-1")


def parameter_name(scope: IConstruct, name: str) -> str:
    """The SSM parameter under which stacks exchange the value `name` (kebab-case)."""
    return f"/{PRODUCT}/{environment_of(scope).name}/{name}"


def publish(scope: Construct, name: str, value: str) -> None:
    """Make `value` known to other stacks and to operators as `/switchboard/<environment>/<name>`."""
    ssm.StringParameter(
        scope, f"Published-{name}", parameter_name=parameter_name(scope, name), string_value=value
    )


def lookup(scope: Construct, name: str) -> str:
    """Return what another stack published as `name`: a token, resolved when the stack is deployed.

    The stack must be deployed after the publishing one: say so with `add_dependency` in app.py.
    """
    return ssm.StringParameter.value_for_string_parameter(scope, parameter_name(scope, name))


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept findings of cdk-nag on `construct` and below it: {"AwsSolutions-S1": "why it is right here"}."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=rule, reason=reason) for rule, reason in findings.items())
    )


def acknowledge_control(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept a rule that the packs HIPAA, NIST 800-53 and PCI DSS share, for example `LambdaInsideVPC`."""
    acknowledge(construct, {f"{pack}-{rule}": reason for pack in CONTROL_PACKS})


def acknowledge_wildcard(role: IConstruct, resource: str, reason: str) -> None:
    """Accept `resource`, an ARN with a star (or a token of one), in the policies of `role` and below it.

    cdk-nag names such a finding by the text of the ARN with its references in angle brackets.
    """
    text = _flat(Stack.of(role).resolve(resource))
    acknowledge(role, {f"AwsSolutions-IAM5[Resource::{text}]": reason})


def _flat(value: Any) -> str:
    match value:
        case str():
            return value.replace("${", "<").replace("}", ">")
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return delimiter.join(map(_flat, parts))
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{_flat(resource)}.{_flat(attribute)}>"
        case {"Ref": name}:
            return f"<{_flat(name)}>"
    raise TypeError(
        f"cdk-nag's text for {value!r} is not known here; see flatten-cfn-reference.js in cdk-nag."
    )


def once_per_stack(scope: IConstruct, construct_id: str, make: Callable[[Stack], T]) -> T:
    """Return what `make` built as `construct_id` in the stack of `scope`, building it at the first call."""
    stack = Stack.of(scope)
    existing = stack.node.try_find_child(construct_id)
    return make(stack) if existing is None else cast("T", existing)
