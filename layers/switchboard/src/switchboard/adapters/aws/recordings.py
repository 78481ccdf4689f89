"""The archive of recordings and transcripts in S3, under the tenant's own session, key and encryption context."""

import asyncio
import base64
import json
from typing import Any, Final

from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.adapters.aws.tenant_sessions import TenantClients
from switchboard.domain.subjects import Subject
from switchboard.ports.errors import ProviderRejected
from switchboard.ports.recordings import StoredObject

PROVIDER: Final = "s3"
OBJECTS_MAX: Final = 20_000
"""Of one listing: a call of five hours in segments of a second."""
_EXISTS: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING: Final = frozenset({"NoSuchKey", "404"})


class S3RecordingArchive:
    """`ports.recordings.RecordingArchive` in `bucket`; keys are `<tenant>/<kind>s/<id>/<name>`.

    `key_arn` is the KMS key under which objects are written; empty leaves it to the bucket, for tests.
    """

    def __init__(self, *, bucket: str, key_arn: str, sessions: TenantClients) -> None:
        self._bucket = bucket
        self._key_arn = key_arn
        self._sessions = sessions

    async def create(self, subject: Subject, name: str, content: bytes, *, content_type: str) -> bool:
        """Store unless there is an object of this name (S3, "Conditional writes")."""
        return await asyncio.to_thread(self._create, subject, name, content, content_type)

    async def read(self, subject: Subject, name: str) -> bytes | None:
        """Read the whole object."""
        return await asyncio.to_thread(self._read, subject, name)

    async def objects(self, subject: Subject, folder: str) -> list[StoredObject]:
        """List by prefix, all pages; S3 lists in the order of names."""
        return await asyncio.to_thread(self._list, subject, folder)

    async def close(self) -> None:
        """Nothing of its own to release: the sessions own the clients."""

    def _create(self, subject: Subject, name: str, content: bytes, content_type: str) -> bool:
        with aws_failures(PROVIDER):
            try:
                self._client(subject).put_object(
                    Bucket=self._bucket,
                    Key=subject.folder + name,
                    Body=content,
                    ContentType=content_type,
                    IfNoneMatch="*",
                    **self._encryption(subject.tenant),
                )
            except ClientError as error:
                if code_of(error) not in _EXISTS:
                    raise
                return False
            return True

    def _read(self, subject: Subject, name: str) -> bytes | None:
        with aws_failures(PROVIDER):
            try:
                answer = self._client(subject).get_object(Bucket=self._bucket, Key=subject.folder + name)
            except ClientError as error:
                # A session that may list its own prefix only is told 403 for what is not there.
                if code_of(error) not in _MISSING and (
                    code_of(error) != "AccessDenied"
                    or any(each.name == name for each in self._list(subject, name))
                ):
                    raise
                return None
            content: bytes = answer["Body"].read()
            return content

    def _list(self, subject: Subject, folder: str) -> list[StoredObject]:
        found: list[StoredObject] = []
        position: dict[str, str] = {}
        with aws_failures(PROVIDER):
            while True:
                answer = self._client(subject).list_objects_v2(
                    Bucket=self._bucket, Prefix=subject.folder + folder, **position
                )
                found += [
                    StoredObject(each["Key"].removeprefix(subject.folder), each["Size"])
                    for each in answer.get("Contents", ())
                ]
                if len(found) > OBJECTS_MAX:
                    raise ProviderRejected(PROVIDER, f"more than {OBJECTS_MAX} objects in one folder")
                if not answer.get("IsTruncated"):
                    return found
                position = {"ContinuationToken": answer["NextContinuationToken"]}

    def _client(self, subject: Subject) -> Any:
        return self._sessions.client(subject.tenant, "s3")

    def _encryption(self, tenant: str) -> dict[str, str]:
        if not self._key_arn:
            return {}
        return {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": self._key_arn,
            "SSEKMSEncryptionContext": base64.b64encode(json.dumps({"tenant": tenant}).encode()).decode(),
        }
