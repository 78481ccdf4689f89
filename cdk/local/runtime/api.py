"""The Runtime API of one execution environment, as AWS's runtime client calls it.

Paths, headers and status codes: AWS Lambda Developer Guide, "Using the Lambda runtime API" (2018-06-01).
"""

import asyncio
import json
from dataclasses import dataclass

from aiohttp import web

PAYLOAD_BYTES_MAX = 6 * 1024 * 1024
"""What a synchronous invocation may send and answer."""
_VERSION = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event for a function. `deadline_ms` is wall-clock time since the epoch."""

    request_id: str
    function_arn: str
    payload: bytes
    deadline_ms: int
    trace_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered. With `is_error`, the payload is a JSON object with errorType and errorMessage."""

    payload: bytes
    is_error: bool = False


def error_answer(error_type: str, message: str) -> Answer:
    """Return the answer that Lambda itself gives where the function could not."""
    return Answer(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), is_error=True)


class RuntimeApi:
    """An HTTP server on loopback for one process, which takes one invocation at a time.

    `ready` is set once the process asks for its first event, `init_error` done if it could not start.
    """

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.init_error: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._offered: asyncio.Queue[Invocation] = asyncio.Queue(maxsize=1)
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        app = web.Application(client_max_size=PAYLOAD_BYTES_MAX + 1024)
        app.add_routes(
            [
                web.get(f"{_VERSION}/invocation/next", self._next),
                web.post(f"{_VERSION}/invocation/{{request_id}}/response", self._take_response),
                web.post(f"{_VERSION}/invocation/{{request_id}}/error", self._take_error),
                web.post(f"{_VERSION}/init/error", self._take_init_error),
            ]
        )
        # Without handler_cancellation, a killed process's wait for its next event would never end.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)

    async def start(self) -> str:
        """Listen on any free port; returns `host:port`."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        return f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening; a process that waits for its next event ends by itself."""
        await self._runner.cleanup()

    def offer(self, invocation: Invocation) -> asyncio.Future[Answer]:
        """Hand over an event; the result is done when the process has answered."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[invocation.request_id] = answer
        self._offered.put_nowait(invocation)
        return answer

    async def _next(self, _request: web.Request) -> web.Response:
        self.ready.set()
        invocation = await self._offered.get()
        return web.Response(
            body=invocation.payload,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_id,
            },
        )

    async def _take_response(self, request: web.Request) -> web.Response:
        try:
            answer = Answer(await request.read())
        except web.HTTPRequestEntityTooLarge:
            answer = error_answer(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_BYTES_MAX} bytes).",
            )
        return self._settle(request, answer)

    async def _take_error(self, request: web.Request) -> web.Response:
        return self._settle(request, Answer(await request.read(), is_error=True))

    async def _take_init_error(self, request: web.Request) -> web.Response:
        if not self.init_error.done():
            self.init_error.set_result(Answer(await request.read(), is_error=True))
        return _accepted()

    def _settle(self, request: web.Request, answer: Answer) -> web.Response:
        waiting = self._answers.pop(request.match_info["request_id"], None)
        if waiting is None or waiting.done():
            return web.json_response({"errorType": "InvalidRequestID"}, status=400)
        waiting.set_result(answer)
        return _accepted()


def _accepted() -> web.Response:
    return web.json_response({"status": "OK"}, status=202)
