"""Answer an incoming or outgoing phone call: connect it to the gateway."""

from switchboard.domain.instructions import ConnectStream
from switchboard.domain.stream_tokens import TTL_S, StreamClaims, mint
from switchboard.services.lines import Line, resumed_stream_url

FROM_CHARS_MAX = 256
"""A SIP caller's address can be long; Twilio allows under 500 characters for name and value together."""


def answer_call(
    *,
    call_sid: str,
    account_sid: str,
    from_number: str,
    line: Line,
    nonce: bytes,
    now_s: int,
    traceparent: str = "",
) -> ConnectStream:
    """Return the instruction that opens the call's first stream, as part of the trace `traceparent` names.

    A webhook retried for the same call gets an equivalent answer: only the token differs, and each is valid
    once and for this call only.
    """
    return connect_stream(
        call_sid=call_sid,
        account_sid=account_sid,
        from_number=from_number,
        line=line,
        nonce=nonce,
        now_s=now_s,
        resume_url=line.resume_url(),
        traceparent=traceparent,
    )


def connect_stream(
    *,
    call_sid: str,
    account_sid: str,
    from_number: str,
    line: Line,
    nonce: bytes,
    now_s: int,
    resume_url: str,
    resumed: bool = False,
    after_s: int = 0,
    traceparent: str = "",
    **extra: str,
) -> ConnectStream:
    """Return a stream instruction with a fresh token; `extra` parameters are told to the gateway.

    So is `traceparent`, which no token covers: the gateway takes it as a hint within the call's own trace.
    """
    claims = StreamClaims(
        call_sid=call_sid,
        account_sid=account_sid,
        tenant=line.tenant,
        channel="phone",
        expires_at_s=now_s + after_s + TTL_S,
        nonce=nonce,
    )
    # XML cannot carry control characters, and one in a caller's address must not cost the caller the call.
    caller = "".join(character for character in from_number[:FROM_CHARS_MAX] if character.isprintable())
    parameters = {"token": mint(line.token_secret, claims), "from": caller, **extra}
    if traceparent:
        parameters["traceparent"] = traceparent
    url = resumed_stream_url(line.stream_url) if resumed else line.stream_url
    return ConnectStream(url=url, parameters=parameters, resume_url=resume_url, after_s=after_s)
