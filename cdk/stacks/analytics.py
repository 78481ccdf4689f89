"""The way of facts into analytics: a delivery stream writes them to the facts bucket, by tenant and day."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.components.function import LogGroup
from cdk.components.queue import alarm_topic
from cdk.components.role import WorkloadRole, allow_key
from cdk.components.shared import SwitchboardStack, acknowledge_wildcard, lookup, publish

BUFFER_S = 300
BUFFER_MB = 64
"""The least that Firehose accepts where it partitions by content."""
STALE_S = 3 * BUFFER_S
"""Delivery takes up to 1.5 times the buffer's time; at three times something is wrong."""


class AnalyticsStack(SwitchboardStack):
    """Facts are JSON lines, gzipped, under `facts/tenant=<tenant>/date=<yyyy-MM-dd>/`; what has no tenant goes to `failed/`."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "analytics", description="Switchboard's facts on their way to analytics")
        bucket = lookup(self, "facts-bucket-arn")
        role = WorkloadRole(
            self,
            "FactsRole",
            service="firehose.amazonaws.com",
            description="Writes facts to the facts bucket",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                resources=[bucket],
            )
        )
        objects = f"{bucket}/*"
        role.add_to_policy(
            iam.PolicyStatement(actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=[objects])
        )
        acknowledge_wildcard(role, objects, "The stream's own bucket; it writes under every tenant's prefix.")
        allow_key(self, role, "operations", service="s3", write=True)
        log_group = LogGroup(self, "FactsLogs", name="analytics/facts")
        log_stream = logs.LogStream(self, "FactsDelivery", log_group=log_group)
        log_group.grant_write(role)
        stream = firehose.CfnDeliveryStream(
            self,
            "Facts",
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="CUSTOMER_MANAGED_CMK", key_arn=lookup(self, "operations-key-arn")
            ),
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=bucket,
                role_arn=role.role_arn,
                prefix="facts/tenant=!{partitionKeyFromQuery:tenant}/date=!{timestamp:yyyy-MM-dd}/",
                error_output_prefix="failed/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/",
                compression_format="GZIP",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    interval_in_seconds=BUFFER_S, size_in_m_bs=BUFFER_MB
                ),
                dynamic_partitioning_configuration=firehose.CfnDeliveryStream.DynamicPartitioningConfigurationProperty(
                    enabled=True
                ),
                processing_configuration=_processing(),
                encryption_configuration=firehose.CfnDeliveryStream.EncryptionConfigurationProperty(
                    kms_encryption_config=firehose.CfnDeliveryStream.KMSEncryptionConfigProperty(
                        awskms_key_arn=lookup(self, "operations-key-arn")
                    )
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True,
                    log_group_name=log_group.log_group_name,
                    log_stream_name=log_stream.log_stream_name,
                ),
            ),
        )
        stream.node.add_dependency(role)
        publish(self, "facts-stream-name", stream.ref)
        publish(self, "facts-stream-arn", stream.attr_arn)
        self._alarm_on_stale_facts(stream)

    def _alarm_on_stale_facts(self, stream: firehose.CfnDeliveryStream) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "FactsStale",
            alarm_description="Facts do not reach the facts bucket. Runbook: docs/operate/facts-stale.md",
            metric=cloudwatch.Metric(
                namespace="AWS/Firehose",
                metric_name="DeliveryToS3.DataFreshness",
                dimensions_map={"DeliveryStreamName": stream.ref},
                statistic="Maximum",
                period=Duration.minutes(5),
            ),
            threshold=STALE_S,
            evaluation_periods=2,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,  # no calls, no facts
        )
        alarm.add_alarm_action(actions.SnsAction(alarm_topic(self)))


def _processing() -> firehose.CfnDeliveryStream.ProcessingConfigurationProperty:
    def processor(kind: str, **parameters: str) -> firehose.CfnDeliveryStream.ProcessorProperty:
        return firehose.CfnDeliveryStream.ProcessorProperty(
            type=kind,
            parameters=[
                firehose.CfnDeliveryStream.ProcessorParameterProperty(
                    parameter_name=name, parameter_value=value
                )
                for name, value in parameters.items()
            ],
        )

    return firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
        enabled=True,
        processors=[
            processor(
                "MetadataExtraction", JsonParsingEngine="JQ-1.6", MetadataExtractionQuery="{tenant:.tenant}"
            ),
            processor("AppendDelimiterToRecord", Delimiter="\\n"),
        ],
    )
