"""Reading a webhook's form, if Twilio signed it; one way for every function that Twilio calls."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request

from switchboard.adapters.twilio.signature import SignatureRefused

BODY_BYTES_MAX = 64 * 1024
"""Twilio's forms have about 2 KB; what is larger is not read to its end."""
FIELDS_MAX = 200
FORM = "application/x-www-form-urlencoded"

Check = Callable[[str, list[tuple[str, str]]], Awaitable[None]]
"""Given the signed address and the form's fields."""

log = structlog.get_logger()


async def signed_form(request: Request, *, public_url: str, check: Check) -> dict[str, str]:
    """Return the form of a request that Twilio signed; raise the HTTP answer to every other.

    `public_url` is the origin that Twilio was told; Host headers say nothing. `check` raises `SignatureRefused`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(400, f"Send the form as {FORM}.")
    body = await _body(request)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        # Neither UTF-8 nor a form of sensible size: Twilio cannot have signed it.
        raise HTTPException(403, "This request is not signed.") from None
    # From the request line: `request.url` would let a crafted Host header shift the path.
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    url = f"{public_url}{path}{f'?{query}' if query else ''}"
    try:
        await check(url, fields)
    except SignatureRefused as refused:
        log.warning("webhook refused", path=path, refusal=refused.refusal)
        raise HTTPException(403, "This request is not signed.") from None
    return dict(fields)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"Send at most {BODY_BYTES_MAX} bytes.")
    return body
