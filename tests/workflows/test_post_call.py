"""What follows a call, by its real definition and handlers: records, privacy, repetition, failures."""

import asyncio
import importlib
import json
from typing import Any

import msgspec
import pytest

from switchboard.adapters.aws import workflow_steps
from switchboard.conversation.state import ConversationState, DialogueState, Entry
from switchboard.domain.calls import CallKey, Disposition
from switchboard.domain.facts import CallEnded
from switchboard.domain.subjects import Subject
from switchboard.ports.workflows import Workflow
from tests.fakes.loopback import Answer
from tests.workflows.conftest import Cloud, Context

pytestmark = pytest.mark.wire

SECRET = "five nine three six four two"
RESULT = {
    "jobName": "x",
    "results": {
        "items": [
            {
                "type": "pronunciation",
                "alternatives": [{"content": word}],
                "start_time": str(index / 2),
                "end_time": str(index / 2 + 0.4),
                "channel_label": channel,
            }
            for channel, words in (
                ("ch_0", f"my account is {SECRET} thank you".split()),
                ("ch_1", "I'll check that for you goodbye".split()),
            )
            for index, word in enumerate(words)
        ]
    },
}


def call(number: int) -> Subject:
    return Subject("acme", "call", f"CA{number:032x}")


def record(cloud: Cloud, subject: Subject, *, segments: int = 2) -> None:
    """Leave what the gateway leaves of a recorded call, and what Transcribe will make of it."""
    for number in range(segments):
        cloud.put(subject, f"segments/{number:06}.ulaw", bytes([number, 255 - number]) * 800)
    cloud.put(subject, "transcription.json", json.dumps(RESULT).encode())


def checkpoint(subject: Subject) -> None:
    """Leave the call's last checkpoint, as the gateway does."""

    async def save() -> None:
        store = workflow_steps.process.tools.checkpoints
        claimed = await store.claim(CallKey(subject.tenant, subject.id))
        state = ConversationState(dialogue=DialogueState(entries=[Entry(1, "user", f"it is {SECRET}")]))
        await store.save(
            msgspec.structs.replace(
                claimed, snapshot=msgspec.json.encode(state).decode(), disposition=Disposition.COMPLETED
            )
        )

    asyncio.run(save())


def test_recorded_call(cloud: Cloud):
    """A recorded call gets recording, masked transcript, analysis, note and fact; the secret is in no store and no history."""
    subject = call(1)
    record(cloud, subject)
    execution = cloud.start(Workflow.POST_CALL, subject)
    assert "SUCCEEDED" == cloud.finish(execution)
    kept = cloud.records(subject)
    assert {"recording", "transcript", "analysis", "note", "fact", "recording.wav", "transcript.json"} <= set(
        kept
    )
    assert "my account is [number] thank you" in kept["transcript.json"].decode()
    assert "recording" == json.loads(kept["transcript"])["source"]
    (fact,) = cloud.facts_of(subject)
    assert ("CallAnalysed", 1, "acme") == (fact["type"], fact["version"], fact["tenant"])
    assert [f"acme.call.{subject.id}.note.v1"] == list(cloud.customer_system.notes)
    del kept["transcription.json"]
    told = [
        cloud.history(execution),
        *map(str, kept.values()),
        *map(str, cloud.customer_system.notes.values()),
    ]
    assert not [text for text in told if "nine three six" in text]
    items = cloud.client("dynamodb").scan(TableName="wf-idempotency")["Items"]
    assert items
    assert {item["pk"]["S"].partition("#")[0] for item in items} <= {"acme", "globex"}


def test_call_without_recording(cloud: Cloud):
    """A call that was not recorded is analysed by what was recognised live; a tenant without a system keeps its note."""
    subject = Subject("globex", "call", f"CA{2:032x}")
    checkpoint(subject)
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, subject))
    kept = cloud.records(subject)
    assert "live" == json.loads(kept["transcript"])["source"]
    assert "it is [number]" in kept["transcript.json"].decode()
    assert "kept" == json.loads(kept["note"])["delivery"]
    assert not {"start_transcription", "check_transcription"} & set(cloud.invocations)


def test_w3_repeated_and_parallel_executions(cloud: Cloud):
    """Law W3: four executions of one call at once, and one more later, keep what one alone keeps, byte by byte."""
    alone, crowd = call(3), call(4)
    for subject in (alone, crowd):
        record(cloud, subject)
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, alone))
    executions = [cloud.start(Workflow.POST_CALL, crowd, name=f"w3-{n}") for n in range(4)]
    assert {"SUCCEEDED"} == {cloud.finish(execution) for execution in executions}
    kept = cloud.records(crowd)
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, crowd, name="w3-later"))
    assert kept == cloud.records(crowd)
    swapped = {name: content.replace(crowd.id.encode(), alone.id.encode()) for name, content in kept.items()}
    assert swapped == cloud.records(alone)
    assert 2 == len(cloud.customer_system.notes)
    assert 1 == len(cloud.facts_of(crowd))


def test_w3_without_remembered_answers(cloud: Cloud):
    """What Powertools has forgotten (its records expire) the stores still know: nothing changes, nothing is sent again."""
    subject = call(5)
    record(cloud, subject)
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, subject))
    kept = cloud.records(subject)
    for item in cloud.client("dynamodb").scan(TableName="wf-idempotency")["Items"]:
        cloud.client("dynamodb").delete_item(
            TableName="wf-idempotency", Key={name: item[name] for name in ("pk", "sk")}
        )
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, subject, name="forgotten"))
    assert kept == cloud.records(subject)
    assert {1} == set(cloud.customer_system.deliveries.values())


def test_functions_end_after_their_effect(cloud: Cloud):
    """Steps whose answer is lost after they did their work are repeated, and nothing happens twice (failure F37)."""
    subject = call(6)
    record(cloud, subject)
    cloud.crash_after += ["assemble_recording", "write_crm_note"]
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, subject))
    assert 2 == cloud.invocations.count("write_crm_note") == cloud.invocations.count("assemble_recording")
    assert {1} == set(cloud.customer_system.deliveries.values())


def test_note_whose_answer_is_lost(cloud: Cloud):
    """A note that was taken although the answer says otherwise is sent again under its key: one note (law W4)."""
    subject = call(7)
    cloud.customer_system.takes_anyway = True
    cloud.customer_system.failures.append(Answer(500))
    assert "SUCCEEDED" == cloud.finish(cloud.start(Workflow.POST_CALL, subject))
    assert [2] == list(cloud.customer_system.deliveries.values())
    assert 1 == len(cloud.customer_system.notes)


def test_refused_note(cloud: Cloud):
    """A customer system that refuses keeps nothing else from being done; the execution fails and says why."""
    subject = call(8)
    cloud.customer_system.failures.append(Answer(403))
    execution = cloud.start(Workflow.POST_CALL, subject)
    assert "FAILED" == cloud.finish(execution)
    assert "NoteFailed" == cloud.client("stepfunctions").describe_execution(executionArn=execution)["error"]
    assert "analysis" in cloud.records(subject)
    assert 1 == len(cloud.facts_of(subject))


def test_input_that_names_no_subject(cloud: Cloud):
    """What is no reference is refused by the first step, once: trying again cannot help."""
    subject = Subject("acme", "call", "not/a/name")
    execution = cloud.start(Workflow.POST_CALL, subject, name="refused-input")
    assert "FAILED" == cloud.finish(execution)
    assert ["assemble_recording"] == cloud.invocations


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:1:q",
                "awsRegion": "us-east-1",
            }
            for index, body in enumerate(bodies)
        ]
    }


def ended_event(tenant: str, call_id: str) -> str:
    """The message that the gateway sends."""
    fact = CallEnded(id="f1", tenant=tenant, at_ms=1, call_id=call_id, disposition=Disposition.COMPLETED)
    return msgspec.json.encode(fact).decode()


def test_queue(cloud: Cloud):
    """Of a batch only what failed comes back (law W6); other events are done with; a replay starts nothing new (W5)."""
    handler = importlib.import_module("lambdas.start_post_call.handler").handler
    subject = call(9)
    ended = ended_event("acme", subject.id)
    other = json.dumps({"type": "TurnAnswered", "tenant": "acme", "call_id": subject.id})
    foreign = ended_event("a#b", subject.id)
    answer = handler(batch(ended, "garbage", other, foreign, ended), Context("start_post_call"))
    assert ["m1", "m3"] == [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert "SUCCEEDED" == cloud.finish(cloud.find(Workflow.POST_CALL, subject))
    assert {"batchItemFailures": []} == handler(batch(ended), Context("start_post_call"))
    assert 1 == cloud.invocations.count("tell_outcome")
