"""Twilio has a caller's message ready: POST /twilio/voicemail?tenant=..., the recording status callback of `<Record>`.

The query is ours and signed with the rest. The recording's address in the form is not used: media is fetched with our
credentials, by id.
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
from switchboard.domain.subjects import Subject
from switchboard.ports.errors import PortError
from switchboard.services.take_voicemail import VoicemailNotice, announce_voicemail
from switchboard.workflow_settings import required

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


@router.post("/twilio/voicemail")
async def voicemail(request: Request) -> Response:
    """Take in one recording's status."""
    tools: Tools = request.app.state.tools
    public_url = required(tools.settings.public_base_url, "PUBLIC_BASE_URL")

    async def check(url: str, fields: list[tuple[str, str]]) -> None:
        tools.signatures().check_form(url, fields, request.headers.items())

    form = await signed_form(request, public_url=public_url, check=check)
    if form.get("RecordingStatus") != "completed":
        return Response(status_code=204)
    given = {
        "tenant": request.query_params.get("tenant"),
        "kind": "voicemail",
        "id": form.get("RecordingSid"),
    }
    try:
        subject = msgspec.convert(given, Subject)
        notice = msgspec.convert({"call_id": form.get("CallSid"), "received_at_s": now_s()}, VoicemailNotice)
    except msgspec.ValidationError:
        raise HTTPException(400, "The request names no tenant, recording and call.") from None
    try:
        is_new = await announce_voicemail(subject, notice, records=tools.records, workflows=tools.workflows)
    except PortError as error:
        log.warning("voicemail not announced", tenant=subject.tenant, error=type(error).__name__)
        return Response(status_code=503)
    log.info("voicemail", tenant=subject.tenant, outcome="started" if is_new else "known")
    return Response(status_code=204)
