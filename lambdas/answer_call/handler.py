"""Twilio's webhooks: a call comes in, a stream has ended, a call's status has changed.

`handler` is the Lambda entry; locally `uvicorn --factory lambdas.answer_call.handler:create_app`. Importing this module
does nothing: settings and stores are made for the first request. Every answer to a signed voice webhook is valid
TwiML, also when the store is down (law L4); an unsigned or wrongly signed request gets 403.
"""

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from mangum import Mangum
from mangum.types import LambdaContext
from starlette.exceptions import HTTPException

from switchboard.adapters.sqlite.store import SqliteCallProgressStore, SqliteCheckpointStore
from switchboard.adapters.twilio.signature import SignatureChecker
from switchboard.adapters.twilio.signed_forms import signed_form
from switchboard.adapters.twilio.twiml import render
from switchboard.domain.calls import CallKey
from switchboard.domain.instructions import Instruction
from switchboard.domain.stream_tokens import NAME_BYTES_MAX, NONCE_BYTES
from switchboard.observability import configure_logging
from switchboard.ports.call_progress import CallProgressStore
from switchboard.ports.checkpoints import CheckpointStore
from switchboard.ports.errors import PortError
from switchboard.services.answer_call import answer_call
from switchboard.services.continue_call import Resumes, StreamEnd, continue_call
from switchboard.services.lines import Line
from switchboard.services.record_call_status import record_call_status
from switchboard.settings import Settings, load_settings

log = structlog.get_logger()
router = APIRouter()


@cache
def _mangum() -> Mangum:
    return Mangum(create_app(), lifespan="off")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway (HTTP API, payload 2.0) request in AWS Lambda."""
    return _mangum()(event, context)


def create_app(
    settings: Settings | None = None,
    *,
    checkpoints: CheckpointStore | None = None,
    progress: CallProgressStore | None = None,
) -> FastAPI:
    """Return the webhooks as an ASGI app; without arguments it reads the environment and uses the embedded stores.

    Raises `SettingsError`, listing every problem. The app closes the stores when its lifespan ends.
    """
    if settings is None:
        configure_logging()
        settings = load_settings()
    deps = Dependencies(
        line=Line(
            stream_url=settings.stream_url,
            public_url=settings.public_base_url,
            token_secret=settings.token_secret.get_secret_value(),
            handover_number=settings.handover_number,
        ),
        signatures=SignatureChecker(settings.twilio_auth_token.get_secret_value()),
        checkpoints=checkpoints or SqliteCheckpointStore(settings.state_path),
        progress=progress or SqliteCallProgressStore(settings.state_path),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await deps.checkpoints.close()
        await deps.progress.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.deps = deps
    app.include_router(router)
    return app


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the routes work with."""

    line: Line
    signatures: SignatureChecker
    checkpoints: CheckpointStore
    progress: CallProgressStore


@router.post("/twilio/voice")
async def voice(request: Request) -> Response:
    """A call has come in, or one that we placed was answered."""
    deps, form = await _believed(request)
    call = _call(form)
    instruction = answer_call(
        call_sid=call.call_sid,
        account_sid=call.account_sid,
        from_number=call.from_number,
        line=deps.line,
        nonce=secrets.token_bytes(NONCE_BYTES),
        now_s=_now_s(),
    )
    log.info("call answered", call_id=call.call_sid)
    return _twiml(instruction)


@router.post("/twilio/resume")
async def resume(request: Request) -> Response:
    """A media stream, or a transfer, has ended while the caller is still there."""
    deps, form = await _believed(request)
    end = _call(form)
    continuation = await continue_call(
        end,
        resumes=_resumes(request),
        checkpoints=deps.checkpoints,
        line=deps.line,
        nonce=secrets.token_bytes(NONCE_BYTES),
        now_s=_now_s(),
    )
    log.info(
        "call continued",
        call_id=end.call_sid,
        why=continuation.why,
        instruction=type(continuation.instruction).__name__,
    )
    return _twiml(continuation.instruction)


@router.post("/twilio/status")
async def status(request: Request) -> Response:
    """The carrier reports how far a call has come."""
    deps, form = await _believed(request)
    call = _call(form)
    reported = form.get("CallStatus", "")[:NAME_BYTES_MAX]
    try:
        outcome = await record_call_status(
            key=CallKey(deps.line.tenant, call.call_sid),
            status=reported,
            sequence=form.get("SequenceNumber", ""),
            progress=deps.progress,
        )
    except PortError as error:
        # By default Twilio repeats a webhook after connection trouble only, not after an answer: the log keeps it.
        log.warning(
            "call status not stored", call_id=call.call_sid, status=reported, reason=type(error).__name__
        )
        return Response(status_code=503)
    log.info("call status", call_id=call.call_sid, status=reported, outcome=outcome)
    return Response(status_code=204)


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the process answers; a call needs nothing else to be connected."""
    return {"status": "ok"}


async def _believed(request: Request) -> tuple[Dependencies, dict[str, str]]:
    """Return the form of a request that Twilio signed; raise the HTTP answer to every other."""
    deps = cast("Dependencies", request.app.state.deps)
    form = await signed_form(request, public_url=deps.line.public_url, signatures=deps.signatures)
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
    count, since_s = (request.query_params.get(name, "0") for name in ("n", "t"))
    if not all(each.isascii() and each.isdigit() and len(each) <= 12 for each in (count, since_s)):
        return Resumes()
    return Resumes(count=int(count), since_s=int(since_s))


def _twiml(instruction: Instruction) -> Response:
    return Response(render(instruction), media_type="application/xml")


def _now_s() -> int:
    return int(time.time())
