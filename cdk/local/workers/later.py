"""Asynchronous invocations: accepted at once, tried again, and in the end kept as a dead letter."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

from cdk.local.runtime.api import Answer
from cdk.local.runtime.host import FunctionHost, Throttled
from cdk.local.runtime.spec import FunctionSpec

RETRY_DELAYS_S = (1.0, 2.0)
"""Lambda waits one minute and then two; nobody at a terminal does."""
QUEUED_MAX = 1000
"""More events than this at a time are refused, as a throttled account's would be."""

log = logging.getLogger(__name__)
Send = Callable[[str, str, dict[str, str]], Awaitable[None]]


class LaterInvoker:
    """`send` takes dead letters: an ARN, a text and attributes. It is set once, since it may itself invoke functions."""

    def __init__(self, functions: FunctionHost) -> None:
        self._functions = functions
        self._tasks: set[asyncio.Task[None]] = set()
        self.send: Send | None = None

    def submit(self, reference: str, payload: bytes) -> None:
        """Run the function soon. Raises `UnknownFunction` and `Throttled`; what fails later is tried again."""
        spec = self._functions.spec(reference)
        if len(self._tasks) >= QUEUED_MAX:
            raise Throttled(f"{QUEUED_MAX} asynchronous events are waiting already")
        task = asyncio.create_task(self._run(spec, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is waiting."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, spec: FunctionSpec, payload: bytes) -> None:
        for attempt in range(spec.retries_max + 1):
            if attempt:
                await asyncio.sleep(RETRY_DELAYS_S[min(attempt, len(RETRY_DELAYS_S)) - 1])
            answer = await self._attempt(spec, payload)
            if not answer.is_error:
                return
        log.warning(
            "%s: an asynchronous event failed %d times and is given up",
            spec.label or spec.name,
            spec.retries_max + 1,
        )
        await self._bury(spec, payload, answer)

    async def _attempt(self, spec: FunctionSpec, payload: bytes) -> Answer:
        while True:
            try:
                return await self._functions.invoke(spec.name, payload)
            except Throttled:
                await asyncio.sleep(RETRY_DELAYS_S[0])  # throttling costs no attempt

    async def _bury(self, spec: FunctionSpec, payload: bytes, answer: Answer) -> None:
        assert self.send is not None, "set when the workers are composed"
        error = json.loads(answer.payload)
        if spec.dead_letter_arn:
            reason = {"ErrorCode": "200", "ErrorMessage": str(error.get("errorMessage", ""))[:1024]}
            await self.send(spec.dead_letter_arn, payload.decode(), reason)
        if spec.on_failure_arn:
            record = {
                "version": "1.0",
                "requestContext": {
                    "functionArn": spec.arn,
                    "condition": "RetriesExhausted",
                    "approximateInvokeCount": spec.retries_max + 1,
                },
                "requestPayload": json.loads(payload or b"null"),
                "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
                "responsePayload": error,
            }
            await self.send(spec.on_failure_arn, json.dumps(record), {})
