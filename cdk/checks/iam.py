"""Proves tenant isolation: every role x every action x every tenant's resource, evaluated by an IAM simulator.

Roles, policies, keys, tables and buckets are read from the synthesised templates; the actions are all that AWS documents
for the resource. Three answers are demanded, and each keeps the others honest:

1. **foreign**: no session of one tenant, no session without a tenant and no workload by itself may touch another's data: 0 allowed.
2. **own**: a tenant's session may do to its own data exactly what `MEANT` lists, no more and no less.
3. **trust**: sessions are given to workloads only, for exactly one tenant, and for a tenant always.

The simulator knows no service's inner workings: that DynamoDB really fills `dynamodb:LeadingKeys` is AWS's word.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdk.checks.templates import ACCOUNT, Assembly, Resource

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "cdk" / "checks" / "iam_evaluate.mjs"
NODE = ROOT / "cdk" / "node_modules" / "node" / "bin" / "node"
TIMEOUT_S = 300

OWN, FOREIGN = "acme", "globex"
NEIGHBOUR = "acme-2"
"""A tenant whose name begins with another's: what a prefix without its delimiter would let in."""

ALL_TENANTS = "Switchboard-AllTenants"
"""`acknowledge(role, {"Switchboard-AllTenants[dynamodb:GetRecords]": why})` excepts an action of a role from 1."""

_READ = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
_WRITE = {
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
}
_USE_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
MEANT: Mapping[str, Mapping[str, set[str]]] = {
    "TenantCalls": {
        "calls": _READ | _WRITE,
        "idempotency": _READ | _WRITE,
        "configuration": _READ,
        "recordings": {"s3:PutObject"},
        "data key": _USE_KEY,
    },
    "TenantRecords": {
        "calls": _READ | _WRITE,
        "idempotency": _READ | _WRITE,
        "records": _READ | _WRITE,
        "configuration": _READ,
        "recordings": {"s3:GetObject", "s3:PutObject"},
        "data key": _USE_KEY,
    },
    "TenantConfiguration": {"configuration": _READ | _WRITE},
}
"""Tenant access role -> resource -> what a session may do to its own tenant's part of it."""

GUARDED = {
    "s3": [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    ],
    "kms": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant"],
}
"""What bucket and key refuse even to a role that may do everything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A role of the templates with everything its policies say, and the sessions to try."""

    name: str
    arn: str
    policies: tuple[Any, ...]
    sessions: tuple[tuple[str, Mapping[str, Any]], ...]
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A resource in one situation: `rows of globex` of a table, with the context such a request carries."""

    name: str
    arn: str
    service: str
    kind: str
    context: Mapping[str, Any]
    policy: Any = None
    actions: list[str] | None = None
    account: str = ACCOUNT


@dataclass(frozen=True, slots=True)
class Allowed:
    """Something that the simulator allowed."""

    principal: str
    session: str
    target: str
    action: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.principal} ({self.session}) may {self.action} on {self.target}"


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the three answers: what was asked for, and what came out otherwise."""

    name: str
    evaluated: int
    allowed: int
    problems: tuple[str, ...]


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
    trusts: Mapping[str, Any]
    excepted: Mapping[tuple[str, str], str]
    region: str


def read_model(assembly: Assembly) -> Model:
    """Collect roles and tenants' resources; raises `ValueError` if a role's rights cannot be known from the templates."""
    roles = {(each.stack, each.id): each for each in assembly.of_type("AWS::IAM::Role")}
    policies: dict[tuple[str, str], list[Any]] = {key: [] for key in roles}
    for key, role in roles.items():
        if role.properties.get("ManagedPolicyArns"):
            raise ValueError(f"{role} has a managed policy whose text is not in the templates.")
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
            _principal(assembly, role, policies[key], _TENANT_SESSIONS) for key, role in tenants.items()
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
        trusts={
            assembly.arn(role): assembly.properties(role)["AssumeRolePolicyDocument"]
            for role in tenants.values()
        },
        excepted=_excepted(assembly, roles.values()),
        region=assembly.region,
    )


def prove(model: Model) -> list[Proof]:
    """Ask the simulator; every `Proof` without problems holds."""
    return [_prove_foreign(model), _prove_guards(model), _prove_own(model), _prove_trust(model)]


_TENANT_SESSIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (f"tenant={OWN}", {"aws:PrincipalTag/tenant": OWN}),
    ("no tenant", {}),
    ("empty tenant", {"aws:PrincipalTag/tenant": ""}),
)


def _prove_foreign(model: Model) -> Proof:
    """No session and no workload touches a tenant that it is not for."""
    outcome = _evaluate([*model.tenant_roles, *model.workloads], [*_foreign(model), *_keyless(model)])
    own = _evaluate(
        [*(replace(each, sessions=each.sessions[1:]) for each in model.tenant_roles), *model.workloads],
        _owned(model, OWN),
    )
    found = [*outcome.allowed, *own.allowed]
    problems = [
        f"{each}, which is foreign to it"
        for each in found
        if (each.principal, each.action) not in model.excepted
    ]
    return Proof("foreign", outcome.evaluated + own.evaluated, len(problems), tuple(problems))


def _prove_guards(model: Model) -> Proof:
    """Bucket and key refuse foreign tenants even to a role that may do everything."""
    administrator = Principal(
        "an administrator",
        f"arn:aws:iam::{ACCOUNT}:role/Administrator",
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},),
        _TENANT_SESSIONS,
        _context(f"arn:aws:iam::{ACCOUNT}:role/Administrator"),
    )
    targets = [
        replace(each, actions=GUARDED[each.service])
        for each in _foreign(model)
        if each.service in GUARDED and "tables" not in each.name and each.kind != "bucket"
    ]
    outcome = _evaluate([administrator], targets)
    problems = tuple(f"{each}, which its policy should refuse" for each in outcome.allowed)
    return Proof("guards", outcome.evaluated, len(problems), problems)


def _prove_own(model: Model) -> Proof:
    """A tenant's session may do what is meant, and nothing else."""
    sessions = [replace(each, sessions=each.sessions[:1]) for each in model.tenant_roles]
    outcome = _evaluate(sessions, _owned(model, OWN))
    found = {
        (each.principal, each.target.removesuffix(f" of {OWN}"), each.action) for each in outcome.allowed
    }
    meant = {
        (role, target, action)
        for role, targets in MEANT.items()
        for target, actions in targets.items()
        for action in actions
    }
    problems = [
        f"{role} may not {action} on {target}, though it is meant to"
        for role, target, action in meant - found
    ]
    problems += [
        f"{role} may {action} on {target}, which MEANT does not list"
        for role, target, action in found - meant
    ]
    return Proof("own", outcome.evaluated, len(found), tuple(sorted(problems)))


def _prove_trust(model: Model) -> Proof:
    """Sessions are for workloads, for one tenant each, and never without one."""
    good = {"aws:RequestTag/tenant": OWN, "aws:TagKeys": ["tenant"]}
    situations: dict[str, Mapping[str, Any]] = {
        "one tenant": good,
        "no tenant": {},
        "an empty tenant": {**good, "aws:RequestTag/tenant": ""},
        "a tenant with a slash": {**good, "aws:RequestTag/tenant": f"{OWN}/calls"},
        "a second tag": {**good, "aws:RequestTag/role": "admin", "aws:TagKeys": ["tenant", "role"]},
    }
    everything = (
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]},
    )
    outsiders = [
        Principal("a person's role", arn, everything, (("itself", {}),), _context(arn))
        for arn in (f"arn:aws:iam::{ACCOUNT}:role/Developer",)
    ]
    path = next(iter(model.trusts)).split(":role/")[1].split("/")
    insider_arn = f"arn:aws:iam::{ACCOUNT}:role/{path[0].removesuffix('-tenant')}/{path[1]}/Insider"
    insider = Principal("any workload", insider_arn, everything, (("itself", {}),), _context(insider_arn))
    targets = [
        Target(
            f"{_role_name(arn)} for {name}",
            arn,
            "sts",
            "role",
            context,
            trust,
            ["sts:AssumeRole", "sts:TagSession"],
        )
        for arn, trust in model.trusts.items()
        for name, context in situations.items()
    ]
    outcome = _evaluate([*model.workloads, *outsiders, insider, *model.tenant_roles], targets)
    good_ones = [each for each in outcome.allowed if each.target.endswith(" for one tenant")]
    problems = [f"{each}" for each in outcome.allowed if each not in good_ones]
    insiders = {"any workload", *(each.name for each in model.workloads)}
    problems += [f"{each}, though it is no workload" for each in good_ones if each.principal not in insiders]
    missing = 2 * len(model.trusts) - sum(each.principal == "any workload" for each in good_ones)
    if missing:
        problems.append(f"{missing} sessions that a workload needs are refused")
    return Proof("trust", outcome.evaluated, len(good_ones), tuple(problems))


def _foreign(model: Model) -> Iterator[Target]:
    """What belongs to a tenant that no session is for, to a neighbour by name, or to two tenants at once."""
    yield from _owned(model, FOREIGN)
    yield from _owned(model, NEIGHBOUR)
    for name, arn in model.table_arns.items():
        keys = {"dynamodb:LeadingKeys": [f"{OWN}#call#1", f"{FOREIGN}#call#1"]}
        yield Target(
            f"{name} of {OWN} and {FOREIGN}", arn, "dynamodb", "table", keys, model.table_policies[name]
        )


def _keyless(model: Model) -> Iterator[Target]:
    """What a request reaches without saying for whom: whole tables, streams, listings, keys without context."""
    for name, arn in model.table_arns.items():
        policy = model.table_policies[name]
        yield Target(f"{name} without a key", arn, "dynamodb", "table", {}, policy)
        yield Target(
            f"{name} of nobody", arn, "dynamodb", "table", {"dynamodb:LeadingKeys": ["#call#1"]}, policy
        )
    for name, arn in model.streams.items():
        yield Target(f"{name}'s stream", arn, "dynamodb", "stream", {})
    yield Target(
        "recordings' bucket", model.bucket_arn, "s3", "bucket", {"s3:prefix": ""}, model.bucket_policy
    )
    yield Target("data key without context", model.data_key_arn, "kms", "key", {}, model.data_key_policy)
    yield Target("tables key, directly", model.tables_key_arn, "kms", "key", {}, model.tables_key_policy)


def _owned(model: Model, tenant: str) -> Iterator[Target]:
    for name, arn in model.table_arns.items():
        keys = {"dynamodb:LeadingKeys": [f"{tenant}#call#1"]}
        yield Target(f"{name} of {tenant}", arn, "dynamodb", "table", keys, model.table_policies[name])
    object_arn = f"{model.bucket_arn}/{tenant}/calls/1/caller.wav"
    yield Target(
        f"recordings of {tenant}",
        object_arn,
        "s3",
        "object",
        {
            "s3:x-amz-server-side-encryption": "aws:kms",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": model.data_key_arn,
            "s3:TlsVersion": "1.3",
        },
        model.bucket_policy,
    )
    yield Target(
        f"data key of {tenant}",
        model.data_key_arn,
        "kms",
        "key",
        {
            "kms:EncryptionContext:tenant": tenant,
            "kms:EncryptionContext:aws:s3:arn": object_arn,
            "kms:ViaService": f"s3.{model.region}.amazonaws.com",
        },
        model.data_key_policy,
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    evaluated: int
    allowed: tuple[Allowed, ...]


def _evaluate(principals: Iterable[Principal], targets: Iterable[Target]) -> _Outcome:
    request = {
        "principals": [
            {
                "name": each.name,
                "arn": each.arn,
                "policies": each.policies,
                "sessions": [{"name": name, "context": context} for name, context in each.sessions],
                "context": each.context,
            }
            for each in principals
        ],
        "targets": [
            {
                "name": each.name,
                "arn": each.arn,
                "account": each.account,
                "service": each.service,
                "kind": each.kind,
                "context": each.context,
                "policy": each.policy,
                "actions": each.actions,
            }
            for each in targets
        ],
    }
    ran = subprocess.run(  # noqa: S603 - our own script, our own JSON
        [str(NODE), str(SCRIPT)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if ran.returncode:
        raise RuntimeError(f"{SCRIPT.name} failed: {ran.stderr.strip()[-2000:]}")
    answer = json.loads(ran.stdout)
    if answer["errors"]:
        raise ValueError("The simulator refuses policies: " + "; ".join(answer["errors"]))
    if not answer["evaluated"] or not all(answer["actions"].values()):
        raise ValueError(f"Nothing was evaluated for some targets: {answer['actions']}")
    return _Outcome(answer["evaluated"], tuple(Allowed(*each) for each in answer["allowed"]))


def _principal(
    assembly: Assembly,
    role: Resource,
    policies: Sequence[Any],
    sessions: tuple[tuple[str, Mapping[str, Any]], ...],
) -> Principal:
    arn = assembly.arn(role)
    name = _short(role) if role.stack == "data" else f"{role.stack}/{_short(role)}"
    return Principal(name, arn, tuple(policies), sessions, _context(arn))


def _context(arn: str) -> dict[str, Any]:
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
        raise ValueError(
            f"There are {len(found)} resources under {path}, not one: the proof would miss something."
        )
    return found[0]


def _short(resource: Resource) -> str:
    """`data/Calls/Resource` -> `Calls`, in lower case for a table, as `MEANT` names them."""
    name = resource.path.removesuffix("/Resource").partition("/")[2]
    return name.lower() if resource.type == "AWS::DynamoDB::Table" else name


def _role_name(arn: str) -> str:
    return arn.rpartition("/")[2]
