"""Publishing all tenants as one signed object: what is refused, who keeps what, and what cannot be forged."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.configuration_snapshot import (
    Snapshot,
    SnapshotRefused,
    compile_snapshot,
    numbers_of,
    seal,
    unseal,
)
from switchboard.domain.tenants import Tenant, TenantProblem, read_tenant
from tests.fakes.tenants import document, tenant

SECRET, OTHER_SECRET = "s" * 40, "t" * 40
ONE, TWO, THREE = "+14155550101", "+14155550102", "+14155550103"
SNAPSHOT = Snapshot(7, (tenant("acme", numbers=(ONE,)), tenant("globex", numbers=(TWO,))))


def test_round_trip():
    """What was sealed is what comes out, with either of two secrets in use."""
    data = seal(SNAPSHOT, SECRET)
    assert SNAPSHOT == unseal(data, (SECRET,)) == unseal(data, (OTHER_SECRET, SECRET))


@given(st.data())
def test_no_changed_byte_is_believed(data):
    """Whichever byte is changed, the object is refused or still says the same."""
    sealed = seal(SNAPSHOT, SECRET)
    position = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[position] ^= data.draw(st.integers(1, 255))
    with suppress(SnapshotRefused):
        assert SNAPSHOT == unseal(bytes(changed), (SECRET,))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a signed"),
        (b"{}", "not a signed"),
        (b'{"format":2,"signature":"","snapshot":{}}', "not a signed"),
        (seal(SNAPSHOT, OTHER_SECRET), "signature"),
    ],
)
def test_refused(data: bytes, why: str):
    """What we did not sign is not looked into."""
    with pytest.raises(SnapshotRefused, match=why):
        unseal(data, (SECRET,))


def test_a_form_of_the_future_is_refused():
    """A signed snapshot with fields that we do not know is not half-understood."""
    body = msgspec.to_builtins(SNAPSHOT)
    body["tenants"][0]["queue"] = "new"

    class Future(msgspec.Struct):
        version: int
        tenants: list[Any]

    with pytest.raises(SnapshotRefused, match="form"):
        unseal(seal(Future(**body), SECRET), (SECRET,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"numbers": ["1"]}, "numbers[0]"),
        ({"numbers": [ONE, ONE]}, "numbers"),
        ({"version": 0}, "version"),
        ({"handover_number": "911 "}, "handover_number"),
        ({"limits": {"duration_max_s": 1}}, "limits.duration_max_s"),
        ({"secret": "x"}, "the document"),
        ({"id": "globex"}, "id"),
        ({"agent": {**document()["agent"], "disclosure": ""}}, "agent.disclosure"),
    ],
)
def test_problems_name_tenant_and_field(changes, field):
    """Whoever broke it learns where."""
    problem = read_tenant("acme", document() | changes)
    assert isinstance(problem, TenantProblem)
    assert ("acme", field) == (problem.tenant, problem.field)


def test_a_broken_document_changes_nothing_for_its_tenant_and_nobody_else():
    """One tenant's mistake stays its own."""
    former, _ = compile_snapshot({"acme": document(), "globex": document("globex")}, None, now_s=100)
    documents = {
        "acme": document(version=2, numbers=("bad",)),
        "globex": document("globex", version=2, numbers=(TWO,)),
        "initech": None,
    }
    snapshot, problems = compile_snapshot(documents, former, now_s=200)
    assert (tenant("acme"), tenant("globex", version=2, numbers=(TWO,))) == snapshot.tenants
    assert ["acme", "initech"] == [each.tenant for each in problems]
    assert snapshot.version == 200


def test_nothing_new_is_nothing_new():
    """The same documents make the same snapshot, whatever the time."""
    former, _ = compile_snapshot({"acme": document()}, None, now_s=100)
    assert former is compile_snapshot({"acme": document()}, former, now_s=200)[0]


def test_versions_grow_without_time():
    """Two changes within a second, and a clock that went back, still count up."""
    former, _ = compile_snapshot({"acme": document()}, None, now_s=100)
    for version, now_s in ((2, 100), (3, 50)):
        snapshot, _ = compile_snapshot({"acme": document(version=version)}, former, now_s=now_s)
        assert snapshot.version > former.version
        former = snapshot


def test_an_older_document_is_refused():
    """A stale copy of a document does not undo a newer one."""
    former, _ = compile_snapshot({"acme": document(version=2)}, None, now_s=1)
    _, problems = compile_snapshot({"acme": document(version=1)}, former, now_s=2)
    assert ["version"] == [each.field for each in problems]


def test_a_number_stays_with_whoever_had_it():
    """Writing another's number into one's own document does not take it."""
    former, _ = compile_snapshot({"globex": document("globex", numbers=(ONE,))}, None, now_s=1)
    documents = {"acme": document(numbers=(ONE,)), "globex": document("globex", numbers=(ONE,))}
    snapshot, problems = compile_snapshot(documents, former, now_s=2)
    assert ["globex"] == [each.id for each in snapshot.tenants]
    assert ["acme"] == [each.tenant for each in problems]


@given(
    st.lists(st.fixed_dictionaries({name: st.sets(st.sampled_from([ONE, TWO, THREE])) for name in "abcd"}))
)
def test_no_number_is_ever_two_tenants(rounds):
    """Whatever tenants write in whatever order: each number has one owner, who keeps it until giving it up."""
    former: Snapshot | None = None
    for version, claims in enumerate(rounds, 1):
        documents = {
            name: document(name, version=version, numbers=tuple(sorted(numbers)))
            for name, numbers in claims.items()
        }
        snapshot, _ = compile_snapshot(documents, former, now_s=version)
        claimed = [number for each in snapshot.tenants for number in each.numbers]
        assert len(claimed) == len(set(claimed))
        if former:
            owners: dict[str, Tenant] = numbers_of(former.tenants)
            for number, owner in owners.items():
                if number in claims[owner.id]:
                    now = numbers_of(snapshot.tenants).get(number)
                    assert now is None or now.id == owner.id
        former = snapshot
