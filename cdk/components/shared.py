"""What every stack shares: its base class, the values that pass between stacks, acknowledged findings.

Values pass by SSM parameters `/switchboard/<environment>/<name>`, never by exports: an export cannot change while
somebody imports it, so that a stack could not be rolled forward alone (decision 0010).
"""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Stack, Tags, Validations
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IConstruct

from cdk.environments import CONTEXT_KEY, DEFAULT, Environment, environment_named

PRODUCT = "switchboard"


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
