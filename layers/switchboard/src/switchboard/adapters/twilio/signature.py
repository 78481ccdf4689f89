"""Check that a webhook or a media socket was signed by Twilio (protocols.md 1.10; Twilio, "Webhooks security").

The signed address is the one in our configuration plus the path and raw query of the request, never one rebuilt from Host or
forwarding headers. Signatures are compared in constant time. A good signature says "Twilio, for this account"; that a
stream belongs to one call is the stream token's business.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import product
from urllib.parse import parse_qs, urlsplit, urlunsplit

from twilio.request_validator import (  # type: ignore[import-untyped]  # the SDK ships no types
    HMAC_SHA1,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from switchboard.domain.rotating import RotatingSecret, fixed

_DEFAULT_PORTS = {"https": 443, "http": 80}


class Refusal(StrEnum):
    """Why a request is not believed; safe to log, never told to the sender."""

    UNCONFIGURED = "no_auth_token_configured"
    MISSING = "signature_missing"
    WRONG = "signature_wrong"
    UNKNOWN_KEY = "signing_key_unknown"
    UNKNOWN_ALGORITHM = "signing_algorithm_unknown"
    BODY_HASH = "body_hash_wrong"


class SignatureRefused(Exception):
    """The request was not signed by Twilio for this account, or not for this address."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class SignatureChecker:
    """Checks requests of one account.

    `auth_token` is the account's primary token, or what returns those that count now; none or an empty one refuses
    everything. `shared_keys` maps the id of each
    webhook SharedKey (`webhooks_sharedkey_…`) to its secret. `on_wrong` is told of each wrong signature: the token may have changed. Every method takes the headers as pairs in any letter
    case, returns None for a genuine request and raises `SignatureRefused` for every other.
    """

    def __init__(
        self,
        auth_token: str | RotatingSecret,
        *,
        shared_keys: Mapping[str, str] | None = None,
        on_wrong: Callable[[], None] = lambda: None,
    ) -> None:
        self._auth_tokens = fixed(auth_token) if isinstance(auth_token, str) else auth_token
        self._shared_keys = dict(shared_keys or {})
        self._on_wrong = on_wrong

    def check_form(
        self, url: str, fields: Iterable[tuple[str, str]], headers: Iterable[tuple[str, str]]
    ) -> None:
        """Check a form POST to `url`, given its decoded fields (repeated names allowed, blank values kept)."""
        self._check(_with_port_variants(url), _Fields.of(fields), headers)

    def check_get(self, url: str, headers: Iterable[tuple[str, str]]) -> None:
        """Check a GET of `url` with its raw query."""
        self._check(_with_port_variants(url), _Fields(), headers)

    def check_json(self, url: str, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
        """Check a JSON POST: the signed `url` must carry the body's hash as `bodySHA256`."""
        self._check(_with_port_variants(url), _Fields(), headers)
        claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [])
        actual = hashlib.sha256(body).hexdigest()
        if len(claimed) != 1 or not hmac.compare_digest(claimed[0].encode(), actual.encode()):
            raise SignatureRefused(Refusal.BODY_HASH)

    def check_websocket(self, stream_url: str, headers: Iterable[tuple[str, str]]) -> None:
        """Check the upgrade request of a media socket; `stream_url` is the wss address exactly as in the TwiML."""
        self._check((stream_url,), _Fields(), headers)

    def _check(self, urls: tuple[str, ...], fields: "_Fields", headers: Iterable[tuple[str, str]]) -> None:
        signature, settings = _signature_headers(headers)
        if signature is None:
            raise SignatureRefused(Refusal.MISSING)
        algorithm = get_signature_algorithm(settings).upper()
        matches = False
        for secret, url in product(self._secrets(settings), urls):
            try:
                expected = RequestValidator(secret).compute_signature(url, fields, algorithm)
            except ValueError:
                raise SignatureRefused(Refusal.UNKNOWN_ALGORITHM) from None
            matches |= hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))
        if not matches:
            self._on_wrong()
            raise SignatureRefused(Refusal.WRONG)

    def _secrets(self, settings: str) -> tuple[str, ...]:
        """The SharedKey's secret where the request names one, else the account's tokens (rule 5)."""
        parts = (part.partition("=") for part in settings.split(","))
        key = next((value.strip() for name, _, value in parts if name.strip() == "key"), "")
        if not key and get_signature_algorithm(settings).upper() != HMAC_SHA1:
            # Only SharedKeys sign with another algorithm than SHA-1.
            raise SignatureRefused(Refusal.UNKNOWN_KEY)
        secrets = (self._shared_keys.get(key, ""),) if key else self._auth_tokens()
        if not any(secrets):
            raise SignatureRefused(Refusal.UNKNOWN_KEY if key else Refusal.UNCONFIGURED)
        return tuple(secret for secret in secrets if secret)


class _Fields(dict[str, list[str]]):
    """Form fields as the SDK reads them: names to lists of values."""

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> "_Fields":
        lists = cls()
        for name, value in fields:
            lists.setdefault(name, []).append(value)
        return lists

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _signature_headers(headers: Iterable[tuple[str, str]]) -> tuple[str | None, str]:
    """The signature and its settings; a header sent twice counts as missing, since either could be meant."""
    signatures: list[str] = []
    settings: list[str] = []
    for name, value in headers:
        lowered = name.lower()
        if lowered == SIGNATURE_HEADER.lower():
            signatures.append(value)
        elif lowered == SIGNATURE_SETTINGS_HEADER.lower():
            settings.append(value)
    if len(signatures) != 1 or len(settings) > 1:
        return None, ""
    return signatures[0], settings[0] if settings else ""


def _with_port_variants(url: str) -> tuple[str, ...]:
    """The address as configured, without its port, and with its scheme's port: Twilio signs one of these (rule 3)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    default_port = _DEFAULT_PORTS.get(parts.scheme)
    variants = [url, urlunsplit(parts._replace(netloc=host))]
    if default_port is not None and parts.port is None:
        variants.append(urlunsplit(parts._replace(netloc=f"{host}:{default_port}")))
    return tuple(dict.fromkeys(variants))
