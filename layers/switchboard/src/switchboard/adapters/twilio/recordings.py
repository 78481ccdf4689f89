"""Twilio's recordings: fetch a voicemail, then delete it there (protocols.md 1.9; Twilio, "Recordings resource")."""

import re
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec

from switchboard.adapters.twilio.telephony import TWILIO_API_URL, raise_for_status
from switchboard.ports.errors import (
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

TIMEOUT_S = 10.0
RECORDING_BYTES_MAX = 5_000_000
"""Two minutes of 16-bit audio at 8 kHz are 1.9 MB; twice that for two channels, and room to spare."""
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NOT_THERE = frozenset({httpx2.codes.NOT_FOUND, httpx2.codes.GONE})


class TwilioRecordings:
    """`ports.carrier_recordings.CarrierRecordings` at Twilio; one per process. `close()` it.

    Media is fetched with our credentials, never by the URL of a webhook: whoever could forge one would choose our target.
    """

    name = "twilio"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        base_url: str = TWILIO_API_URL,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._account_path = f"/2010-04-01/Accounts/{quote(account_sid, safe='')}"
        self._client = httpx2.AsyncClient(
            base_url=base_url, auth=(account_sid, auth_token), timeout=timeout_s, follow_redirects=False
        )

    async def fetch(self, recording_id: str) -> bytes | None:
        """Download the WAV file, at most `RECORDING_BYTES_MAX`. Raises `ProviderError`."""
        path = f"{self._account_path}/Recordings/{quote(recording_id, safe='')}.wav"
        try:
            async with self._client.stream("GET", path) as answer:
                if answer.status_code in _NOT_THERE:
                    return None
                if not answer.is_success:
                    await answer.aread()
                    raise_for_status(answer)
                content = b""
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > RECORDING_BYTES_MAX:
                        raise ProviderRejected(self.name, "the recording is larger than a voicemail can be")
                return content
        except httpx2.HTTPError as error:
            raise _port_error(error) from None

    async def delete(self, recording_id: str) -> None:
        """Delete it; gone is gone. Raises `ProviderError`."""
        answer = await self._request("DELETE", f"/Recordings/{quote(recording_id, safe='')}.json")
        if answer.status_code not in _NOT_THERE:
            raise_for_status(answer)

    async def caller_of(self, call_id: str) -> tuple[str, str] | None:
        """Ask for the call's numbers; withheld ones ("anonymous", SIP addresses) are unknown. Raises `ProviderError`."""
        answer = await self._request("GET", f"/Calls/{quote(call_id, safe='')}.json")
        if answer.status_code in _NOT_THERE:
            return None
        raise_for_status(answer)
        try:
            call = msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.DecodeError:
            raise ProviderProtocolError(self.name, "the answer is not a JSON object") from None
        caller, line = str(call.get("from", "")), str(call.get("to", ""))
        return (caller, line) if _E164.fullmatch(caller) and _E164.fullmatch(line) else None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(self, method: str, path: str) -> httpx2.Response:
        try:
            return await self._client.request(method, self._account_path + path)
        except httpx2.HTTPError as error:
            raise _port_error(error) from None


def _port_error(error: httpx2.HTTPError) -> ProviderError:
    match error:
        case httpx2.TimeoutException():
            return ProviderTimeout(TwilioRecordings.name, "no answer in time")
        case httpx2.TransportError():
            return ProviderUnavailable(TwilioRecordings.name, type(error).__name__)
        case _:
            return ProviderProtocolError(TwilioRecordings.name, type(error).__name__)
