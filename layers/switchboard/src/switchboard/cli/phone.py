"""A telephone and its carrier: places one call against the platform exactly as Twilio would.

Signed webhook -> TwiML -> signed media socket -> 20 ms frames in real time; plays what comes back, echoes marks when their
audio has been played and at once on `clear`, follows `<Redirect>` when the stream closes. Keeps both sides of the
call as heard.
"""

import asyncio
import base64
import json
import secrets
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET  # the TwiML comes from our own webhook

import httpx2
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # the SDK ships no types
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from switchboard.media.frames import BYTES_PER_MS, FRAME_BYTES, FRAME_MS, SILENCE

FRAME_S = FRAME_MS / 1000
VOICED_BYTES_MIN = 40
"""Of a frame: fewer loud samples are the hiss between words, not speech."""
_QUIET = bytes(code for code in range(256) if (code & 0x7F) >= 0x50)
"""Mu-law codes of magnitude below about 900 of 32,124."""


@dataclass
class Heard:
    """What this side of the call noticed, in ms since the stream began."""

    audio_ms: list[int] = field(default_factory=list)
    """When each media message arrived."""
    clears_ms: list[int] = field(default_factory=list)
    marks: int = 0
    problems: list[str] = field(default_factory=list)


class Phone:
    """One caller's telephone. `to_url` answers it: the voice webhook."""

    def __init__(
        self, *, voice_url: str, auth_token: str, account_sid: str, from_number: str, to_number: str
    ) -> None:
        self.call_sid = f"CA{secrets.token_hex(16)}"
        self.heard = Heard()
        self.caller_track = bytearray()
        self.agent_track = bytearray()
        self._voice_url = voice_url
        self._account_sid = account_sid
        self._validator = RequestValidator(auth_token)
        self._form = {
            "CallSid": self.call_sid,
            "AccountSid": account_sid,
            "From": from_number,
            "To": to_number,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
        }
        self._socket: ClientConnection | None = None
        self._stream_sid = ""
        self._sequence = 0
        self._chunk = 0
        self._playing: list[bytes | str] = []
        """What waits to be played: audio, and names of marks between it."""
        self._outgoing = bytearray()
        self._stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._start_s = 0.0

    @property
    def now_ms(self) -> int:
        """Since the stream began."""
        return int((self._loop.time() - self._start_s) * 1000)

    @property
    def agent_speaking(self) -> bool:
        """Whether the agent is audible or about to be."""
        return any(isinstance(item, bytes) for item in self._playing)

    @property
    def agent_silent_ms(self) -> int:
        """For how long the agent has not been heard."""
        track = self.agent_track
        silent_ms = 0
        while silent_ms < 5000 and len(track) >= (silent_ms + FRAME_MS) * BYTES_PER_MS:
            end = len(track) - silent_ms * BYTES_PER_MS
            if is_voiced(bytes(track[end - FRAME_BYTES : end])):
                break
            silent_ms += FRAME_MS
        return silent_ms

    @property
    def ended(self) -> bool:
        """Whether the platform has closed the stream."""
        return self._stopped.is_set()

    async def dial(self) -> None:
        """Ring, take the TwiML, open the stream. Raises RuntimeError when the platform answers wrongly."""
        twiml = await self._post(self._voice_url)
        stream = twiml.find("./Connect/Stream")
        if stream is None:
            raise RuntimeError(f"the voice webhook did not answer with <Connect><Stream> but {twiml.tag}")
        redirect = twiml.find("./Redirect")
        self._redirect = redirect.text if redirect is not None else ""
        url = stream.attrib["url"]
        parameters = {p.attrib["name"]: p.attrib["value"] for p in stream.findall("Parameter")}
        self._socket = await connect(
            url,
            additional_headers={"X-Twilio-Signature": self._validator.compute_signature(url, {})},
            compression=None,
            proxy=None,
        )
        self._stream_sid = f"MZ{secrets.token_hex(16)}"
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._send(
            {
                "event": "start",
                "sequenceNumber": self._next_sequence(),
                "streamSid": self._stream_sid,
                "start": {
                    "streamSid": self._stream_sid,
                    "accountSid": self._account_sid,
                    "callSid": self.call_sid,
                    "tracks": ["inbound"],
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                    "customParameters": parameters,
                },
            }
        )
        self._start_s = self._loop.time()

    async def talk(self) -> None:
        """Carry both directions, frame by frame, until the call is over on either side."""
        receiving = asyncio.create_task(self._receive())
        try:
            tick = 0
            while not self._stopped.is_set():
                await self._frame()
                tick += 1
                await asyncio.sleep(max(0.0, self._start_s + tick * FRAME_S - self._loop.time()))
        finally:
            receiving.cancel()
            await asyncio.wait([receiving])
            if self._socket:
                await self._socket.close()

    def say(self, audio: bytes) -> None:
        """Speak this 8 kHz mu-law audio, from the next frame on."""
        self._outgoing += audio

    @property
    def speaking(self) -> bool:
        """Whether this caller still has something to say."""
        return bool(self._outgoing)

    async def press(self, digit: str) -> None:
        """Press a key."""
        message = {"dtmf": {"track": "inbound_track", "digit": digit}}
        await self._send({"event": "dtmf", **self._envelope(), **message})

    async def hang_up(self) -> None:
        """Put the receiver down."""
        body = {"accountSid": self._account_sid, "callSid": self.call_sid}
        await self._send({"event": "stop", **self._envelope(), "stop": body})
        self._stopped.set()

    async def follow_redirect(self) -> list[str]:
        """What the platform wants after the stream: the TwiML verbs of the resume webhook's answer."""
        if not self._redirect:
            return []
        return [verb.tag for verb in await self._post(self._redirect)]

    def stereo(self) -> bytes:
        """Both sides as heard, interleaved mu-law: caller left, agent right."""
        length = min(len(self.caller_track), len(self.agent_track))
        both = bytearray(2 * length)
        both[0::2] = self.caller_track[:length]
        both[1::2] = self.agent_track[:length]
        return bytes(both)

    async def _post(self, url: str) -> ET.Element:
        headers = {"X-Twilio-Signature": self._validator.compute_signature(url, self._form)}
        async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.post(url, data=self._form, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code}: {answer.text[:200]}")
        return ET.fromstring(answer.text)  # noqa: S314 - our own webhook's TwiML

    async def _frame(self) -> None:
        """One frame each way."""
        frame = bytes(self._outgoing[:FRAME_BYTES]).ljust(FRAME_BYTES, SILENCE)
        del self._outgoing[:FRAME_BYTES]
        self.caller_track += frame
        await self._play_frame()
        timestamp_ms = self._chunk * FRAME_MS
        self._chunk += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(timestamp_ms),
            "payload": base64.b64encode(frame).decode(),
        }
        await self._send({"event": "media", **self._envelope(), "media": media})

    async def _play_frame(self) -> None:
        wanted = FRAME_BYTES
        while wanted and self._playing:
            item = self._playing.pop(0)
            if isinstance(item, str):
                await self._echo(item)
                continue
            self.agent_track += item[:wanted]
            if len(item) > wanted:
                self._playing.insert(0, item[wanted:])
            wanted -= min(wanted, len(item))
        self.agent_track += SILENCE * wanted
        while self._playing and isinstance(self._playing[0], str):
            await self._echo(str(self._playing.pop(0)))

    async def _receive(self) -> None:
        assert self._socket is not None, "dial comes first"
        try:
            async for text in self._socket:
                await self._take(json.loads(text))
        except ConnectionClosed as closed:
            self.heard.problems.append(f"the socket was lost ({closed.code})")
        self._stopped.set()

    async def _take(self, message: dict[str, object]) -> None:
        match message:
            case {"event": "media", "media": {"payload": str(payload)}}:
                self.heard.audio_ms.append(self.now_ms)
                self._playing.append(base64.b64decode(payload))
            case {"event": "mark", "mark": {"name": str(name)}}:
                if self._playing:
                    self._playing.append(name)
                else:
                    await self._echo(name)
            case {"event": "clear"}:
                self.heard.clears_ms.append(self.now_ms)
                waiting, self._playing = self._playing, []
                for item in waiting:
                    if isinstance(item, str):
                        await self._echo(item)
            case _:
                self.heard.problems.append(f"a message Twilio would reject (31924): {str(message)[:120]}")

    async def _echo(self, name: str) -> None:
        self.heard.marks += 1
        await self._send({"event": "mark", **self._envelope(), "mark": {"name": name}})

    def _envelope(self) -> dict[str, str]:
        return {"sequenceNumber": self._next_sequence(), "streamSid": self._stream_sid}

    def _next_sequence(self) -> str:
        self._sequence += 1
        return str(self._sequence)

    async def _send(self, message: dict[str, object]) -> None:
        assert self._socket is not None, "dial comes first"
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed:
            self._stopped.set()


def is_voiced(frame: bytes) -> bool:
    """Whether a mu-law frame holds speech rather than silence or hiss."""
    return len(frame.translate(None, _QUIET)) >= VOICED_BYTES_MIN
