"""Which stacks there are, and which must be deployed before which.

`cdk synth -c environment=starter|growth|enterprise [-c region=eu-west-1]`; the command line is only needed to deploy:
`python -m cdk.app -c environment=growth -o build/cdk.out` writes the same templates.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import TypeVar

from aws_cdk import App, Validations
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)

from cdk.checks.canary import add_canary
from cdk.components.shared import SwitchboardStack
from cdk.components.workflow import DEFINITIONS
from cdk.stacks.analytics import AnalyticsStack
from cdk.stacks.configuration import ConfigurationStack
from cdk.stacks.data import DataStack
from cdk.stacks.network import NetworkStack
from cdk.stacks.observability import ObservabilityStack
from cdk.stacks.telephony import TelephonyStack
from cdk.stacks.voice import VoiceStack
from cdk.stacks.workflows import WorkflowsStack

NAG_PACKS = (AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks, ServerlessChecks)
"""With `-c nag=1` they judge the app; `make check-cloud` reads their report."""

S = TypeVar("S", bound=SwitchboardStack)

# The library's fixes of its own defaults, as `cdk init` would write them for those that concern what we use.
FLAGS: Mapping[str, object] = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-kms:aliasNameRef": True,
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/core:target-partitions": ["aws"],
    # What the command line adds by itself: so both ways write the same templates.
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:enable-path-metadata": True,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the cloud assembly: where the CDK command line asks for it, or to `--output`."""
    parser = argparse.ArgumentParser(prog="python -m cdk.app", description=__doc__)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", help="the folder to write to")
    options = parser.parse_args(arguments)
    context = dict(pair.split("=", 1) for pair in options.context)
    build(context, output=options.output).synth()


def build(context: Mapping[str, object], *, output: str | None = None) -> App:
    """Return the app with all its stacks for the environment that `context` names."""
    app = App(context={**FLAGS, **context}, outdir=output, analytics_reporting=False)
    data = DataStack(app)
    _after(ConfigurationStack(app), data)
    network = _after(NetworkStack(app), data)
    analytics = _after(AnalyticsStack(app), data)
    workflows = _after(WorkflowsStack(app), data, analytics)
    names = sorted(path.name.removesuffix(".asl.json") for path in DEFINITIONS.glob("*.asl.json"))
    telephony = _after(TelephonyStack(app, workflows=names), data, workflows)
    voice = _after(VoiceStack(app, vpc=network.vpc), data, network, analytics)
    _after(ObservabilityStack(app, workflows=names), data, analytics, telephony, voice, workflows)
    if app.node.try_get_context("nag"):
        Validations.of(app).add_plugins(*(pack(app) for pack in NAG_PACKS))
        add_canary(app)
    return app


def _after(stack: S, *needed: SwitchboardStack) -> S:
    """Deploy `stack` after those whose published values it looks up."""
    for other in needed:
        stack.add_stack_dependency(other, "it looks up what the other publishes")
    return stack


if __name__ == "__main__":
    main()
