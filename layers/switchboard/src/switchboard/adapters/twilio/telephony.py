"""Twilio's Calls API: place and end phone calls (protocols.md 1.7; Twilio, "Call resource")."""

from typing import Any
from urllib.parse import quote

import httpx2
import msgspec

from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

TWILIO_API_URL = "https://api.twilio.com"
TIMEOUT_S = 5.0
"""Twilio answers in a few hundred ms; nobody waits on the line for longer than this."""
CONNECTIONS_MAX = 10
"""An account may start one call a second by default; ten at once is already a queue at Twilio."""

CALL_NOT_IN_PROGRESS = 21220
"""Twilio, error 21220: the call to be changed has ended already."""
STATUS_EVENTS = ("initiated", "ringing", "answered", "completed")


class TwilioTelephony:
    """`ports.telephony.Telephony` at Twilio; one per process. `close()` it.

    `base_url` may point elsewhere (a regional edge, a test server). Error texts are dropped: Twilio's hold telephone numbers;
    its numeric codes say the same (Twilio, "Error and warning dictionary").
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
            base_url=base_url,
            auth=(account_sid, auth_token),
            timeout=timeout_s,
            limits=httpx2.Limits(max_connections=CONNECTIONS_MAX),
        )

    async def place_call(self, *, to: str, from_: str, answer_url: str, status_url: str) -> str:
        """Dial `to` and return the new call's sid. Never retried here: a repeated request is a second call.

        Raises `ProviderError`.
        """
        answer = await self._post(
            f"{self._account_path}/Calls.json",
            {
                "To": to,
                "From": from_,
                "Url": answer_url,
                "Method": "POST",
                "StatusCallback": status_url,
                "StatusCallbackMethod": "POST",
                "StatusCallbackEvent": list(STATUS_EVENTS),
            },
        )
        raise_for_status(answer)
        sid = _json_object(answer).get("sid")
        if not isinstance(sid, str) or not sid.startswith("CA"):
            raise ProviderProtocolError(self.name, "the answer holds no call sid")
        return sid

    async def hang_up(self, call_id: str) -> None:
        """End a live call; one that has ended already is left alone. Raises `ProviderError`."""
        path = f"{self._account_path}/Calls/{quote(call_id, safe='')}.json"
        answer = await self._post(path, {"Status": "completed"})
        if answer.status_code == httpx2.codes.BAD_REQUEST and _code(answer) == CALL_NOT_IN_PROGRESS:
            return
        raise_for_status(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, path: str, form: dict[str, str | list[str]]) -> httpx2.Response:
        try:
            return await self._client.post(path, data=form)
        except httpx2.TimeoutException:
            raise ProviderTimeout(self.name, "no answer in time") from None
        except httpx2.TransportError as error:
            raise ProviderUnavailable(self.name, type(error).__name__) from None
        except httpx2.HTTPError as error:
            raise ProviderProtocolError(self.name, type(error).__name__) from None


def raise_for_status(answer: httpx2.Response) -> None:
    """Map Twilio's HTTP status to our error tree."""
    if answer.is_success:
        return
    status = answer.status_code
    reason = f"HTTP {status}, Twilio error {_code(answer) or 'unknown'}"
    error: ProviderError
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        error = ProviderOverloaded(TwilioTelephony.name, reason, _retry_after_ms(answer))
    elif answer.is_server_error:
        error = ProviderUnavailable(TwilioTelephony.name, reason)
    elif answer.is_client_error:
        error = ProviderRejected(TwilioTelephony.name, reason)
    else:
        error = ProviderProtocolError(TwilioTelephony.name, reason)
    raise error


def _json_object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        raise ProviderProtocolError(TwilioTelephony.name, "the answer is not a JSON object") from None


def _code(answer: httpx2.Response) -> int | None:
    """Twilio's numeric error code, None where an error page from something in between came instead."""
    try:
        code = msgspec.json.decode(answer.content, type=dict[str, Any]).get("code")
    except msgspec.DecodeError:
        return None
    return code if isinstance(code, int) else None


def _retry_after_ms(answer: httpx2.Response) -> int | None:
    seconds = answer.headers.get("retry-after", "")
    return int(seconds) * 1000 if seconds.isascii() and seconds.isdigit() else None
