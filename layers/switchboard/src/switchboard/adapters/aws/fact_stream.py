"""Facts into the delivery stream that feeds analytics (Data Firehose API reference, "PutRecordBatch")."""

import asyncio
from typing import Any, Final

import msgspec

from switchboard.adapters.aws.failures import aws_failures
from switchboard.domain.facts import Fact
from switchboard.ports.errors import ProviderOverloaded

PROVIDER: Final = "firehose"


class FirehoseFactLog:
    """`ports.fact_log.FactLog`. One JSON line per fact, as the gateway's are."""

    def __init__(self, client: Any, *, stream: str) -> None:
        self._client = client
        self._stream = stream

    async def append(self, fact: Fact) -> None:
        """Put the fact and wait for the stream's word on it."""
        await asyncio.to_thread(self._put, msgspec.json.encode(fact) + b"\n")

    async def close(self) -> None:
        """Close the connection pool."""
        self._client.close()

    def _put(self, line: bytes) -> None:
        with aws_failures(PROVIDER):
            answer = self._client.put_record_batch(DeliveryStreamName=self._stream, Records=[{"Data": line}])
        if answer["FailedPutCount"]:
            raise ProviderOverloaded(PROVIDER, "the stream did not take the record")
