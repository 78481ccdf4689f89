"""Each rule finds what it is for in a deliberately bad template, and nothing in the repaired one."""

import copy
import re
from typing import Any

import pytest

from cdk.checks import rules
from cdk.checks.templates import Assembly, UnresolvedError

KEY: dict[str, Any] = {"Fn::GetAtt": ["Key", "Arn"]}
GROUP: dict[str, Any] = {
    "Type": "AWS::Logs::LogGroup",
    "Properties": {"RetentionInDays": 90, "KmsKeyId": KEY},
}
DEAD_LETTERS: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": KEY}}
QUEUE: dict[str, Any] = {
    "Type": "AWS::SQS::Queue",
    "Properties": {
        "KmsMasterKeyId": KEY,
        "VisibilityTimeout": 60,
        "RedrivePolicy": {
            "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
            "maxReceiveCount": 5,
        },
    },
}
ALARM: dict[str, Any] = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:alarms"],
        "AlarmDescription": "Runbook: docs/operate/dead-letters.md",
        "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}],
    },
}
FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "LoggingConfig": {"LogGroup": {"Ref": "Logs"}},
        "MemorySize": 512,
        "ReservedConcurrentExecutions": 5,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Timeout": 10,
        "TracingConfig": {"Mode": "Active"},
    },
}
READER: dict[str, Any] = {
    "Type": "AWS::Lambda::EventSourceMapping",
    "Properties": {
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "FunctionName": {"Ref": "Function"},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    },
}
POLICY: dict[str, Any] = {
    "Type": "AWS::IAM::Policy",
    "Properties": {
        "Roles": [{"Ref": "Role"}],
        "PolicyDocument": {
            "Statement": [{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}],
        },
    },
}
ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ]
        }
    },
}
TABLE: dict[str, Any] = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "Properties": {
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"KMSMasterKeyId": KEY},
        "TimeToLiveSpecification": {"AttributeName": "expires_at_s", "Enabled": True},
    },
}
BUCKET: dict[str, Any] = {
    "Type": "AWS::S3::Bucket",
    "DeletionPolicy": "Retain",
    "Properties": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY}}]
        },
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "RestrictPublicBuckets": True},
    },
}
BUCKET_POLICY: dict[str, Any] = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {
        "PolicyDocument": {
            "Statement": [
                {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*"},
            ]
        }
    },
}
SECURITY_GROUP: dict[str, Any] = {
    "Type": "AWS::EC2::SecurityGroup",
    "Properties": {"SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0", "FromPort": 443, "ToPort": 443}]},
}
BALANCER: dict[str, Any] = {
    "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "Properties": {"SecurityGroups": [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}]},
}
SERVICE: dict[str, Any] = {
    "Type": "AWS::ECS::Service",
    "Properties": {"NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED"}}},
}
TASK: dict[str, Any] = {
    "Type": "Task",
    "Retry": [{"ErrorEquals": ["States.ALL"]}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
    "TimeoutSeconds": 30,
}
GOOD: dict[str, Any] = {
    "Alarm": ALARM,
    "Balancer": BALANCER,
    "Bucket": BUCKET,
    "BucketPolicy": BUCKET_POLICY,
    "DeadLetters": DEAD_LETTERS,
    "Function": FUNCTION,
    "Key": {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "Properties": {"EnableKeyRotation": True}},
    "Logs": GROUP,
    "Policy": POLICY,
    "Queue": QUEUE,
    "Reader": READER,
    "Role": ROLE,
    "SecurityGroup": SECURITY_GROUP,
    "Service": SERVICE,
    "Table": TABLE,
}
REASONS = {"scratch/Policy": {"AwsSolutions-IAM5[Resource::*]": "X-Ray's actions know no resources."}}


def assembly(resources=GOOD, *, reasons=REASONS, parameters=None, outputs=None) -> Assembly:
    template = {"Resources": resources, "Parameters": parameters or {}, "Outputs": outputs or {}}
    return Assembly(templates={"scratch": template}, acknowledged=reasons, dependencies={"scratch": ()})


def changed(name, *path, to=None):
    """GOOD with one value set, or taken out with `to=None`."""
    resources = copy.deepcopy(GOOD)
    place = resources[name]
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return resources


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_good_template(rule):
    """A template that keeps every rule has no findings: so those below come from the change alone."""
    assert [] == [str(each) for each in rule(assembly())]


PUBLIC = [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]
P = "Properties"


@pytest.mark.parametrize(
    ("rule", "resources", "complaint"),
    [
        (rules.queues_have_dead_letters, changed("Queue", P, "RedrivePolicy"), "no dead-letter queue"),
        (rules.queues_have_dead_letters, changed("Alarm", P, "Dimensions"), "without an alarm"),
        (
            rules.queues_outwait_their_readers,
            changed("Queue", P, "VisibilityTimeout", to=59),
            "consumer_timeout_s=10",
        ),
        (rules.queues_outwait_their_readers, changed("Queue", P, "VisibilityTimeout"), "for 30 s"),
        (rules.queues_outwait_their_readers, changed("Reader", P, "FunctionResponseTypes"), "whole batches"),
        (rules.functions_are_bounded, changed("Function", P, "LoggingConfig"), "no log group"),
        (rules.functions_are_bounded, changed("Logs", P, "RetentionInDays"), "no log group with retention"),
        (rules.functions_are_bounded, changed("Function", P, "Timeout"), "no Timeout"),
        (rules.functions_are_bounded, changed("Function", P, "ReservedConcurrentExecutions"), "no Reserved"),
        (rules.functions_are_bounded, GOOD | {"Second": FUNCTION}, "shares its role"),
        (rules.wildcards_have_reasons, GOOD | {"Other": POLICY}, "on every resource without a reason"),
        (
            rules.wildcards_have_reasons,
            changed("Policy", P, "PolicyDocument", "Statement", 0, "Action", to="*"),
            "every action",
        ),
        (
            rules.wildcards_have_reasons,
            changed("Policy", P, "PolicyDocument", "Statement", 0, "NotResource", to="x"),
            "by exclusion",
        ),
        (
            rules.nothing_is_public,
            changed("Bucket", P, "PublicAccessBlockConfiguration"),
            "block public access",
        ),
        (
            rules.nothing_is_public,
            changed("BucketPolicy", P, "PolicyDocument", "Statement", to=PUBLIC),
            "lets everybody in",
        ),
        (rules.nothing_is_public, GOOD | {"Url": {"Type": "AWS::Lambda::Url"}}, "address on the internet"),
        (rules.nothing_is_public, changed("Balancer", P, "SecurityGroups"), "from the internet"),
        (
            rules.nothing_is_public,
            changed("SecurityGroup", P, "SecurityGroupIngress", 0, "FromPort", to=22),
            r"ports \(22, 443\)",
        ),
        (rules.nothing_is_public, changed("Service", P, "NetworkConfiguration"), "public addresses"),
        (
            rules.nothing_is_public,
            GOOD | {"Subnet": {"Type": "AWS::EC2::Subnet", P: {"MapPublicIpOnLaunch": True}}},
            "public addresses",
        ),
        (rules.data_is_under_our_keys, changed("Queue", P, "KmsMasterKeyId"), "Queue .* a key of ours"),
        (rules.data_is_under_our_keys, changed("Bucket", P, "BucketEncryption"), "Bucket .* a key of ours"),
        (rules.data_is_under_our_keys, changed("Table", P, "SSESpecification"), "Table .* a key of ours"),
        (rules.data_is_under_our_keys, changed("Logs", P, "KmsKeyId"), "Logs .* a key of ours"),
        (rules.data_is_under_our_keys, changed("Key", P, "EnableKeyRotation"), "does not rotate"),
        (rules.data_outlives_its_stack, changed("Table", "DeletionPolicy"), "deleted with its stack"),
        (
            rules.data_outlives_its_stack,
            changed("Table", P, "PointInTimeRecoverySpecification"),
            "point in time",
        ),
        (rules.data_outlives_its_stack, changed("Table", P, "DeletionProtectionEnabled"), "against deletion"),
        (rules.data_outlives_its_stack, changed("Table", P, "TimeToLiveSpecification"), "rows for ever"),
        (rules.data_outlives_its_stack, changed("Table", P, "GlobalSecondaryIndexes", to=[{}]), "an index"),
        (rules.alarms_reach_somebody, changed("Alarm", P, "AlarmActions"), "rings nowhere"),
        (rules.alarms_reach_somebody, changed("Alarm", P, "AlarmDescription"), "names no runbook"),
        (
            rules.alarms_reach_somebody,
            changed("Alarm", P, "AlarmDescription", to="docs/operate/nowhere.md"),
            "does not exist",
        ),
        (rules.roles_are_narrow, changed("Role", P, "ManagedPolicyArns", to=["arn:x"]), "managed policy"),
        (
            rules.roles_are_narrow,
            changed("Role", P, "AssumeRolePolicyDocument", "Statement", 0, "Principal", to={"AWS": "*"}),
            "by everybody",
        ),
    ],
)
def test_bad_template(rule, resources, complaint):
    """What breaks a rule is found, with the words that say what to do."""
    found = [str(each) for each in rule(assembly(resources))]
    assert any(re.search(complaint, each) for each in found)


def test_a_short_reason_is_none():
    """A wildcard's reason must say something."""
    reasons = {"scratch/Policy": {"AwsSolutions-IAM5[Resource::*]": "needed"}}
    assert len(list(rules.wildcards_have_reasons(assembly(reasons=reasons)))) == 1


def test_scaling_alarm():
    """An alarm that only starts and stops tasks wakes nobody, and needs no runbook; one that also pages does."""
    policy = {"Policy2": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy"}}
    alarm = {"Type": "AWS::CloudWatch::Alarm", P: {"AlarmActions": [{"Ref": "Policy2"}]}}
    assert [] == list(rules.alarms_reach_somebody(assembly(GOOD | policy | {"Slots": alarm})))
    paging = {"Type": "AWS::CloudWatch::Alarm", P: {"AlarmActions": [{"Ref": "Policy2"}, {"Ref": "Topic"}]}}
    (found,) = rules.alarms_reach_somebody(assembly(GOOD | policy | {"Slots": paging}))
    assert "names no runbook" in str(found)


def test_exports():
    """A value that stacks exchange by export is found."""
    (found,) = rules.stacks_pass_values_by_parameter(assembly(outputs={"Arn": {"Export": {"Name": "x"}}}))
    assert "is an export" in str(found)


def test_lookup_of_nothing():
    """A value that is looked up but published nowhere is found, and cannot be resolved."""
    parameters = {
        "Table": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/switchboard/starter/none"}
    }
    broken = assembly(parameters=parameters)
    (found,) = rules.stacks_pass_values_by_parameter(broken)
    assert "which no stack publishes" in str(found)
    with pytest.raises(UnresolvedError, match="no stack publishes"):
        broken.resolve("scratch", {"Ref": "Table"})


def test_lookup_before_publishing():
    """A stack that looks up what another publishes must be deployed after it."""
    name = "/switchboard/starter/table"
    publishing = {"Resources": {"Name": {"Type": "AWS::SSM::Parameter", P: {"Name": name, "Value": "calls"}}}}
    looking = {
        "Resources": {},
        "Parameters": {"Table": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}},
    }
    templates: dict[str, Any] = {"data": publishing, "voice": looking}
    early = Assembly(templates=templates, acknowledged={}, dependencies={"data": (), "voice": ()})
    (found,) = rules.stacks_pass_values_by_parameter(early)
    assert "may be deployed later" in str(found)
    late = Assembly(templates=templates, acknowledged={}, dependencies={"data": (), "voice": ("data",)})
    assert [] == list(rules.stacks_pass_values_by_parameter(late))
    assert late.resolve("voice", {"Ref": "Table"}) == "calls"


@pytest.mark.parametrize("missing", ["Retry", "Catch", "TimeoutSeconds"])
def test_careless_step(missing):
    """A task state without Retry, Catch or TimeoutSeconds is found, also inside a Map within a Parallel."""
    careless = {key: value for key, value in TASK.items() if key != missing}
    inner = {"Type": "Map", "ItemProcessor": {"States": {"Deep": careless}}}
    definition = {
        "TimeoutSeconds": 60,
        "States": {"Both": {"Type": "Parallel", "Branches": [{"States": {"Each": inner}}]}},
    }
    (found,) = rules.definition_findings("call", definition)
    assert str(found) == f"call state Deep: has no {missing}."


def test_endless_workflow():
    """A workflow without a time-out is found; a careful one is not."""
    (found,) = rules.definition_findings("call", {"States": {"Only": TASK}})
    assert "no TimeoutSeconds at its top" in str(found)
    assert [] == list(rules.definition_findings("call", {"TimeoutSeconds": 60, "States": {"Only": TASK}}))


def test_reference_to_nothing():
    """A reference to a resource that the template lacks is an error, not an empty string."""
    with pytest.raises(UnresolvedError, match="refers to Gone"):
        assembly().resolve("scratch", {"Fn::GetAtt": ["Gone", "Arn"]})


def test_part_of_an_arn():
    """A part of a made-up ARN is there, and one that is not says what to do."""
    parts = {"Fn::Split": ["/", {"Ref": "Balancer"}]}
    assert assembly().resolve("scratch", {"Fn::Select": [1, parts]}) == "app"
    with pytest.raises(UnresolvedError, match="give its type a pattern"):
        assembly().resolve("scratch", {"Fn::Select": [9, parts]})


def test_substitution():
    """Fn::Sub, Fn::Join and pseudo parameters come out as CloudFormation would write them."""
    text = {
        "Fn::Sub": ["${Table.Arn}/${AWS::Region}/${!kept}/${Own}", {"Own": {"Fn::Join": ["-", ["a", "b"]]}}]
    }
    assert assembly().resolve("scratch", text) == (
        "arn:aws:dynamodb:us-east-1:111122223333:table/Table/us-east-1/${kept}/a-b"
    )
