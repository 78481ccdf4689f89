"""Sessions that can touch one tenant's data: tagged, kept, renewed ahead, and kept on while STS is down."""

import threading
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from switchboard.adapters.aws import tenant_sessions
from switchboard.adapters.aws.tenant_sessions import RENEW_BEFORE_S, RETRY_AFTER_S, SESSION_S, TenantSessions
from switchboard.adapters.aws.workers import client_config
from switchboard.ports.errors import ProviderError, ProviderUnavailable
from tests.fakes.aws_server import REGION, session

ROLE = "arn:aws:iam::123456789012:role/tenant-calls"


class FakeSession:
    """boto3's, with an STS that counts, fails and waits when told to."""

    def __init__(self) -> None:
        self.assumed: list[Any] = []
        self.made: list[dict[str, str]] = []
        self.is_down = False
        self.answered = threading.Event()

    def client(self, service: str, **arguments: Any) -> Any:
        if service == "sts":
            return self
        self.made.append(arguments)
        return object()

    def assume_role(self, **arguments: Any) -> Any:
        self.assumed.append(arguments)
        try:
            if self.is_down:
                raise EndpointConnectionError(endpoint_url="sts")
            number = len(self.assumed)
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            return {"Credentials": {name: f"{name}-{number}" for name in names}}
        finally:
            self.answered.set()


class Rig:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.session = FakeSession()
        self.sessions = TenantSessions(
            role_arn=ROLE,
            region=REGION,
            config=client_config(),
            session=self.session,  # type: ignore[arg-type]
            clock_s=lambda: self.now_s,
        )

    def token(self, tenant: str = "acme") -> str:
        """The session token of the client that would be used now."""
        self.sessions.client(tenant, "dynamodb")
        return str(self.sessions._tenants[tenant].credentials["aws_session_token"])

    def settle(self) -> None:
        """Wait for renewals under way."""
        self.sessions._renewals.submit(lambda: None).result(5)
        self.sessions._renewals.submit(lambda: None).result(5)


@pytest.fixture
def rig() -> Any:
    rig = Rig()
    rig.sessions._renewals._max_workers = 1  # so that `settle` waits for what was submitted before
    yield rig
    rig.sessions.close()


def test_the_session_is_tagged_with_the_tenant(rig: Rig):
    """The policy compares this tag with every key."""
    first, again = rig.sessions.client("acme", "dynamodb"), rig.sessions.client("acme", "dynamodb")
    rig.sessions.client("globex", "dynamodb")
    assert first is again
    assert [[{"Key": "tenant", "Value": name}] for name in ("acme", "globex")] == [
        each["Tags"] for each in rig.session.assumed
    ]
    assert {SESSION_S} == {each["DurationSeconds"] for each in rig.session.assumed}


@pytest.mark.parametrize("tenant", ["", "*", "acme#call", "Acme", "a/b", "acme\n", "a" * 41])
def test_what_is_no_tenant_gets_no_session(rig: Rig, tenant: str):
    """A wildcard as a tag would open every tenant's rows."""
    with pytest.raises(ValueError, match="tenant"):
        rig.sessions.client(tenant, "dynamodb")
    assert [] == rig.session.assumed


def test_renewed_ahead_in_the_background(rig: Rig):
    """Before the end the session is renewed while the old one serves."""
    assert rig.token() == "SessionToken-1"
    rig.now_s = SESSION_S - RENEW_BEFORE_S
    rig.token()
    rig.settle()
    assert rig.token() == "SessionToken-2"


def test_sts_down_while_a_session_is_valid(rig: Rig):
    """What is valid is used to its end, with an attempt to renew it now and then."""
    rig.token()
    rig.session.is_down = True
    for _ in range(3):
        rig.now_s = SESSION_S - RENEW_BEFORE_S + RETRY_AFTER_S * _
        assert rig.token() == "SessionToken-1"
        assert rig.token() == "SessionToken-1"
        rig.settle()
    assert len(rig.session.assumed) == 4
    rig.session.is_down = False
    rig.now_s += RETRY_AFTER_S
    rig.token()
    rig.settle()
    assert rig.token() == "SessionToken-5"


def test_sts_down_without_a_session(rig: Rig):
    """The first request says so, the next ones do not wait for STS, and later it is asked again."""
    rig.session.is_down = True
    for _ in range(3):
        with pytest.raises(ProviderUnavailable, match="sts"):
            rig.token()
    assert len(rig.session.assumed) == 1
    rig.session.is_down = False
    rig.now_s += RETRY_AFTER_S
    assert rig.token() == "SessionToken-2"


def test_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """Of many tenants the latest are kept."""
    monkeypatch.setattr(tenant_sessions, "SESSIONS_MAX", 2)
    for tenant in ("a", "b", "a", "c"):
        rig.token(tenant)
    assert ["a", "c"] == list(rig.sessions._tenants)


def test_one_assumption_for_many_at_once(rig: Rig):
    """Threads that need the same session wait for the one that gets it."""
    threads = [threading.Thread(target=rig.token) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(rig.session.assumed) == 1


def test_no_secret_in_the_repr(rig: Rig):
    """Sessions may stand in a traceback's locals."""
    rig.token()
    assert "SessionToken" not in repr(rig.sessions._tenants)


def test_without_a_role():
    """On a machine without IAM every tenant has the process's own session."""
    sessions = TenantSessions(role_arn="", region=REGION, config=client_config(), session=session())
    assert sessions.client("acme", "dynamodb") is sessions.client("globex", "dynamodb")
    sessions.close()


@pytest.mark.wire
def test_on_the_wire(aws_url: str):
    """STS takes the request as it is made."""
    sessions = TenantSessions(
        role_arn=ROLE, region=REGION, config=client_config(read_timeout_s=30), endpoint_url=aws_url
    )
    assert sessions.client("acme", "dynamodb").list_tables()["TableNames"] is not None
    sessions.close()


@pytest.mark.wire
@pytest.mark.usefixtures("aws_environment_only")
def test_nobody_at_the_address():
    """A refused connection is a provider error."""
    sessions = TenantSessions(
        role_arn=ROLE, region=REGION, config=client_config(), endpoint_url="http://127.0.0.1:1"
    )
    with pytest.raises(ProviderError):
        sessions.client("acme", "dynamodb")
    sessions.close()
