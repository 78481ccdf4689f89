"""One caller at Twilio's end of a media socket: speaks clips, plays what it gets in real time, echoes marks, barges in.

Driven by one tick per 20 ms; everything it times is on the monotonic clock at the wire.
"""

import random
import time
from base64 import b64decode, b64encode
from collections import deque
from enum import Enum, auto

import msgspec
from msgspec import Struct
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from tests.bench import tags
from tests.bench.plan import ACCOUNT_SID, ANSWER_MS_MAX, FRAME_BYTES, FRAME_MS
from tests.bench.speech import Clips

BARGE_IN_EVERY = 3
GAP_MS_MIN = 1
"""Shorter dry spells are the clock's."""
MUTE_CYCLE_S = (8.0, 12.0)
"""Where nobody answers, a caller speaks this often: about as often as where somebody does."""


class Doing(Enum):
    """What the caller is at."""

    GREETED = auto()
    PAUSING = auto()
    SPEAKING = auto()
    WAITING = auto()
    LISTENING = auto()
    GONE = auto()


class _Media(Struct):
    payload: str


class _Mark(Struct):
    name: str


class _Out(Struct):
    """Any message from the server."""

    event: str
    media: _Media | None = None
    mark: _Mark | None = None


_decoder = msgspec.json.Decoder(_Out)


class Turn(Struct):
    """One thing the caller said, from position `start_ms` of the stream. Times in seconds, 0 where it never happened."""

    code: str
    text: str
    start_ms: int
    voice_ms: int
    barge_in: bool
    answered_s: float = 0.0
    clear_s: float = 0.0
    lost: bool = False


class Script:
    """What all callers share: the clips as ready-made base64 frames."""

    def __init__(self, clips: Clips, *, mute: bool) -> None:
        self.clips = clips.clips
        self.mute = mute
        self.noise = _frames(clips.noise)
        self.frames = [_frames(clip.audio) for clip in clips.clips]


class Caller(WSListener):
    """`number` names the caller in tags and seeds its habits."""

    def __init__(self, number: int, script: Script, *, token: str, seed: int) -> None:
        self.number = number
        self.turns: list[Turn] = []
        self.gaps: list[tuple[float, float]] = []
        """`(when_s, length_ms)` of each dry spell inside a reply."""
        self.pings: list[tuple[float, float]] = []
        """`(when_s, round_trip_ms)`."""
        self.sent: list[tuple[float, bytes]] = []
        """`(when_s, base64 audio)` of each frame."""
        self.heard_bytes = 0
        self.messages = 0
        self.problem = ""
        self.doing = Doing.GREETED
        self.first_audio_s = 0.0
        self._script = script
        self._token = token
        self._random = random.Random(seed * 10_000 + number)
        self._transport: WSTransport | None = None
        self._sid = f"MZ{number:032x}"
        self._sequence = 1
        self._frame = 0
        self._base_s = 0.0
        self._line: deque[bytes] = deque()
        self._marks: deque[tuple[float, str]] = deque()
        self._played_s = 0.0
        self._in_reply = False
        self._tail = b""
        self._next_s = 0.0
        self._barge_in_s = 0.0
        self._ping_s = 0.0

    @property
    def call_sid(self) -> str:
        return f"CA{self.number:032x}"

    @property
    def live(self) -> bool:
        return self._transport is not None and self.doing is not Doing.GONE

    # -- Wire in ----------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        start = {
            "streamSid": self._sid,
            "accountSid": ACCOUNT_SID,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": self._token},
        }
        self._send(b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        self._send(
            msgspec.json.encode(
                {"event": "start", "sequenceNumber": "1", "streamSid": self._sid, "start": start}
            )
        )

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        now_s = time.monotonic()
        if frame.msg_type == WSMsgType.TEXT:
            self.messages += 1
            self._take(_decoder.decode(frame.get_payload_as_memoryview()), now_s)
        elif frame.msg_type == WSMsgType.PONG and self._ping_s:
            self.pings.append((self._ping_s, (now_s - self._ping_s) * 1000))
            self._ping_s = 0.0
        elif frame.msg_type == WSMsgType.CLOSE:
            self._lose(f"closed by the server: {frame.get_close_code()} {frame.get_close_reason()}")
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._lose("disconnected")

    def _take(self, message: _Out, now_s: float) -> None:
        match message.event:
            case "media":
                assert message.media is not None
                self._play(b64decode(message.media.payload), now_s)
            case "mark":
                assert message.mark is not None
                if self._played_s <= now_s:
                    self._echo(message.mark.name)
                else:
                    self._marks.append((self._played_s, message.mark.name))
            case "clear":
                self._cleared(now_s)

    def _play(self, audio: bytes, now_s: float) -> None:
        self.first_audio_s = self.first_audio_s or now_s
        self.heard_bytes += len(audio)
        if self._played_s < now_s:
            gap_ms = (now_s - self._played_s) * 1000
            if self._in_reply and gap_ms > GAP_MS_MIN:
                self.gaps.append((now_s, gap_ms))
            self._played_s = now_s
        self._played_s += len(audio) / 8000
        # A tag may lie across two messages: a little of the former one is looked at again.
        carried = len(self._tail)
        joined = self._tail + audio
        for at, tag in tags.find(joined):
            if at + FRAME_BYTES > carried:
                self._tagged(tag, now_s)
        self._tail = joined[-FRAME_BYTES + 1 :]

    def _tagged(self, tag: tags.Tag, now_s: float) -> None:
        if tag.kind == tags.REPLY_END:
            self._in_reply = self._in_reply and not tag.detail
            if tag.caller == tags.NOBODY and self.doing is Doing.GREETED:
                self._next_s = self._played_s + self._random.uniform(0.3, 1.6)
                self.doing = Doing.PAUSING
            return
        self._in_reply = True
        turn = self.turns[-1] if self.turns else None
        if turn is not None and not turn.answered_s and tag.code == turn.code:
            turn.answered_s = now_s
            if (len(self.turns) + self.number) % BARGE_IN_EVERY == 0:
                self._barge_in_s = now_s + self._random.uniform(0.9, 2.5)

    def _cleared(self, now_s: float) -> None:
        turn = self.turns[-1] if self.turns else None
        if turn is not None and turn.barge_in and not turn.clear_s:
            turn.clear_s = now_s
        self._played_s = now_s
        self._in_reply = False
        self._tail = b""
        while self._marks:
            self._echo(self._marks.popleft()[1])

    # -- Wire out ---------------------------------------------------------------------------------

    def tick(self, now_s: float, due_s: float) -> None:
        """Send the frame that is due at `due_s`, and what has become due by `now_s`."""
        if not self.live:
            return
        if not self._base_s:
            self._base_s = due_s - FRAME_MS / 1000
        while self._marks and self._marks[0][0] <= now_s:
            self._echo(self._marks.popleft()[1])
        payload = (
            self._line.popleft() if self._line else self._script.noise[self._frame % len(self._script.noise)]
        )
        self._frame += 1
        self._sequence += 1
        self.sent.append((now_s, payload))
        self._send(
            b'{"event":"media","sequenceNumber":"%d","streamSid":"%s","media":'
            b'{"track":"inbound","chunk":"%d","timestamp":"%d","payload":"%s"}}'
            % (self._sequence, self._sid.encode(), self._frame, (self._frame - 1) * FRAME_MS, payload)
        )
        if not self._line:
            self._decide(now_s)

    def ping(self) -> None:
        """Measure how long the server takes to answer anything."""
        if self.live and not self._ping_s and self._transport is not None:
            self._ping_s = time.monotonic()
            self._transport.send_ping(b"")

    def hang_up(self) -> None:
        """End the call as Twilio does."""
        if self.live and self._transport is not None:
            self.doing = Doing.GONE
            self._send(
                msgspec.json.encode(
                    {
                        "event": "stop",
                        "sequenceNumber": str(self._sequence + 1),
                        "streamSid": self._sid,
                        "stop": {"accountSid": ACCOUNT_SID, "callSid": self.call_sid},
                    }
                )
            )
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def time_s(self, position_ms: int) -> float:
        """When this position of the stream was spoken; its frame was sent up to 20 ms later."""
        return self._base_s + position_ms / 1000

    def spoken_s(self, turn: Turn) -> float:
        """When the turn's sound ended."""
        return self.time_s(turn.start_ms + turn.voice_ms)

    def _decide(self, now_s: float) -> None:
        """The next thing to do, now that nothing is being said."""
        turn = self.turns[-1] if self.turns else None
        match self.doing:
            case Doing.GREETED if self._script.mute:
                self._next_s = now_s + self._random.uniform(0.3, 4.0)
                self.doing = Doing.PAUSING
            case Doing.PAUSING if now_s >= self._next_s:
                self._speak()
            case Doing.SPEAKING if self._script.mute:
                self._next_s = now_s + self._random.uniform(*MUTE_CYCLE_S) - 3.0
                self.doing = Doing.PAUSING
            case Doing.SPEAKING | Doing.WAITING if turn is not None and turn.answered_s:
                self.doing = Doing.LISTENING
            case Doing.SPEAKING:
                self.doing = Doing.WAITING
            case Doing.WAITING if turn is not None and now_s > self.spoken_s(turn) + ANSWER_MS_MAX / 1000:
                turn.lost = True
                self._next_s = now_s
                self.doing = Doing.PAUSING
            case Doing.LISTENING if self._barge_in_s and now_s >= self._barge_in_s:
                self._barge_in_s = 0.0
                if self._played_s > now_s + 0.3:
                    self._speak(barge_in=True)
            case Doing.LISTENING if not self._in_reply and now_s >= self._played_s:
                self._next_s = now_s + self._random.uniform(0.4, 1.6)
                self.doing = Doing.PAUSING

    def _speak(self, *, barge_in: bool = False) -> None:
        number = self._random.randrange(len(self._script.clips))
        clip = self._script.clips[number]
        tag = tags.Tag(tags.CALLER, self.number, len(self.turns) + 1, number)
        self._line.append(b64encode(tags.encode(tag)))
        self._line.extend(self._script.frames[number])
        start_ms = (self._frame + 1) * FRAME_MS
        text = clip.text.replace("{}", tag.code)
        self.turns.append(Turn(tag.code, text, start_ms, clip.voice_ms, barge_in))
        self.doing = Doing.SPEAKING

    def _echo(self, name: str) -> None:
        self._sequence += 1
        self._send(
            b'{"event":"mark","sequenceNumber":"%d","streamSid":"%s","mark":{"name":"%s"}}'
            % (self._sequence, self._sid.encode(), name.encode())
        )

    def _send(self, message: bytes) -> None:
        assert self._transport is not None
        if not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, message)

    def _lose(self, problem: str) -> None:
        if self.doing is not Doing.GONE:
            self.doing = Doing.GONE
            self.problem = problem


def _frames(audio: bytes) -> list[bytes]:
    return [b64encode(audio[at : at + FRAME_BYTES]) for at in range(0, len(audio), FRAME_BYTES)]
