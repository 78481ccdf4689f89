"""Twilio's webhooks: a call comes in, a stream has ended, a call's status has changed.

`handler` is the Lambda entry; locally `uvicorn --factory lambdas.answer_call.handler:create_app`. Importing this module
does nothing: settings and stores are made for the first request. Every answer to a signed voice webhook is valid
TwiML, also when the store is down (law L4); an unsigned or wrongly signed request gets 403.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from secrets import token_bytes
from typing import Any, cast

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from mangum import Mangum
from mangum.types import LambdaContext
from starlette.exceptions import HTTPException
from structlog.contextvars import bound_contextvars

from switchboard.adapters.aws.secrets import (
    REFRESH_S,
    REFRESH_SOON_S,
    Secrets,
    SecretValues,
    read_environment,
)
from switchboard.adapters.twilio.signature import SignatureChecker, SignatureRefused
from switchboard.adapters.twilio.signed_forms import signed_form
from switchboard.adapters.twilio.twiml import render
from switchboard.domain.calls import CallKey
from switchboard.domain.instructions import Instruction, SayAndHangUp
from switchboard.domain.stream_tokens import NAME_BYTES_MAX, NONCE_BYTES
from switchboard.domain.trace_context import trace_id_of
from switchboard.observability import configure_logging
from switchboard.ports.errors import PortError
from switchboard.services.answer_call import answer_call
from switchboard.services.continue_call import TROUBLE_TEXT, Resumes, StreamEnd, continue_call
from switchboard.services.end_of_call import end_of_call
from switchboard.services.lines import Line
from switchboard.services.record_call_status import StatusOutcome, record_call_status
from switchboard.settings import Settings, environment, load_settings
from switchboard.telemetry.metrics import CALLS_ANSWERED, CALLS_CONTINUED, WEBHOOKS_REFUSED, Meter, NoMeter
from switchboard.telemetry.powertools_meter import PowertoolsMeter
from switchboard.telemetry.tracing import Span, Tracer, call_span, open_tracer
from switchboard.webhook_stores import WebhookStores, open_webhook_stores

FRESHEN_TIMEOUT_S = 1.0
"""Once a minute a caller waits for S3 and Secrets Manager, some 50 ms; this long at the worst, and then not again."""
DIRECTORY_AGE_S = 60.0
FLUSH_TIMEOUT_S = 3.0
"""The carrier does not wait for our answer to a status callback with anything."""
NOT_IN_SERVICE_TEXT = (
    "I am sorry, this number is not in service. Please check the number and call again. Goodbye."
)
SERVICE = "answer_call"
TRACES_FLUSH_S = 0.5
"""At most, before Lambda may freeze the function; a collector beside it takes spans within milliseconds."""

log = structlog.get_logger()
router = APIRouter()


@cache
def _mangum() -> Mangum:
    return Mangum(create_app(), lifespan="off")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway, of a REST API (1.0) or an HTTP API (2.0), in AWS Lambda."""
    mangum = _mangum()
    try:
        return mangum(event, context)
    finally:
        # Lambda freezes the process now: what is not sent waits for the next call, or for ever.
        cast("FastAPI", mangum.app).state.deps.tracer.flush(TRACES_FLUSH_S)


def create_app(
    settings: Settings | None = None,
    *,
    stores: WebhookStores | None = None,
) -> FastAPI:
    """Return the webhooks as an ASGI app; without arguments it reads the environment and uses the stores that it names.

    Raises `SettingsError`, listing every problem. The app closes the stores when its lifespan ends.
    """
    secrets = Secrets(SecretValues())
    if settings is None:
        configure_logging()
        environ, secrets = read_environment(environment())
        settings = load_settings(environ)
    deps = Dependencies(
        settings=settings,
        secrets=secrets,
        signatures=SignatureChecker(
            secrets.secret("TWILIO_AUTH_TOKEN", settings.twilio_auth_token.get_secret_value())
        ),
        token_secret=secrets.settled(
            "SWITCHBOARD_STREAM_TOKEN_SECRET", settings.token_secret.get_secret_value()
        ),
        stores=stores or open_webhook_stores(settings, secrets),
        meter=PowertoolsMeter(service=SERVICE, environment=settings.environment)
        if settings.metrics
        else NoMeter(),
        tracer=open_tracer(
            endpoint=settings.traces_endpoint,
            share=settings.traces_share,
            service=SERVICE,
            environment=settings.environment,
        ),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await deps.stores.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.deps = deps
    app.include_router(router)
    return app


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the routes work with."""

    settings: Settings
    secrets: Secrets
    signatures: SignatureChecker
    token_secret: Callable[[], str]
    stores: WebhookStores
    meter: Meter
    tracer: Tracer

    def line(self, form: dict[str, str]) -> Line | None:
        """The line of the number of ours that this call is on; None where the number is nobody's."""
        outgoing = form.get("Direction", "").startswith("outbound")
        tenant = self.stores.directory.tenant_of(form.get("From" if outgoing else "To", ""))
        if tenant is None:
            return None
        return Line(
            stream_url=self.settings.stream_url,
            public_url=self.settings.public_base_url,
            token_secret=self.token_secret(),
            handover_number=tenant.handover_number,
            tenant=tenant.id,
        )

    async def check(self, url: str, fields: list[tuple[str, str]], request: Request) -> None:
        """Believe the request or raise `SignatureRefused`; a token that has just changed is read before that."""
        try:
            self.signatures.check_form(url, fields, request.headers.items())
        except SignatureRefused:
            await self.secrets.refresh(older_than_s=REFRESH_SOON_S)
            self.signatures.check_form(url, fields, request.headers.items())

    async def freshen(self) -> None:
        """Read what has been published and rotated, if it is time; for a bounded moment, and never in vain twice."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FRESHEN_TIMEOUT_S):
                await asyncio.gather(
                    self.secrets.refresh(older_than_s=REFRESH_S),
                    self.stores.directory.refresh(older_than_s=DIRECTORY_AGE_S),
                )


@router.post("/twilio/voice")
async def voice(request: Request) -> Response:
    """A call has come in, or one that we placed was answered."""
    deps, form = await _believed(request)
    call = _call(form)
    line = deps.line(form)
    if line is None:
        return _no_line(deps, call)
    with _work(deps, "answer_call", call.call_sid, line.tenant) as span:
        instruction = answer_call(
            call_sid=call.call_sid,
            account_sid=call.account_sid,
            from_number=call.from_number,
            line=line,
            nonce=token_bytes(NONCE_BYTES),
            now_s=_now_s(),
            traceparent=span.traceparent,
        )
        log.info("call answered")
    deps.meter.record(CALLS_ANSWERED)
    return _twiml(instruction)


@router.post("/twilio/resume")
async def resume(request: Request) -> Response:
    """A media stream, or a transfer, has ended while the caller is still there."""
    deps, form = await _believed(request)
    end = _call(form)
    line = deps.line(form)
    if line is None:
        return _no_line(deps, end)
    with _work(deps, "continue_call", end.call_sid, line.tenant) as span:
        continuation = await continue_call(
            end,
            resumes=_resumes(request),
            checkpoints=deps.stores.checkpoints,
            line=line,
            nonce=token_bytes(NONCE_BYTES),
            now_s=_now_s(),
            traceparent=span.traceparent,
        )
        log.info(
            "call continued",
            why=continuation.why,
            instruction=type(continuation.instruction).__name__,
        )
    deps.meter.record(CALLS_CONTINUED, why=continuation.why)
    return _twiml(continuation.instruction)


@router.post("/twilio/status")
async def status(request: Request) -> Response:
    """The carrier reports how far a call has come."""
    deps, form = await _believed(request)
    call = _call(form)
    line = deps.line(form)
    if line is None:
        return Response(status_code=204)
    key = CallKey(line.tenant, call.call_sid)
    reported = form.get("CallStatus", "")[:NAME_BYTES_MAX]
    with _named(call.call_sid, line.tenant):
        try:
            outcome = await record_call_status(
                key=key,
                status=reported,
                sequence=form.get("SequenceNumber", ""),
                progress=deps.stores.progress,
            )
            if outcome is StatusOutcome.ADVANCED:
                ended = await end_of_call(
                    key, status=reported, checkpoints=deps.stores.checkpoints, now_ms=_now_s() * 1000
                )
                if ended is not None:
                    deps.stores.sink.publish(ended)
                    # The function may be frozen as soon as it has answered.
                    await deps.stores.sink.flush(deadline_s=FLUSH_TIMEOUT_S)
        except PortError as error:
            # By default Twilio repeats a webhook after connection trouble only, not after an answer: the log keeps it.
            log.warning("call status not stored", status=reported, reason=type(error).__name__)
            return Response(status_code=503)
        log.info("call status", status=reported, outcome=outcome)
    return Response(status_code=204)


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the process answers; a call needs nothing else to be connected."""
    return {"status": "ok"}


def _named(call_id: str, tenant: str) -> AbstractContextManager[object]:
    """Within it, log lines say which call they are about."""
    return bound_contextvars(call_id=call_id, tenant=tenant, trace_id=trace_id_of(call_id))


@contextmanager
def _work(deps: Dependencies, name: str, call_id: str, tenant: str) -> Iterator[Span]:
    """Trace work for one call, and name the call in its log lines."""
    with (
        _named(call_id, tenant),
        call_span(deps.tracer, name, call_id=call_id, clock_ms=_now_ms) as span,
    ):
        yield span


async def _believed(request: Request) -> tuple[Dependencies, dict[str, str]]:
    """Return the form of a request that Twilio signed; raise the HTTP answer to every other."""
    deps = cast("Dependencies", request.app.state.deps)

    async def check(url: str, fields: list[tuple[str, str]]) -> None:
        await deps.freshen()
        try:
            await deps.check(url, fields, request)
        except SignatureRefused as refused:
            deps.meter.record(WEBHOOKS_REFUSED, refusal=refused.refusal)
            raise

    form = await signed_form(request, public_url=deps.settings.public_base_url, check=check)
    return deps, form


def _call(form: dict[str, str]) -> StreamEnd:
    call_sid, account_sid = form.get("CallSid", ""), form.get("AccountSid", "")
    for name, sid, prefix in (("CallSid", call_sid, "CA"), ("AccountSid", account_sid, "AC")):
        if not (sid.startswith(prefix) and sid.isascii() and sid.isalnum() and len(sid) <= NAME_BYTES_MAX):
            raise HTTPException(400, f"The form has no usable {name}.")
    return StreamEnd(
        call_sid=call_sid,
        account_sid=account_sid,
        from_number=form.get("From", ""),
        dial_status=form.get("DialCallStatus", ""),
    )


def _resumes(request: Request) -> Resumes:
    """The counter in the resume URL, which the signature covers; absent on the first resume."""
    values = [request.query_params.get(name, "0") for name in ("n", "t", "f")]
    if not all(each.isascii() and each.isdigit() and len(each) <= 12 for each in values):
        return Resumes()
    count, since_s, fence = map(int, values)
    return Resumes(count, since_s, fence)


def _no_line(deps: Dependencies, call: StreamEnd) -> Response:
    """The number is nobody's, or we could not learn whose it is; the caller hears which."""
    version = deps.stores.directory.version
    log.error("number belongs to no tenant", call_id=call.call_sid, version=version)
    return _twiml(SayAndHangUp(NOT_IN_SERVICE_TEXT if version else TROUBLE_TEXT))


def _twiml(instruction: Instruction) -> Response:
    return Response(render(instruction), media_type="application/xml")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _now_s() -> int:
    return int(time.time())
