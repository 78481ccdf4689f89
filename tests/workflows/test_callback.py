"""Agreed callbacks by their real definition, handlers and webhook; the carrier calls back like Twilio."""

import asyncio
import base64
import hashlib
import hmac
import importlib
import json
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest

from switchboard.domain.callbacks import RING_S_MAX, CallbackAgreement
from switchboard.domain.subjects import Subject
from switchboard.ports.workflows import Workflow
from tests.workflows.conftest import NOON, PUBLIC_URL, ROOT, TOKEN, Cloud, Context

pytestmark = pytest.mark.wire

AGREEMENT = CallbackAgreement(
    number="+14155550123",
    from_number="+14155550100",
    not_before_s=NOON,
    expires_at_s=NOON + 86_400,
    has_consent=True,
    attempts_max=1,
)


def callback(number: int) -> Subject:
    return Subject("acme", "callback", f"cb-{number}")


def agree(cloud: Cloud, subject: Subject, **changes) -> None:
    agreement = msgspec.structs.replace(AGREEMENT, **changes)
    put(cloud, subject, "agreement", msgspec.json.encode(agreement, order="sorted").decode())


def put(cloud: Cloud, subject: Subject, name: str, body: str) -> None:
    item = {"pk": {"S": subject.record_key}, "sk": {"S": name}, "body": {"S": body}}
    cloud.client("dynamodb").put_item(TableName="wf-records", Item=item)


def post(function: str, url: str, form: dict[str, str], *, token: str = TOKEN) -> int:
    """Call a webhook as API Gateway passes Twilio's signed request on."""
    parts = urlsplit(url)
    signed = url + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()
    event = {
        "version": "2.0",
        "routeKey": f"POST {parts.path}",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "host": "other.example.com",
            "x-twilio-signature": signature,
        },
        "requestContext": {
            "http": {
                "method": "POST",
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "1.2.3.4",
                "userAgent": "",
            },
            "stage": "$default",
        },
        "body": base64.b64encode(urlencode(form).encode()).decode(),
        "isBase64Encoded": True,
    }
    handler = importlib.import_module(f"lambdas.{function}.handler").handler
    # Lambda calls handlers in a main thread, which has an event loop; a thread of the carrier's has none.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return int(handler(event, Context(function))["statusCode"])
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def reports(cloud: Cloud, *statuses: str, **extra: str) -> None:
    """Let the carrier report these statuses of every call it places, as soon as it has placed it."""

    def report(sid: str, form: dict[str, list[str]]) -> None:
        for status in statuses:
            fields = {"CallSid": sid, "CallStatus": status, "AccountSid": "AC1", **extra}
            assert post("report_callback", form["StatusCallback"][0], fields) == 204

    def later(sid: str, form: dict[str, list[str]]) -> None:
        threading.Thread(target=after_dialling, args=(cloud, report, sid, form), daemon=True).start()

    cloud.twilio.on_call = later


def after_dialling(cloud: Cloud, report, sid: str, form: dict[str, list[str]]) -> None:
    """Report once the dialling function has ended: moto overlooks an answer that comes while it still runs."""
    with cloud.lock:
        pass
    time.sleep(0.1)
    report(sid, form)


def outcome(cloud: Cloud, subject: Subject) -> Any:
    return json.loads(cloud.records(subject)["outcome"])


def test_reached(cloud: Cloud):
    """The callee answers: one call, one outcome, a note and a fact; repeated and late reports change nothing."""
    subject = callback(1)
    agree(cloud, subject)
    reports(cloud, "initiated", "ringing", "in-progress", "ringing", "completed", "completed")
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.CALLBACK, subject))
    assert {"outcome": "reached", "attempts": 1} == outcome(cloud, subject)
    (form,) = cloud.twilio.placed
    assert ["+14155550123"] == form["To"]
    (fact,) = cloud.facts_of(subject)
    assert ("CallbackClosed", "reached") == (fact["type"], fact["outcome"])
    assert [f"acme.callback.{subject.id}.note.v1"] == list(cloud.customer_system.notes)


def test_number_is_in_no_history(cloud: Cloud):
    """Executions carry references: neither number appears in their history, nor in facts and notes."""
    subject = callback(2)
    agree(cloud, subject)
    reports(cloud, "no-answer")
    execution = cloud.start(Workflow.CALLBACK, subject)
    assert "SUCCEEDED" == cloud.finish(execution)
    told = [cloud.history(execution), *map(str, cloud.facts), *map(str, cloud.customer_system.notes.values())]
    assert not [text for text in told if "415555" in text]
    assert "no_answer" == outcome(cloud, subject)["outcome"]


def test_refused(cloud: Cloud):
    """Withdrawn consent ends the callback without a call (law O1)."""
    subject = callback(3)
    agree(cloud, subject)
    put(cloud, subject, "withdrawal", "{}")
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.CALLBACK, subject))
    assert ({"outcome": "refused", "attempts": 0}, []) == (outcome(cloud, subject), cloud.twilio.placed)


def test_expired(cloud: Cloud):
    """At night nobody is called, and a window that ends before the morning ends the callback (law O2)."""
    subject = callback(4)
    cloud.now_s = NOON + 10 * 3600
    agree(cloud, subject, expires_at_s=cloud.now_s + 3600)
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.CALLBACK, subject))
    assert ({"outcome": "expired", "attempts": 0}, []) == (outcome(cloud, subject), cloud.twilio.placed)


def test_wait_for_the_window(cloud: Cloud):
    """What is agreed for later waits, in the workflow, and is then dialled."""
    subject = callback(5)
    agree(cloud, subject, not_before_s=NOON + 1)
    reports(cloud, "in-progress")
    execution = cloud.start(Workflow.CALLBACK, subject)
    while "plan_callback" not in cloud.invocations:
        pass
    cloud.now_s = NOON + 1
    assert "SUCCEEDED" == cloud.finish(execution)
    assert "reached" == outcome(cloud, subject)["outcome"]


def test_lost_answer_is_not_dialled_again(cloud: Cloud):
    """Law W4: a call whose placing nobody confirms, and of which nobody reports, is not placed again by its attempt."""
    subject = callback(6)
    agree(cloud, subject)
    cloud.twilio.fail_after_placing = True
    execution = cloud.start(Workflow.CALLBACK, subject)
    while not cloud.twilio.placed:
        pass
    # The report comes all the same: its address names the attempt, whoever got the call's id.
    url = cloud.twilio.placed[0]["StatusCallback"][0]
    form = {"CallSid": "CA" + "7" * 32, "CallStatus": "completed"}
    after_dialling(cloud, lambda _sid, _form: post("report_callback", url, form), "", {})
    assert "SUCCEEDED" == cloud.finish(execution)
    assert ("reached", 1) == (outcome(cloud, subject)["outcome"], len(cloud.twilio.placed))


def test_dialling_function_ends_after_its_effect(cloud: Cloud):
    """A dialling step that is repeated does not dial again; its new token gets the result (failures F37, F38)."""
    subject = callback(7)
    agree(cloud, subject)
    reports(cloud, "no-answer")
    cloud.crash_after.append("dial_callback")
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.CALLBACK, subject))
    assert ("no_answer", 1) == (outcome(cloud, subject)["outcome"], len(cloud.twilio.placed))


def test_two_executions(cloud: Cloud):
    """Two executions of one callback place one call and keep one outcome (laws W1, W3)."""
    subject = callback(8)
    agree(cloud, subject)
    reports(cloud, "ringing", "busy")
    executions = [cloud.start(Workflow.CALLBACK, subject, name=f"twice-{n}") for n in range(2)]
    assert {"SUCCEEDED"} == {cloud.finish(execution) for execution in executions}
    assert ({"outcome": "no_answer", "attempts": 1}, 1) == (outcome(cloud, subject), len(cloud.twilio.placed))
    assert 1 == len(cloud.customer_system.notes) == len(cloud.facts_of(subject))


def test_without_agreement(cloud: Cloud):
    """A callback that nobody agreed ends as failed: no execution waits for ever (law W2)."""
    subject = callback(9)
    cloud.now_s = NOON
    put(cloud, subject, "agreement", '{"number": "nonsense"}')
    execution = cloud.start(Workflow.CALLBACK, subject)
    assert "FAILED" == cloud.finish(execution, deadline_s=60)
    assert "failed" == outcome(cloud, subject)["outcome"]


def test_strangers(cloud: Cloud):
    """Unsigned reports are refused; signed ones of no callback, attempt or status are told so; unknown ones change nothing."""
    url = f"{PUBLIC_URL}/twilio/callback?"
    form = {"CallSid": "CA1", "CallStatus": "completed"}
    good = urlencode({"tenant": "acme", "callback": "cb-99", "attempt": 1})
    assert 403 == post("report_callback", url + good, form, token="other")
    assert 204 == post("report_callback", url + good, form)
    assert 400 == post("report_callback", url + good, {**form, "CallStatus": "dancing"})
    for bad in (
        {"tenant": "a#b"},
        {"callback": "../x"},
        {"attempt": "0"},
        {"attempt": "11"},
        {"attempt": "x"},
    ):
        query = urlencode(dict(parse_qsl(good)) | bad)
        assert 400 == post("report_callback", url + query, form)


def test_patience_matches_the_plan():
    """The definition waits as long for an attempt as the plan does before it counts it as failed."""
    definition = json.loads((ROOT / "stepfunctions/callback.asl.json").read_text())
    assert RING_S_MAX == definition["States"]["DialCallback"]["TimeoutSeconds"]
