"""Secrets that rotate while calls go on (failure F40)."""

import uuid
from typing import Any

import msgspec
import pytest

from switchboard.adapters.aws.secrets import OVERLAP_S, SecretReader, Secrets, SecretValues
from switchboard.ports.errors import ProviderError, ProviderProtocolError, ProviderUnavailable
from tests.fakes.aws_server import REGION, client, session

NAME = "TWILIO_AUTH_TOKEN"


class FakeReader:
    def __init__(self) -> None:
        self.values = SecretValues({NAME: "one"})
        self.is_down = False
        self.count = 0

    def read(self) -> SecretValues:
        self.count += 1
        if self.is_down:
            raise ProviderUnavailable("secretsmanager", "down")
        return self.values


class Rig:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self.reader = FakeReader()
        self.secrets = Secrets(
            self.reader.read(),
            reader=self.reader,  # type: ignore[arg-type]
            clock_s=lambda: self.now_s,
        )

    def rotate(self, new: str, old: str) -> None:
        self.reader.values = SecretValues({NAME: new}, {NAME: old}, rotated_at_s=self.now_s)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_both_values_count_for_an_hour(rig: Rig):
    """Whatever was signed with the former value is believed until everybody has changed over; new is signed with the new."""
    token = rig.secrets.secret(NAME, "")
    key = rig.secrets.key(NAME, "")
    rig.rotate("two", "one")
    assert (("one",), "one") == (token(), key())
    await rig.secrets.refresh()
    assert (("two", "one"), "two") == (token(), key())
    rig.now_s += OVERLAP_S
    assert (("two",), "two") == (token(), key())


async def test_a_store_that_is_down_changes_nothing(rig: Rig):
    """What was read last stays in use."""
    rig.reader.is_down = True
    await rig.secrets.refresh()
    assert ("one",) == rig.secrets.secret(NAME, "")()


async def test_read_again_only_when_old(rig: Rig):
    """A function that serves many requests reads now and then, also while the store is down."""
    rig.reader.is_down = True
    rig.now_s += 100
    for _ in range(3):
        await rig.secrets.refresh(older_than_s=60)
    assert rig.reader.count == 2


async def test_what_the_secret_does_not_hold(rig: Rig):
    """It comes from the environment, and what nobody has is nothing."""
    assert ("given",) == rig.secrets.secret("OTHER", "given")()
    assert () == rig.secrets.secret("OTHER", "")()
    assert rig.secrets.key("OTHER", "given")() == "given"


def test_no_value_in_a_repr():
    """Values stay out of tracebacks and logs."""
    assert "hunter2" not in repr(SecretValues({NAME: "hunter2"}, {NAME: "hunter2"}))


@pytest.fixture
def secret(aws_url: str) -> Any:
    name = f"providers-{uuid.uuid4().hex}"
    client("secretsmanager", aws_url).create_secret(
        Name=name, SecretString=msgspec.json.encode({NAME: "one"}).decode()
    )
    reader = SecretReader(name, region=REGION, endpoint_url=aws_url, session=session())
    return name, reader, client("secretsmanager", aws_url)


@pytest.mark.wire
def test_on_the_wire(secret: Any):
    """The current version, and after a rotation the previous one too."""
    name, reader, manager = secret
    first = reader.read()
    assert ({NAME: "one"}, {}) == (first.current, first.previous)
    manager.put_secret_value(SecretId=name, SecretString=msgspec.json.encode({NAME: "two"}).decode())
    second = reader.read()
    assert ({NAME: "two"}, {NAME: "one"}) == (second.current, second.previous)
    assert second.rotated_at_s > 1_000_000_000


@pytest.mark.wire
@pytest.mark.parametrize("text", ["hunter2", '["hunter2"]', '{"a": {"hunter2": 1}}'])
def test_what_is_no_object_of_strings(secret: Any, text: str):
    """The error says what is wrong, and nothing of what is in it."""
    name, reader, manager = secret
    manager.put_secret_value(SecretId=name, SecretString=text)
    with pytest.raises(ProviderProtocolError, match="JSON object") as raised:
        reader.read()
    assert "hunter2" not in str(raised.value)


@pytest.mark.wire
def test_a_secret_that_is_not_there(aws_url: str):
    """Its absence is a provider error that names what AWS answered."""
    reader = SecretReader("nothing", region=REGION, endpoint_url=aws_url, session=session())
    with pytest.raises(ProviderError, match="ResourceNotFound"):
        reader.read()
