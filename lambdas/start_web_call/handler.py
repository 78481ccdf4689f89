"""Serve the browser softphone and start its calls: parse -> one service -> render.

`GET /` is the page, `GET /softphone/*` what it loads, `POST /web/calls` a ticket for one call. Locally
`uvicorn --factory lambdas.start_web_call.handler:create_app`, in AWS `handler`. Importing this module does nothing.
"""

import secrets
import time
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from mangum import Mangum
from mangum.types import LambdaContext
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import Response

from switchboard.adapters.aws.secrets import read_environment
from switchboard.domain.stream_tokens import NONCE_BYTES
from switchboard.observability import configure_logging
from switchboard.services.lines import Line
from switchboard.services.start_web_call import start_web_call
from switchboard.settings import Settings, environment, load_settings

WEB_STREAM_PATH = "/web/stream"
FOLDER = Path(__file__).parent / "softphone"

# Declared here because the machine's own table of types may be missing or wrong, and nosniff refuses a wrong one.
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Asked for anew on every load: page and modules must be of one version.
    "Cache-Control": "no-cache",
}


@cache
def _mangum() -> Mangum:
    return Mangum(create_app(), lifespan="off")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one API Gateway (HTTP API, payload 2.0) request in AWS Lambda."""
    return _mangum()(event, context)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return page and tickets as an ASGI app; without an argument it reads the environment.

    Raises `SettingsError`, listing every problem.
    """
    if settings is None:
        configure_logging()
        settings = load_settings(read_environment(environment())[0])
    app = FastAPI(title="Switchboard softphone", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    app.state.assets = {path.name: path for path in FOLDER.iterdir() if path.suffix in _MEDIA_TYPES}
    app.add_middleware(BaseHTTPMiddleware, dispatch=_add_security_headers)
    app.add_exception_handler(HTTPException, _render_refusal)
    app.include_router(router)
    return app


def _web_calls_enabled(request: Request) -> None:
    if not request.app.state.settings.web_calls:
        raise HTTPException(
            404,
            {
                "code": "calls-disabled",
                "text": "Web calls are switched off. Set SWITCHBOARD_WEB_CALLS=true to allow calls from the browser.",
            },
        )


def _own_origin(
    origin: Annotated[str, Header()] = "",
    host: Annotated[str, Header()] = "",
    sec_fetch_site: Annotated[str, Header()] = "same-origin",
) -> str:
    """Return the page's origin, `http(s)://host[:port]`; refuses all but our own page.

    Browsers send `Origin` with every POST, and no page can forge it or `Sec-Fetch-Site`.
    """
    if origin in {f"http://{host}", f"https://{host}"} and sec_fetch_site == "same-origin":
        return origin
    raise HTTPException(
        403, {"code": "origin-refused", "text": "A call may only be started by the softphone's own page."}
    )


router = APIRouter(dependencies=[Depends(_web_calls_enabled)])


@router.get("/")
async def show_softphone(request: Request) -> FileResponse:
    """Answer with the page."""
    return await show_asset("index.html", request)


@router.get("/softphone/{name}")
async def show_asset(name: str, request: Request) -> FileResponse:
    """Answer with one of the page's files. Only files that were there at the start exist: no path is ever built."""
    path: Path | None = request.app.state.assets.get(name)
    if path is None:
        raise HTTPException(404, {"code": "not-found", "text": "The softphone has no such file."})
    return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix])


@router.post("/web/calls")
async def start_call(request: Request, origin: Annotated[str, Depends(_own_origin)]) -> dict[str, str]:
    """Answer with what the page needs to open one stream (docs/web-protocol.md)."""
    settings: Settings = request.app.state.settings
    return start_web_call(
        line=_line(settings),
        stream_url=f"ws{origin.removeprefix('http')}{WEB_STREAM_PATH}",
        nonce=secrets.token_bytes(NONCE_BYTES),
        call_sid=f"CA{secrets.token_hex(16)}",
        now_s=int(time.time()),
    )


def _line(settings: Settings) -> Line:
    return Line(
        stream_url=settings.stream_url,
        public_url=settings.public_base_url,
        token_secret=settings.token_secret.get_secret_value(),
        handover_number=settings.handover_number,
    )


async def _add_security_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers.update(_SECURITY_HEADERS)
    return response


async def _render_refusal(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, HTTPException), "registered for this class"
    return JSONResponse(refusal.detail, refusal.status_code)
