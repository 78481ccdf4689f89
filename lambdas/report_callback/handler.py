"""Twilio reports how a callback's call goes: POST /twilio/callback?tenant=...&callback=...&attempt=...

The query is ours and signed with the rest. A report that changes nothing is answered like one that does: repeats, late
arrivals and strangers get 204. 503 where the stores are down: the workflow's time-out then decides.
"""

from functools import lru_cache
from typing import Any

import msgspec
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from mangum import Mangum
from mangum.types import LambdaContext
from starlette.exceptions import HTTPException

from switchboard.adapters.aws.workflow_steps import Tools, now_s, process
from switchboard.adapters.twilio.signed_forms import signed_form
from switchboard.domain.call_progress import CallStatus
from switchboard.domain.callbacks import ATTEMPTS_MAX
from switchboard.domain.subjects import Subject
from switchboard.ports.errors import PortError
from switchboard.services.run_callback import report_attempt
from switchboard.workflow_settings import required

MACHINE_PREFIX = "machine_"
"""Of `AnsweredBy`, where answering machines are detected (Twilio, "Answering machine detection")."""

log = structlog.get_logger()
router = APIRouter()


@lru_cache(maxsize=1)
def _mangum(tools: Tools) -> Mangum:
    return Mangum(create_app(tools), lifespan="off")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway (HTTP API, payload 2.0) request in AWS Lambda."""
    # Asked each time: the tools are made anew when the secret was read long ago.
    return _mangum(process.tools)(event, context)


def create_app(tools: Tools) -> FastAPI:
    """Return the webhook as an ASGI app."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.tools = tools
    app.include_router(router)
    return app


@router.post("/twilio/callback")
async def report(request: Request) -> Response:
    """Take in one report."""
    tools: Tools = request.app.state.tools
    public_url = required(tools.settings.public_base_url, "PUBLIC_BASE_URL")

    async def check(url: str, fields: list[tuple[str, str]]) -> None:
        tools.signatures().check_form(url, fields, request.headers.items())

    form = await signed_form(request, public_url=public_url, check=check)
    subject, attempt = _attempt(request)
    status = form.get("CallStatus", "")
    if status not in set(CallStatus):
        raise HTTPException(400, "The form has no usable CallStatus.")
    try:
        has_decided = await report_attempt(
            subject,
            attempt,
            call_id=form.get("CallSid", ""),
            status=CallStatus(status),
            is_machine=form.get("AnsweredBy", "").startswith(MACHINE_PREFIX),
            records=tools.records,
            workflows=tools.workflows,
            now_s=now_s(),
        )
    except PortError as error:
        log.warning("callback report not stored", tenant=subject.tenant, error=type(error).__name__)
        return Response(status_code=503)
    log.info(
        "callback report",
        tenant=subject.tenant,
        status=status,
        outcome="decided" if has_decided else "no change",
    )
    return Response(status_code=204)


def _attempt(request: Request) -> tuple[Subject, int]:
    query = request.query_params
    given = {"tenant": query.get("tenant"), "kind": "callback", "id": query.get("callback")}
    number = query.get("attempt", "")
    try:
        subject = msgspec.convert(given, Subject)
    except msgspec.ValidationError:
        raise HTTPException(400, "The query names no callback.") from None
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= ATTEMPTS_MAX):
        raise HTTPException(400, "The query names no attempt.")
    return subject, int(number)
