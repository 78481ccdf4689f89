"""Start a call from the browser softphone, which speaks the carrier's stream messages itself."""

from switchboard.domain.stream_tokens import TTL_S, StreamClaims, mint
from switchboard.services.lines import Line

WEB_ACCOUNT_SID = "AC" + "0" * 32
"""Stands where a carrier's account would: no real account has this id, so web and phone tokens never mix."""


def start_web_call(*, line: Line, stream_url: str, nonce: bytes, call_sid: str, now_s: int) -> dict[str, str]:
    """Return the JSON a browser needs to open its stream.

    `stream_url` is the ws(s) address of the gateway's web socket. The answer holds `streamUrl`, `callSid`, `accountSid`,
    `streamSid` and the one-time `token`, valid for 60 s and for this call only.
    """
    claims = StreamClaims(
        call_sid=call_sid,
        account_sid=WEB_ACCOUNT_SID,
        tenant=line.tenant,
        channel="web",
        expires_at_s=now_s + TTL_S,
        nonce=nonce,
    )
    return {
        "streamUrl": stream_url,
        "callSid": call_sid,
        "accountSid": WEB_ACCOUNT_SID,
        "streamSid": f"MZ{nonce.hex()}",
        "token": mint(line.token_secret, claims),
    }
