"""Scale-in protection over loopback, against the ECS agent's documented wire."""

import json
from collections.abc import AsyncIterator

import pytest

from switchboard.adapters.aws.task_protection import EcsTaskProtection
from switchboard.ports.errors import (
    ProviderError,
    ProviderOverloaded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.contracts.task_protection import TaskProtectionContract
from tests.fakes.ecs_agent import PATH, EcsAgent, Silence
from tests.fakes.http_endpoint import Answer
from tests.fakes.task_protection import FakeTaskProtection

pytestmark = pytest.mark.wire


@pytest.fixture
async def agent() -> AsyncIterator[EcsAgent]:
    async with EcsAgent() as server:
        yield server


@pytest.fixture
async def protection(agent: EcsAgent) -> AsyncIterator[EcsTaskProtection]:
    adapter = EcsTaskProtection(f"{agent.url}/api/abc", timeout_s=0.3)
    yield adapter
    await adapter.close()


class TestEcsTaskProtection(TaskProtectionContract):
    @pytest.fixture
    def held(self, agent: EcsAgent):
        return lambda: agent.minutes

    @pytest.fixture
    def break_down(self, agent: EcsAgent):
        return lambda: agent.fail("ServerException", status=500)


class TestFakeTaskProtection(TaskProtectionContract):
    @pytest.fixture
    def protection(self):
        return FakeTaskProtection()

    @pytest.fixture
    def held(self, protection: FakeTaskProtection):
        return lambda: protection.minutes

    @pytest.fixture
    def break_down(self, protection: FakeTaskProtection):
        return lambda: protection.failures.append(ProviderUnavailable("fake", "broken"))


async def test_the_documented_requests(agent: EcsAgent, protection: EcsTaskProtection):
    """PUT with the two documented fields, as JSON."""
    await protection.protect(minutes=45)
    await protection.release()

    assert [
        {"ProtectionEnabled": True, "ExpiresInMinutes": 45},
        {"ProtectionEnabled": False},
    ] == [json.loads(request.body) for request in agent.requests]
    for request in agent.requests:
        assert ("PUT", f"/api/abc{PATH}") == (request.method, request.path)
        assert "application/json" == request.headers["content-type"]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, ProviderOverloaded),
        ("RequestCanceled", 504, ProviderUnavailable),
        ("RequestError", 500, ProviderUnavailable),
        ("ServerException", 500, ProviderUnavailable),
        ("AccessDeniedException", 400, ProviderRejected),
        ("AccessDeniedException", 200, ProviderRejected),
        ("ResourceNotFoundException", 404, ProviderRejected),
    ],
)
async def test_errors_of_the_agent(
    agent: EcsAgent,
    protection: EcsTaskProtection,
    code: str,
    status: int,
    expected: type[ProviderError],
):
    """The agent's `error` object counts whatever the HTTP status; its message, which names roles, is dropped."""
    agent.fail(code, status=status)
    with pytest.raises(expected) as raised:
        await protection.protect(minutes=45)

    assert code in raised.value.reason
    assert "arn:" not in str(raised.value)


async def test_a_failure_in_an_answer_with_status_200(agent: EcsAgent, protection: EcsTaskProtection):
    """ECS refuses (a task outside a service, say): not protected, although HTTP says 200."""
    agent.refuse("TASK_NOT_VALID")
    with pytest.raises(ProviderRejected, match="TASK_NOT_VALID"):
        await protection.protect(minutes=45)


@pytest.mark.parametrize(
    "body",
    [
        b'{"protection":{"ProtectionEnabled":false,"ExpirationDate":null,"TaskArn":"arn"}}',
        b'{"protection":{"ProtectionEnabled":"yes"}}',
        b'{"protection":{}}',
        b'{"protection":null}',
        b"{}",
        b"[]",
        b"<html>",
        b"",
    ],
)
async def test_an_answer_that_does_not_confirm(agent: EcsAgent, protection: EcsTaskProtection, body: bytes):
    """Only the echoed state counts as protection."""
    agent.answers.append(Answer(200, body))
    with pytest.raises(ProviderProtocolError):
        await protection.protect(minutes=45)


async def test_a_release_that_is_not_echoed(agent: EcsAgent, protection: EcsTaskProtection):
    """The other way round, too."""
    agent.answers.append(Answer(200, b'{"protection":{"ProtectionEnabled":true}}'))
    with pytest.raises(ProviderProtocolError):
        await protection.release()


async def test_statuses_without_a_body_of_the_agents(agent: EcsAgent, protection: EcsTaskProtection):
    """Whoever answers instead of the agent is not believed either."""
    for status, expected in ((429, ProviderOverloaded), (502, ProviderUnavailable), (403, ProviderRejected)):
        agent.answers.append(Answer(status, b"no"))
        with pytest.raises(expected):
            await protection.protect(minutes=45)


async def test_an_agent_that_does_not_answer(agent: EcsAgent, protection: EcsTaskProtection):
    """A deadline ends the wait."""
    agent.answers.append(Silence())
    with pytest.raises(ProviderTimeout):
        await protection.protect(minutes=45)


async def test_no_agent():
    """Nobody listens at the address."""
    adapter = EcsTaskProtection("http://127.0.0.1:1")
    with pytest.raises(ProviderUnavailable):
        await adapter.protect(minutes=45)
    await adapter.close()


async def test_proxies_of_the_environment_are_ignored(agent: EcsAgent, monkeypatch):
    """The agent's address is link-local: a proxy could never reach it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    adapter = EcsTaskProtection(f"{agent.url}/api/abc")
    await adapter.protect(minutes=45)
    await adapter.close()

    assert 45 == agent.minutes
