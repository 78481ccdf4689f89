"""Workflows in AWS Step Functions (API reference: "StartExecution", "SendTaskSuccess", "SendTaskHeartbeat")."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError

from switchboard.adapters.aws.failures import aws_failures, code_of
from switchboard.domain.messages import JsonObject
from switchboard.domain.subjects import Subject
from switchboard.ports.errors import ProviderRejected
from switchboard.ports.workflows import Workflow

PROVIDER: Final = "stepfunctions"
_NOBODY_WAITS: Final = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})


class StepFunctionsWorkflows:
    """`ports.workflows.Workflows`. `arns` holds the state machines this process may start."""

    def __init__(self, client: Any, *, arns: Mapping[Workflow, str]) -> None:
        self._client = client
        self._arns = arns

    async def start(self, workflow: Workflow, subject: Subject) -> bool:
        """Start by a name derived from the subject: Step Functions keeps names for 90 days and refuses a second."""
        arn = self._arns.get(workflow)
        if not arn:
            raise ProviderRejected(PROVIDER, f"this process does not know the workflow {workflow}")
        return await self._request(
            "start_execution",
            unless=frozenset({"ExecutionAlreadyExists"}),
            stateMachineArn=arn,
            name=execution_name(workflow, subject),
            input=msgspec.json.encode(subject).decode(),
        )

    async def answer(self, token: str, output: JsonObject) -> bool:
        """Send the task's success."""
        return await self._request(
            "send_task_success",
            unless=_NOBODY_WAITS,
            taskToken=token,
            output=msgspec.json.encode(output).decode(),
        )

    async def heartbeat(self, token: str) -> bool:
        """Send the task's heartbeat."""
        return await self._request("send_task_heartbeat", unless=_NOBODY_WAITS, taskToken=token)

    async def close(self) -> None:
        """Close the connection pool."""
        self._client.close()

    async def _request(self, operation: str, *, unless: frozenset[str], **arguments: str) -> bool:
        """Send one request; false where it is refused with one of the codes `unless`."""

        def run() -> bool:
            with aws_failures(PROVIDER):
                try:
                    getattr(self._client, operation)(**arguments)
                except ClientError as error:
                    if code_of(error) not in unless:
                        raise
                    return False
                return True

        return await asyncio.to_thread(run)


def execution_name(workflow: Workflow, subject: Subject) -> str:
    """One name per workflow, tenant and subject: at most 80 characters, of which a hash of 32 is enough."""
    key = f"{subject.tenant}#{subject.kind}#{subject.id}".encode()
    return f"{workflow.replace('_', '-')}-{hashlib.sha256(key).hexdigest()[:32]}"
