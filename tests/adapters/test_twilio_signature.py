"""Twilio's signatures: published vectors, every mutation, and the rules of the new settings header."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.twilio.signature import Refusal, SignatureChecker, SignatureRefused

TOKEN = "12345"
CHECKER = SignatureChecker(TOKEN)
URL = "https://mycompany.example/myapp?foo=1&bar=2"
FIELDS = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
)
FORM_SHA1 = "+g40+FaJfHSIC3IiCGbRbMWm/f8="
FORM_SHA256 = "gunKMGFBnJ1YtrxfL93NqiCQVKuYxdr3EgNtDBJIqgI="
STREAM_URL = "wss://media.example.com/twilio/stream"
STREAM_SHA1 = "pDBx1McycDg2sIBUyP9v+49T2ok="
GET_URL = "https://mycompany.example/voice?x=1"
GET_SHA1 = "JMPULeQvdLUf1ZmuSGDl1kB7Fj4="
JSON_BODY = b'{"a":1}'
JSON_HASH = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
JSON_URL = f"https://mycompany.example/json?bodySHA256={JSON_HASH}"
JSON_SHA1 = "hjK+LAIDdN0rtQgiyTlvs6tO7ng="


def signed(signature: str, settings: str | None = None) -> list[tuple[str, str]]:
    extra = [] if settings is None else [("X-Twilio-Webhooks-Signature-Settings", settings)]
    return [("Host", "elsewhere.example"), ("X-Twilio-Signature", signature), *extra]


def sign(url: str) -> str:
    return base64.b64encode(hmac.digest(TOKEN.encode(), url.encode(), hashlib.sha1)).decode()


def refusal(check, *args) -> Refusal:
    with pytest.raises(SignatureRefused) as caught:
        check(*args)
    return caught.value.refusal


def test_published_vectors():
    """The five published SHA-1 vectors are believed: form, socket, GET, JSON, and fields in any order."""
    CHECKER.check_form(URL, FIELDS, signed(FORM_SHA1))
    CHECKER.check_form(URL, FIELDS[::-1], signed(FORM_SHA1))
    CHECKER.check_websocket(STREAM_URL, signed(STREAM_SHA1))
    CHECKER.check_get(GET_URL, signed(GET_SHA1))
    CHECKER.check_json(JSON_URL, JSON_BODY, signed(JSON_SHA1))


def test_header_in_any_case():
    """The header's letter case does not matter: sockets bring it in lower case."""
    for name in ("x-twilio-signature", "X-TWILIO-SIGNATURE"):
        CHECKER.check_websocket(STREAM_URL, [(name, STREAM_SHA1)])


@pytest.mark.parametrize("position", range(len(FORM_SHA1)))
def test_every_character_of_the_signature_counts(position):
    """No other character in any place of the signature is believed."""
    for code in range(128):
        mutated = FORM_SHA1[:position] + chr(code) + FORM_SHA1[position + 1 :]
        if mutated != FORM_SHA1:
            assert Refusal.WRONG is refusal(CHECKER.check_form, URL, FIELDS, signed(mutated))


@pytest.mark.parametrize(
    "signature", ["", FORM_SHA1[:-1], FORM_SHA1 + "=", " " + FORM_SHA1, "ü" * 28, "\ud800"]
)
def test_misshapen_signatures(signature):
    """A signature of another length or alphabet is wrong, not an error."""
    assert Refusal.WRONG is refusal(CHECKER.check_form, URL, FIELDS, signed(signature))


def test_every_character_of_the_url_counts():
    """No character of the address can be changed, added or left out."""
    for position in range(len(URL)):
        for changed in ("", "x", URL[position] * 2):
            mutated = URL[:position] + changed + URL[position + 1 :]
            if mutated != URL:
                assert Refusal.WRONG is refusal(CHECKER.check_form, mutated, FIELDS, signed(FORM_SHA1))


@given(st.data())
def test_every_field_counts(data):
    """No field can be changed, added, renamed or left out."""
    fields = list(FIELDS)
    position = data.draw(st.integers(0, len(fields) - 1))
    name, value = fields[position]
    changed = data.draw(st.sampled_from(["value", "name", "added", "dropped"]))
    other = data.draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8))
    match changed:
        case "value":
            fields[position] = (name, other)
        case "name":
            fields[position] = (other, value)
        case "added":
            fields.append(("Zz" + other, "1"))
        case "dropped":
            del fields[position]
    if sorted(fields) != sorted(FIELDS):
        assert Refusal.WRONG is refusal(CHECKER.check_form, URL, fields, signed(FORM_SHA1))


@pytest.mark.parametrize(
    "url",
    [
        "http://mycompany.example/myapp?foo=1&bar=2",
        "wss://mycompany.example/myapp?foo=1&bar=2",
        "https://mycompany.example:8443/myapp/?foo=1&bar=2",
        "https://other.example/myapp?foo=1&bar=2",
        "https://mycompany.example/myapp?bar=2&foo=1",
        "https://mycompany.example/myapp",
        "https://mycompany.example/Myapp?foo=1&bar=2",
    ],
)
def test_other_addresses(url):
    """A signature for one address is worth nothing at another scheme, host, path, query or order."""
    assert Refusal.WRONG is refusal(CHECKER.check_form, url, FIELDS, signed(FORM_SHA1))


def test_port_variants():
    """An https address is believed signed with and without its port, whichever way it is configured."""
    bare, full = "https://a.example/x?y=1", "https://a.example:443/x?y=1"
    for configured in (bare, full):
        for as_signed in (bare, full):
            CHECKER.check_get(configured, signed(sign(as_signed)))
    assert Refusal.WRONG is refusal(CHECKER.check_get, bare, signed(sign("https://a.example:80/x?y=1")))


def test_local_address():
    """An http address with a port, as in local use, and one with an IPv6 host are believed as they are."""
    for url in ("http://localhost:8080/twilio/voice", "http://[::1]:8080/twilio/voice"):
        CHECKER.check_get(url, signed(sign(url)))


@pytest.mark.parametrize(
    "url",
    [
        STREAM_URL + "/",
        "https://media.example.com/twilio/stream",
        "wss://media.example.com:80/twilio/stream",
        "wss://media.example.com:443/twilio/stream",
        STREAM_URL + "?token=1",
    ],
)
def test_socket_addresses(url):
    """A media socket's signature holds for exactly the address in the TwiML: no port, slash or scheme variants."""
    assert Refusal.WRONG is refusal(CHECKER.check_websocket, STREAM_URL, signed(sign(url)))


def test_json_body():
    """Changing any byte of a JSON body, or leaving its hash out of the address, is refused."""
    for position in range(len(JSON_BODY)):
        body = bytearray(JSON_BODY)
        body[position] ^= 1
        assert Refusal.BODY_HASH is refusal(CHECKER.check_json, JSON_URL, bytes(body), signed(JSON_SHA1))
    bare = "https://mycompany.example/json"
    assert Refusal.BODY_HASH is refusal(CHECKER.check_json, bare, JSON_BODY, signed(sign(bare)))
    twice = f"{JSON_URL}&bodySHA256={JSON_HASH}"
    assert Refusal.BODY_HASH is refusal(CHECKER.check_json, twice, JSON_BODY, signed(sign(twice)))
    odd = "https://mycompany.example/json?bodySHA256=%C3%A9"
    assert Refusal.BODY_HASH is refusal(CHECKER.check_json, odd, JSON_BODY, signed(sign(odd)))


def test_json_signature_comes_first():
    """A right body hash without a right signature proves nothing."""
    assert Refusal.WRONG is refusal(CHECKER.check_json, JSON_URL, JSON_BODY, signed(GET_SHA1))


def test_repeated_fields():
    """A field sent with several values is signed with all of them, sorted, repeats once."""
    fields = [("a", "2"), ("a", "1"), ("a", "2"), ("empty", "")]
    CHECKER.check_form("https://a.example/", fields, signed(sign("https://a.example/a1a2empty")))


def test_missing_signature():
    """A request without a signature, or with two, is refused."""
    assert Refusal.MISSING is refusal(CHECKER.check_form, URL, FIELDS, [("Host", "mycompany.example")])
    twice = [*signed(FORM_SHA1), *signed(FORM_SHA1)]
    assert Refusal.MISSING is refusal(CHECKER.check_form, URL, FIELDS, twice)


def test_unconfigured():
    """Without an auth token nothing is believed, not even what an empty key signs."""
    signature = base64.b64encode(hmac.digest(b"", GET_URL.encode(), hashlib.sha1)).decode()
    assert Refusal.UNCONFIGURED is refusal(SignatureChecker("").check_get, GET_URL, signed(signature))


def test_shared_key():
    """A request signed with a webhook SharedKey is checked with that key's secret and SHA-256."""
    checker = SignatureChecker("other", shared_keys={"webhooks_sharedkey_1": TOKEN})
    for settings in (
        "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
        " algorithm = hmac_sha256 , key = webhooks_sharedkey_1 ",
    ):
        checker.check_form(URL, FIELDS, signed(FORM_SHA256, settings))
    checker.check_form(URL, FIELDS, signed(FORM_SHA1, "key=webhooks_sharedkey_1"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("key=webhooks_sharedkey_2,algorithm=HMAC_SHA256", Refusal.UNKNOWN_KEY),
        ("algorithm=HMAC_SHA256", Refusal.UNKNOWN_KEY),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_MD5", Refusal.UNKNOWN_ALGORITHM),
        ("key=webhooks_sharedkey_1,algorithm=none", Refusal.UNKNOWN_ALGORITHM),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1", Refusal.WRONG),
    ],
)
def test_settings_header_cannot_weaken(settings, expected):
    """Another key, another algorithm or none at all is refused, whatever the signature."""
    checker = SignatureChecker(TOKEN, shared_keys={"webhooks_sharedkey_1": TOKEN})
    assert expected is refusal(checker.check_form, URL, FIELDS, signed(FORM_SHA256, settings))


def test_settings_header_sent_twice():
    """Two settings headers leave open which one counts: refused."""
    headers = [*signed(FORM_SHA1, ""), ("x-twilio-webhooks-signature-settings", "")]
    assert Refusal.MISSING is refusal(CHECKER.check_form, URL, FIELDS, headers)


def test_message_tells_nothing():
    """The error's text names the reason only: neither signature nor secret nor address."""
    with pytest.raises(SignatureRefused) as caught:
        CHECKER.check_form(URL, FIELDS, signed("x"))
    assert str(caught.value) == "signature_wrong"
