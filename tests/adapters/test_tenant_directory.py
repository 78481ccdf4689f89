"""The tenants' snapshot from its publication to a gateway that has to do without S3."""

import os
import uuid
from pathlib import Path

import msgspec
import pytest

from lambdas.publish_configuration import handler as publisher
from switchboard.adapters.aws.tenant_directory import (
    COPY_AGE_MAX_S,
    SNAPSHOT_KEY,
    SnapshotTenantDirectory,
    SnapshotUnavailable,
)
from switchboard.adapters.embedded.tenants import EmbeddedTenantDirectory, TenantsUnusable
from switchboard.domain.configuration_snapshot import Snapshot, seal
from switchboard.domain.rotating import fixed
from tests.fakes.aws_server import REGION, client, make_table, session
from tests.fakes.tenants import document, tenant

SECRET = "s" * 40
ONE, TWO = "+14155550101", "+14155550102"
NOBODY = "http://127.0.0.1:1"


class Cloud:
    """One deployment's configuration table, bucket and secret, with its publisher."""

    def __init__(self, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url, self.folder, self.monkeypatch = url, folder, monkeypatch
        self.name = f"configuration-{uuid.uuid4().hex}"
        make_table(url, self.name)
        client("s3", url).create_bucket(Bucket=self.name)
        self.secrets = client("secretsmanager", url)
        self.secrets.create_secret(Name=self.name, SecretString=_secret(SECRET))
        for name in (
            "SWITCHBOARD_CONFIGURATION_TABLE",
            "SWITCHBOARD_CONFIGURATION_BUCKET",
            "SWITCHBOARD_SECRETS_ID",
        ):
            monkeypatch.setenv(name, self.name)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        publisher._dependencies.cache_clear()

    def save(self, tenant_id: str, text: str) -> None:
        item = {"pk": {"S": f"{tenant_id}#configuration"}, "document": {"S": text}}
        for sk in ("v#1", "current"):
            client("dynamodb", self.url).put_item(TableName=self.name, Item=item | {"sk": {"S": sk}})

    def save_document(self, tenant_id: str, **changes) -> None:
        self.save(tenant_id, msgspec.json.encode(document(tenant_id, **changes)).decode())

    def publish(self):
        return publisher.handler({"Records": []}, None)

    def put_object(self, data: bytes) -> None:
        client("s3", self.url).put_object(Bucket=self.name, Key=SNAPSHOT_KEY, Body=data)

    def directory(self, *, url: str = "", secrets: tuple[str, ...] = (SECRET,)) -> SnapshotTenantDirectory:
        return SnapshotTenantDirectory(
            bucket=self.name,
            region=REGION,
            secrets=fixed(*secrets),
            copy_path=self.folder / "copy.json",
            endpoint_url=url or self.url,
            session=session(),
        )


def _secret(value: str) -> str:
    return msgspec.json.encode({"SWITCHBOARD_STREAM_TOKEN_SECRET": value}).decode()


@pytest.fixture
def cloud(aws_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return Cloud(aws_url, tmp_path, monkeypatch)


@pytest.mark.wire
async def test_a_saved_tenant_reaches_the_gateways(cloud: Cloud):
    """Saved, published, read: and a change follows at the next look."""
    cloud.save_document("acme", numbers=(ONE,))
    assert cloud.publish()["isNew"]
    directory = cloud.directory()
    await directory.start()
    assert directory.tenant_of(ONE) == directory.tenant("acme") == tenant("acme", numbers=(ONE,))
    assert directory.tenant_of(TWO) is None

    version = directory.version
    cloud.save_document("acme", version=2, numbers=(TWO,))
    cloud.publish()
    await directory.refresh()
    assert directory.version > version
    assert (None, "acme") == (directory.tenant_of(ONE), getattr(directory.tenant_of(TWO), "id", None))


@pytest.mark.wire
async def test_publishing_twice_changes_nothing(cloud: Cloud):
    """The stream may tell a change many times."""
    cloud.save_document("acme")
    first, second = cloud.publish(), cloud.publish()
    assert (True, False) == (first["isNew"], second["isNew"])
    assert first["version"] == second["version"]


@pytest.mark.wire
async def test_a_broken_document_is_told_and_not_published(cloud: Cloud):
    """What was published for the tenant stays; the answer names tenant and field."""
    cloud.save_document("acme", numbers=(ONE,))
    cloud.publish()
    cloud.save("acme", '{"id": "acme"')
    cloud.save_document("globex", numbers=("none",))
    answer = cloud.publish()
    assert {("acme", "the document"), ("globex", "numbers[0]")} == {
        (each["tenant"], each["field"]) for each in answer["problems"]
    }
    directory = cloud.directory()
    await directory.start()
    assert [tenant("acme", numbers=(ONE,))] == list(directory.tenants())


@pytest.mark.wire
async def test_after_a_rotation_the_snapshot_is_signed_anew(cloud: Cloud):
    """Readers with only the new secret can read what was published with the old one, once it is published again."""
    cloud.save_document("acme")
    before = cloud.publish()
    cloud.secrets.put_secret_value(SecretId=cloud.name, SecretString=_secret("n" * 40))
    after = cloud.publish()
    assert after["isNew"]
    assert after["version"] == before["version"]
    directory = cloud.directory(secrets=("n" * 40,))
    await directory.start()
    assert directory.tenant("acme")


@pytest.mark.wire
@pytest.mark.parametrize(
    "data",
    [
        b"garbage",
        seal(Snapshot(10**12, (tenant("evil"),)), "x" * 40),
        seal(Snapshot(1, (tenant("old"),)), SECRET),
    ],
    ids=["garbage", "foreign signature", "older version"],
)
async def test_what_is_not_the_next_snapshot_changes_nothing(cloud: Cloud, data: bytes):
    """Neither in the gateway's memory nor on its disk."""
    cloud.save_document("acme")
    cloud.publish()
    directory = cloud.directory()
    await directory.start()
    cloud.put_object(data)
    await directory.refresh()
    assert ["acme"] == [each.id for each in directory.tenants()]
    alone = cloud.directory(url=NOBODY)
    await alone.start()
    assert ["acme"] == [each.id for each in alone.tenants()]


@pytest.mark.wire
async def test_s3_down_at_the_start(cloud: Cloud):
    """A copy of the last day serves; none, an old one or a changed one does not."""
    with pytest.raises(SnapshotUnavailable):
        await cloud.directory(url=NOBODY).start()
    cloud.save_document("acme")
    cloud.publish()
    await cloud.directory().start()

    await cloud.directory(url=NOBODY).start()

    copy = cloud.folder / "copy.json"
    written_s = copy.stat().st_mtime
    os.utime(copy, (written_s, written_s - COPY_AGE_MAX_S - 60))
    with pytest.raises(SnapshotUnavailable):
        await cloud.directory(url=NOBODY).start()
    await cloud.directory().start()
    copy.write_bytes(copy.read_bytes().replace(b"Ava", b"Eve"))
    with pytest.raises(SnapshotUnavailable):
        await cloud.directory(url=NOBODY).start()


@pytest.mark.wire
async def test_an_unchanged_snapshot_keeps_its_copy_young(cloud: Cloud):
    """The copy's age counts from when it was last known to be the newest."""
    cloud.save_document("acme")
    cloud.publish()
    directory = cloud.directory()
    await directory.start()
    os.utime(cloud.folder / "copy.json", (0, 0))
    await directory.refresh()
    await cloud.directory(url=NOBODY).start()


async def test_tenants_in_a_folder(tmp_path: Path):
    """On one machine documents in a folder do; the tenant `default` answers all other numbers."""
    for each in ("acme", "default"):
        numbers = (ONE,) if each == "acme" else ()
        (tmp_path / f"{each}.json").write_bytes(msgspec.json.encode(document(each, numbers=numbers)))
    directory = EmbeddedTenantDirectory.of_folder(tmp_path)
    assert ["acme", "default"] == [getattr(directory.tenant_of(each), "id", "") for each in (ONE, TWO)]
    (tmp_path / "acme.json").write_text("{")
    with pytest.raises(TenantsUnusable, match="tenant acme"):
        EmbeddedTenantDirectory.of_folder(tmp_path)
