"""Any customer system that takes a signed webhook (Standard Webhooks specification, version 1).

`webhook-id` is the note's idempotency key: receivers drop what they have seen, as the specification asks them to. A
redirect is a refusal: the note goes to the configured address or nowhere.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import msgspec
from msgspec import Struct

from switchboard.ports.crm import CrmNote
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

TIMEOUT_S = 10.0
SECRET_PREFIX = "whsec_"  # noqa: S105 - the specification's marker, no secret
SECRET_BYTES_MIN = 24
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class WebhookTarget(Struct, frozen=True):
    """Where one tenant's notes go. `secret` is `whsec_` and 24 bytes or more in base64."""

    url: str
    secret: str

    def key(self) -> bytes:
        """The signing key. Raises `ValueError`, without a value, where address or secret are unusable."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("the webhook's address does not begin with https://")
        try:
            key = base64.b64decode(self.secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if len(key) < SECRET_BYTES_MIN:
            raise ValueError(
                f"the webhook's secret is not {SECRET_PREFIX} and {SECRET_BYTES_MIN} bytes in base64"
            )
        return key


class WebhookCrm:
    """`ports.crm.Crm` of one tenant. `close()` it. Raises `ValueError` for an unusable target."""

    name = "webhook"

    def __init__(
        self,
        target: WebhookTarget,
        *,
        timeout_s: float = TIMEOUT_S,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._url = target.url
        self._key = target.key()
        self._clock_s = clock_s
        self._client = httpx2.AsyncClient(timeout=timeout_s, follow_redirects=False)

    async def add_note(self, note: CrmNote, *, idempotency_key: str) -> None:
        """Post the note once; the workflow repeats it. Raises `ProviderError`."""
        body = msgspec.json.encode(note, order="sorted")
        timestamp = str(int(self._clock_s()))
        headers = {
            "content-type": "application/json",
            "webhook-id": idempotency_key,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{signature(self._key, idempotency_key, timestamp, body)}",
        }
        try:
            answer = await self._client.post(self._url, content=body, headers=headers)
        except httpx2.TimeoutException:
            raise ProviderTimeout(self.name, "no answer in time") from None
        except httpx2.TransportError as error:
            raise ProviderUnavailable(self.name, type(error).__name__) from None
        except httpx2.HTTPError as error:
            raise ProviderProtocolError(self.name, type(error).__name__) from None
        if not answer.is_success:
            raise _refusal(answer.status_code)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The specification's symmetric signature over id, time and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _refusal(status: int) -> ProviderOverloaded | ProviderUnavailable | ProviderRejected:
    reason = f"HTTP {status}"
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        return ProviderOverloaded(WebhookCrm.name, reason)
    if status >= 500:
        return ProviderUnavailable(WebhookCrm.name, reason)
    return ProviderRejected(WebhookCrm.name, reason)
