"""All tenants' configuration as one signed object, which every process keeps whole.

Format: a JSON object `{"format": 1, "signature": "<hex>", "snapshot": {...}}`. The signature is HMAC-SHA256 over the exact bytes of the
value of `snapshot` as they stand in the object, so there is no canonical form on which two versions of a library could disagree. Its
key is derived from the stream tokens' secret, which publisher and readers have anyway; a reader can check a copy on disk
while every AWS service is down, which a KMS signature would not allow (docs/decisions/0013).
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from switchboard.domain.tenants import Tenant, TenantProblem, read_tenant

SNAPSHOT_BYTES_MAX = 32 * 1024 * 1024
"""Some thousands of tenants."""
_KEY_LABEL = b"switchboard configuration snapshot v1"


class SnapshotRefused(Exception):
    """The object is not a snapshot that one of our publishers signed. The text says why and holds nothing of it."""


class Snapshot(Struct, frozen=True):
    """What was published. `version` grows with every change; it is a UTC time in s, so that it grows also where a former one is lost."""

    version: int
    tenants: tuple[Tenant, ...]


class _Signed(Struct, frozen=True):
    format: Literal[1]
    signature: str
    snapshot: msgspec.Raw


def seal(snapshot: Snapshot, secret: str) -> bytes:
    """The signed object."""
    body = msgspec.json.encode(snapshot)
    return msgspec.json.encode(_Signed(1, _signature(secret, body), msgspec.Raw(body)))


def unseal(data: bytes, secrets: tuple[str, ...]) -> Snapshot:
    """The snapshot in a signed object. Raises `SnapshotRefused`."""
    if len(data) > SNAPSHOT_BYTES_MAX:
        raise SnapshotRefused("it is too large")
    try:
        signed = msgspec.json.decode(data, type=_Signed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise SnapshotRefused("it is not a signed snapshot") from None
    body = bytes(signed.snapshot)
    given = signed.signature.encode()
    # Every secret is tried, so that the time taken tells nothing.
    matches = [hmac.compare_digest(_signature(secret, body).encode(), given) for secret in secrets]
    if not any(matches):
        raise SnapshotRefused("its signature is wrong")
    try:
        return msgspec.json.decode(body, type=Snapshot)
    except msgspec.MsgspecError:
        # A newer publisher may know fields that we do not; nobody else can sign.
        raise SnapshotRefused("its tenants are not of a form that this version knows") from None


def compile_snapshot(
    documents: Mapping[str, Any], former: Snapshot | None, *, now_s: int
) -> tuple[Snapshot, list[TenantProblem]]:
    """All tenants' current documents as the next snapshot, and what is wrong with those that were refused.

    A refused tenant keeps what was published for it before, and the others go ahead: one tenant's mistake stays its own. A
    number belongs to the tenant that had it first. A tenant without a document is gone.
    """
    kept = {tenant.id: tenant for tenant in former.tenants} if former else {}
    problems: list[TenantProblem] = []
    chosen: dict[str, Tenant] = {}
    for tenant_id in sorted(documents):
        read = read_tenant(tenant_id, documents[tenant_id])
        if isinstance(read, Tenant) and tenant_id in kept and read.version < kept[tenant_id].version:
            read = TenantProblem(tenant_id, "version", "is older than the one that is published")
        if isinstance(read, Tenant):
            chosen[tenant_id] = read
            continue
        problems.append(read)
        if tenant_id in kept:
            chosen[tenant_id] = kept[tenant_id]
    _settle_numbers(chosen, kept, problems)
    tenants = tuple(chosen[tenant_id] for tenant_id in sorted(chosen))
    if former is not None and tenants == former.tenants:
        return former, problems
    return Snapshot(version=max(now_s, former.version + 1 if former else 1), tenants=tenants), problems


def numbers_of(tenants: Iterable[Tenant]) -> dict[str, Tenant]:
    """Whose each number is."""
    return {number: tenant for tenant in tenants for number in tenant.numbers}


def _settle_numbers(
    chosen: dict[str, Tenant], kept: Mapping[str, Tenant], problems: list[TenantProblem]
) -> None:
    """Put tenants that claim another's number back to what they were, until no number is claimed twice."""
    held = numbers_of(kept.values())
    while clash := _clash(chosen):
        number, claimants = clash
        # Whoever had it keeps it, unless it has left since; of new claimants the first by name gets it.
        holder = held[number].id if number in held and held[number].id in claimants else claimants[0]
        loser = next(each for each in claimants if each != holder)
        problems.append(TenantProblem(loser, "numbers", f"{number} belongs to another tenant"))
        if loser in kept and chosen[loser] is not kept[loser]:
            chosen[loser] = kept[loser]
        else:
            del chosen[loser]


def _clash(chosen: Mapping[str, Tenant]) -> tuple[str, list[str]] | None:
    claims: dict[str, list[str]] = {}
    for tenant in chosen.values():
        for number in tenant.numbers:
            claims.setdefault(number, []).append(tenant.id)
    return next(((number, ids) for number, ids in sorted(claims.items()) if len(ids) > 1), None)


def _signature(secret: str, body: bytes) -> str:
    key = hmac.digest(secret.encode(), _KEY_LABEL, hashlib.sha256)
    return hmac.digest(key, body, hashlib.sha256).hex()
