"""The delivery buffer under a clock of the test's own."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk.local.deployment import DeliveryStream
from cdk.local.workers.delivery import BUFFER_S_MAX, PARTITIONS_MAX, DeliveryBuffer, evaluate_prefix

NOON = datetime(2026, 3, 4, 12, 5, 6, tzinfo=UTC)


def stream(**changes: object) -> DeliveryStream:
    """A stream partitioned by tenant."""
    given = {
        "name": "facts",
        "bucket": "lake",
        "prefix": "facts/tenant=!{partitionKeyFromQuery:tenant}/day=!{timestamp:yyyy-MM-dd}/",
        "error_prefix": "errors/!{firehose:error-output-type}/",
        "buffer_bytes": 100,
        "buffer_s": 60.0,
        "gzip": False,
        "adds_newline": True,
        "partition_keys": {"tenant": ("tenant",)},
    }
    return DeliveryStream(**(given | changes))  # type: ignore[arg-type]


def record(tenant: str, size: int = 0) -> bytes:
    """A fact."""
    return json.dumps({"tenant": tenant, "pad": "x" * size}).encode()


def test_a_full_partition_is_written_at_once_and_the_others_wait():
    """By size first."""
    buffer = DeliveryBuffer(stream())

    assert buffer.add([record("a"), record("b")], now=NOON) == []
    (full,) = buffer.add([record("a", size=90)], now=NOON)

    assert full.key.startswith("facts/tenant=a/day=2026-03-04/facts-1-2026-03-04-12-05-06-")
    assert len(full.body.splitlines()) == 2
    assert [each.key.split("/")[1] for each in buffer.take_due(NOON, everything=True)] == ["tenant=b"]


def test_a_partition_is_written_when_its_time_is_over():
    """By time, at most the bound of this machine."""
    buffer = DeliveryBuffer(stream())
    buffer.add([record("a")], now=NOON)

    assert buffer.take_due(NOON + timedelta(seconds=BUFFER_S_MAX - 0.1)) == []
    assert len(buffer.take_due(NOON + timedelta(seconds=BUFFER_S_MAX))) == 1
    assert buffer.take_due(NOON + timedelta(hours=1)) == []


def test_what_has_no_partition_key_goes_to_the_error_prefix():
    """Broken JSON, a missing key, and one partition too many."""
    buffer = DeliveryBuffer(stream(buffer_bytes=10**6))
    buffer.add([record(f"t{number}") for number in range(PARTITIONS_MAX)], now=NOON)

    buffer.add([b"no json", b"{}", record("one too many")], now=NOON)
    keys = [each.key for each in buffer.take_due(NOON, everything=True)]

    assert len(keys) == PARTITIONS_MAX + 1
    assert sum(key.startswith("errors/processing-failed/") for key in keys) == 1


def test_gzip_is_what_it_says():
    """With the suffix that readers go by."""
    buffer = DeliveryBuffer(stream(gzip=True))
    buffer.add([record("a")], now=NOON)
    (written,) = buffer.take_due(NOON, everything=True)

    assert written.key.endswith(".gz")
    assert gzip.decompress(written.body) == record("a") + b"\n"


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("raw/", "raw/2026/03/04/12/"),
        ("y=!{timestamp:yyyy}/m=!{timestamp:MM}/", "y=2026/m=03/"),
        ("!{timestamp:'day='yyyy-MM-dd}/", "day=2026-03-04/"),
        ("t=!{partitionKeyFromQuery:tenant}/", "t=a/"),
    ],
)
def test_prefixes_are_evaluated(prefix, expected):
    """Java's date letters; a prefix without an expression gets the default folders."""
    assert evaluate_prefix(prefix, NOON, {"tenant": "a"}) == expected


def test_an_unknown_expression_is_an_error():
    """Rather than a folder with an exclamation mark."""
    with pytest.raises(ValueError, match="not understood"):
        evaluate_prefix("!{other:thing}/", NOON, {})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 150)), max_size=50))
def test_every_record_is_written_exactly_once_and_in_its_partition(given_records):
    """Law: nothing is lost, doubled or moved to another tenant's folder; order holds within a partition."""
    buffer = DeliveryBuffer(stream())
    written = []

    for number, (tenant, size) in enumerate(given_records):
        fact = json.dumps({"tenant": tenant, "number": number, "pad": "x" * size}).encode()
        written += buffer.add([fact], now=NOON)
    written += buffer.take_due(NOON, everything=True)

    found: dict[str, list[int]] = {}
    for each in written:
        tenant = each.key.split("/")[1].removeprefix("tenant=")
        found.setdefault(tenant, []).extend(json.loads(line)["number"] for line in each.body.splitlines())
    expected: dict[str, list[int]] = {}
    for number, (tenant, _) in enumerate(given_records):
        expected.setdefault(tenant, []).append(number)
    assert found == expected
