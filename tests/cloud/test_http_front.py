"""The stand-in for API Gateway: requests become proxy events of both formats, answers become HTTP."""

import base64

import httpx2
import pytest

from cdk.local.deployment import HttpRoute
from cdk.local.http_front import Seen, event_v1, event_v2, rendered
from cdk.local.runtime.api import Answer
from tests.cloud.local_cloud import LocalCloud

ROUTE = HttpRoute(method="POST", path="/twilio/voice", format="2.0", function="web")
FORM = [
    ("Host", "voice.example.com"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("X-Twilio-Signature", "abc="),
    ("X-Twice", "1"),
    ("X-Twice", "2"),
]


def seen(**changes: object) -> Seen:
    """A form as Twilio posts it."""
    given = {
        "method": "POST",
        "path": "/twilio/voice",
        "query": "n=1&n=2&t=a%20b",
        "headers": FORM,
        "body": b"CallSid=CA1&From=%2B1",
        "source_ip": "192.0.2.1",
    }
    return Seen(**(given | changes))  # type: ignore[arg-type]


def test_format_2_lowers_and_joins_headers_and_encodes_a_form():
    """What is not text, JSON or XML arrives in base64."""
    event = event_v2(seen(), ROUTE, {})

    assert event["headers"]["x-twice"] == "1,2"
    assert event["headers"]["x-twilio-signature"] == "abc="
    assert event["queryStringParameters"] == {"n": "1,2", "t": "a b"}
    assert event["rawQueryString"] == "n=1&n=2&t=a%20b"
    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == b"CallSid=CA1&From=%2B1"
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.1"


def test_format_2_leaves_json_as_text_and_splits_cookies():
    """As API Gateway does."""
    headers = [("Content-Type", "application/json"), ("Cookie", "a=1; b=2")]
    event = event_v2(seen(headers=headers, body=b"{}"), ROUTE, {"id": "7"})

    assert (event["body"], event["isBase64Encoded"]) == ("{}", False)
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["pathParameters"] == {"id": "7"}


def test_format_1_keeps_names_and_every_value():
    """The last value stands alone, all of them in the multi-value fields; a form is text."""
    event = event_v1(seen(), ROUTE, {})

    assert event["headers"]["X-Twice"] == "2"
    assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert event["multiValueQueryStringParameters"] == {"n": ["1", "2"], "t": ["a b"]}
    assert event["body"] == "CallSid=CA1&From=%2B1"
    assert event["httpMethod"] == "POST"


@pytest.mark.parametrize(
    ("payload", "version", "status"),
    [
        (b'{"statusCode": 204}', "1.0", 204),
        (b'{"statusCode": 204}', "2.0", 204),
        (b'{"anything": 1}', "2.0", 200),
        (b'{"anything": 1}', "1.0", 502),
        (b"not json", "2.0", 500),
    ],
)
def test_an_answer_without_a_status_is_a_body_for_one_format_and_an_error_for_the_other(
    payload, version, status
):
    """Format 1.0 insists on statusCode."""
    assert rendered(Answer(payload), version).status == status


def test_an_answer_carries_binary_bodies_and_repeated_headers():
    """MultiValueHeaders replace headers of the same name."""
    payload = (
        b'{"statusCode": 200, "isBase64Encoded": true, "body": "aGk=", "headers": {"X-A": "0", "X-B": "9"},'
        b' "multiValueHeaders": {"X-A": ["1", "2"]}}'
    )
    response = rendered(Answer(payload), "1.0")

    assert response.body == b"hi"
    assert response.headers.getall("X-A") == ["1", "2"]
    assert response.headers["X-B"] == "9"


async def test_requests_reach_the_function_by_route_and_format(small_cloud: LocalCloud):
    """The same function behind an HTTP API and a REST API; a fixed answer needs no function."""
    async with httpx2.AsyncClient(base_url=small_cloud.about["http_url"], trust_env=False) as client:
        second = await client.put("/v2/calls/7?a=1", content=b"{}")
        first = await client.post("/v1/7", content=b"x=1")
        fixed = await client.post("/v1")
        unknown = await client.get("/elsewhere")
        broken = await client.get("/v2/broken")

    assert (second.status_code, second.headers["x-own"]) == (201, "1")
    assert (second.json()["version"], second.json()["pathParameters"]) == ("2.0", {"proxy": "calls/7"})
    assert (first.json()["version"], first.json()["pathParameters"]) == ("1.0", {"id": "7"})
    assert (fixed.status_code, fixed.text) == (200, "<Response/>")
    assert fixed.headers["content-type"].startswith("application/xml")
    assert (unknown.status_code, broken.status_code) == (404, 500)
