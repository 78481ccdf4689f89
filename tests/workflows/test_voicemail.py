"""A caller's message, by its real definition, handlers and webhook."""

import json
from urllib.parse import urlencode

import pytest

from switchboard.domain.subjects import Subject
from switchboard.media.wave import wave_file
from switchboard.ports.workflows import Workflow
from tests.fakes.loopback import Answer
from tests.workflows.conftest import NOON, PUBLIC_URL, Cloud
from tests.workflows.test_callback import outcome, post, reports

pytestmark = pytest.mark.wire

AUDIO = wave_file([b"\xff" * 16_000])
RESULT = {
    "results": {
        "items": [
            {
                "type": "pronunciation",
                "alternatives": [{"content": word}],
                "start_time": str(n),
                "end_time": str(n),
            }
            for n, word in enumerate("call me four one five five five".split())
        ]
    }
}


def message(cloud: Cloud, number: int) -> tuple[Subject, Subject, dict[str, str]]:
    """A message that the carrier has recorded; its callback; the form of the webhook."""
    subject = Subject("acme", "voicemail", f"RE{number:032x}")
    call_id = f"CA{number:032x}"
    cloud.twilio.recordings[subject.id] = AUDIO
    cloud.twilio.calls[call_id] = {"from": "+14155550123", "to": "+14155550100"}
    cloud.put(subject, "transcription.json", json.dumps(RESULT).encode())
    form = {
        "CallSid": call_id,
        "RecordingSid": subject.id,
        "RecordingStatus": "completed",
        "AccountSid": "AC1",
    }
    return subject, Subject("acme", "callback", f"vm-{subject.id}"), form


def webhook(form: dict[str, str], tenant: str = "acme", **how: str) -> int:
    return post(
        "receive_voicemail", f"{PUBLIC_URL}/twilio/voicemail?{urlencode({'tenant': tenant})}", form, **how
    )


def test_voicemail(cloud: Cloud):
    """The message is ours and gone at the carrier, masked, told once; and the caller is called back."""
    subject, called_back, form = message(cloud, 1)
    reports(cloud, "in-progress")
    assert [204, 204] == [webhook(form), webhook(form)]
    assert "SUCCEEDED" == cloud.finish(cloud.find(Workflow.VOICEMAIL, subject))
    kept = cloud.records(subject)
    assert (AUDIO, {}) == (kept["audio.wav"], cloud.twilio.recordings)
    assert "call me [number]" in kept["transcript.json"].decode()
    assert {
        "call_id": form["CallSid"],
        "received_at_s": NOON,
        "duration_ms": 1000,
        "callback_id": called_back.id,
    } == (json.loads(kept["voicemail"]))
    (fact,) = cloud.facts_of(subject)
    assert "VoicemailFiled" == fact["type"]
    assert "SUCCEEDED" == cloud.finish(cloud.find(Workflow.CALLBACK, called_back))
    assert "reached" == outcome(cloud, called_back)["outcome"]


def test_repeated(cloud: Cloud):
    """Law W3: executions repeated in parallel keep the same bytes; the message is deleted once and for all."""
    subject, called_back, form = message(cloud, 2)
    reports(cloud, "in-progress")
    assert 204 == webhook(form)
    executions = [cloud.start(Workflow.VOICEMAIL, subject, name=f"vm-{n}") for n in range(2)]
    assert "SUCCEEDED" == cloud.finish(cloud.find(Workflow.VOICEMAIL, subject))
    kept = cloud.records(subject)
    assert {"SUCCEEDED"} == {cloud.finish(execution) for execution in executions}
    assert kept == cloud.records(subject)
    cloud.finish(cloud.find(Workflow.CALLBACK, called_back))
    assert 1 == len(cloud.facts_of(subject)) == len(cloud.twilio.placed)


def test_carrier_fails_for_a_while(cloud: Cloud):
    """A carrier that is down is asked again; nothing is deleted before it is ours."""
    subject, called_back, form = message(cloud, 3)
    reports(cloud, "in-progress")
    cloud.twilio.failures += [Answer(503), Answer(429)]
    assert 204 == webhook(form)
    assert "SUCCEEDED" == cloud.finish(cloud.find(Workflow.VOICEMAIL, subject))
    assert AUDIO == cloud.records(subject)["audio.wav"]
    cloud.finish(cloud.find(Workflow.CALLBACK, called_back))


def test_lost_message(cloud: Cloud):
    """A message that the carrier does not have fails the execution at once, by name."""
    subject, _, form = message(cloud, 4)
    cloud.twilio.recordings.clear()
    assert 204 == webhook(form)
    assert "FAILED" == cloud.finish(cloud.find(Workflow.VOICEMAIL, subject))
    assert 1 == cloud.invocations.count("collect_voicemail")


def test_other_requests(cloud: Cloud):
    """Unsigned requests are refused, unfinished recordings passed over, unusable ones told so."""
    _, _, form = message(cloud, 5)
    assert 403 == webhook(form, token="other")
    assert 204 == webhook({**form, "RecordingStatus": "in-progress"})
    assert 400 == webhook({**form, "RecordingSid": "../x"})
    assert 400 == webhook({**form, "CallSid": "CA1"})
    assert 400 == webhook(form, tenant="a#b")
    assert [] == cloud.invocations
