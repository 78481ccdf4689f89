"""Our own rules over synthesised templates: what cdk-nag and cfn-lint do not know about this platform.

Each rule takes an assembly and yields what breaks it. A finding says where, what and what to do; there is no way to
switch one off but an acknowledgement beside the resource where the rule says so.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk.checks.templates import Assembly, Resource

VISIBILITY_FACTOR = 6
REASON_CHARS_MIN = 20
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Finding:
    """What breaks a rule."""

    where: str
    what: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.where}: {self.what}"


def queues_have_dead_letters(assembly: Assembly) -> Iterator[Finding]:
    """Every queue redrives to a dead-letter queue, and every dead-letter queue has an alarm."""
    queues = {assembly.arn(each): each for each in assembly.of_type("AWS::SQS::Queue")}
    targets = {
        assembly.properties(each)["RedrivePolicy"]["deadLetterTargetArn"]
        for each in queues.values()
        if "RedrivePolicy" in each.properties
    }
    watched = {
        str(dimension["Value"])
        for alarm in assembly.of_type("AWS::CloudWatch::Alarm")
        for dimension in assembly.properties(alarm).get("Dimensions", ())
        if dimension["Name"] == "QueueName"
    }
    for arn, queue in queues.items():
        if arn in targets and queue.id not in watched:
            yield Finding(str(queue), "is a dead-letter queue without an alarm. Use components/queue.py.")
        if arn not in targets and "RedrivePolicy" not in queue.properties:
            yield Finding(str(queue), "has no dead-letter queue. Use components/queue.py.")


def queues_outwait_their_readers(assembly: Assembly) -> Iterator[Finding]:
    """A queue hides a message for at least six times as long as its reader may take."""
    queues = {assembly.arn(each): each for each in assembly.of_type("AWS::SQS::Queue")}
    functions = {(each.stack, each.id): each for each in assembly.of_type("AWS::Lambda::Function")}
    for mapping in assembly.of_type("AWS::Lambda::EventSourceMapping"):
        properties = assembly.properties(mapping)
        if "ReportBatchItemFailures" not in properties.get("FunctionResponseTypes", ()):
            yield Finding(str(mapping), "retries whole batches. Set ReportBatchItemFailures.")
        queue = queues.get(properties["EventSourceArn"])
        reader = functions.get((mapping.stack, str(properties["FunctionName"])))
        if queue is None or reader is None:
            continue
        visible_s = int(queue.properties.get("VisibilityTimeout", 30))
        timeout_s = int(reader.properties["Timeout"])
        if visible_s < VISIBILITY_FACTOR * timeout_s:
            yield Finding(
                str(queue),
                f"hides messages for {visible_s} s, but {reader.id} may take {timeout_s} s. Give the queue "
                f"consumer_timeout_s={timeout_s}.",
            )


def functions_are_bounded(assembly: Assembly) -> Iterator[Finding]:
    """Every function has a log group of ours with retention and key, a time-out, traces, a share of concurrency, and a role alone."""
    groups = {(each.stack, each.id): each for each in assembly.of_type("AWS::Logs::LogGroup")}
    roles: dict[str, Resource] = {}
    for function in assembly.of_type("AWS::Lambda::Function"):
        properties = function.properties
        group = groups.get(
            (function.stack, properties.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref"))
        )
        if group is None or not {"RetentionInDays", "KmsKeyId"} <= group.properties.keys():
            yield Finding(
                str(function), "has no log group with retention and key. Use components/function.py."
            )
        for name in ("Timeout", "MemorySize", "ReservedConcurrentExecutions", "TracingConfig"):
            if name not in properties:
                yield Finding(str(function), f"has no {name}. Use components/function.py.")
        role = json.dumps(properties["Role"])
        if (other := roles.setdefault(f"{function.stack}{role}", function)) is not function:
            yield Finding(str(function), f"shares its role with {other}. One function has one role.")


def wildcards_have_reasons(assembly: Assembly) -> Iterator[Finding]:
    """A statement that allows something on every resource has its reason recorded beside it."""
    for policy in assembly.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"):
        for statement in _statements(assembly, policy):
            actions, resources = _list(statement.get("Action")), _list(statement.get("Resource"))
            if statement["Effect"] != "Allow":
                continue
            if {"NotAction", "NotResource", "NotPrincipal"} & statement.keys() or "*" in actions:
                yield Finding(str(policy), "allows by exclusion or every action. List what is needed.")
            reasons = assembly.reasons(policy.path, "AwsSolutions-IAM5[Resource::*]")
            if "*" in resources and not any(len(each) >= REASON_CHARS_MIN for each in reasons):
                yield Finding(
                    str(policy),
                    f"allows {', '.join(actions)} on every resource without a reason. Name the resource, or "
                    "acknowledge_wildcard with one.",
                )


def nothing_is_public(assembly: Assembly) -> Iterator[Finding]:
    """No bucket, policy, function, task or subnet is open to the world; only load balancers take TLS from it."""
    for bucket in assembly.of_type("AWS::S3::Bucket"):
        if set(bucket.properties.get("PublicAccessBlockConfiguration", {}).values()) != {True}:
            yield Finding(str(bucket), "does not block public access. Use components/bucket.py.")
    for policy in assembly.resources:
        if policy.type.endswith("Policy") or "KeyPolicy" in policy.properties:
            for statement in _statements(assembly, policy):
                if statement["Effect"] == "Allow" and _is_everybody(statement.get("Principal")):
                    yield Finding(str(policy), "lets everybody in. Name the principal.")
    for url in assembly.of_type("AWS::Lambda::Url"):
        yield Finding(str(url), "is a function's address on the internet. Use the API with its firewall.")
    for subnet in assembly.of_type("AWS::EC2::Subnet"):
        if subnet.properties.get("MapPublicIpOnLaunch"):
            yield Finding(str(subnet), "gives public addresses to whatever starts in it.")
    for service in assembly.of_type("AWS::ECS::Service"):
        network = service.properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
        if network.get("AssignPublicIp") != "DISABLED":
            yield Finding(str(service), "gives its tasks public addresses.")
    yield from _open_groups(assembly)


def _open_groups(assembly: Assembly) -> Iterator[Finding]:
    behind = {
        json.dumps(group)
        for balancer in assembly.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
        for group in balancer.properties.get("SecurityGroups", ())
    }
    for group in assembly.of_type("AWS::EC2::SecurityGroup"):
        allowed = json.dumps({"Fn::GetAtt": [group.id, "GroupId"]}) in behind
        for rule in group.properties.get("SecurityGroupIngress", ()):
            ports = (rule.get("FromPort"), rule.get("ToPort"))
            if rule.get("CidrIp") == "0.0.0.0/0" and not (allowed and ports == (443, 443)):
                yield Finding(
                    str(group), f"takes ports {ports} from the internet. Only a load balancer's 443 may."
                )


_KEYS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "AWS::DynamoDB::Table": lambda each: each.get("SSESpecification", {}).get("KMSMasterKeyId"),
    "AWS::KinesisFirehose::DeliveryStream": lambda each: each.get(
        "DeliveryStreamEncryptionConfigurationInput", {}
    ).get("KeyARN"),
    "AWS::Logs::LogGroup": lambda each: each.get("KmsKeyId"),
    "AWS::S3::Bucket": lambda each: (
        each.get("BucketEncryption", {})
        .get("ServerSideEncryptionConfiguration", [{}])[0]
        .get("ServerSideEncryptionByDefault", {})
        .get("KMSMasterKeyID")
    ),
    "AWS::SNS::Topic": lambda each: each.get("KmsMasterKeyId"),
    "AWS::SQS::Queue": lambda each: each.get("KmsMasterKeyId"),
    "AWS::SecretsManager::Secret": lambda each: each.get("KmsKeyId"),
}


def data_is_under_our_keys(assembly: Assembly) -> Iterator[Finding]:
    """Tables, buckets, queues, topics, streams, secrets and log groups are encrypted by a key of ours, and keys rotate."""
    for resource in assembly.of_type(*_KEYS):
        exempt = assembly.reasons(resource.path, "HIPAA.Security-S3DefaultEncryptionKMS")
        if not _KEYS[resource.type](resource.properties) and not exempt:
            yield Finding(str(resource), "is not encrypted by a key of ours.")
    for key in assembly.of_type("AWS::KMS::Key"):
        if not key.properties.get("EnableKeyRotation"):
            yield Finding(str(key), "does not rotate. Use components/key.py.")


def data_outlives_its_stack(assembly: Assembly) -> Iterator[Finding]:
    """Tables, buckets, keys and secrets are kept when their stack goes; tables can be restored and rows expire."""
    for resource in assembly.of_type(
        "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret"
    ):
        if resource.body.get("DeletionPolicy") != "Retain":
            yield Finding(str(resource), "is deleted with its stack. Give it RemovalPolicy.RETAIN.")
    for table in assembly.of_type("AWS::DynamoDB::Table"):
        properties = table.properties
        if not properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield Finding(str(table), "cannot be restored to a point in time. Use components/table.py.")
        if not properties.get("DeletionProtectionEnabled"):
            yield Finding(str(table), "is not protected against deletion. Use components/table.py.")
        if properties.get("TimeToLiveSpecification", {}).get("AttributeName") != "expires_at_s":
            yield Finding(str(table), "keeps rows for ever. Rows expire at expires_at_s.")
        if properties.get("GlobalSecondaryIndexes"):
            yield Finding(str(table), "has an index, whose keys the tenants' policies do not compare.")


def alarms_reach_somebody(assembly: Assembly) -> Iterator[Finding]:
    """Every alarm has an action, and names a runbook that exists; one that only scales is for no people."""
    for alarm in assembly.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        if _only_scales(assembly, alarm):
            continue
        # A composite alarm speaks for those it is made of.
        if not alarm.properties.get("AlarmActions") and not _is_part_of_another(assembly, alarm):
            yield Finding(str(alarm), "rings nowhere. Add the action of alarm_topic.")
        runbook = re.search(r"docs/operate/[\w-]+\.md", str(alarm.properties.get("AlarmDescription", "")))
        if runbook is None:
            yield Finding(str(alarm), "names no runbook. End its description with docs/operate/<alarm>.md.")
        elif not (ROOT / runbook.group()).is_file():
            yield Finding(str(alarm), f"names {runbook.group()}, which does not exist. Write it.")


def _only_scales(assembly: Assembly, alarm: Resource) -> bool:
    policies = {
        each.id
        for each in assembly.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
        if each.stack == alarm.stack
    }
    targets = alarm.properties.get("AlarmActions", [])
    return bool(targets) and all(isinstance(each, dict) and each.get("Ref") in policies for each in targets)


def _is_part_of_another(assembly: Assembly, alarm: Resource) -> bool:
    return any(
        f'"{alarm.id}"' in json.dumps(each.properties.get("AlarmRule", ""))
        for each in assembly.of_type("AWS::CloudWatch::CompositeAlarm")
        if each.stack == alarm.stack
    )


def stacks_pass_values_by_parameter(assembly: Assembly) -> Iterator[Finding]:
    """No exports but the VPC's; what a stack looks up is published by a stack that is deployed before it."""
    for stack, template in assembly.templates.items():
        for name, output in template.get("Outputs", {}).items():
            if "Export" in output and stack != "network":
                yield Finding(
                    f"{stack}/{name}", "is an export, which cannot change while imported. Use publish."
                )
    for stack, name in assembly.lookups():
        source = assembly.published.get(name)
        if source is None:
            yield Finding(stack, f"looks up {name}, which no stack publishes.")
        elif source.stack != stack and source.stack not in _before(assembly, stack):
            yield Finding(
                stack, f"looks up {name} of {source.stack}, which may be deployed later. Say so in app.py."
            )


def _before(assembly: Assembly, stack: str) -> set[str]:
    found: set[str] = set()
    waiting = list(assembly.dependencies[stack])
    while waiting:
        if (other := waiting.pop()) not in found:
            found.add(other)
            waiting += assembly.dependencies[other]
    return found


def roles_are_narrow(assembly: Assembly) -> Iterator[Finding]:
    """No policy of AWS's own making, and no role that another account or everybody may assume."""
    for role in assembly.of_type("AWS::IAM::Role"):
        if role.properties.get("ManagedPolicyArns"):
            yield Finding(str(role), "has a managed policy of AWS, which grants more than is known here.")
        for statement in assembly.properties(role)["AssumeRolePolicyDocument"]["Statement"]:
            if _is_everybody(statement.get("Principal")):
                yield Finding(str(role), "may be assumed by everybody.")


def workflow_steps_fail_well(assembly: Assembly) -> Iterator[Finding]:
    """Every workflow is bounded in time, and each of its tasks has Retry, Catch and TimeoutSeconds."""
    for machine in assembly.of_type("AWS::StepFunctions::StateMachine"):
        text = assembly.resolve(machine.stack, machine.properties.get("DefinitionString", ""))
        if not text:
            yield Finding(str(machine), "has no inline definition. Use components/workflow.py.")
            continue
        yield from definition_findings(str(machine), json.loads(text))


def definition_findings(where: str, definition: Mapping[str, Any]) -> Iterator[Finding]:
    """What `workflow_steps_fail_well` finds in one definition."""
    if "TimeoutSeconds" not in definition:
        yield Finding(where, "has no TimeoutSeconds at its top.")
    for name, state in _states(definition):
        if state["Type"] == "Task":
            missing = [
                key
                for key, others in (("Retry", ()), ("Catch", ()), ("TimeoutSeconds", ("TimeoutSecondsPath",)))
                if not any(state.get(each) for each in (key, *others))
            ]
            if missing:
                yield Finding(f"{where} state {name}", f"has no {' and no '.join(missing)}.")


def _states(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in definition.get("States", {}).items():
        yield name, state
        inner = [*state.get("Branches", ()), state.get("ItemProcessor", {}), state.get("Iterator", {})]
        for each in inner:
            yield from _states(each)


def _statements(assembly: Assembly, resource: Resource) -> Iterator[Mapping[str, Any]]:
    properties = assembly.properties(resource)
    documents = [properties.get("PolicyDocument"), properties.get("KeyPolicy")]
    documents += [each["PolicyDocument"] for each in properties.get("Policies", ())]
    for document in documents:
        if isinstance(document, Mapping):
            yield from document["Statement"]


def _is_everybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and "*" in _list(principal.get("AWS")))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


RULES: tuple[Callable[[Assembly], Iterable[Finding]], ...] = (
    queues_have_dead_letters,
    queues_outwait_their_readers,
    functions_are_bounded,
    wildcards_have_reasons,
    nothing_is_public,
    data_is_under_our_keys,
    data_outlives_its_stack,
    alarms_reach_somebody,
    stacks_pass_values_by_parameter,
    roles_are_narrow,
    workflow_steps_fail_well,
)
