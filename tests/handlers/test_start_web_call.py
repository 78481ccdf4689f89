"""The softphone's page and tickets, as HTTP shows them."""

import asyncio
import re
from collections.abc import Iterator
from typing import cast

import pytest
from fastapi.testclient import TestClient
from mangum.types import LambdaContext

from lambdas.start_web_call import handler as module
from lambdas.start_web_call.handler import FOLDER, create_app, handler
from switchboard.domain.stream_tokens import verify
from switchboard.settings import LOCAL_TOKEN_SECRET, read_settings

HOST = "localhost:8080"
SAME_ORIGIN = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}


def browser(**settings: str) -> TestClient:
    return TestClient(create_app(read_settings(settings).settings), base_url=f"http://{HOST}")


def test_a_ticket_opens_one_stream_of_one_call() -> None:
    """The ticket's token is genuine for its own call and nonce, and the socket is on the page's own host."""
    ticket = browser().post("/web/calls", headers=SAME_ORIGIN).json()
    claims = verify(LOCAL_TOKEN_SECRET, ticket["token"], call_sid=ticket["callSid"], now_s=0)

    assert {"streamUrl", "callSid", "accountSid", "streamSid", "token"} == set(ticket)
    assert f"ws://{HOST}/web/stream" == ticket["streamUrl"]
    assert ("web", ticket["accountSid"]) == (claims.channel, claims.account_sid)
    assert re.fullmatch(r"CA[0-9a-f]{32}", ticket["callSid"])
    assert re.fullmatch(r"MZ[0-9a-f]{32}", ticket["streamSid"])


def test_no_two_tickets_are_the_same() -> None:
    """Each request gets a call, a stream and a token of its own."""
    client = browser()
    tickets = [client.post("/web/calls", headers=SAME_ORIGIN).json() for _ in range(3)]

    for name in ("callSid", "streamSid", "token"):
        assert len({ticket[name] for ticket in tickets}) == 3


def test_behind_tls_the_socket_is_encrypted_too() -> None:
    """A page from https gets a wss address."""
    headers = {"origin": f"https://{HOST}", "sec-fetch-site": "same-origin"}

    assert f"wss://{HOST}/web/stream" == browser().post("/web/calls", headers=headers).json()["streamUrl"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://elsewhere.example"},
        {"origin": "http://localhost:8081"},
        {"origin": f"file://{HOST}"},
        {"origin": f"http://{HOST}", "sec-fetch-site": "cross-site"},
        {"origin": f"http://{HOST}", "sec-fetch-site": "same-site"},
        {"origin": f"http://user@{HOST}"},
        {"origin": "http://[", "sec-fetch-site": "same-origin"},
    ],
)
def test_other_pages_get_no_ticket(headers: dict[str, str]) -> None:
    """Only the page's own origin may start calls; everybody else is told so."""
    answer = browser().post("/web/calls", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin-refused")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/web/calls"), ("GET", "/"), ("GET", "/softphone/main.js")]
)
def test_without_web_calls_there_is_nothing(method: str, path: str) -> None:
    """Where web calls are off, every path is 404 and says which setting allows them."""
    answer = browser(SWITCHBOARD_WEB_CALLS="false").request(method, path, headers=SAME_ORIGIN)

    assert (answer.status_code, answer.json()["code"]) == (404, "calls-disabled")
    assert "SWITCHBOARD_WEB_CALLS=true" in answer.json()["text"]


def test_every_asset_has_its_type_and_may_run_nothing_foreign() -> None:
    """Page, modules, style and icon carry the right type, and a policy that allows no other source."""
    client = browser()
    types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in sorted(FOLDER.iterdir()):
        answer = client.get(f"/softphone/{path.name}")

        assert answer.status_code == 200, path.name
        assert types[path.suffix] == answer.headers["content-type"].partition(";")[0]
        assert path.read_bytes() == answer.content
    page = client.get("/")
    assert (FOLDER / "index.html").read_bytes() == page.content
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self' ws: wss:;" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["permissions-policy"].startswith("microphone=(self)")


@pytest.mark.parametrize(
    "path", ["/softphone/none.js", "/softphone/..%2fhandler.py", "/softphone/%2e%2e/handler.py"]
)
def test_nothing_else_is_served(path: str) -> None:
    """A name that is no asset is 404, however it is spelled."""
    assert browser().get(path).status_code == 404


@pytest.fixture
def lambda_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mangum drives its app on the thread's current event loop, as the Lambda runtime's main thread has one."""
    monkeypatch.setenv("PUBLIC_BASE_URL", f"http://{HOST}")
    monkeypatch.setattr(module, "configure_logging", lambda: None)
    module._mangum.cache_clear()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    module._mangum.cache_clear()
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mangum")
@pytest.mark.usefixtures("lambda_runtime")
def test_it_answers_in_lambda() -> None:
    """An HTTP API event (payload 2.0) gets the page."""
    context = {"http": {"method": "GET", "path": "/", "sourceIp": "127.0.0.1"}, "stage": "$default"}
    event = {"version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {"host": HOST}}
    answer = handler(
        {**event, "requestContext": context, "isBase64Encoded": False}, cast("LambdaContext", None)
    )

    assert answer["statusCode"] == 200
    assert "<title>Switchboard softphone</title>" in answer["body"]
