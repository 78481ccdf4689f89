"""A stack that breaks every pack of cdk-nag, never deployed.

A pack without findings leaves no trace in the report, and neither does a pack that never ran. So the judged app holds this
stack, and the check fails unless every pack complains of it.
"""

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

NAME = "canary"


def add_canary(app: Construct) -> None:
    """Add the stack; only `-c nag=1` does."""
    stack = Stack(app, NAME)
    s3.CfnBucket(stack, "OpenBucket")
    lambda_.CfnFunction(
        stack,
        "Careless",
        code=lambda_.CfnFunction.CodeProperty(zip_file="pass"),
        handler="index.handler",
        role="arn:aws:iam::111122223333:role/nobody",
        runtime="python3.9",
    )
