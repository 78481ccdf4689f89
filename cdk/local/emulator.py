"""The embedded moto server, with what it lacks handed to us: functions, event targets, delivery streams, JSONata.

moto runs in threads of this process. Each hook is called in one of them and may wait. The hooks replace four methods of moto
5.2, named beside each; `tests/cloud` shows that each still takes effect.
"""

import copy
import os
import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from jsonata import Jsonata
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.core.exceptions import JsonRESTError
from moto.events.models import Rule
from moto.firehose.models import FirehoseBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata
from werkzeug.serving import make_server

from cdk.local.deployment import Target
from cdk.local.resources.events import target_of
from cdk.local.runtime.api import Answer

REGION = "us-east-1"
ACCESS_KEY = "local"
"""moto takes any key; this one tells a reader of logs that nothing here reaches AWS."""
STOP_POLL_S = 0.05

_SERVICE = re.compile(r"Credential=[^/]*/\d+/[^/]*/([^/]+)/aws4_request")
_WAITING = frozenset({"lambda", "sqs", "states"})


class InvokeRefused(Exception):
    """A function was not run: what Lambda's API answers instead."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Hooks:
    """What moto asks of us. Each is called in a thread of moto's."""

    invoke: Callable[[str, bytes], Answer]
    """Run a function, by name or ARN, and return its answer. May raise `InvokeRefused`."""
    invoke_later: Callable[[str, bytes], None]
    """Accept an event for a function that runs later. May raise `InvokeRefused`."""
    relay: Callable[[Target, Mapping[str, Any]], None]
    """Send an event of EventBridge to a target that moto does not know: a function or a workflow."""
    deliver: Callable[[str, Sequence[bytes]], None]
    """Take records for a delivery stream."""


@contextmanager
def emulator(hooks: Hooks, *, port: int = 0) -> Iterator[str]:
    """Run moto on loopback (`port` 0: any free one) and yield its URL. One at a time per process: its state is global."""
    app = _orderly(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler)
    serving = threading.Thread(target=server.serve_forever, args=(STOP_POLL_S,), name="moto", daemon=True)
    with _installed(hooks):
        serving.start()
        try:
            # Step Functions' tasks call services at this port.
            os.environ["MOTO_PORT"] = str(server.server_port)
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
            server.server_close()


def environment(endpoint_url: str) -> dict[str, str]:
    """The variables with which any AWS SDK in a child process talks to the emulator, and only to it."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
    }


def clients(endpoint_url: str) -> Callable[[str], Any]:
    """Return a function that makes (once) a boto3 client by service name."""
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=REGION
    )
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(
                service,  # type: ignore[call-overload]  # the stubs list each service's name
                endpoint_url=endpoint_url,
                config=Config(
                    max_pool_connections=32,
                    connect_timeout=5,
                    read_timeout=900,  # as long as a function may run
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"},
                ),
            )
        return made[service]

    return client


def _orderly(app: Callable[..., Any]) -> Callable[..., Any]:
    """Serve the requests of one service one after the other: moto's conditional writes are not atomic among threads.

    Services whose requests wait for others are left alone.
    """
    locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def serve(environ: Any, start_response: Any) -> Any:
        signed_for = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        service = signed_for[1] if signed_for else ""
        if service in _WAITING:
            return app(environ, start_response)
        with locks[service]:
            return list(app(environ, start_response))

    return serve


@contextmanager
def _installed(hooks: Hooks) -> Iterator[None]:
    """Replace what moto lacks, and put it back in the end."""
    replaced = (
        (moto_jsonata, "_eval_jsonata", _evaluate),  # declared by moto and never set
        (LambdaSimpleBackend, "invoke", _invoke_with(hooks)),
        (Rule, "send_to_targets", _send_with(hooks, Rule.send_to_targets)),
        (FirehoseBackend, "put_record_batch", _put_with(hooks)),
    )
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    user_config = copy.deepcopy(default_user_config)
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    try:
        for owner, name, ours in replaced:
            setattr(owner, name, ours)
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)
        default_user_config.update(user_config)


def _evaluate(expression: str) -> Any:
    """Evaluate JSONata; moto has bound the variables inside the expression already."""
    try:
        return Jsonata(expression).evaluate(None)
    except Exception as error:
        # Any failure of an expression is States.QueryEvaluationError to the workflow, which may catch it.
        raise moto_jsonata.JSONataException("States.QueryEvaluationError", str(error)) from error


def _invoke_with(hooks: Hooks) -> Callable[..., bytes]:
    def invoke(
        _backend: LambdaSimpleBackend,
        function_name: str,
        _qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> bytes:
        payload = body.encode() if isinstance(body, str) else body or b""
        try:
            if headers.get("X-Amz-Invocation-Type") == "Event":
                hooks.invoke_later(function_name, payload)
                return b""
            answer = hooks.invoke(function_name, payload)
        except InvokeRefused as refused:
            error = JsonRESTError(refused.code, str(refused))
            error.code = refused.status
            raise error from refused
        if answer.is_error:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer.payload

    return invoke


def _send_with(hooks: Hooks, original: Callable[..., None]) -> Callable[..., None]:
    def send_to_targets(rule: Rule, event: Any, transform_input: bool = True) -> None:
        ours = [each for each in rule.targets if each["Arn"].split(":")[2] in {"lambda", "states"}]
        if ours and rule.state == "ENABLED" and rule.event_pattern.matches_event(event):
            for target in ours:
                hooks.relay(target_of(target), event)
        theirs = [each for each in rule.targets if each not in ours]
        if theirs:
            known = copy.copy(rule)  # other threads go on with the rule as it is
            known.targets = theirs
            original(known, event, transform_input)

    return send_to_targets


def _put_with(hooks: Hooks) -> Callable[..., dict[str, Any]]:
    def put_record_batch(
        backend: FirehoseBackend, delivery_stream_name: str, records: list[dict[str, Any]]
    ) -> dict[str, Any]:
        backend.describe_delivery_stream(delivery_stream_name)  # refuses an unknown name
        hooks.deliver(delivery_stream_name, [bytes(each["Data"]) for each in records])
        return {
            "FailedPutCount": 0,
            "Encrypted": False,
            "RequestResponses": [{"RecordId": str(uuid.uuid4())} for _ in records],
        }

    return put_record_batch
