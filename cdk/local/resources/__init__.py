"""One module per service: a table from resource types to the functions that make them.

A maker takes a `Resource` and makes ordinary calls; it returns what Ref and Fn::GetAtt yield. What moto stores but does not
run (schedules, event sources, delivery, functions, routes) goes to the deployment's register as well.
"""

from cdk.local.resource import Maker
from cdk.local.resources import (
    analytics,
    api_gateway,
    dynamodb,
    ecs,
    events,
    firehose,
    functions,
    iam,
    kms,
    observability,
    s3,
    secrets,
    sqs,
    workflows,
)
from cdk.local.resources.skipped import skip_reason

__all__ = ["MAKERS", "skip_reason"]

MAKERS: dict[str, Maker] = {
    **analytics.MAKERS,
    **api_gateway.MAKERS,
    **dynamodb.MAKERS,
    **ecs.MAKERS,
    **events.MAKERS,
    **firehose.MAKERS,
    **functions.MAKERS,
    **iam.MAKERS,
    **kms.MAKERS,
    **observability.MAKERS,
    **s3.MAKERS,
    **secrets.MAKERS,
    **sqs.MAKERS,
    **workflows.MAKERS,
}
