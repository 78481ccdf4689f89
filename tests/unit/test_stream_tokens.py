"""One-time stream tokens: they come back whole, and nothing else opens a stream."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.domain.stream_tokens import (
    TOKEN_CHARS_MAX,
    StreamClaims,
    TokenExpired,
    TokenForged,
    TokenForOtherCall,
    mint,
    verify,
)

SECRET = "test-secret-of-more-than-32-characters"
CLAIMS = StreamClaims("CA" + "1" * 32, "AC" + "2" * 32, "default", "phone", 1060, bytes(range(16)))
TOKEN = mint(SECRET, CLAIMS)

names = st.text(max_size=16)  # of up to 4 bytes each
claims = st.builds(
    StreamClaims,
    call_sid=names,
    account_sid=names,
    tenant=names,
    channel=st.sampled_from(["phone", "web"]),
    expires_at_s=st.integers(0, 2**40),
    nonce=st.binary(min_size=16, max_size=16),
)


@given(claims)
def test_round_trip(given_claims):
    """A token gives back the claims it was minted with, and stays within TwiML's limit and alphabet."""
    token = mint(SECRET, given_claims)
    assert given_claims == verify(
        SECRET, token, call_sid=given_claims.call_sid, now_s=given_claims.expires_at_s - 1
    )
    assert len(token) < TOKEN_CHARS_MAX
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_any_mutated_character_is_refused(position, character):
    """Whatever character is put in whatever place, the token is forged: no second spelling is valid."""
    mutated = TOKEN[:position] + character + TOKEN[position + 1 :]
    if mutated != TOKEN:
        with pytest.raises(TokenForged):
            verify(SECRET, mutated, call_sid=CLAIMS.call_sid, now_s=1000)


def test_every_flipped_bit_is_refused():
    """Each bit of each byte counts."""
    for position in range(len(TOKEN)):
        for bit in range(8):
            data = bytearray(TOKEN.encode())
            data[position] ^= 1 << bit
            with pytest.raises(TokenForged):
                verify(SECRET, data.decode("latin-1"), call_sid=CLAIMS.call_sid, now_s=1000)


@given(st.text(max_size=500))
def test_anything_else_is_refused(text):
    """No text that we did not mint is a token, and none is an unexpected error."""
    with pytest.raises(TokenForged):
        verify(SECRET, text, call_sid=CLAIMS.call_sid, now_s=1000)


@pytest.mark.parametrize(
    "token", ["", ".", "v1", "v1..", TOKEN + "=", TOKEN[:-1], TOKEN + "A", " " + TOKEN, "\ud800"]
)
def test_near_misses_are_refused(token):
    """Padding, cuts, blanks and lone surrogates make a token forged."""
    with pytest.raises(TokenForged):
        verify(SECRET, token, call_sid=CLAIMS.call_sid, now_s=1000)


def test_other_secret():
    """A token of another platform is forged."""
    with pytest.raises(TokenForged):
        verify(SECRET[::-1], TOKEN, call_sid=CLAIMS.call_sid, now_s=1000)


def test_unsigned_claims():
    """Claims somebody made up, signed with nothing, are forged."""
    payload = base64.urlsafe_b64encode(msgspec.msgpack.encode(CLAIMS)).rstrip(b"=").decode()
    with pytest.raises(TokenForged):
        verify(SECRET, f"v1.{payload}.", call_sid=CLAIMS.call_sid, now_s=1000)


def test_expiry_is_exclusive():
    """A token is valid up to the second before it expires."""
    assert verify(SECRET, TOKEN, call_sid=CLAIMS.call_sid, now_s=1059) == CLAIMS
    with pytest.raises(TokenExpired):
        verify(SECRET, TOKEN, call_sid=CLAIMS.call_sid, now_s=1060)


def test_other_call():
    """A token opens no stream but that of its own call."""
    with pytest.raises(TokenForOtherCall):
        verify(SECRET, TOKEN, call_sid="CA" + "3" * 32, now_s=1000)


def test_short_secret():
    """Minting with a secret that settings would refuse is our own mistake."""
    with pytest.raises(AssertionError):
        mint("short", CLAIMS)
