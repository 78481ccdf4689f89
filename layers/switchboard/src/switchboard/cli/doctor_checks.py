"""The doctor's checks. Each looks at one thing, changes nothing and waits for nobody longer than `PROBE_TIMEOUT_S`."""

import importlib
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

import botocore.session
import httpx2

from switchboard.adapters.twilio.signature import SignatureChecker, SignatureRefused
from switchboard.domain.stream_tokens import NONCE_BYTES, TTL_S, StreamClaims, TokenRefused, mint, verify
from switchboard.settings import Reading
from switchboard.settings_problems import Severity, is_loopback

PROBE_TIMEOUT_S = 0.5
"""For one request to our own gateway on this machine."""
PYTHON_MIN, PYTHON_BELOW = (3, 11), (3, 14)
EMBEDDED_LIBRARIES = ("espeakng_loader", "pocketsphinx", "soxr")
SPEECH_DETECTOR_MODEL = ("silero_vad", "data/silero_vad.onnx")

# Twilio's example request and its signature, computed with twilio-python 9.13.
_VECTOR_TOKEN = "12345"  # noqa: S105 - a published example
_VECTOR_URL = "https://mycompany.example/myapp?foo=1&bar=2"
_VECTOR_FIELDS = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
)
_VECTOR_SIGNATURE = "+g40+FaJfHSIC3IiCGbRbMWm/f8="


_SQLITE_MAGIC = b"SQLite format 3\0"


class Outcome(StrEnum):
    """How one check went."""

    PASS = "pass"  # noqa: S105 - an outcome
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the report; `hint` says what to do, empty where all is well."""

    group: str
    name: str
    outcome: Outcome
    message: str
    hint: str = ""


Check = Callable[[Reading], Iterable[CheckResult]]


def check_python(_reading: Reading) -> Iterator[CheckResult]:
    """The interpreter is one that the platform is tested on."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if PYTHON_MIN <= sys.version_info[:2] < PYTHON_BELOW:
        yield CheckResult("Runtime", "Python", Outcome.PASS, version)
    else:
        hint = "Use Python 3.11, 3.12 or 3.13."
        yield CheckResult("Runtime", "Python", Outcome.FAIL, f"{version} is not supported", hint)


def check_libraries(reading: Reading) -> Iterator[CheckResult]:
    """The speech detector's model is there, and so are the embedded voices and ears where they are used."""
    settings = reading.settings
    package, file = SPEECH_DETECTOR_MODEL
    found = find_spec(package)
    folders = [] if found is None else [Path(each) for each in found.submodule_search_locations or ()]
    if _loads("onnxruntime") and any((folder / file).is_file() for folder in folders):
        yield CheckResult("Runtime", "speech detector", Outcome.PASS, "model found")
    else:
        yield CheckResult("Runtime", "speech detector", Outcome.FAIL, "model not found", "Run: make install")
    missing = [name for name in EMBEDDED_LIBRARIES if not _loads(name)]
    if not missing:
        yield CheckResult("Runtime", "embedded speech", Outcome.PASS, "libraries load")
    else:
        outcome = Outcome.FAIL if "embedded" in {*settings.asr, *settings.tts} else Outcome.WARN
        message = f"not loadable: {', '.join(missing)}"
        yield CheckResult("Runtime", "embedded speech", outcome, message, "Run: make install")


def check_settings(reading: Reading) -> Iterator[CheckResult]:
    """Every setting is usable, alone and together with the others."""
    outcomes = {Severity.FAILURE: Outcome.FAIL, Severity.WARNING: Outcome.WARN}
    for each in reading.problems:
        message = f"{each.what}. {each.why}"
        yield CheckResult("Settings", each.setting, outcomes[each.severity], message, each.fix)
    if not reading.problems:
        yield CheckResult("Settings", "all", Outcome.PASS, "usable")


def check_aws_credentials(reading: Reading) -> Iterator[CheckResult]:
    """Where anything of AWS is used, credentials can be found without asking the network."""
    settings = reading.settings
    named = {"transcribe", "bedrock", "polly"} & {*settings.asr, *settings.llm, *settings.tts}
    if not named and settings.store != "aws" and not settings.secrets_id:
        return
    in_container = any(name.startswith("AWS_CONTAINER_CREDENTIALS_") for name in os.environ)
    resolver = botocore.session.get_session().get_component("credential_provider")
    for asks_network in ("container-role", "iam-role"):
        resolver.remove(asks_network)
    if in_container or resolver.load_credentials() is not None:
        yield CheckResult("Settings", "AWS credentials", Outcome.PASS, "found")
    else:
        hint = "Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use an instance role."
        yield CheckResult("Settings", "AWS credentials", Outcome.WARN, "not found on this machine", hint)


def check_signature(_reading: Reading) -> Iterator[CheckResult]:
    """The signature code agrees with Twilio's published example."""
    headers = (("X-Twilio-Signature", _VECTOR_SIGNATURE),)
    try:
        SignatureChecker(_VECTOR_TOKEN).check_form(_VECTOR_URL, _VECTOR_FIELDS, headers)
    except SignatureRefused:
        hint = "The installed twilio package is not the one in requirements.lock. Run: make install"
        yield CheckResult("Security", "Twilio signature", Outcome.FAIL, "self-test differs", hint)
    else:
        yield CheckResult("Security", "Twilio signature", Outcome.PASS, "self-test agrees with the vector")


def check_stream_token(reading: Reading) -> Iterator[CheckResult]:
    """A token minted with the configured secret opens its call and no other."""
    if any(each.setting == "SWITCHBOARD_STREAM_TOKEN_SECRET" for each in reading.failures):
        hint = "Set SWITCHBOARD_STREAM_TOKEN_SECRET first."
        yield CheckResult("Security", "stream token", Outcome.FAIL, "no usable secret", hint)
        return
    secret = reading.settings.token_secret.get_secret_value()
    claims = StreamClaims("CAdoctor", "ACdoctor", "default", "phone", TTL_S, bytes(NONCE_BYTES))
    token = mint(secret, claims)
    opens_own = verify(secret, token, call_sid="CAdoctor", now_s=0) == claims
    try:
        verify(secret, token, call_sid="CAother", now_s=0)
    except TokenRefused:
        refuses_other = True
    else:
        refuses_other = False
    if opens_own and refuses_other:
        yield CheckResult("Security", "stream token", Outcome.PASS, "round trip works")
    else:
        hint = "Run: make test"
        yield CheckResult("Security", "stream token", Outcome.FAIL, "round trip fails", hint)


def check_port(reading: Reading) -> Iterator[CheckResult]:
    """The gateway's port is free, or the gateway already answers there."""
    host, port = reading.settings.host, reading.settings.port
    probe_host = host if is_loopback(host) else "127.0.0.1"
    name = f"port {port}"
    if _answers_health(probe_host, port):
        yield CheckResult("Machine", name, Outcome.PASS, "Switchboard is running there")
    elif _is_free(probe_host, port):
        yield CheckResult("Machine", name, Outcome.PASS, "free")
    else:
        hint = "Stop what uses it, or set SWITCHBOARD_PORT."
        yield CheckResult("Machine", name, Outcome.FAIL, "in use by something else", hint)


def check_state_file(reading: Reading) -> Iterator[CheckResult]:
    """The embedded store's file, or the nearest folder above it, can be written to."""
    path = reading.settings.state_path
    name, hint = "state file", "Make it writable, or set SWITCHBOARD_STATE_PATH."
    if path.is_file():
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            yield CheckResult("Machine", name, Outcome.FAIL, f"{path} is read-only", hint)
        elif not _is_sqlite(path):
            hint = "Move it away, or set SWITCHBOARD_STATE_PATH."
            yield CheckResult("Machine", name, Outcome.FAIL, f"{path} is not a SQLite file", hint)
        else:
            yield CheckResult("Machine", name, Outcome.PASS, f"{path} is writable")
        return
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not path.exists() and folder.is_dir() and os.access(folder, os.W_OK):
        yield CheckResult("Machine", name, Outcome.PASS, f"{path} can be created")
    else:
        yield CheckResult("Machine", name, Outcome.FAIL, f"{path} cannot be created", hint)


def check_public_address(reading: Reading) -> Iterator[CheckResult]:
    """Twilio can reach the platform, as far as an address tells."""
    named = {"PUBLIC_BASE_URL", "STREAM_URL"}
    if any(each.setting in named for each in reading.problems):
        hint = "See PUBLIC_BASE_URL and STREAM_URL above."
        yield CheckResult("Telephone", "public address", Outcome.WARN, "Twilio cannot use it as it is", hint)
    elif reading.settings.is_local:
        message = "this machine only: demo and softphone work, telephone calls need a public https address"
        yield CheckResult("Telephone", "public address", Outcome.PASS, message)
    else:
        yield CheckResult("Telephone", "public address", Outcome.PASS, reading.settings.public_base_url)


ALL_CHECKS: tuple[Check, ...] = (
    check_python,
    check_libraries,
    check_settings,
    check_aws_credentials,
    check_signature,
    check_stream_token,
    check_port,
    check_state_file,
    check_public_address,
)


def _loads(module: str) -> bool:
    try:
        importlib.import_module(module)
    except (ImportError, OSError):
        # OSError: the Python part is there, its shared library is not.
        return False
    return True


def _answers_health(host: str, port: int) -> bool:
    try:
        answer = httpx2.get(f"http://{_in_url(host)}:{port}/health", timeout=PROBE_TIMEOUT_S, trust_env=False)
    except httpx2.HTTPError:
        return False
    return answer.status_code == httpx2.codes.OK


def _is_free(host: str, port: int) -> bool:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: connections of an earlier run in TIME_WAIT do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError:
        return False
    return True


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_sqlite(path: Path) -> bool:
    """Whether the file begins as SQLite's do; an empty one counts, SQLite will fill it (SQLite, "Database file format")."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE_MAGIC)) in (b"", _SQLITE_MAGIC)
