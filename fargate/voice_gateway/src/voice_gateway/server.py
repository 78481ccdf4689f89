"""The media server: picows behind the `MediaSocket` seam, with health, readiness and the upgrade's checks.

picows hands every frame to a callback inside the socket's read event: no task, no queue, no future per message. The
benchmark's floor shows what those cost (docs/decisions/0001).
"""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

import structlog
from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from switchboard.adapters.twilio.signature import SignatureChecker, SignatureRefused
from switchboard.channels.twilio import MESSAGE_BYTES_MAX
from switchboard.services.lines import resumed_stream_url
from switchboard.telemetry.metrics import CALLS_REFUSED, SOCKETS_REFUSED
from voice_gateway.connection import UNSENT_BYTES_MAX, Connection
from voice_gateway.gateway import Gateway
from voice_gateway.socket import CLOSE_TIMEOUT_S, CloseCode

HANDSHAKE_TIMEOUT_S = 5.0
PING_AFTER_S = 5.0
"""A live stream carries fifty messages a second; after so long without one the peer is asked whether it is there."""
PONG_TIMEOUT_S = 5.0
CLOSE_REASON_BYTES_MAX = 123
"""RFC 6455 section 5.5: a control frame has 125 bytes, two of them for the code."""

log = structlog.get_logger()


async def serve(
    gateway: Gateway,
    *,
    host: str,
    port: int,
    stream_url: str,
    signatures: SignatureChecker,
    web_calls: bool,
) -> asyncio.Server:
    """Listen for media sockets; `stream_url` is the address that Twilio signs. Port 0 picks a free one."""

    def answer(request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        _normalise(request)
        path = request.path.decode("ascii", "replace").partition("?")[0]
        match path:
            case "/health":
                return _reply(HTTPStatus.OK, {"status": "ok"})
            case "/ready":
                status = gateway.status()
                return _reply(HTTPStatus.OK if status["ready"] else HTTPStatus.SERVICE_UNAVAILABLE, status)
            case "/serving":
                # For the load balancer, whose verdict is a death sentence: being full or draining is no reason.
                verdict = HTTPStatus.OK if gateway.serves() else HTTPStatus.SERVICE_UNAVAILABLE
                return _reply(verdict, gateway.status())
            case "/twilio/stream":
                return _phone(request, stream_url)
            case "/twilio/stream/resumed":
                return _phone(request, resumed_stream_url(stream_url), resumed=True)
            case "/web/stream" if web_calls:
                return _enter("web")
            case _:
                return None

    def _phone(
        request: WSUpgradeRequest, signed_url: str, *, resumed: bool = False
    ) -> WSListener | WSUpgradeResponseWithListener:
        try:
            signatures.check_websocket(signed_url, request.headers.items())
        except SignatureRefused as error:
            log.warning("upgrade refused", refusal=error.refusal)
            gateway.platform.meter.record(SOCKETS_REFUSED, reason="upgrade not signed", channel="phone")
            return _reply(HTTPStatus.FORBIDDEN, {"error": "not signed by the carrier for this address"})
        return _enter("phone", resumed=resumed)

    def _enter(
        channel: Literal["phone", "web"], *, resumed: bool = False
    ) -> WSListener | WSUpgradeResponseWithListener:
        refusal = gateway.refusal(resumed=resumed)
        if refusal:
            log.warning("call refused", refusal=refusal, channel=channel)
            gateway.platform.meter.record(CALLS_REFUSED, reason=refusal, channel=channel)
            return _reply(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"no new calls here now: {refusal}"})
        return _Listener(lambda socket: Connection(gateway, socket, channel, resumed=resumed), gateway)

    return await ws_create_server(
        answer,
        host,
        port,
        websocket_handshake_timeout=HANDSHAKE_TIMEOUT_S,
        max_frame_size=MESSAGE_BYTES_MAX,
        read_buffer_init_size=4096,
        enable_auto_ping=True,
        auto_ping_idle_timeout=PING_AFTER_S,
        auto_ping_reply_timeout=PONG_TIMEOUT_S,
        enable_auto_pong=False,
    )


class _Socket:
    """A `MediaSocket` on a picows transport."""

    def __init__(self, transport: WSTransport) -> None:
        self._transport = transport
        self._abort: asyncio.TimerHandle | None = None
        transport.underlying_transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)

    def send_text(self, data: bytes) -> None:
        self._transport.send(WSMsgType.TEXT, data)

    def close(self, code: int, reason: str) -> None:
        if self._abort is None:
            # Even if picows has said goodbye already: its own closing waits for ever for a peer that does not read.
            self._transport.send_close(
                WSCloseCode(code), reason.encode("ascii", "replace")[:CLOSE_REASON_BYTES_MAX]
            )
            self._abort = asyncio.get_running_loop().call_later(
                CLOSE_TIMEOUT_S, self._transport.disconnect, False
            )

    def closed(self) -> None:
        """The transport is gone."""
        if self._abort is not None:
            self._abort.cancel()


class _Listener(WSListener):
    """One connection's frames, put together to messages."""

    def __init__(self, make: Callable[[_Socket], Connection], gateway: Gateway) -> None:
        self._make = make
        self._gateway = gateway
        self._fragments = bytearray()
        self._in_message = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._socket = _Socket(transport)
        self._connection = self._make(self._socket)
        self._gateway.entered(self._connection)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT and frame.fin and not self._in_message:
            self._connection.on_text(frame.get_payload_as_memoryview())
        elif frame.msg_type == WSMsgType.CLOSE:
            self._socket.close(CloseCode.NORMAL, "")
            transport.disconnect()
        elif self._connection.admits():
            self._take_rare(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - part of WSListener
        self._socket.closed()
        self._connection.on_closed()

    def pause_writing(self) -> None:
        # Called from inside a write, into which no close frame can be put.
        asyncio.get_running_loop().call_soon(self._connection.on_stalled)

    def resume_writing(self) -> None:
        pass  # The connection is being closed: a peer that stalled is not taken back.

    def _take_rare(self, transport: WSTransport, frame: WSFrame) -> None:
        match frame.msg_type:
            case WSMsgType.PING:
                # Not left to picows: pongs count against the limit of messages.
                transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.BINARY:
                self._connection.on_binary()
            case WSMsgType.TEXT | WSMsgType.CONTINUATION:
                self._collect(frame)

    def _collect(self, frame: WSFrame) -> None:
        """A message in pieces: allowed by RFC 6455 section 5.4, bounded like a whole one."""
        if self._in_message == (frame.msg_type == WSMsgType.TEXT):
            self._connection.refuse(CloseCode.PROTOCOL_ERROR, "pieces of messages out of order")
            return
        self._in_message = not frame.fin
        self._fragments += frame.get_payload_as_memoryview()
        if len(self._fragments) > MESSAGE_BYTES_MAX:
            self._fragments.clear()
            self._connection.refuse(CloseCode.TOO_BIG, f"message over {MESSAGE_BYTES_MAX} bytes")
        elif frame.fin:
            message = bytes(self._fragments)
            self._fragments.clear()
            self._connection.on_text(message)


def _normalise(request: WSUpgradeRequest) -> None:
    """Firefox asks for `Connection: keep-alive, Upgrade`, which RFC 9110 section 7.6.1 allows and picows refuses."""
    options = ",".join(request.headers.getall("Connection", [])).lower().split(",")
    if "upgrade" in (option.strip() for option in options):
        request.headers["Connection"] = "Upgrade"


def _reply(status: HTTPStatus, body: dict[str, object]) -> WSUpgradeResponseWithListener:
    payload = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if status is HTTPStatus.OK:
        response = WSUpgradeResponse.create_ok_response(payload, headers)
    else:
        response = WSUpgradeResponse.create_error_response(status, payload, headers)
    return WSUpgradeResponseWithListener(response, None)
