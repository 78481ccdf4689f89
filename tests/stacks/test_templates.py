"""What a DevOps engineer asks of the templates before deploying them."""

import json

import pytest

from cdk.checks.lint import definitions, workflow_findings
from cdk.checks.rules import RULES
from cdk.checks.templates import Assembly, Resource
from cdk.environments import STARTER


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(assembly: Assembly, rule):
    """No rule of ours finds anything."""
    assert [] == [str(each) for each in rule(assembly)]


def test_workflow_definitions():
    """Every workflow definition passes the linter and our rule for its states."""
    assert [] == [str(each) for each in workflow_findings(definitions())]


def test_no_account_is_named(assembly: Assembly, assembly_folder):
    """Templates name neither an account nor this machine."""
    for path in assembly_folder.glob("*.template.json"):
        text = path.read_text()
        assert "unknown-account" not in text
        assert "/tmp/" not in text
    assert assembly.region == "us-east-1"


def test_recordings_are_locked(assembly: Assembly):
    """A new recording cannot be deleted by whoever may delete objects, for as long as the environment says."""
    recordings = _only(assembly, "AWS::S3::Bucket", "data/Recordings/Resource")
    assert {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Days": STARTER.recording_lock_days, "Mode": "GOVERNANCE"}},
    } == recordings.properties["ObjectLockConfiguration"]
    assert {"Status": "Enabled"} == recordings.properties["VersioningConfiguration"]


def test_buckets_refuse_plain_http(assembly: Assembly):
    """Every bucket refuses requests without TLS."""
    refusing = set()
    for policy in assembly.of_type("AWS::S3::BucketPolicy"):
        for statement in assembly.properties(policy)["PolicyDocument"]["Statement"]:
            if {"aws:SecureTransport": "false"} == statement.get("Condition", {}).get("Bool"):
                assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
                refusing.add(policy.properties["Bucket"]["Ref"])
    assert {each.id for each in assembly.of_type("AWS::S3::Bucket")} == refusing


def test_tables_carry_keys_of_tenants(assembly: Assembly):
    """Every table has the keys that the tenants' policies compare; those that others follow have a stream."""
    tables = {each.path.split("/")[1]: each.properties for each in assembly.of_type("AWS::DynamoDB::Table")}
    assert {"Calls", "Records", "Configuration", "Idempotency"} == tables.keys()
    for table in tables.values():
        keys = [(each["AttributeName"], each["KeyType"]) for each in table["KeySchema"]]
        assert [("pk", "HASH"), ("sk", "RANGE")] == keys
    assert {"Records", "Configuration"} == {
        name for name, each in tables.items() if "StreamSpecification" in each
    }


def test_published_names(assembly: Assembly):
    """The names under which stacks find one another are stable: renaming one breaks whoever looks it up."""
    names = {name.removeprefix("/switchboard/starter/") for name in assembly.published}
    tables = {f"{table}-table-{what}" for table in _TABLES for what in ("name", "arn")}
    buckets = {f"{bucket}-bucket-{what}" for bucket in _BUCKETS for what in ("name", "arn")}
    keys = {f"{key}-key-arn" for key in ("tables", "data", "secrets", "operations")}
    roles = {f"tenant-{purpose}-role-arn" for purpose in ("calls", "records", "configuration")}
    others = {"call-events-queue-url", "call-events-queue-arn", "providers-secret-arn", "alarm-topic-arn"}
    assert tables | buckets | keys | roles | others <= names


_TABLES = ("calls", "records", "configuration", "idempotency")
_BUCKETS = ("recordings", "configuration", "facts")


def test_stateful_stacks_are_protected(assembly_folder, assembly: Assembly):
    """Stacks with data cannot be deleted by accident; the others can be replaced at will."""
    artifacts = json.loads((assembly_folder / "manifest.json").read_text())["artifacts"]
    protected = {
        name for name in assembly.templates if artifacts[name]["properties"].get("terminationProtection")
    }
    assert {"data", "network"} == protected


def test_facts_are_partitioned_by_tenant(assembly: Assembly):
    """A tenant's facts lie under its own prefix, so that a query or an erasure touches no other's."""
    stream = _only(assembly, "AWS::KinesisFirehose::DeliveryStream", "analytics/Facts")
    destination = stream.properties["ExtendedS3DestinationConfiguration"]
    assert destination["Prefix"].startswith("facts/tenant=!{partitionKeyFromQuery:tenant}/")
    assert destination["CompressionFormat"] == "GZIP"


def _only(assembly: Assembly, kind: str, path: str) -> Resource:
    (found,) = (each for each in assembly.of_type(kind) if each.path == path)
    return found
