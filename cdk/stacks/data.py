"""What must survive: tables, buckets, keys, the call events' queue, the providers' secret, and who may touch them."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.components.bucket import AccessLogsBucket, Bucket
from cdk.components.key import Key
from cdk.components.queue import Queue
from cdk.components.shared import (
    PRODUCT,
    SwitchboardStack,
    acknowledge,
    acknowledge_control,
    publish,
)
from cdk.components.table import Table
from cdk.components.tenant_access import TenantAccessRole, guard_key, guard_objects

EVENT_CONSUMER_TIMEOUT_S = 60
"""The time-out of the function that starts workflows from call events: it starts up to ten executions, 1 s each at worst."""


class DataStack(SwitchboardStack):
    """Protected against deletion; what is in it is kept even so."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "data", description="Switchboard's data", stateful=True)
        self._make_keys()
        self._make_alarm_topic()
        self._make_tables()
        self._make_buckets()
        self._make_tenant_roles()
        self.call_events = Queue(
            self,
            "CallEvents",
            consumer_timeout_s=EVENT_CONSUMER_TIMEOUT_S,
            published_as="call-events",
            key=self.operations_key,
            alarms=self.alarms,
        )
        self._make_secret()

    def _make_keys(self) -> None:
        """Four keys, for four answers to "who may decrypt this?"."""
        self.tables_key = Key(self, "TablesKey", name="tables", purpose="DynamoDB tables")
        self.data_key = Key(
            self,
            "DataKey",
            name="data",
            purpose="Tenants' objects, each with its tenant as encryption context",
        )
        self.secrets_key = Key(self, "SecretsKey", name="secrets", purpose="Providers' credentials")
        self.operations_key = Key(
            self,
            "OperationsKey",
            name="operations",
            purpose="Logs, queues, alarms, configuration, facts: nothing personal",
        )
        self.operations_key.allow_service(
            f"logs.{self.region}.amazonaws.com",
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:{self.partition}:logs:{self.region}:{self.account}:*"
                }
            },
        )
        for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"):
            self.operations_key.allow_service(
                service, conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            )

    def _make_alarm_topic(self) -> None:
        self.alarms = sns.Topic(self, "Alarms", master_key=self.operations_key, enforce_ssl=True)
        self.alarms.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.alarms.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        publish(self, "alarm-topic-arn", self.alarms.topic_arn)

    def _make_tables(self) -> None:
        key = self.tables_key
        self.calls = Table(self, "Calls", name="calls", key=key)
        self.records = Table(self, "Records", name="records", key=key, stream=True)
        self.configuration = Table(self, "Configuration", name="configuration", key=key, stream=True)
        self.idempotency = Table(self, "Idempotency", name="idempotency", key=key)

    def _make_buckets(self) -> None:
        self.access_logs = AccessLogsBucket(
            self, "AccessLogs", expires_after_days=self.record.log_retention_days
        )
        self.recordings = Bucket(
            self,
            "Recordings",
            name="recordings",
            key=self.data_key,
            access_logs=self.access_logs,
            expires_after_days=self.record.recording_retention_days,
            lock_days=self.record.recording_lock_days,
        )
        guard_objects(self.recordings, self.data_key)
        guard_key(self.data_key)
        self.configuration_bucket = Bucket(
            self,
            "ConfigurationBucket",
            name="configuration",
            key=self.operations_key,
            access_logs=self.access_logs,
            expires_after_days=None,
        )
        self.facts = Bucket(
            self,
            "Facts",
            name="facts",
            key=self.operations_key,
            access_logs=self.access_logs,
            expires_after_days=self.record.facts_retention_days,
        )

    def _make_tenant_roles(self) -> None:
        calls = TenantAccessRole(
            self, "TenantCalls", purpose="calls", description="One tenant's live calls: gateway and webhooks"
        )
        calls.allow_rows([self.calls, self.idempotency], key=self.tables_key, writable=True)
        calls.allow_rows([self.configuration], key=self.tables_key, writable=False)
        calls.allow_objects(self.recordings, key=self.data_key, actions=["s3:PutObject"])
        records = TenantAccessRole(
            self, "TenantRecords", purpose="records", description="One tenant's records: workflows"
        )
        records.allow_rows([self.calls, self.records, self.idempotency], key=self.tables_key, writable=True)
        records.allow_rows([self.configuration], key=self.tables_key, writable=False)
        records.allow_objects(self.recordings, key=self.data_key, actions=["s3:GetObject", "s3:PutObject"])
        records.allow_transcription()
        configuration = TenantAccessRole(
            self,
            "TenantConfiguration",
            purpose="configuration",
            description="One tenant's configuration: who edits it",
        )
        configuration.allow_rows([self.configuration], key=self.tables_key, writable=True)

    def _make_secret(self) -> None:
        secret = secretsmanager.Secret(
            self,
            "Providers",
            secret_name=f"{PRODUCT}/{self.record.name}/providers",
            description="Vendors' credentials: a JSON object whose keys are the names of our settings",
            encryption_key=self.secrets_key,
            removal_policy=RemovalPolicy.RETAIN,
            # Only the stream tokens' secret is ours to make; operators add the vendors' keys beside it.
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - an empty object, no secret
                generate_string_key="SWITCHBOARD_STREAM_TOKEN_SECRET",
                password_length=64,
                exclude_punctuation=True,
            ),
        )
        publish(self, "providers-secret-arn", secret.secret_arn)
        rotation = (
            "Vendors issue these keys and have no API to replace them: an operator puts a new version, running processes "
            "read it within minutes (docs/operate/rotate-a-secret.md)."
        )
        acknowledge(secret, {"AwsSolutions-SMG4": rotation})
        acknowledge_control(secret, "SecretsManagerRotationEnabled", rotation)
