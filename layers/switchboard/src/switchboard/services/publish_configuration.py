"""Publish all tenants' current configuration as one signed snapshot."""

from msgspec import Struct

from switchboard.domain.configuration_snapshot import (
    Snapshot,
    SnapshotRefused,
    compile_snapshot,
    seal,
    unseal,
)
from switchboard.domain.tenants import TenantProblem
from switchboard.ports.configuration import SnapshotObject, TenantDocuments


class Publication(Struct, frozen=True):
    """What came of it. `is_new`: the object was written; `former_lost`: what stood there was not signed by us."""

    version: int
    tenants: int
    is_new: bool
    former_lost: bool
    problems: tuple[TenantProblem, ...]


def publish_configuration(
    *, documents: TenantDocuments, snapshots: SnapshotObject, secrets: tuple[str, ...], now_s: int
) -> Publication:
    """Check, compile, sign and write; safe to repeat.

    `secrets` begins with the one to sign with; the others are believed. What is wrong with a document leaves its tenant as
    it was published before. Raises `PublishedMeanwhile` or `ProviderError`.
    """
    published = snapshots.read()
    former, is_current = (None, False) if published is None else _former(published.data, secrets)
    snapshot, problems = compile_snapshot(documents.current(), former, now_s=now_s)
    is_new = snapshot is not former or not is_current
    if is_new:
        snapshots.write(seal(snapshot, secrets[0]), instead_of=published)
    return Publication(
        version=snapshot.version,
        tenants=len(snapshot.tenants),
        is_new=is_new,
        former_lost=published is not None and former is None,
        problems=tuple(problems),
    )


def _former(data: bytes, secrets: tuple[str, ...]) -> tuple[Snapshot | None, bool]:
    """The published snapshot, and whether it is signed with the current secret."""
    for secret in secrets:
        try:
            return unseal(data, (secret,)), secret == secrets[0]
        except SnapshotRefused:
            continue
    return None, False
