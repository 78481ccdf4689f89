"""Log groups, alarms and dashboards."""

from cdk.local.resource import Made, Maker, Resource, document, tags

_ALARM = (
    "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions "
    "EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName "
    "Metrics Namespace OKActions Period Statistic Threshold ThresholdMetricId TreatMissingData Unit"
).split()


def make_log_group(resource: Resource) -> Made:
    """Make a log group with its retention. Functions and the gateway write to files in build/up instead."""
    logs = resource.client("logs")
    name = resource.name("LogGroupName", length_max=512)
    labels = {tag["Key"]: tag["Value"] for tag in tags(resource)}
    key = {"kmsKeyId": resource["KmsKeyId"]} if "KmsKeyId" in resource.properties else {}
    logs.create_log_group(logGroupName=name, tags=labels, **key)
    if days := resource.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return Made(name, {"Arn": resource.arn("logs", f"log-group:{name}:*")})


def make_log_stream(resource: Resource) -> Made:
    """Make a stream of a log group."""
    name = resource.name("LogStreamName", length_max=512)
    resource.client("logs").create_log_stream(logGroupName=resource["LogGroupName"], logStreamName=name)
    return Made(name)


def make_log_policy(resource: Resource) -> Made:
    """Let a service write to log groups; kept, not evaluated."""
    resource.client("logs").put_resource_policy(
        policyName=resource["PolicyName"], policyDocument=document(resource["PolicyDocument"])
    )
    return Made(resource["PolicyName"])


def make_metric_filter(resource: Resource) -> Made:
    """Derive a metric from log lines (of what reaches moto's logs)."""
    name = resource.name("FilterName", length_max=512)
    resource.client("logs").put_metric_filter(
        logGroupName=resource["LogGroupName"],
        filterName=name,
        filterPattern=resource["FilterPattern"],
        metricTransformations=[
            {f"{key[0].lower()}{key[1:]}": value for key, value in each.items()}
            for each in resource["MetricTransformations"]
        ],
    )
    return Made(name)


def make_query(resource: Resource) -> Made:
    """Keep a saved query of Logs Insights."""
    made = resource.client("logs").put_query_definition(
        name=resource["Name"],
        queryString=resource["QueryString"],
        logGroupNames=resource.get("LogGroupNames", []),
    )
    return Made(made["queryDefinitionId"])


def make_alarm(resource: Resource) -> Made:
    """Make an alarm; moto evaluates none."""
    name = resource.name("AlarmName", length_max=255)
    given = resource.only(*_ALARM)
    resource.client("cloudwatch").put_metric_alarm(AlarmName=name, Tags=tags(resource), **given)
    return Made(name, {"Arn": resource.arn("cloudwatch", f"alarm:{name}")})


def make_composite_alarm(resource: Resource) -> Made:
    """Keep an alarm over alarms."""
    name = resource.name("AlarmName", length_max=255)
    resource.client("cloudwatch").put_composite_alarm(
        AlarmName=name,
        **resource.only("AlarmRule", "AlarmActions", "AlarmDescription", "OKActions", "ActionsEnabled"),
    )
    return Made(name, {"Arn": resource.arn("cloudwatch", f"alarm:{name}")})


def make_dashboard(resource: Resource) -> Made:
    """Keep a dashboard."""
    name = resource.name("DashboardName", length_max=255)
    resource.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=document(resource["DashboardBody"])
    )
    return Made(name)


MAKERS: dict[str, Maker] = {
    "AWS::CloudWatch::Alarm": make_alarm,
    "AWS::CloudWatch::CompositeAlarm": make_composite_alarm,
    "AWS::CloudWatch::Dashboard": make_dashboard,
    "AWS::Logs::LogGroup": make_log_group,
    "AWS::Logs::LogStream": make_log_stream,
    "AWS::Logs::MetricFilter": make_metric_filter,
    "AWS::Logs::QueryDefinition": make_query,
    "AWS::Logs::ResourcePolicy": make_log_policy,
}
