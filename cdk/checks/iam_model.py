"""Reads from the templates what the proof of tenant isolation is about: roles, policies and tenants' resources."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdk.checks.iam_simulator import Principal, Target
from cdk.checks.templates import ACCOUNT, Assembly, Resource, UnresolvedError

OWN, FOREIGN = "acme", "globex"
NEIGHBOUR = "acme-2"
"""A tenant whose name begins with another's: what a prefix without its delimiter would let in."""

ALL_TENANTS = "Switchboard-AllTenants"
"""`acknowledge(role, {"Switchboard-AllTenants[dynamodb:GetRecords]": why})` excepts an action of a role from 1."""

TENANT_SESSIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (f"tenant={OWN}", {"aws:PrincipalTag/tenant": OWN}),
    ("no tenant", {}),
    ("empty tenant", {"aws:PrincipalTag/tenant": ""}),
)


@dataclass(frozen=True, slots=True)
class Model:
    """What the proof reads from the templates; tests remove a guard from it and demand that the proof fails."""

    tenant_roles: tuple[Principal, ...]
    workloads: tuple[Principal, ...]
    streams: Mapping[str, str]
    table_arns: Mapping[str, str]
    table_policies: Mapping[str, Any]
    bucket_arn: str
    bucket_policy: Any
    data_key_arn: str
    data_key_policy: Any
    tables_key_arn: str
    tables_key_policy: Any
    shared: tuple[Target, ...]
    trusts: Mapping[str, Any]
    excepted: Mapping[tuple[str, str], str]
    region: str


def read_model(assembly: Assembly) -> Model:
    """Collect roles and tenants' resources; raises `UnresolvedError` if a role's rights cannot be known from the templates."""
    roles = {(each.stack, each.id): each for each in assembly.of_type("AWS::IAM::Role")}
    policies: dict[tuple[str, str], list[Any]] = {key: [] for key in roles}
    for key, role in roles.items():
        if role.properties.get("ManagedPolicyArns"):
            raise UnresolvedError(f"{role} has a managed policy whose text is not in the templates.")
        policies[key] += [each["PolicyDocument"] for each in assembly.properties(role).get("Policies", ())]
    for policy in assembly.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        properties = assembly.properties(policy)
        for name in properties.get("Roles", ()):
            policies[policy.stack, name].append(properties["PolicyDocument"])
    tenants = {key: role for key, role in roles.items() if "-tenant/" in role.properties.get("Path", "")}
    tables = {_short(each): each for each in assembly.of_type("AWS::DynamoDB::Table")}
    recordings = _only(assembly.of_type("AWS::S3::Bucket"), "data/Recordings/")
    keys = list(assembly.of_type("AWS::KMS::Key"))
    data_key, tables_key = _only(keys, "data/DataKey/"), _only(keys, "data/TablesKey/")
    bucket_policy = _only(assembly.of_type("AWS::S3::BucketPolicy"), "data/Recordings/")
    return Model(
        tenant_roles=tuple(
            _principal(assembly, role, policies[key], TENANT_SESSIONS) for key, role in tenants.items()
        ),
        workloads=tuple(
            _principal(assembly, role, policies[key], (("itself", {}),))
            for key, role in roles.items()
            if key not in tenants
        ),
        streams={
            name: f"{assembly.arn(each)}/stream/2026-01-01T00:00:00.000"
            for name, each in tables.items()
            if "StreamSpecification" in each.properties
        },
        table_arns={name: assembly.arn(each) for name, each in tables.items()},
        table_policies={
            name: assembly.properties(each).get("ResourcePolicy", {}).get("PolicyDocument")
            for name, each in tables.items()
        },
        bucket_arn=assembly.arn(recordings),
        bucket_policy=assembly.properties(bucket_policy)["PolicyDocument"],
        data_key_arn=assembly.arn(data_key),
        data_key_policy=assembly.properties(data_key)["KeyPolicy"],
        tables_key_arn=assembly.arn(tables_key),
        tables_key_policy=assembly.properties(tables_key)["KeyPolicy"],
        shared=tuple(_shared(assembly)),
        trusts={
            assembly.arn(role): assembly.properties(role)["AssumeRolePolicyDocument"]
            for role in tenants.values()
        },
        excepted=_excepted(assembly, roles.values()),
        region=assembly.region,
    )


_SHARED = {
    "AWS::KMS::Key": ("kms", "key"),
    "AWS::KinesisFirehose::DeliveryStream": ("firehose", "deliverystream"),
    "AWS::S3::Bucket": ("s3", "object"),
    "AWS::SQS::Queue": ("sqs", "queue"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "Secret"),
}


def _shared(assembly: Assembly) -> Iterator[Target]:
    """What all tenants share: queues, secrets, streams, keys and buckets other than the recordings'."""
    for resource in assembly.of_type(*_SHARED):
        if resource.path.startswith(("data/Recordings/", "data/DataKey/")):
            continue
        service, kind = _SHARED[resource.type]
        arn = assembly.arn(resource) + ("/any/object" if kind == "object" else "")
        policy = assembly.properties(resource).get("KeyPolicy")
        yield Target(resource.path.removesuffix("/Resource"), arn, service, kind, {}, policy)


def _principal(
    assembly: Assembly,
    role: Resource,
    policies: Sequence[Any],
    sessions: tuple[tuple[str, Mapping[str, Any]], ...],
) -> Principal:
    arn = assembly.arn(role)
    name = _short(role) if role.stack == "data" else f"{role.stack}/{_short(role)}"
    return Principal(name, arn, tuple(policies), sessions, context_of(arn))


def context_of(arn: str) -> dict[str, Any]:
    """What every request of a role carries."""
    return {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
    }


def _excepted(assembly: Assembly, roles: Iterable[Resource]) -> dict[tuple[str, str], str]:
    found = {}
    for role in roles:
        name = _principal(assembly, role, (), ()).name
        construct = role.path.removesuffix("/Resource")
        for rule, reason in assembly.acknowledged.get(construct, {}).items():
            if rule.startswith(f"{ALL_TENANTS}["):
                found[name, rule.removeprefix(f"{ALL_TENANTS}[").removesuffix("]")] = reason
    return found


def _only(resources: Iterable[Resource], path: str) -> Resource:
    found = [each for each in resources if each.path.startswith(path)]
    if len(found) != 1:
        raise UnresolvedError(
            f"There are {len(found)} resources under {path}, not one: the proof would miss something."
        )
    return found[0]


def _short(resource: Resource) -> str:
    """`data/Calls/Resource` -> `Calls`, in lower case for a table, as `MEANT` names them."""
    name = resource.path.removesuffix("/Resource").partition("/")[2]
    return name.lower() if resource.type == "AWS::DynamoDB::Table" else name
