"""Twilio's webhooks, as uvicorn and as Lambda serve them."""

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from mangum.types import LambdaContext
from structlog.typing import EventDict

from lambdas.answer_call import handler as module
from switchboard.adapters.aws.secrets import REFRESH_SOON_S, SecretReader, Secrets, SecretValues
from switchboard.adapters.embedded.tenants import EmbeddedTenantDirectory, demo_tenant
from switchboard.adapters.twilio import signed_forms
from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.domain.call_progress import CallProgress, CallStatus
from switchboard.domain.calls import CallKey, Disposition, NextStep
from switchboard.domain.configuration_snapshot import Snapshot
from switchboard.domain.facts import CallEnded
from switchboard.domain.stream_tokens import verify
from switchboard.domain.trace_context import parse_traceparent
from switchboard.ports.checkpoints import Checkpoint
from switchboard.settings import SettingsError, read_settings
from switchboard.webhook_stores import WebhookStores
from tests.fakes.call_progress import InMemoryCallProgressStore
from tests.fakes.checkpoints import InMemoryCheckpointStore
from tests.fakes.emf import extract
from tests.fakes.event_sink import ListSink
from tests.fakes.tenants import tenant
from tests.fakes.tracer import RecordingTracer

TOKEN = "12345"
ENVIRON = {
    "PUBLIC_BASE_URL": "https://voice.example.com",
    "TWILIO_ACCOUNT_SID": "AC" + "2" * 32,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "SWITCHBOARD_STREAM_TOKEN_SECRET": "s" * 40,
    "SWITCHBOARD_HANDOVER_NUMBER": "+14155550123",
}
CALL = "CA" + "1" * 32
ACME_NUMBER = "+14155550177"
KEY = CallKey("default", CALL)
FORM = {"CallSid": CALL, "AccountSid": "AC" + "2" * 32, "From": "+14155550199", "CallerName": ""}
EVENTS = Path(__file__).parent.parent / "events"
PATHS = ("/twilio/voice", "/twilio/resume", "/twilio/status")


class Webhooks:
    """The app under test with its stores; signs what it posts unless told otherwise."""

    def __init__(self) -> None:
        self.checkpoints = InMemoryCheckpointStore()
        self.progress = InMemoryCallProgressStore()
        self.sink = ListSink()
        tenants = (
            demo_tenant(handover_number=ENVIRON["SWITCHBOARD_HANDOVER_NUMBER"]),
            tenant("acme", numbers=(ACME_NUMBER,), handover_number="+14155550999"),
        )
        self.directory = EmbeddedTenantDirectory(Snapshot(1, tenants))
        stores = WebhookStores(
            checkpoints=self.checkpoints, progress=self.progress, directory=self.directory, sink=self.sink
        )
        app = module.create_app(read_settings(ENVIRON).settings, stores=stores)
        self.deps: module.Dependencies = app.state.deps
        self.app = app
        self.client = TestClient(app)

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str):
        form = FORM if form is None else form
        headers = {"X-Twilio-Signature": sign(path, form), **headers}
        return self.client.post(path, data=form, headers=headers)


def sign(path: str, form: dict[str, str]) -> str:
    text = ENVIRON["PUBLIC_BASE_URL"] + path + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), hashlib.sha1)).decode()


@pytest.fixture
def webhooks() -> Webhooks:
    return Webhooks()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def parameters(twiml: str) -> dict[str | None, str | None]:
    return {each.get("name"): each.get("value") for each in ET.fromstring(twiml).iter("Parameter")}


def verbs(twiml: str) -> list[str]:
    return [each.tag for each in ET.fromstring(twiml)]


def test_voice(webhooks: Webhooks):
    """A call is answered with a stream that carries a token of this call, and a redirect behind it."""
    answer = webhooks.post("/twilio/voice")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    assert verbs(answer.text) == ["Connect", "Redirect"]
    stream = ET.fromstring(answer.text).find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == "wss://voice.example.com/twilio/stream"
    token = parameters(answer.text)["token"]
    assert token
    assert FORM["AccountSid"] == verify("s" * 40, token, call_sid=CALL, now_s=0).account_sid
    assert ET.fromstring(answer.text).findtext("Redirect") == "https://voice.example.com/twilio/resume"


def test_retried_voice(webhooks: Webhooks):
    """A webhook that Twilio repeats gets the same answer with a token of its own."""
    first, second = webhooks.post("/twilio/voice").text, webhooks.post("/twilio/voice").text
    tokens = [parameters(each)["token"] for each in (first, second)]
    assert tokens[0] != tokens[1]
    assert first.replace(str(tokens[0]), "") == second.replace(str(tokens[1]), "")


def test_resume(webhooks: Webhooks):
    """A live call whose stream closed is connected again; the counter goes on in the signed address."""
    webhooks.checkpoints.checkpoints[KEY] = Checkpoint(KEY, 1, "{}")
    answer = webhooks.post("/twilio/resume?n=2&t=99999999999&f=0")
    assert parameters(answer.text)["resume"] == "1"
    redirect = str(ET.fromstring(answer.text).findtext("Redirect"))
    assert re.search(r"/twilio/resume\?f=1&n=3&t=\d+$", redirect)


@pytest.mark.parametrize(("path", "name"), [("voice", "answer_call"), ("resume", "continue_call")])
def test_the_gateway_is_told_its_place_in_the_calls_trace(webhooks: Webhooks, path: str, name: str):
    """The stream's parameters name the webhook's span, in the trace that follows from the call's id."""
    tracer = RecordingTracer()
    webhooks.app.state.deps = dataclasses.replace(webhooks.app.state.deps, tracer=tracer)
    traceparent = parameters(webhooks.post(f"/twilio/{path}").text)["traceparent"]
    told = parse_traceparent(str(traceparent), call_id=CALL)
    (span,) = tracer.named(name)

    assert told is not None
    assert (told.trace_id, told.span_id) == (span.trace_id, span.span_id)
    assert CALL == span.attributes["call_id"]
    assert span.end_ms is not None


def test_without_a_collector_no_trace_is_told(webhooks: Webhooks):
    """Twilio's parameters stay as they were."""
    assert {"token", "from"} == parameters(webhooks.post("/twilio/voice").text).keys()


def test_webhooks_are_counted(webhooks: Webhooks, capsys):
    """Answered, continued by why, refused by what was wrong: as metric lines on standard output, for Lambda's log."""
    webhooks.post("/twilio/voice")
    webhooks.post("/twilio/resume")
    webhooks.post("/twilio/voice", FORM, **{"X-Twilio-Signature": "forged"})
    data = [datum for line in capsys.readouterr().out.splitlines() for datum in extract(line)]
    base = {"service": "answer_call", "environment": "local"}

    assert [
        ("CallsAnswered", base),
        ("CallsContinued", base),
        ("CallsContinued", {**base, "why": "unknown_call"}),
        ("WebhooksRefused", base),
        ("WebhooksRefused", {**base, "refusal": "signature_wrong"}),
    ] == [(datum.name, datum.dimensions) for datum in data]


def test_resume_counter_cannot_be_changed(webhooks: Webhooks):
    """The counter is part of what Twilio signs: another one is refused."""
    headers = {"X-Twilio-Signature": sign("/twilio/resume?n=6&t=99999999999", FORM)}
    answer = webhooks.client.post("/twilio/resume?n=0&t=99999999999", data=FORM, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("query", ["", "?n=", "?n=-1&t=x", "?n=²&t=1", "?n=1", "?n=" + "9" * 400])
def test_odd_counters(webhooks: Webhooks, query: str):
    """A signed but unreadable counter starts anew; the caller is connected."""
    path = f"/twilio/resume{query}"
    headers = {
        "X-Twilio-Signature": sign(
            str(webhooks.client.build_request("POST", path).url.raw_path.decode()), FORM
        )
    }
    answer = webhooks.client.post(path, data=FORM, headers=headers)
    assert verbs(answer.text) == ["Connect", "Redirect"]


def test_transfer_and_back(webhooks: Webhooks):
    """A transfer is dialled; when nobody answers the caller is with the agent again, when somebody did the call ends."""
    webhooks.checkpoints.checkpoints[KEY] = Checkpoint(KEY, 1, "{}", NextStep.TRANSFER)
    assert verbs(webhooks.post("/twilio/resume").text) == ["Say", "Dial"]
    back = webhooks.post("/twilio/resume", {**FORM, "DialCallStatus": "no-answer"})
    assert parameters(back.text)["transfer_failed"] == "no-answer"
    done = webhooks.post("/twilio/resume", {**FORM, "DialCallStatus": "completed"})
    assert verbs(done.text) == ["Hangup"]


def test_failed_call(webhooks: Webhooks):
    """A call that failed ends with words."""
    failed = Checkpoint(KEY, 1, "{}", NextStep.HANG_UP, Disposition.FAILED)
    webhooks.checkpoints.checkpoints[KEY] = failed
    assert verbs(webhooks.post("/twilio/resume").text) == ["Say", "Hangup"]


@pytest.mark.parametrize("path", ["/twilio/voice", "/twilio/resume"])
def test_store_down(webhooks: Webhooks, path: str):
    """With the store down, voice webhooks still answer with a stream (law L4)."""
    webhooks.checkpoints.is_down = webhooks.progress.is_down = True
    answer = webhooks.post(path)
    assert (answer.status_code, verbs(answer.text)) == (200, ["Connect", "Redirect"])


def test_status(webhooks: Webhooks, logged: list[EventDict]):
    """Status callbacks are stored and logged; late and repeated ones change nothing (law W7)."""
    for status, number in (("in-progress", "2"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")):
        form = {**FORM, "CallStatus": status, "SequenceNumber": number}
        assert webhooks.post("/twilio/status", form).status_code == 204
    assert CallProgress(KEY, 3, CallStatus.COMPLETED) == webhooks.progress.reports[KEY]
    assert [line["outcome"] for line in logged] == ["advanced", "ignored", "ignored", "advanced"]


def test_status_not_understood(webhooks: Webhooks):
    """A status that we do not know is taken, logged and stored nowhere."""
    assert webhooks.post("/twilio/status", {**FORM, "CallStatus": "levitating"}).status_code == 204
    assert webhooks.progress.reports == {}


def test_status_store_down(webhooks: Webhooks, logged: list[EventDict]):
    """A status that cannot be stored is logged and answered with an error, so that Twilio's debugger shows it."""
    webhooks.progress.is_down = True
    answer = webhooks.post("/twilio/status", {**FORM, "CallStatus": "completed", "SequenceNumber": "3"})
    assert answer.status_code == 503
    assert logged[-1]["reason"] == "ProviderUnavailable"


def test_health(webhooks: Webhooks):
    """The process says that it answers, without any dependency."""
    assert webhooks.client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("path", PATHS)
def test_unsigned(webhooks: Webhooks, path: str, logged: list[EventDict]):
    """An unsigned request gets 403 and no hint why; the log knows."""
    answer = webhooks.client.post(path, data=FORM)
    assert (answer.status_code, answer.json()) == (403, {"detail": "This request is not signed."})
    assert logged[-1]["refusal"] == "signature_missing"


@pytest.mark.parametrize("path", PATHS)
def test_signed_for_another_path(webhooks: Webhooks, path: str):
    """A signature of one webhook opens no other."""
    other = PATHS[PATHS.index(path) - 1]
    answer = webhooks.client.post(path, data=FORM, headers={"X-Twilio-Signature": sign(other, FORM)})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "voice.example.com/twilio/status?"},
        {"Host": "evil.example/twilio/status#"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
        {"X-Original-URL": "/twilio/status"},
    ],
)
def test_headers_do_not_move_the_address(webhooks: Webhooks, headers: dict[str, str]):
    """Neither Host nor forwarding headers change the address that must be signed."""
    assert webhooks.post("/twilio/voice", FORM, **headers).status_code == 200
    signature = {"X-Twilio-Signature": sign("/twilio/status", FORM)}
    answer = webhooks.client.post("/twilio/voice", data=FORM, headers={**signature, **headers})
    assert answer.status_code == 403


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from(PATHS),
    body=st.one_of(
        st.binary(max_size=300),
        st.dictionaries(st.text(), st.text()).map(lambda d: urlencode(d, errors="replace").encode()),
    ),
    signature=st.one_of(st.none(), st.text(st.characters(min_codepoint=33, max_codepoint=126))),
)
def test_any_unsigned_form(path: str, body: bytes, signature: str | None):
    """No form body whatsoever is believed without the right signature."""
    headers = {"content-type": signed_forms.FORM} | (
        {} if signature is None else {"X-Twilio-Signature": signature}
    )
    answer = Webhooks().client.post(path, content=body, headers=headers)
    assert answer.status_code == 403


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_field(data):
    """Changing one character of one field of a signed form is refused."""
    name = data.draw(st.sampled_from(sorted(FORM)))
    changed = data.draw(
        st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: text != FORM[name])
    )
    headers = {"X-Twilio-Signature": sign("/twilio/voice", FORM)}
    answer = Webhooks().client.post("/twilio/voice", data={**FORM, name: changed}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_wrong_content_type(webhooks: Webhooks, content_type: str):
    """Anything but a form is answered with what to send instead."""
    answer = webhooks.client.post("/twilio/voice", content=b"{}", headers={"content-type": content_type})
    assert (
        answer.status_code,
        answer.json()["detail"],
    ) == (400, "Send the form as application/x-www-form-urlencoded.")


def test_large_body(webhooks: Webhooks):
    """A body beyond the limit is not read to its end."""
    answer = webhooks.client.post(
        "/twilio/voice",
        content=b"a" * (signed_forms.BODY_BYTES_MAX + 1),
        headers={"content-type": signed_forms.FORM},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "changed",
    [{"CallSid": ""}, {"CallSid": "../x"}, {"AccountSid": "AC" + "é" * 10}, {"CallSid": "CA" + "1" * 63}],
)
def test_signed_but_unusable(webhooks: Webhooks, changed: dict[str, str]):
    """A signed form without usable ids is answered with the field that is wrong."""
    answer = webhooks.post("/twilio/voice", {**FORM, **changed})
    assert answer.status_code == 400
    assert next(iter(changed)) in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/twilio/stream"])
def test_nothing_else_is_served(webhooks: Webhooks, path: str):
    """No documentation and no other path is public."""
    assert webhooks.client.get(path).status_code == 404


def test_logs_hold_no_numbers(webhooks: Webhooks, logged: list[EventDict]):
    """What webhooks log names the call, never the caller."""
    for path in PATHS:
        webhooks.post(path, {**FORM, "CallStatus": "ringing", "SequenceNumber": "1"})
    assert len(logged) == 3
    assert "4155550199" not in repr(logged)


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ({"To": ACME_NUMBER, "Direction": "inbound"}, "+14155550999"),
        ({"From": ACME_NUMBER, "To": "+14155550199", "Direction": "outbound-api"}, "+14155550999"),
        ({"To": "+14155550198", "From": ACME_NUMBER, "Direction": "inbound"}, "+14155550123"),
    ],
    ids=["called", "calling out", "called by one's number"],
)
def test_the_tenant_is_whose_number_of_ours_it_is(webhooks: Webhooks, form: dict[str, str], number: str):
    """The line that is ours decides, whichever end it is on; what the other end has for a number decides nothing (T4)."""
    form = {**FORM, **form}
    answer = webhooks.post("/twilio/voice", form)
    token = re.findall(r'name="token" value="([^"]+)"', answer.text)[0]
    expected = "acme" if number == "+14155550999" else "default"
    assert expected == verify("s" * 40, token, call_sid=CALL, now_s=0).tenant
    key = CallKey(expected, CALL)
    webhooks.checkpoints.checkpoints[key] = Checkpoint(key, 1, "{}", NextStep.TRANSFER)
    assert number in webhooks.post("/twilio/resume", form).text


def test_a_number_that_is_nobodys(webhooks: Webhooks):
    """The caller hears so, and nothing is connected or stored."""
    webhooks.deps.stores.directory._by_id.clear()  # type: ignore[attr-defined]
    for path in ("/twilio/voice", "/twilio/resume"):
        answer = webhooks.post(path)
        assert (answer.status_code, verbs(answer.text)) == (200, ["Say", "Hangup"])
        assert "not in service" in answer.text
    assert webhooks.post("/twilio/status", {**FORM, "CallStatus": "completed"}).status_code == 204
    assert webhooks.progress.reports == {}


@pytest.mark.parametrize(
    ("checkpoint", "status", "expected"),
    [
        (Checkpoint(KEY, 1, "{}"), "completed", Disposition.CALLER_HUNG_UP),
        (Checkpoint(KEY, 1, "{}"), "failed", Disposition.FAILED),
        (Checkpoint(KEY, 1, "{}", NextStep.TRANSFER), "completed", Disposition.TRANSFERRED),
        (Checkpoint(KEY, 1, "{}", NextStep.HANG_UP, Disposition.COMPLETED), "completed", None),
        (Checkpoint(KEY, 1, "{}"), "ringing", None),
        (None, "no-answer", None),
    ],
)
def test_an_end_that_no_gateway_saw(webhooks: Webhooks, checkpoint, status: str, expected):
    """Workflows start once for every call that had a conversation, also when the caller left between two gateways."""
    if checkpoint is not None:
        webhooks.checkpoints.checkpoints[KEY] = checkpoint
    for _ in range(2):
        webhooks.post("/twilio/status", {**FORM, "CallStatus": status, "SequenceNumber": "3"})
    told = [
        (fact.tenant, fact.call_id, fact.disposition)
        for fact in webhooks.sink.facts
        if isinstance(fact, CallEnded)
    ]
    assert told == ([("default", CALL, expected)] if expected else [])
    assert webhooks.sink.flushes == len(told)


def test_a_rotated_auth_token(webhooks: Webhooks):
    """A wrong signature has the token read again, and is believed if it fits then; soon afterwards it is not tried again."""
    now_s = [1000.0]
    values = [SecretValues({"TWILIO_AUTH_TOKEN": "former"})]
    reader = cast("SecretReader", type("Reader", (), {"read": lambda _: values[0]})())
    rotating = Secrets(values[0], reader=reader, clock_s=lambda: now_s[0])
    object.__setattr__(webhooks.deps, "secrets", rotating)
    object.__setattr__(
        webhooks.deps, "signatures", SignatureChecker(rotating.secret("TWILIO_AUTH_TOKEN", ""))
    )
    values[0] = SecretValues({"TWILIO_AUTH_TOKEN": TOKEN})
    assert webhooks.post("/twilio/voice").status_code == 403
    now_s[0] += REFRESH_SOON_S
    assert webhooks.post("/twilio/voice").status_code == 200


def test_lifespan_closes_stores(webhooks: Webhooks):
    """When the server stops, the stores are closed."""
    with webhooks.client:
        assert not webhooks.checkpoints.is_closed
    assert webhooks.checkpoints.is_closed


@pytest.fixture
def environment(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A complete environment in an empty folder, and a Lambda container that has not served yet."""
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SWITCHBOARD_STATE_PATH", str(tmp_path / "state.sqlite3"))
    monkeypatch.setattr(module, "configure_logging", lambda: None)
    module._mangum.cache_clear()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield monkeypatch
    if module._mangum.cache_info().currsize:
        deps = cast("FastAPI", module._mangum().app).state.deps
        loop.run_until_complete(deps.stores.close())
    module._mangum.cache_clear()
    asyncio.set_event_loop(None)
    loop.close()


def event(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((EVENTS / f"api_gateway_{name}.json").read_text()))


def invoke(payload: dict[str, Any]) -> dict[str, Any]:
    """Run the function as Lambda does; it makes no use of the context."""
    return module.handler(payload, cast("LambdaContext", None))


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mangum")
def test_lambda_voice(environment: pytest.MonkeyPatch):
    """A recorded API Gateway event of a call is answered with TwiML."""
    answer = invoke(event("voice"))
    assert (
        answer["statusCode"],
        answer["headers"]["content-type"],
        answer["isBase64Encoded"],
    ) == (200, "application/xml", False)
    assert verbs(answer["body"]) == ["Connect", "Redirect"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mangum")
def test_lambda_resume_and_status(environment: pytest.MonkeyPatch):
    """Recorded events of the other webhooks reach the embedded stores, several in one container."""
    resumed = invoke(event("resume"))
    assert (resumed["statusCode"], verbs(resumed["body"])) == (200, ["Connect", "Redirect"])
    assert invoke(event("status"))["statusCode"] == 204
    assert invoke(event("status"))["statusCode"] == 204


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mangum")
def test_lambda_behind_a_rest_api(environment: pytest.MonkeyPatch):
    """A REST API hands the query on as a map: the signature holds in any order, and for no other value."""
    turned = event("rest_resume")
    assert list(turned["queryStringParameters"]) == ["t", "n"]
    answer = invoke(turned)
    assert (answer["statusCode"], verbs(answer["body"])) == (200, ["Connect", "Redirect"])
    turned["multiValueQueryStringParameters"]["n"] = ["0"]
    assert invoke(turned)["statusCode"] == 403


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mangum")
@pytest.mark.parametrize("name", ["voice", "resume", "status"])
def test_lambda_unsigned(environment: pytest.MonkeyPatch, name: str):
    """A recorded event whose signature was taken off, or whose query was changed, is refused."""
    unsigned = event(name)
    del unsigned["headers"]["x-twilio-signature"]
    assert invoke(unsigned)["statusCode"] == 403
    moved = {**event(name), "rawQueryString": "n=0&t=0"}
    assert invoke(moved)["statusCode"] == 403


def test_missing_settings(environment: pytest.MonkeyPatch):
    """Without its settings the function fails with a list of what is missing, before any request is believed."""
    environment.delenv("TWILIO_AUTH_TOKEN")
    environment.delenv("SWITCHBOARD_STREAM_TOKEN_SECRET")
    with pytest.raises(SettingsError, match="2 setting"):
        invoke(event("voice"))


def test_import_does_nothing():
    """Importing the handler needs no settings and opens no file, socket or thread."""
    code = (
        "import sys, threading\n"
        "def hook(event, args):\n"
        "    if event in ('socket.connect', 'sqlite3.connect'): raise SystemExit(event)\n"
        "    if event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wa+'): raise SystemExit(args[0])\n"
        "sys.addaudithook(hook)\n"
        "import lambdas.answer_call.handler\n"
        "assert threading.active_count() == 1\n"
    )
    environ = {"PUBLIC_BASE_URL": "not an address", "PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
