"""The proof of tenant isolation holds, and fails as soon as one of its guards is taken away."""

import json
from dataclasses import replace

import pytest

from cdk.checks.iam import (
    MEANT,
    PROOFS,
    proof_of_foreign,
    proof_of_guards,
    proof_of_own,
    proof_of_shared,
    proof_of_trust,
)
from cdk.checks.iam_model import FOREIGN, Model


def test_isolation(model: Model):
    """No role reaches a foreign tenant's data; a tenant's session may do what is meant and nothing else."""
    proofs = {each.name: each for each in (prove(model) for prove in PROOFS)}
    assert dict.fromkeys(proofs, ()) == {name: each.problems for name, each in proofs.items()}
    assert proofs["foreign"].requests > 10_000
    assert proofs["own"].allowed == sum(len(each) for role in MEANT.values() for each in role.values())


def test_without_the_null_guard(model: Model):
    """Without the null check, a request that names no key is allowed, and the proof says so."""
    broken = _with_policies(model, lambda each: each.get("Condition", {}).pop("Null", None))
    assert any("calls without a key" in each for each in proof_of_foreign(broken).problems)


def test_without_leading_keys(model: Model):
    """Without the comparison of leading keys, foreign rows are allowed, and the proof says so."""
    broken = _with_policies(
        model, lambda each: each.get("Condition", {}).pop("ForAllValues:StringLike", None)
    )
    assert any(f"calls of {FOREIGN}" in each for each in proof_of_foreign(broken).problems)


def test_without_the_hash_after_the_tenant(model: Model):
    """A prefix that does not end with the delimiter lets in a neighbour by name, and the proof says so."""

    def loosen(statement):
        keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
        if keys:
            keys["dynamodb:LeadingKeys"] = ["${aws:PrincipalTag/tenant}*"]

    broken = _with_policies(model, loosen)
    assert any("calls of acme-2" in each for each in proof_of_foreign(broken).problems)


def test_without_the_object_prefix(model: Model):
    """A role for all objects is still refused by the bucket; without both, the proof says so."""

    def loosen(statement):
        if "s3:PutObject" in statement["Action"]:
            statement["Resource"] = f"{model.bucket_arn}/*"

    loose = _with_policies(model, loosen)
    assert proof_of_foreign(loose).problems == ()
    broken = replace(loose, bucket_policy=_without_denials(model.bucket_policy))
    assert any(f"recordings of {FOREIGN}" in each for each in proof_of_foreign(broken).problems)
    assert any(f"recordings of {FOREIGN}" in each for each in proof_of_guards(broken).problems)


def test_without_the_encryption_context(model: Model):
    """A role for the whole key is still refused by its policy; without both, the proof says so."""

    def loosen(statement):
        statement.get("Condition", {}).get("StringEquals", {}).pop("kms:EncryptionContext:tenant", None)

    loose = _with_policies(model, loosen)
    assert proof_of_foreign(loose).problems == ()
    broken = replace(loose, data_key_policy=_without_denials(model.data_key_policy))
    assert any(f"data key of {FOREIGN}" in each for each in proof_of_foreign(broken).problems)


def test_denying_everything_is_no_proof(model: Model):
    """A role that may do nothing leaks nothing; that its own tenant is locked out is found."""
    broken = _with_policies(model, lambda each: each.update(Effect="Deny"))
    assert any("though it is meant to" in each for each in proof_of_own(broken).problems)


def test_too_many_rights_on_what_is_shared(model: Model):
    """A tenant's session that reads the queue, and a workload that may purge it, are found."""
    queue = next(each for each in model.shared if each.service == "sqs")
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": queue.arn}],
    }
    session, workload = (
        replace(each, policies=(everything,)) for each in (model.tenant_roles[0], model.workloads[0])
    )
    broken = replace(model, tenant_roles=(session,), workloads=(workload,), shared=(queue,))
    problems = proof_of_shared(broken).problems
    assert any("sqs:ReceiveMessage" in each and "all tenants share" in each for each in problems)
    assert any(each.startswith(workload.name) and "sqs:PurgeQueue" in each for each in problems)
    assert not any(each.startswith(workload.name) and "sqs:DeleteMessage" in each for each in problems)


@pytest.mark.parametrize(
    ("operator", "complaint"),
    [
        ("StringLike", "no tenant"),
        ("StringNotLike", "with a slash"),
        ("ForAllValues:StringEquals", "second tag"),
        ("ArnLike", "no workload"),
    ],
)
def test_trust(model: Model, operator, complaint):
    """Each condition of the tenant roles' trust is needed."""
    trusts = json.loads(json.dumps(model.trusts))
    for trust in trusts.values():
        for statement in trust["Statement"]:
            del statement["Condition"][operator]
    problems = proof_of_trust(replace(model, trusts=trusts)).problems
    assert any(complaint in each for each in problems)


def _with_policies(model: Model, change) -> Model:
    """The model with one role and one table, small enough for one mutant each, and each of its statements changed."""
    role = next(each for each in model.tenant_roles if each.name == "TenantCalls")
    policies = json.loads(json.dumps(role.policies))
    for policy in policies:
        for statement in policy["Statement"]:
            change(statement)
            if statement.get("Condition") == {}:
                del statement["Condition"]
    tables = {"calls": model.table_arns["calls"]}
    return replace(
        model, tenant_roles=(replace(role, policies=tuple(policies)),), workloads=(), table_arns=tables
    )


def _without_denials(policy):
    kept = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    return {**policy, "Statement": kept} if kept else None
