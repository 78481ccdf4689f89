"""One media socket from upgrade to close: order of messages, token, limits; then it feeds the call's session.

Whatever is wrong closes this one socket with a logged reason. Nothing here touches another call.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal

import structlog

from switchboard.channels import twilio
from switchboard.conversation.events import DigitPressed, UserTurnEnded
from switchboard.domain.calls import CallKey
from switchboard.domain.stream_tokens import StreamClaims, TokenForged, TokenRefused, verify_any
from switchboard.domain.trace_context import parse_traceparent, trace_id_of
from switchboard.media.frames import TimelineBroken
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import PortError
from switchboard.telemetry.metrics import CHECKPOINT_FAILURES, SOCKETS_REFUSED, TOKENS_WITHOUT_LEDGER
from voice_gateway.call import Call
from voice_gateway.rate_limit import RateLimit
from voice_gateway.session import UNCLAIMED, Session
from voice_gateway.socket import CloseCode, MediaSocket

if TYPE_CHECKING:
    from voice_gateway.gateway import Gateway

START_TIMEOUT_S = 5.0
"""Twilio sends `connected` and `start` at once; a peer that does not is no carrier (security.md 3.1)."""
MESSAGES_PER_S = 120
"""50 media messages, marks and keys, with room."""
MESSAGES_BURST = 600
"""After a stall of the network, seconds of audio arrive at once; that is not an attack."""
EARLY_MESSAGES_MAX = 200
"""Media that arrives while the call is being set up: four seconds."""
SETUP_TIMEOUT_S = 2.0
"""For the token ledger and the checkpoint store together; the caller hears nothing meanwhile."""
LEDGER_TIMEOUT_S = 1.0
"""The ledger's part of it."""
UNSENT_BYTES_MAX = 256 * 1024
"""A peer that takes no audio for this long (about 15 s of messages) is gone."""

log = structlog.get_logger()


class Connection:
    """A `MediaListener`."""

    def __init__(
        self,
        gateway: "Gateway",
        socket: MediaSocket,
        channel: Literal["phone", "web"],
        *,
        resumed: bool = False,
    ) -> None:
        self._gateway = gateway
        self._resumed = resumed
        self._socket = socket
        self._channel = channel
        self._loop = gateway.platform.loop
        self._rate = RateLimit(per_s=MESSAGES_PER_S, burst=MESSAGES_BURST, now_s=self._loop.time())
        self._connected = False
        self._stream_id = ""
        self._session: Session | None = None
        self._early: deque[twilio.Message] = deque()
        self._closing = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._start_timer = self._loop.call_later(START_TIMEOUT_S, self._start_missing)

    def on_text(self, data: bytes | memoryview) -> None:
        """Take one message."""
        if not self.admits():
            return
        try:
            message = twilio.parse(data)
        except twilio.MalformedMessage as error:
            code = CloseCode.PROTOCOL_ERROR if _is_utf8(data) else CloseCode.INVALID_PAYLOAD
            self.refuse(code, f"malformed message: {error}")
            return
        if type(message) is twilio.Media and self._session is not None:
            self._hear(message.media, self._session)
        elif message is not None:
            self._take(message)

    def admits(self) -> bool:
        """Count one frame of any kind; False when it is to be ignored because the connection is being closed."""
        if self._closing or self._closed:
            return False
        if self._rate.take(self._loop.time()):
            return True
        self.refuse(CloseCode.POLICY_VIOLATION, "too many messages")
        return False

    def on_binary(self) -> None:
        """Twilio sends text only."""
        self.refuse(CloseCode.UNSUPPORTED_DATA, "binary message")

    def on_stalled(self) -> None:
        """The peer does not read."""
        self.refuse(CloseCode.POLICY_VIOLATION, "the peer does not take its audio")

    def on_closed(self) -> None:
        """The socket is gone; the connection has left once its call's state is kept, too."""
        self._closed = True
        self._start_timer.cancel()
        if self._session:
            self._session.lost()
        if self._task is None:
            self._gateway.left(self)
        else:
            self._task.add_done_callback(lambda _: self._gateway.left(self))

    def refuse(self, code: int, reason: str) -> None:
        """Close for a reason of the peer's. Up to a colon it is one of few fixed texts, and so a metric's dimension."""
        if self._closing or self._closed:
            return
        log.warning(
            "stream refused", stream_id=self._stream_id, channel=self._channel, why=reason, close_code=code
        )
        self._gateway.platform.meter.record(
            SOCKETS_REFUSED, reason=reason.partition(":")[0], channel=self._channel
        )
        self._close(code, reason)

    async def release(self) -> None:
        """Let another task have the call (draining)."""
        if self._session:
            await self._session.release()
        else:
            self._close(CloseCode.GOING_AWAY, "draining")
        if self._task:
            await asyncio.wait([self._task])

    def evict(self) -> None:
        """The same call has come in on a newer socket: this one is half open."""
        if self._session:
            self._session.lost()

    def _hear(self, media: twilio.MediaBody, session: Session) -> None:
        if media.track != "inbound":
            return
        try:
            session.listening.hear(media.chunk, media.timestamp, media.payload)
        except TimelineBroken as error:
            self.refuse(CloseCode.PROTOCOL_ERROR, f"media out of time: {error}")

    def _take(self, message: twilio.Message) -> None:
        try:
            self._place(message)
        except twilio.MalformedMessage as error:
            self.refuse(CloseCode.PROTOCOL_ERROR, f"malformed message: {error}")

    def _place(self, message: twilio.Message) -> None:
        match message:
            case twilio.Media() if self._session:
                self._hear(message.media, self._session)
            case twilio.Connected():
                self._expect(not self._connected, "connected came twice")
                self._connected = True
            case twilio.Start():
                self._expect(self._connected and not self._stream_id, "start came out of order")
                self._stream_id = message.stream_sid
                self._start_timer.cancel()
                self._task = self._loop.create_task(self._serve(message))
            case _:
                self._expect(bool(self._stream_id), "the first message after connected must be start")
                self._after_start(message)

    def _after_start(self, message: twilio.Message) -> None:
        session = self._session
        if session is None:
            self._expect(
                len(self._early) < EARLY_MESSAGES_MAX, "too many messages before the call was set up"
            )
            self._early.append(message)
            return
        match message:
            case twilio.MarkEchoed():
                session.mark_echoed(message.mark.name)
            case twilio.Dtmf():
                session.post(DigitPressed(message.dtmf.digit))
            case twilio.Stop():
                session.disconnected()
            case twilio.Text():
                self._expect(self._channel == "web", "text is for the softphone only")
                session.post(UserTurnEnded(message.text))
            case _:
                raise AssertionError("media, connected and start are taken before")

    async def _serve(self, start: twilio.Start) -> None:
        """Verify, claim, converse."""
        try:
            # A live call is taken unprotected rather than sent on: wherever it goes, it is at the same risk.
            if not self._resumed and not await self._gateway.secured():
                self.refuse(CloseCode.TRY_AGAIN_LATER, "not protected against scaling in")
                return
            setup_until_s = self._loop.time() + SETUP_TIMEOUT_S
            claims = await self._redeem(start)
            if claims is None:
                return
            tenant = self._gateway.platform.policies.of(claims.tenant)
            if tenant is None:
                self.refuse(CloseCode.INTERNAL_ERROR, "the token's tenant is not known here")
                return
            call = Call(
                call_id=start.start.call_sid,
                stream_id=start.stream_sid,
                account_id=start.start.account_sid,
                tenant=claims.tenant,
                channel=self._channel,
                policy=tenant.policy,
                configuration=tenant.version,
                transfer_failed=start.start.custom_parameters.get("transfer_failed", ""),
                trace_parent=parse_traceparent(
                    start.start.custom_parameters.get("traceparent", ""), call_id=start.start.call_sid
                ),
            )
            checkpoint = await self._claim(call.key, setup_until_s)
            if self._closing or self._closed:
                return
            # For the log lines of every task of this call, the adapters' too.
            structlog.contextvars.bind_contextvars(
                call_id=call.call_id, tenant=call.tenant, trace_id=trace_id_of(call.call_id)
            )
            self._gateway.took(self, call.key)
            session = Session(self._gateway.platform, call, checkpoint, self._socket, self._gateway.observers)
            self._loop.call_soon(self._replay_early, session)
            log.info("call started", call_id=call.call_id, channel=call.channel, fence=checkpoint.fence)
            outcome = await session.run()
            log.info(
                "call left",
                call_id=call.call_id,
                next_step=outcome.next_step,
                disposition=outcome.disposition,
                dropped=session.listening.dropped_count,
            )
            self._close(CloseCode.NORMAL, "call over")
        except Exception:
            log.exception("call failed", call_id=start.start.call_sid)
            self._close(CloseCode.INTERNAL_ERROR, "internal error")
        finally:
            self._session = None

    def _replay_early(self, session: Session) -> None:
        self._session = session
        if self._closing or self._closed:
            session.lost()
        while self._early and not self._closing and not self._closed:
            self._take(self._early.popleft())

    async def _redeem(self, start: twilio.Start) -> StreamClaims | None:
        """The token's claims, or None after the socket was refused."""
        body = start.start
        media = body.media_format
        if (media.encoding, media.sample_rate, media.channels) != ("audio/x-mulaw", 8000, 1):
            self.refuse(CloseCode.UNSUPPORTED_DATA, "media is not mono mu-law at 8000 Hz")
            return None
        platform = self._gateway.platform
        try:
            token = body.custom_parameters.get("token", "")
            claims = verify_any(
                self._gateway.token_secrets(), token, call_sid=body.call_sid, now_s=platform.wall_ms() // 1000
            )
        except TokenRefused as error:
            if isinstance(error, TokenForged):
                self._gateway.on_forged_token()
            self.refuse(CloseCode.POLICY_VIOLATION, f"stream token refused: {type(error).__name__}")
            return None
        if claims.channel != self._channel or claims.account_sid != body.account_sid:
            self.refuse(CloseCode.POLICY_VIOLATION, "stream token is for another channel or account")
            return None
        if not await self._is_first_use(claims):
            self.refuse(CloseCode.POLICY_VIOLATION, "stream token was used before")
            return None
        return claims

    async def _is_first_use(self, claims: StreamClaims) -> bool:
        """Ask our own memory, then the ledger. While the ledger is down our memory decides (docs/decisions/0013)."""
        tenant, nonce, expires_at_s = claims.tenant, claims.nonce_text, claims.expires_at_s
        platform = self._gateway.platform
        now_s = platform.wall_ms() // 1000
        if not self._gateway.replays.first_use(tenant, nonce, expires_at_s=expires_at_s, now_s=now_s):
            return False
        try:
            async with asyncio.timeout(LEDGER_TIMEOUT_S):
                return await platform.tokens.redeem(tenant, nonce, expires_at_s=expires_at_s)
        except (PortError, TimeoutError) as error:
            platform.meter.record(TOKENS_WITHOUT_LEDGER, error=type(error).__name__)
            # Refused callers would come back by the resume webhook, again and again, and then hear an apology.
            log.error(  # noqa: TRY400 - an expected state with an alarm, not a place in the code
                "token accepted without the ledger", call_id=claims.call_sid, error=type(error).__name__
            )
            return True

    async def _claim(self, key: CallKey, until_s: float) -> Checkpoint:
        """The call's last state; a store that is down costs the continuation, not the call (invariant D1)."""
        try:
            async with asyncio.timeout_at(until_s):
                return await self._gateway.platform.checkpoints.claim(key)
        except (PortError, TimeoutError) as error:
            self._gateway.platform.meter.record(CHECKPOINT_FAILURES, error=type(error).__name__)
            log.warning("checkpoint not claimed", call_id=key.call_id, error=type(error).__name__)
            return Checkpoint(key, fence=UNCLAIMED)

    def _start_missing(self) -> None:
        self.refuse(CloseCode.POLICY_VIOLATION, f"no start message within {START_TIMEOUT_S:g} s")

    @staticmethod
    def _expect(met: bool, otherwise: str) -> None:
        if not met:
            raise twilio.MalformedMessage(otherwise)

    def _close(self, code: int, reason: str) -> None:
        if not self._closing:
            self._closing = True
            self._socket.close(code, reason)
            if self._session:
                self._session.lost()


def _is_utf8(data: bytes | memoryview) -> bool:
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
