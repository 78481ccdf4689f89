"""Signed notes to a tenant's customer system, over loopback."""

import base64
from collections.abc import AsyncIterator, Iterator

import pytest

from switchboard.adapters.crm.webhook import WebhookCrm, WebhookTarget, signature
from switchboard.domain.subjects import Subject
from switchboard.ports.crm import CrmNote
from switchboard.ports.errors import (
    ProviderOverloaded,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.fakes.loopback import Answer, FakeCustomerSystem, serve

pytestmark = pytest.mark.wire

KEY = b"k" * 24
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOTE = CrmNote(Subject("acme", "call", "CA1"), "call_analysed", "Call", "All is well.", ("Send a bill.",))


@pytest.fixture
def system() -> FakeCustomerSystem:
    return FakeCustomerSystem(KEY)


@pytest.fixture
def url(system: FakeCustomerSystem) -> Iterator[str]:
    with serve(system) as origin:
        yield f"{origin}/notes"


@pytest.fixture
async def crm(url: str) -> AsyncIterator[WebhookCrm]:
    adapter = WebhookCrm(WebhookTarget(url, SECRET), timeout_s=2.0, clock_s=lambda: 1_700_000_000.9)
    yield adapter
    await adapter.close()


async def test_one_note_per_key(system: FakeCustomerSystem, crm: WebhookCrm):
    """A note is signed over id, time and body; sent again it has the same id and the same bytes."""
    for _ in range(2):
        await crm.add_note(NOTE, idempotency_key="acme.call.CA1.note.v1")
    assert {"acme.call.CA1.note.v1": 2} == dict(system.deliveries)
    (body,) = system.notes.values()
    assert b'"title":"Call"' in body


def test_signature_vector():
    """The Standard Webhooks specification's symmetric scheme, against an example computed with openssl."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == signed


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ProviderRejected), (301, ProviderRejected), (429, ProviderOverloaded), (503, ProviderUnavailable)],
)
async def test_refusals(system: FakeCustomerSystem, crm: WebhookCrm, status: int, kind: type[Exception]):
    """Every refusal is one of our errors; a redirect is not followed."""
    system.failures.append(Answer(status, headers=(("location", "http://127.0.0.1:1/"),)))
    with pytest.raises(kind):
        await crm.add_note(NOTE, idempotency_key="k")
    assert {} == system.notes


async def test_nobody_listens():
    """A refused connection is an unavailable system."""
    crm = WebhookCrm(WebhookTarget("http://127.0.0.1:1/", SECRET))
    with pytest.raises((ProviderUnavailable, ProviderTimeout)):
        await crm.add_note(NOTE, idempotency_key="k")
    await crm.close()


@pytest.mark.parametrize(
    ("url", "secret", "what"),
    [
        ("http://crm.example.com/", SECRET, "https"),
        ("ftp://crm.example.com/", SECRET, "https"),
        ("https://crm.example.com/", "whsec_c2hvcnQ=", "24 bytes"),
        ("https://crm.example.com/", "whsec_***", "24 bytes"),
    ],
)
def test_unusable_target(url: str, secret: str, what: str):
    """An address without TLS and a weak secret are refused, without showing them."""
    with pytest.raises(ValueError, match=what) as caught:
        WebhookCrm(WebhookTarget(url, secret))
    assert secret not in str(caught.value)
