"""Queues with redrive, topics and their policies."""

from typing import Any

from cdk.local.resource import Made, Maker, Resource, document, tags

_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def make_queue(resource: Resource) -> Made:
    """Make a queue. Its Ref is its URL on moto."""
    sqs = resource.client("sqs")
    attributes = {key: _text(value) for key, value in resource.only(*_ATTRIBUTES).items()}
    for policy in ("RedrivePolicy", "RedriveAllowPolicy"):
        if value := resource.get(policy):
            attributes[policy] = document(value)
    name = resource.name("QueueName", length_max=80)
    if resource.get("FifoQueue") and not name.endswith(".fifo"):
        name = f"{name[-75:]}.fifo"
    url = sqs.create_queue(
        QueueName=name, Attributes=attributes, tags={tag["Key"]: tag["Value"] for tag in tags(resource)}
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def make_queue_policy(resource: Resource) -> Made:
    """Attach a policy, which moto keeps and does not evaluate."""
    for url in resource["Queues"]:
        resource.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": document(resource["PolicyDocument"])}
        )
    return Made(resource.logical_id)


def make_topic(resource: Resource) -> Made:
    """Make a topic with the subscriptions given in place."""
    sns = resource.client("sns")
    name = resource.name("TopicName", length_max=256)
    attributes = {key: _text(value) for key, value in resource.only("DisplayName", "KmsMasterKeyId").items()}
    arn = sns.create_topic(Name=name, Attributes=attributes, Tags=tags(resource))["TopicArn"]
    for subscription in resource.get("Subscription", []):
        sns.subscribe(TopicArn=arn, Protocol=subscription["Protocol"], Endpoint=subscription["Endpoint"])
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def make_subscription(resource: Resource) -> Made:
    """Subscribe an endpoint to a topic."""
    arn = resource.client("sns").subscribe(
        TopicArn=resource["TopicArn"],
        Protocol=resource["Protocol"],
        Endpoint=resource["Endpoint"],
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Made(arn, {"Arn": arn})


def make_topic_policy(resource: Resource) -> Made:
    """Attach a policy, which moto keeps and does not evaluate."""
    for arn in resource["Topics"]:
        resource.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=document(resource["PolicyDocument"])
        )
    return Made(resource.logical_id)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


MAKERS: dict[str, Maker] = {
    "AWS::SNS::Subscription": make_subscription,
    "AWS::SNS::Topic": make_topic,
    "AWS::SNS::TopicPolicy": make_topic_policy,
    "AWS::SQS::Queue": make_queue,
    "AWS::SQS::QueuePolicy": make_queue_policy,
}
