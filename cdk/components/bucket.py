"""A bucket as every one of ours: our key, TLS only, never public, versioned, access-logged, with a lifecycle."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.components.shared import acknowledge, acknowledge_control, publish


class Bucket(s3.Bucket):
    """Publishes `<name>-bucket-name` and `<name>-bucket-arn`.

    `expires_after_days` None keeps objects. `lock_days` puts every new version under Object Lock in governance
    mode for so long. Bucket keys are off: they would replace the object's encryption context, which carries the tenant.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: kms.IKey,
        access_logs: s3.IBucket,
        expires_after_days: int | None,
        lock_days: int | None = None,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=False,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_enabled=lock_days is not None,
            object_lock_default_retention=(
                s3.ObjectLockRetention.governance(Duration.days(lock_days)) if lock_days is not None else None
            ),
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"s3/{name}/",
            lifecycle_rules=[*_housekeeping(expires_after_days), *lifecycle_rules],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge_control(
            self,
            "S3BucketReplicationEnabled",
            "A tenant's data stay in its region; versions and locks guard against deletion, eleven nines against loss.",
        )
        publish(self, f"{name}-bucket-name", self.bucket_name)
        publish(self, f"{name}-bucket-arn", self.bucket_arn)


class AccessLogsBucket(s3.Bucket):
    """Takes the access logs of buckets (`s3/<name>/`) and load balancers; publishes `access-logs-bucket-name`."""

    def __init__(self, scope: Construct, construct_id: str, *, expires_after_days: int) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=_housekeeping(expires_after_days),
            removal_policy=RemovalPolicy.RETAIN,
        )
        publish(self, "access-logs-bucket-name", self.bucket_name)
        acknowledge_control(
            self, "S3DefaultEncryptionKMS", "Log delivery of S3 and load balancers writes under SSE-S3 only."
        )
        acknowledge_control(
            self, "S3BucketReplicationEnabled", "Access logs are kept for investigation, not for recovery."
        )
        acknowledge_control(self, "S3BucketLoggingEnabled", "Logging its own deliveries would never end.")
        acknowledge(self, {"AwsSolutions-S1": "Logging its own deliveries would never end."})


def _housekeeping(expires_after_days: int | None) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="housekeeping",
            abort_incomplete_multipart_upload_after=Duration.days(1),
            expiration=Duration.days(expires_after_days) if expires_after_days else None,
            # An expired or overwritten object stays recoverable for a month; a lock keeps its version longer.
            noncurrent_version_expiration=Duration.days(30),
        )
    ]
