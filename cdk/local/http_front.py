"""Stands in for API Gateway: turns HTTP requests into proxy events for functions, and their answers back.

Payload formats: API Gateway Developer Guide, "Lambda proxy integration" (1.0 of REST APIs, 2.0 of HTTP APIs).
"""

import base64
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from cdk.local.deployment import HttpRoute
from cdk.local.resource import ACCOUNT
from cdk.local.runtime.api import Answer
from cdk.local.runtime.host import PayloadTooLarge, Throttled, UnknownFunction

BODY_BYTES_MAX = 10 * 1024 * 1024
"""API Gateway's limit."""
_TEXT_TYPES = re.compile(r"^(text/|application/(json|javascript|xml)\b)")
"""Bodies of other types reach a function of an HTTP API in base64."""

Invoke = Callable[[str, bytes], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Matcher:
    route: HttpRoute
    pattern: re.Pattern[str]
    rank: tuple[int, int]


class HttpFront:
    """Serves `routes` on loopback. `invoke` runs a function by name."""

    def __init__(self, routes: Sequence[HttpRoute], invoke: Invoke) -> None:
        self._matchers = sorted(map(_matcher, routes), key=lambda each: each.rank)
        self._invoke = invoke
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def start(self, port: int = 0) -> str:
        """Listen (0: on any free port); returns the URL."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        route, parameters = self._find(request.method, request.path)
        if route is None:
            return _refusal(404, "Not Found")
        if not route.function:
            return web.Response(status=route.status, text=route.body, content_type=route.content_type)
        body = await request.read()
        make = event_v1 if route.format == "1.0" else event_v2
        event = make(_seen(request, body), route, parameters)
        try:
            answer = await self._invoke(route.function, json.dumps(event).encode())
        except (Throttled, UnknownFunction, PayloadTooLarge):
            return _refusal(503 if route.format == "2.0" else 500, "Service Unavailable")
        return rendered(answer, route.format)

    def _find(self, method: str, path: str) -> tuple[HttpRoute | None, dict[str, str]]:
        for each in self._matchers:
            if each.route.method in {"ANY", method} and (found := each.pattern.fullmatch(path)):
                return each.route, found.groupdict()
        return None, {}


@dataclass(frozen=True, slots=True)
class Seen:
    """An HTTP request as API Gateway sees it. `headers` has names as sent, repeated ones repeatedly."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


def event_v2(seen: Seen, route: HttpRoute, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the event of an HTTP API, payload format 2.0."""
    headers = {name: ",".join(values) for name, values in _grouped(seen.headers, lower=True).items()}
    cookies = headers.pop("cookie", "")
    is_text = bool(_TEXT_TYPES.match(headers.get("content-type", "text/plain")))
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{route.method} {route.path}",
        "rawPath": seen.path,
        "rawQueryString": seen.query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": headers.get("host", ""),
            "domainPrefix": headers.get("host", "").split(".")[0],
            "http": {
                "method": seen.method,
                "path": seen.path,
                "protocol": "HTTP/1.1",
                "sourceIp": seen.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": f"{route.method} {route.path}",
            "stage": route.stage,
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": bool(seen.body) and not is_text,
    }
    if cookies:
        event["cookies"] = [each.strip() for each in cookies.split(";")]
    if seen.query:
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in _grouped(_pairs(seen.query)).items()
        }
    if parameters:
        event["pathParameters"] = dict(parameters)
    if seen.body:
        event["body"] = seen.body.decode() if is_text else base64.b64encode(seen.body).decode()
    return event


def event_v1(seen: Seen, route: HttpRoute, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the event of a REST API, payload format 1.0. Without binary media types every body is text."""
    headers = _grouped(seen.headers)
    query = _grouped(_pairs(seen.query))
    host = next((values[-1] for name, values in headers.items() if name.lower() == "host"), "")
    return {
        "version": "1.0",
        "resource": route.path,
        "path": seen.path,
        "httpMethod": seen.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "httpMethod": seen.method,
            "identity": {"sourceIp": seen.source_ip},
            "path": seen.path,
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
            "resourcePath": route.path,
            "stage": route.stage,
        },
        "body": seen.body.decode("utf-8", "replace") if seen.body else None,
        "isBase64Encoded": False,
    }


def rendered(answer: Answer, version: str) -> web.Response:
    """Return a function's answer as HTTP: 502 (500 for format 2.0) if it failed or answered something else."""
    failed = _refusal(502 if version == "1.0" else 500, "Internal Server Error")
    if answer.is_error:
        return failed
    try:
        content = json.loads(answer.payload)
    except ValueError:
        return failed
    if not isinstance(content, dict) or "statusCode" not in content:
        if version == "1.0":
            return failed
        # Format 2.0 takes any other JSON for the body of a 200.
        text = content if isinstance(content, str) else json.dumps(content)
        return web.Response(text=text, content_type="application/json")
    body = content.get("body") or ""
    data = base64.b64decode(body) if content.get("isBase64Encoded") else str(body).encode()
    response = web.Response(status=int(content["statusCode"]), body=data)
    for name, value in (content.get("headers") or {}).items():
        response.headers[name] = str(value)
    for name, values in (content.get("multiValueHeaders") or {}).items():
        response.headers.popall(name, None)
        for value in values:
            response.headers.add(name, str(value))
    for cookie in content.get("cookies") or []:
        response.headers.add("Set-Cookie", cookie)
    return response


def _matcher(route: HttpRoute) -> _Matcher:
    """Exact paths come first, then parameters, then `{proxy+}`; a named method before ANY."""
    pattern = "/".join(_segment(each) for each in route.path.split("/"))
    rank = (route.path.count("{") + 100 * route.path.count("+}"), int(route.method == "ANY"))
    return _Matcher(route, re.compile(pattern), rank)


def _segment(segment: str) -> str:
    found = re.fullmatch(r"\{(\w+)(\+?)\}", segment)
    if found is None:
        return re.escape(segment)
    return f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})"


def _seen(request: web.Request, body: bytes) -> Seen:

    return Seen(
        method=request.method,
        path=request.path,
        query=request.rel_url.raw_query_string,
        headers=list(request.headers.items()),
        body=body,
        source_ip=request.remote or "127.0.0.1",
    )


def _pairs(query: str) -> Sequence[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _grouped(pairs: Sequence[tuple[str, str]], *, lower: bool = False) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name.lower() if lower else name, []).append(value)
    return grouped


def _refusal(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
