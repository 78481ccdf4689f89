"""The applier's promises: order, names, and no resource left out in silence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cdk.local.applier import ApplyError, apply
from cdk.local.assembly import AssemblyError, Stack, read_assembly
from cdk.local.resources import MAKERS, skip_reason
from cdk.local.staleness import ensure_assembly
from tests.cloud.local_cloud import ROOT, LocalCloud
from tests.cloud.small_stack import write_assembly


class Recorder:
    """A boto3 client that notes calls and answers nothing."""

    def __init__(self, calls: list[tuple[str, Mapping[str, Any]]]) -> None:
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        def call(**arguments: Any) -> Mapping[str, Any]:
            self._calls.append((method, arguments))
            return {}

        return call


def applied(resources: dict[str, Any], **template: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """The calls that a stack of `resources` leads to."""
    calls: list[tuple[str, Mapping[str, Any]]] = []
    stack = Stack("S", {"Resources": resources, **template}, "us-east-1", {})
    apply([stack], client=lambda _service: Recorder(calls), region="us-east-1", code_root=Path())
    return calls


def parameter(value: Any, **more: Any) -> dict[str, Any]:
    """The simplest resource."""
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}, **more}


def test_resources_are_made_after_what_they_refer_to():
    """By Ref, by GetAtt and by DependsOn, whatever the order in the template."""
    calls = applied(
        {
            "Third": parameter({"Fn::GetAtt": ["Second", "Value"]}),
            "Second": parameter({"Ref": "First"}),
            "Fourth": parameter("x", DependsOn="Third"),
            "First": parameter("y"),
        }
    )

    assert [call[1]["Name"] for call in calls] == ["S-First", "S-Second", "S-Third", "S-Fourth"]
    assert calls[1][1]["Value"] == "S-First"


def test_a_resource_whose_condition_does_not_hold_is_left_out():
    """As on AWS."""
    never = {"Never": {"Fn::Equals": ["a", "b"]}}

    assert applied({"One": parameter("x", Condition="Never")}, Conditions=never) == []


def test_an_unknown_type_is_an_error_that_says_what_to_do():
    """Before anything is made."""
    with pytest.raises(ApplyError, match=r"Nobody here makes AWS::New::Thing.*cdk/local/resources"):
        applied({"One": parameter("x"), "New": {"Type": "AWS::New::Thing"}})


def test_resources_in_a_circle_are_an_error():
    """CloudFormation refuses them, too."""
    with pytest.raises(ApplyError, match="circle"):
        applied({"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})})


def test_what_the_template_lacks_is_told_with_the_resource():
    """A missing property names its resource."""
    with pytest.raises(ApplyError, match=r"S/Key \(AWS::KMS::Key\).*KeyPolicy"):
        applied({"Key": {"Type": "AWS::KMS::Key"}})


def test_no_type_is_both_made_and_skipped():
    """The list of skipped types must not lie."""
    assert [kind for kind in MAKERS if skip_reason(kind) and not kind.startswith("AWS::ECS")] == []


def test_stacks_come_in_the_order_of_their_dependencies(tmp_path):
    """The manifest's own order says nothing."""
    write_assembly(tmp_path / "cdk.out")

    assert [stack.name for stack in read_assembly(tmp_path / "cdk.out")] == ["Small-base", "Small-rest"]


def test_a_folder_without_an_assembly_says_how_to_get_one(tmp_path):
    """For whoever starts before the first synth."""
    with pytest.raises(AssemblyError, match="make synth"):
        read_assembly(tmp_path)


def test_what_is_not_made_is_counted(small_cloud: LocalCloud):
    """So that `up` can say it."""
    assert small_cloud.about["skipped"] == {"AWS::EC2::VPC": 1}
    assert small_cloud.about["applied"]["AWS::Lambda::Function"] == 7


def test_every_resource_of_the_platform_is_accounted_for(local_cloud: LocalCloud):
    """Each is real or on the list of skipped types; and the stacks of the assembly are all applied."""
    stacks = read_assembly(ensure_assembly(ROOT))
    total = sum(len(stack.template["Resources"]) for stack in stacks)
    counted = sum(local_cloud.about["applied"].values()) + sum(local_cloud.about["skipped"].values())

    assert total == counted
    assert set(local_cloud.about["outputs"]) == {stack.name for stack in stacks}


def test_tables_have_expiry_recovery_encryption_and_protection(local_cloud: LocalCloud):
    """What moto's own CloudFormation drops."""
    dynamodb = local_cloud.client("dynamodb")
    for name in ("calls", "records", "configuration", "idempotency"):
        table = local_cloud.parameter(f"{name}-table-name")
        described = dynamodb.describe_table(TableName=table)["Table"]
        expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]

        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at_s"}
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        assert described["SSEDescription"]["SSEType"] == "KMS"
        assert described["DeletionProtectionEnabled"]


def test_a_recording_cannot_be_deleted_before_its_lock_ends(local_cloud: LocalCloud):
    """Object Lock by the bucket's default retention; every object is encrypted and versioned."""
    s3, bucket = local_cloud.client("s3"), local_cloud.parameter("recordings-bucket-name")

    version = s3.put_object(Bucket=bucket, Key="applier/calls/1/audio", Body=b"x")["VersionId"]
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="applier/calls/1/audio", VersionId=version)

    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"]
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]


def test_queues_have_their_dead_letters_and_keys_rotate(local_cloud: LocalCloud):
    """Redrive and rotation are attributes of calls of their own."""
    sqs, kms = local_cloud.client("sqs"), local_cloud.client("kms")
    url = local_cloud.parameter("call-events-queue-url")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    key = local_cloud.parameter("operations-key-arn")

    assert '"maxReceiveCount"' in attributes["RedrivePolicy"]
    assert attributes["KmsMasterKeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def test_concurrent_conditional_writes_let_one_win(local_cloud: LocalCloud):
    """Moto alone lets several threads win; fences and idempotency stand on this."""
    from concurrent.futures import ThreadPoolExecutor

    dynamodb, table = local_cloud.client("dynamodb"), local_cloud.parameter("calls-table-name")

    def claim(number: int) -> bool:
        try:
            dynamodb.put_item(
                TableName=table,
                Item={"pk": {"S": "applier#race"}, "sk": {"S": "token"}, "owner": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(claim, range(64))) == 1
