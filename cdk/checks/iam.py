"""Proves tenant isolation: every role x every action x every tenant's resource, evaluated by an IAM simulator.

Roles, policies, keys, tables and buckets are read from the synthesised templates; the actions are all that AWS documents
for the resource. Five answers are demanded, and each keeps the others honest:

1. **foreign**: no session of one tenant, no session without a tenant and no workload by itself may touch another's data: 0 allowed.
2. **own**: a tenant's session may do to its own data exactly what `MEANT` lists, no more and no less.
3. **guards**: bucket and key refuse foreign tenants even to a role that may do everything.
4. **shared**: no tenant's session touches what all tenants share, and no workload may destroy it or open it to others.
5. **trust**: sessions are given to workloads only, for exactly one tenant, and for a tenant always.

The simulator knows no service's inner workings: that DynamoDB really fills `dynamodb:LeadingKeys` is AWS's word.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdk.checks.iam_model import FOREIGN, NEIGHBOUR, OWN, TENANT_SESSIONS, Model, context_of
from cdk.checks.iam_simulator import Principal, Target, evaluate
from cdk.checks.templates import ACCOUNT

ROOT = Path(__file__).resolve().parents[2]

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

DESTROYS = re.compile(
    r":(Delete(?!Message)|Purge|Schedule|Cancel|Disable|Put\w*Policy|Put\w*Acl|Set\w*Attributes|AddPermission|RemovePermission"
    r"|CreateGrant|Bypass|Update|Stop|PutSecretValue|PutObjectRetention|PutObjectLegalHold)"
)
"""What ends data, or opens them to others."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the answers: how many requests were evaluated per role and service, how many allowed, and what is wrong with it."""

    name: str
    evaluated: Mapping[str, Mapping[str, int]]
    allowed: int
    problems: tuple[str, ...]

    @property
    def requests(self) -> int:
        """How many requests were evaluated."""
        return sum(sum(each.values()) for each in self.evaluated.values())


def proof_of_foreign(model: Model) -> Proof:
    """No session and no workload touches a tenant that it is not for."""
    outcome = evaluate([*model.tenant_roles, *model.workloads], [*_foreign(model), *_keyless(model)])
    own = evaluate(
        [*(replace(each, sessions=each.sessions[1:]) for each in model.tenant_roles), *model.workloads],
        _owned(model, OWN),
    )
    found = [*outcome.allowed, *own.allowed]
    problems = [
        f"{each}, which is foreign to it"
        for each in found
        if (each.principal, each.action) not in model.excepted
    ]
    return Proof("foreign", _sum(outcome.evaluated, own.evaluated), len(problems), tuple(problems))


def proof_of_guards(model: Model) -> Proof:
    """Bucket and key refuse foreign tenants even to a role that may do everything."""
    administrator = Principal(
        "an administrator",
        f"arn:aws:iam::{ACCOUNT}:role/Administrator",
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},),
        TENANT_SESSIONS,
        context_of(f"arn:aws:iam::{ACCOUNT}:role/Administrator"),
    )
    targets = [
        replace(each, actions=GUARDED[each.service])
        for each in _foreign(model)
        if each.service in GUARDED and "tables" not in each.name and each.kind != "bucket"
    ]
    outcome = evaluate([administrator], targets)
    problems = tuple(f"{each}, which its policy should refuse" for each in outcome.allowed)
    return Proof("guards", outcome.evaluated, len(problems), problems)


def proof_of_own(model: Model) -> Proof:
    """A tenant's session may do what is meant, and nothing else."""
    sessions = [replace(each, sessions=each.sessions[:1]) for each in model.tenant_roles]
    outcome = evaluate(sessions, _owned(model, OWN))
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


def proof_of_shared(model: Model) -> Proof:
    """No tenant's session touches what all tenants share; workloads use it and can neither destroy nor open it."""
    outcome = evaluate([*model.tenant_roles, *model.workloads], model.shared)
    sessions = {each.name for each in model.tenant_roles}
    problems = [f"{each}, which all tenants share" for each in outcome.allowed if each.principal in sessions]
    problems += [
        f"{each}, which only a deployment should"
        for each in outcome.allowed
        if DESTROYS.search(each.action) and each.principal not in sessions
    ]
    return Proof("shared", outcome.evaluated, len(outcome.allowed), tuple(problems))


def proof_of_trust(model: Model) -> Proof:
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
        Principal("a person's role", arn, everything, (("itself", {}),), context_of(arn))
        for arn in (f"arn:aws:iam::{ACCOUNT}:role/Developer",)
    ]
    path = next(iter(model.trusts)).split(":role/")[1].split("/")
    insider_arn = f"arn:aws:iam::{ACCOUNT}:role/{path[0].removesuffix('-tenant')}/{path[1]}/Insider"
    insider = Principal("any workload", insider_arn, everything, (("itself", {}),), context_of(insider_arn))
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
    outcome = evaluate([*model.workloads, *outsiders, insider, *model.tenant_roles], targets)
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


PROOFS = (proof_of_foreign, proof_of_guards, proof_of_own, proof_of_shared, proof_of_trust)
"""A proof without problems holds."""


def _sum(*counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    total: dict[str, dict[str, int]] = {}
    for count in counts:
        for principal, services in count.items():
            for service, number in services.items():
                row = total.setdefault(principal, {})
                row[service] = row.get(service, 0) + number
    return total


def _role_name(arn: str) -> str:
    return arn.rpartition("/")[2]


PROOFS = (proof_of_foreign, proof_of_guards, proof_of_own, proof_of_shared, proof_of_trust)
"""A proof without problems holds."""
