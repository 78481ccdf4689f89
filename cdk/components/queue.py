"""A queue is always a pair: the queue, and the dead-letter queue with an alarm that somebody must look at."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.components.key import key_named
from cdk.components.shared import acknowledge, lookup, once_per_stack, publish

VISIBILITY_FACTOR = 6
"""AWS's advice: with less, a retried batch comes back while its first delivery is still at work."""


class Queue(Construct):
    """A standard queue with redrive, encrypted by the `operations` key, TLS only.

    `consumer_timeout_s` is the time-out of the function that reads it; the visibility time-out is six times that.
    After `receives_max` deliveries a message moves to the dead-letter queue, kept 14 days, and the alarm
    `<id>-dead-letters` rings. `published_as="call-events"` publishes `call-events-queue-url`, `call-events-queue-arn`.
    Attributes: `queue`, `dead_letters`, `alarm`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        consumer_timeout_s: int,
        receives_max: int = 5,
        retention_days: int = 4,
        published_as: str | None = None,
        key: kms.IKey | None = None,
        alarms: sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        key = key or key_named(self, "operations")
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),  # the longest SQS keeps: time to repair, then redrive
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(retention_days),
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * consumer_timeout_s),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=receives_max),
        )
        acknowledge(
            self.dead_letters,
            {"Serverless-SQSRedrivePolicy": "It is a dead-letter queue; an alarm calls people to it."},
        )
        self.alarm = dead_letter_alarm(self, construct_id, self.dead_letters, alarms)
        if published_as:
            publish(self, f"{published_as}-queue-url", self.queue.queue_url)
            publish(self, f"{published_as}-queue-arn", self.queue.queue_arn)


def dead_letter_alarm(
    scope: Construct, name: str, dead_letters: sqs.IQueue, alarms: sns.ITopic | None = None
) -> cloudwatch.Alarm:
    """Ring as soon as one message lies in the dead-letter queue; runbook docs/operate/dead-letters.md."""
    alarm = cloudwatch.Alarm(
        scope,
        "DeadLettersAlarm",
        alarm_description=f"{name}: messages that could not be handled. Runbook: docs/operate/dead-letters.md",
        metric=dead_letters.metric_approximate_number_of_messages_visible(
            period=Duration.minutes(1), statistic="Maximum"
        ),
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,  # an idle queue reports nothing
    )
    alarm.add_alarm_action(actions.SnsAction(alarms or alarm_topic(scope)))
    return alarm


def alarm_topic(scope: Construct) -> sns.ITopic:
    """The topic to which every alarm reports; people subscribe to it (published by the data stack)."""
    return once_per_stack(
        scope,
        "AlarmTopic",
        lambda stack: sns.Topic.from_topic_arn(stack, "AlarmTopic", lookup(stack, "alarm-topic-arn")),
    )


def queue_named(scope: Construct, name: str) -> sqs.IQueue:
    """The queue that another stack published as `name`, for example `call-events`."""
    return once_per_stack(
        scope,
        f"Queue-{name}",
        lambda stack: sqs.Queue.from_queue_attributes(
            stack,
            f"Queue-{name}",
            queue_arn=lookup(stack, f"{name}-queue-arn"),
            queue_url=lookup(stack, f"{name}-queue-url"),
            key_arn=lookup(stack, "operations-key-arn"),
        ),
    )
