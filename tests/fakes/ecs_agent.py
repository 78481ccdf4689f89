"""The ECS agent's task protection endpoint on loopback, as documented and as its source has it.

Unknown or mistyped fields of a request are answered with 400, what ECS refuses with `failure` and status 200, what went wrong
on the way to ECS with `error` and the status of ECS.
"""

import json
from collections import deque
from typing import Any

from msgspec import Struct

from tests.fakes.http_endpoint import Answer, HttpEndpoint, Request

PATH = "/task-protection/v1/state"
ARN = "arn:aws:ecs:us-east-1:111122223333:task/voice/0123456789abcdef0"


class Silence(Struct, frozen=True):
    """Never answers."""


class EcsAgent(HttpEndpoint):
    """One container's agent. `answers` come first, one for each request; then it works."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.minutes: int | None = None
        """For how long the task is protected; None while it is not."""
        self.requests: list[Request] = []
        self.answers: deque[Answer | Silence] = deque()

    def fail(self, code: str, *, status: int = 400) -> None:
        """The next call to ECS fails."""
        error = {"Arn": ARN, "Code": code, "Message": f"User: arn:aws:sts::1:role is not {code}"}
        self.answers.append(_json(status, {"requestID": "1-2-3", "error": error}))

    def refuse(self, reason: str) -> None:
        """ECS refuses the next request; the agent answers 200 all the same."""
        self.answers.append(_json(200, {"failure": {"Arn": ARN, "Detail": None, "Reason": reason}}))

    def _take(self, request: Request) -> Answer | None:
        self.requests.append(request)
        if self.answers:
            answer = self.answers.popleft()
            return None if isinstance(answer, Silence) else answer
        if (request.method, request.path) != ("PUT", f"/api/abc{PATH}"):
            return _json(404, {})
        body = json.loads(request.body)
        minutes = body.pop("ExpiresInMinutes", 120)
        enabled = body.pop("ProtectionEnabled", None)
        if body or not isinstance(enabled, bool) or not isinstance(minutes, int) or not 1 <= minutes <= 2880:
            return _json(400, {"error": {"Arn": ARN, "Code": "InvalidParameterException", "Message": ""}})
        self.minutes = minutes if enabled else None
        state: dict[str, Any] = {"ProtectionEnabled": enabled, "TaskArn": ARN, "ExpirationDate": None}
        if enabled:
            state["ExpirationDate"] = "2026-11-21T02:29:16Z"
        return _json(200, {"protection": state})


def _json(status: int, document: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(document).encode())
