"""What AWS carries from one service to the next: queues, streams, rules and delivery streams of the small template."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.cloud.local_cloud import LocalCloud, wait_for


def seen(cloud: LocalCloud, key: str) -> int:
    """How often a function has marked `key`."""
    item = cloud.client("dynamodb").get_item(TableName=cloud.name("Marks"), Key={"pk": {"S": key}})
    return int(item.get("Item", {}).get("seen", {}).get("N", 0))


def dead_letters(cloud: LocalCloud, queue: str) -> list[Any]:
    """What lies in a queue, as JSON; it stays there."""
    answer = cloud.client("sqs").receive_message(
        QueueUrl=cloud.name(queue), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_of_a_batch_only_the_failed_message_comes_back_until_it_is_a_dead_letter(small_cloud: LocalCloud):
    """Partial batch response: the others are deleted after one delivery; redrive takes the failing one after two."""
    bodies = [{"key": "good-1"}, {"key": "bad", "fail": True}, {"key": "good-2"}]

    small_cloud.client("sqs").send_message_batch(
        QueueUrl=small_cloud.name("Work"),
        Entries=[{"Id": str(n), "MessageBody": json.dumps(body)} for n, body in enumerate(bodies)],
    )
    letters = wait_for(lambda: dead_letters(small_cloud, "DeadLetters"), what="the dead letter")

    assert letters == [{"key": "bad", "fail": True}]
    assert (seen(small_cloud, "good-1"), seen(small_cloud, "good-2"), seen(small_cloud, "bad")) == (1, 1, 2)


def test_a_stream_goes_on_behind_a_record_that_cannot_be_handled(small_cloud: LocalCloud):
    """The batch is halved, the poison record tried again once and noted where failures go; the others arrive."""
    source = small_cloud.name("Source")

    for key in ("first", "poison", "last"):
        small_cloud.client("dynamodb").put_item(TableName=source, Item={"pk": {"S": key}})
    wait_for(lambda: seen(small_cloud, "stream-last"), what="the record behind the poison")
    note = wait_for(
        lambda: [each for each in dead_letters(small_cloud, "Given") if "DDBStreamBatchInfo" in each],
        what="the note of the record given up",
    )

    assert seen(small_cloud, "stream-first") >= 1
    assert seen(small_cloud, "stream-poison") >= 2
    assert note[0]["DDBStreamBatchInfo"]["batchSize"] == 1
    assert note[0]["responsePayload"]["errorType"] == "ValueError"


def test_an_event_reaches_a_function_and_a_workflow_each_in_its_own_form(small_cloud: LocalCloud):
    """InputTransformer for the function, InputPath for the workflow; an event of another type reaches nobody."""
    detail = {"key": "from-a-rule", "input": {"mark": "from-a-workflow"}}
    other = {"key": "not-for-us", "input": {"mark": "not-for-us"}}

    small_cloud.client("events").put_events(
        Entries=[
            {"Source": "small", "DetailType": "unmarked", "Detail": json.dumps(other)},
            {"Source": "small", "DetailType": "marked", "Detail": json.dumps(detail)},
        ]
    )
    wait_for(lambda: seen(small_cloud, "from-a-rule"), what="the function's event")
    wait_for(lambda: seen(small_cloud, "from-a-workflow"), what="the workflow's event")

    assert seen(small_cloud, "not-for-us") == 0


def test_a_schedule_made_at_run_time_calls_a_function(small_cloud: LocalCloud):
    """As a workflow that plans a callback makes one: a one-time schedule in EventBridge Scheduler."""
    function = small_cloud.client("lambda").get_function(FunctionName=small_cloud.name("Plain"))
    soon = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 2, UTC)  # noqa: TID251 - the cloud has its own clock

    small_cloud.client("scheduler").create_schedule(
        Name="soon",
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": function["Configuration"]["FunctionArn"],
            "RoleArn": "arn:aws:iam::123456789012:role/any",
            "Input": json.dumps({"mark": "by-schedule"}),
        },
    )
    wait_for(lambda: seen(small_cloud, "by-schedule"), what="the scheduled event")

    assert seen(small_cloud, "by-schedule") == 1


def test_facts_are_buffered_into_one_object_per_partition(small_cloud: LocalCloud):
    """Under the evaluated prefix, one line each; a record without the key lies under the error prefix."""
    firehose, s3 = small_cloud.client("firehose"), small_cloud.client("s3")
    records = [{"tenant": "a", "n": 1}, {"tenant": "b", "n": 2}, {"tenant": "a", "n": 3}, {"n": 4}]

    firehose.put_record_batch(
        DeliveryStreamName=small_cloud.name("Facts"),
        Records=[{"Data": json.dumps(record).encode()} for record in records],
    )

    def objects() -> dict[str, list[str]] | None:
        listed = s3.list_objects_v2(Bucket=small_cloud.name("Lake")).get("Contents", [])
        found = {
            each["Key"]: s3.get_object(Bucket=small_cloud.name("Lake"), Key=each["Key"])["Body"].read()
            for each in listed
        }
        return {key: body.decode().splitlines() for key, body in found.items()} if len(found) == 3 else None

    written = wait_for(objects, what="three objects")
    by_folder = {key.split("/")[0] + "/" + key.split("/")[1]: lines for key, lines in written.items()}
    assert [json.loads(line)["n"] for line in by_folder["facts/tenant=a"]] == [1, 3]
    assert [json.loads(line)["n"] for line in by_folder["facts/tenant=b"]] == [2]
    assert all("!{" not in key for key in written)
    assert any(key.startswith("errors/") for key in written)
