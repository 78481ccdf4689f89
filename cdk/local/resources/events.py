"""EventBridge: buses, rules and schedules.

moto matches events and hands them to the relay (`cdk.local.emulator`); schedules are kept by moto and run by
`cdk.local.workers.scheduler`.
"""

from typing import Any

from cdk.local.deployment import ScheduledRule, Target
from cdk.local.resource import Made, Maker, Resource, document, tags


def make_bus(resource: Resource) -> Made:
    """Make an event bus."""
    arn = resource.client("events").create_event_bus(Name=resource["Name"], Tags=tags(resource))[
        "EventBusArn"
    ]
    return Made(resource["Name"], {"Arn": arn, "Name": resource["Name"]})


def make_archive(resource: Resource) -> Made:
    """Make an archive of a bus."""
    name = resource.name("ArchiveName", length_max=48)
    arn = resource.client("events").create_archive(
        ArchiveName=name,
        EventSourceArn=resource["SourceArn"],
        EventPattern=document(resource.get("EventPattern", {})),
        RetentionDays=resource.get("RetentionDays", 0),
    )["ArchiveArn"]
    return Made(name, {"Arn": arn})


def make_rule(resource: Resource) -> Made:
    """Make a rule with its targets. A rule with a schedule is run by our scheduler."""
    events = resource.client("events")
    name = resource.name("Name")
    given: dict[str, Any] = resource.only("Description", "ScheduleExpression", "State", "EventBusName")
    if "EventPattern" in resource.properties:
        given["EventPattern"] = document(resource["EventPattern"])
    if "RoleArn" in resource.properties:
        given["RoleArn"] = resource["RoleArn"]
    arn = events.put_rule(Name=name, Tags=tags(resource), **given)["RuleArn"]
    targets = resource.get("Targets", [])
    if targets:
        events.put_targets(Rule=name, Targets=targets, **resource.only("EventBusName"))
    expression = resource.get("ScheduleExpression")
    if expression and resource.get("State", "ENABLED") == "ENABLED":
        resource.deployment.scheduled_rules.append(
            ScheduledRule(name=name, arn=arn, expression=expression, targets=tuple(map(target_of, targets)))
        )
    return Made(name, {"Arn": arn})


def make_schedule_group(resource: Resource) -> Made:
    """Make a group of schedules."""
    arn = resource.client("scheduler").create_schedule_group(Name=resource["Name"])["ScheduleGroupArn"]
    return Made(resource["Name"], {"Arn": arn})


def make_schedule(resource: Resource) -> Made:
    """Make a schedule; our scheduler finds it in moto, like those that a program makes while it runs."""
    name = resource.name("Name")
    arn = resource.client("scheduler").create_schedule(
        Name=name,
        **resource.only(
            "GroupName",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "FlexibleTimeWindow",
            "Target",
            "State",
            "Description",
            "StartDate",
            "EndDate",
        ),
    )["ScheduleArn"]
    return Made(name, {"Arn": arn})


def target_of(target: dict[str, Any]) -> Target:
    """From the API's words for a rule's target."""
    transformer = target.get("InputTransformer", {})
    return Target(
        arn=target["Arn"],
        input=target.get("Input"),
        input_path=target.get("InputPath"),
        paths=transformer.get("InputPathsMap", {}),
        template=transformer.get("InputTemplate"),
        retries_max=int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", 185)),
        dead_letter_arn=target.get("DeadLetterConfig", {}).get("Arn", ""),
    )


MAKERS: dict[str, Maker] = {
    "AWS::Events::Archive": make_archive,
    "AWS::Events::EventBus": make_bus,
    "AWS::Events::Rule": make_rule,
    "AWS::Scheduler::Schedule": make_schedule,
    "AWS::Scheduler::ScheduleGroup": make_schedule_group,
}
