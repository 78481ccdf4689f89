"""One-time tokens that let exactly one media socket speak for one call.

A webhook mints a token for the call it answers; the gateway verifies it when the media stream starts, then
redeems its nonce in the token ledger. A Twilio signature proves "Twilio, for this account"; only the token proves
"this call" (protocols.md 1.10). It travels as a `<Parameter>`, where name and value together stay below
500 characters (Twilio, "<Stream>: custom parameters").

Format: `v1.<payload>.<mac>`, both base64url without padding. The payload is a MessagePack array of the claims, the mac
is HMAC-SHA256 over the *text* before the last dot and is compared as text, so that no second spelling of a token is
valid.
"""

import base64
import hashlib
import hmac
from typing import Literal

import msgspec
from msgspec import Struct

TTL_S = 60
"""Twilio opens the socket within seconds of the TwiML; a minute covers slow DNS and TLS (security.md 3.1)."""
NONCE_BYTES = 16
SECRET_CHARS_MIN = 32
TOKEN_CHARS_MAX = 400
"""Leaves room for the parameter's name within Twilio's 500 characters."""
NAME_BYTES_MAX = 64
"""Bound of each name in the claims; Twilio's sids have 34."""

_VERSION = "v1"


class TokenRefused(Exception):
    """Base of the three ways in which a token does not open a stream."""


class TokenForged(TokenRefused):
    """Not minted with our secret, or changed since, or not a token at all."""


class TokenExpired(TokenRefused):
    """Minted by us, but too long ago."""


class TokenForOtherCall(TokenRefused):
    """Minted by us for a different call."""


class StreamClaims(Struct, frozen=True, array_like=True):
    """Who may open the stream, and until when. `nonce` is 16 random bytes from the entrypoint."""

    call_sid: str
    account_sid: str
    tenant: str
    channel: Literal["phone", "web"]
    expires_at_s: int
    nonce: bytes

    @property
    def nonce_text(self) -> str:
        """The nonce as the token ledger knows it."""
        return self.nonce.hex()


def mint(secret: str, claims: StreamClaims) -> str:
    """Return the token for `claims`: ASCII, safe in URLs and XML, below 400 characters."""
    assert len(secret) >= SECRET_CHARS_MIN, "settings refuse shorter secrets"
    assert len(claims.nonce) == NONCE_BYTES, "the nonce is 128 bits"
    names = (claims.call_sid, claims.account_sid, claims.tenant)
    assert all(len(name.encode()) <= NAME_BYTES_MAX for name in names), "entrypoints bound names"
    signed = f"{_VERSION}.{_to_text(msgspec.msgpack.encode(claims))}"
    token = f"{signed}.{_mac(secret, signed)}"
    assert len(token) < TOKEN_CHARS_MAX, "bounded by the bounds of its claims"
    return token


def verify(secret: str, token: str, *, call_sid: str, now_s: int) -> StreamClaims:
    """Return the claims of a genuine, current token of this call.

    Says nothing about earlier use: redeem `nonce_text` in the token ledger next. Raises `TokenForged`,
    `TokenExpired` or `TokenForOtherCall`, in this order.
    """
    if len(token) >= TOKEN_CHARS_MAX or not token.isascii():
        raise TokenForged
    signed, _, mac = token.rpartition(".")
    if not hmac.compare_digest(mac.encode(), _mac(secret, signed).encode()):
        raise TokenForged
    version, _, payload = signed.partition(".")
    assert version == _VERSION, "only this module signs with this secret"
    claims = msgspec.msgpack.decode(_to_bytes(payload), type=StreamClaims)
    if now_s >= claims.expires_at_s:
        raise TokenExpired
    if claims.call_sid != call_sid:
        raise TokenForOtherCall
    return claims


def verify_any(secrets: tuple[str, ...], token: str, *, call_sid: str, now_s: int) -> StreamClaims:
    """`verify` with whichever of the secrets signed the token; they overlap while one is being replaced."""
    assert secrets, "settings refuse an empty secret"
    for former in secrets[1:]:
        try:
            return verify(former, token, call_sid=call_sid, now_s=now_s)
        except TokenForged:
            continue
    return verify(secrets[0], token, call_sid=call_sid, now_s=now_s)


def _mac(secret: str, signed: str) -> str:
    return _to_text(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
