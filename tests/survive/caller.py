"""One caller with a telephone: speaks, listens, waits, repeats what nobody answered; outlives any number of streams.

Driven by one tick per 20 ms. What is said while no stream is open is lost, as on a real line; what a lost stream had sent and was
not yet played is never heard.
"""

import random
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from tests.bench import tags
from tests.bench.caller import Script, Turn, _decoder
from tests.bench.plan import FRAME_BYTES, FRAME_MS
from tests.survive.plan import (
    ACCOUNT_SID,
    FIRST_CLAUSE,
    OPENING,
    OTHER,
    RESUMED,
    RESUMED_LISTENING,
    Break,
    Heard,
)

BARGE_IN_EVERY = 4
REACTION_S = (0.2, 0.8)
"""Between the agent's last sound and the caller's first."""
PATIENCE_S = 6.0
"""A caller says it again when the agent has been silent for so long after a question."""
AFTER_APOLOGY_S = 2.5
"""The same once the agent has said that there was a break, or that it did not understand."""


class Doing(Enum):
    """What the caller is at."""

    GREETED = auto()
    PAUSING = auto()
    SPEAKING = auto()
    WAITING = auto()
    LISTENING = auto()
    GONE = auto()


class Stream(WSListener):
    """One media socket of a caller's, from `start` to its end."""

    def __init__(self, caller: "Caller", parameters: dict[str, str]) -> None:
        self._caller = caller
        self._parameters = parameters
        self.sid = f"MZ{random.getrandbits(128):032x}"
        self.sequence = 1
        self.frame = 0
        self._clean = False
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        start = {
            "streamSid": self.sid,
            "accountSid": ACCOUNT_SID,
            "callSid": self._caller.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        self.send(b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        self.send(
            msgspec.json.encode(
                {"event": "start", "sequenceNumber": "1", "streamSid": self.sid, "start": start}
            )
        )
        self._caller.connected(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            message = _decoder.decode(frame.get_payload_as_memoryview())
            match message.event:
                case "media" if message.media:
                    self._caller.hear(self, b64decode(message.media.payload))
                case "mark" if message.mark:
                    self._caller.marked(self, message.mark.name)
                case "clear":
                    self._caller.cleared(self)
        elif frame.msg_type == WSMsgType.CLOSE:
            self._clean = True
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._caller.lost(self, clean=self._clean)

    def media(self, payload: bytes) -> None:
        self.frame += 1
        self.sequence += 1
        self.send(
            b'{"event":"media","sequenceNumber":"%d","streamSid":"%s","media":'
            b'{"track":"inbound","chunk":"%d","timestamp":"%d","payload":"%s"}}'
            % (self.sequence, self.sid.encode(), self.frame, (self.frame - 1) * FRAME_MS, payload)
        )

    def echo(self, name: str) -> None:
        self.sequence += 1
        self.send(
            b'{"event":"mark","sequenceNumber":"%d","streamSid":"%s","mark":{"name":"%s"}}'
            % (self.sequence, self.sid.encode(), name.encode())
        )

    def stop(self, call_sid: str) -> None:
        """End the call as Twilio does."""
        body = {"accountSid": ACCOUNT_SID, "callSid": call_sid}
        self.send(
            msgspec.json.encode({"event": "stop", "sequenceNumber": "0", "streamSid": self.sid, "stop": body})
        )
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()

    def send(self, message: bytes) -> None:
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, message)


class Caller:
    """`number` names the caller in tags and seeds its habits; `on_lost` is the carrier's."""

    def __init__(
        self, number: int, script: Script, *, seed: int, on_lost: Callable[["Caller"], None]
    ) -> None:
        self.number = number
        self.call_sid = f"CA{number:032x}"
        self.redirect = ""
        self.turns: list[Turn] = []
        self.heard: list[Heard] = []
        self.breaks: list[Break] = []
        self.problems: list[str] = []
        self.repeats = 0
        self.quiet = False
        """No new turns: the run comes to its end."""
        self.doing = Doing.GREETED
        self.greeted = False
        self._script = script
        self._on_lost = on_lost
        self._random = random.Random(seed * 10_000 + number)
        self._stream: Stream | None = None
        self._line: deque[bytes] = deque()
        self._marks: deque[tuple[float, str]] = deque()
        self._played_s = 0.0
        self._tail = b""
        self._in_reply = False
        self._next_s = 0.0
        self._barge_in_s = 0.0
        self._spoke_s = 0.0
        self._apology_s = 0.0
        self._torn = False
        """Whether a break took the beginning of what was said last: no recogniser has its words."""
        self._frames = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to be waited for."""
        return (
            self.doing in (Doing.PAUSING, Doing.GONE)
            and self.told
            and all(b.answered_after for b in self.breaks)
        )

    @property
    def told(self) -> bool:
        """Whether the agent has answered anything yet, and so knows something."""
        return bool(self.turns and self.turns[0].answered_s)

    # -- Streams ----------------------------------------------------------------------------------

    def connected(self, stream: Stream) -> None:
        """A stream is open: frames flow from here on."""
        if self._stream is not None:
            self.fault("a second stream was opened beside a live one")
        self._stream = stream
        if self.breaks and not self.breaks[-1].back_s:
            self.breaks[-1].back_s = time.monotonic()

    def lost(self, stream: Stream, *, clean: bool) -> None:
        """The stream is gone, and with it what was not played yet."""
        if self.doing is Doing.GONE or stream is not self._stream:
            return
        now_s = time.monotonic()
        self._stream = None
        asked_again = self._apology_s > self._spoke_s
        unanswered = self.doing is Doing.WAITING and not asked_again and not self._torn
        waiting = self.doing is Doing.GREETED or unanswered
        self._torn = self._torn or self.doing is Doing.SPEAKING
        self.breaks.append(
            Break(
                caller=self.number,
                how="drained" if clean else "killed",
                doing=self.doing.name.lower(),
                owed=self._in_reply or waiting,
                lost_s=now_s,
                silent_s=min(self._played_s, now_s) if self._in_reply else now_s,
                answered_before=[turn.code for turn in self.turns if turn.answered_s],
            )
        )
        self._cut(now_s)
        self._barge_in_s = 0.0
        self._on_lost(self)

    def hang_up(self) -> None:
        """Put the receiver down."""
        self.doing = Doing.GONE
        if self._stream is not None:
            self._stream.stop(self.call_sid)

    def fault(self, what: str) -> None:
        """Something that must not happen after a break, or at all."""
        if self.breaks:
            self.breaks[-1].faults.append(what)
        else:
            self.problems.append(f"call {self.number}: {what}")

    # -- The ear ----------------------------------------------------------------------------------

    def hear(self, stream: Stream, audio: bytes) -> None:
        """Play this next."""
        now_s = time.monotonic()
        if stream is not self._stream:
            self.fault("audio came from a stream that is no longer the call's")
            return
        if self.breaks and not self.breaks[-1].audio_s:
            self.breaks[-1].audio_s = now_s
        self._played_s = max(self._played_s, now_s)
        base_s, carried = self._played_s, len(self._tail)
        self._played_s += len(audio) / 8000
        joined = self._tail + audio
        for at, tag in tags.find(joined):
            if at + FRAME_BYTES > carried:
                self._tagged(tag, base_s + (at - carried) / 8000, now_s)
        self._tail = joined[-FRAME_BYTES + 1 :]

    def marked(self, stream: Stream, name: str) -> None:
        """Echo it when all before it has been played."""
        if self._played_s <= time.monotonic():
            stream.echo(name)
        else:
            self._marks.append((self._played_s, name))

    def cleared(self, stream: Stream) -> None:
        """Forget what was not played."""
        names = [name for _, name in self._marks]
        self._cut(time.monotonic())
        for name in names:
            stream.echo(name)

    def _cut(self, now_s: float) -> None:
        if self.heard and (not self.heard[-1].end_s or self.heard[-1].end_s > now_s):
            while self.heard and self.heard[-1].start_s > now_s:
                self.heard.pop()
            if self.heard and self.heard[-1].end_s > now_s:
                self.heard[-1].end_s = 0.0
        self._played_s = min(self._played_s, now_s)
        self._in_reply = False
        self._tail = b""
        self._marks.clear()

    def _tagged(self, tag: tags.Tag, at_s: float, now_s: float) -> None:
        if tag.kind == tags.REPLY_END:
            if self.heard:
                self.heard[-1].end_s = at_s + FRAME_MS / 1000
            self._in_reply = self._in_reply and not tag.detail
            if tag.caller == tags.NOBODY and self.doing is Doing.GREETED:
                self._next_s = self._played_s + self._random.uniform(0.3, 1.6)
                self.doing, self.greeted = Doing.PAUSING, True
            return
        self._in_reply = True
        fixed = tag.caller == tags.NOBODY and tag.turn == 0
        if fixed:
            self._told(tag.detail, now_s)
        self.heard.append(Heard("fixed" if fixed else tag.code, tag.detail, at_s))
        turn = self.turns[-1] if self.turns else None
        if turn is None or fixed or tag.detail != FIRST_CLAUSE or tag.code != turn.code:
            return
        for each in self.breaks:
            each.answered_after = True
        if not turn.answered_s:
            turn.answered_s = now_s
            if (len(self.turns) + self.number) % BARGE_IN_EVERY == 0:
                self._barge_in_s = now_s + self._random.uniform(0.9, 2.5)

    def _told(self, phrase: int, now_s: float) -> None:
        if phrase == OPENING and self.greeted:
            self.fault("the agent greeted again")
        if phrase in (RESUMED, RESUMED_LISTENING):
            self._apology_s = now_s
            if self.breaks and self.breaks[-1].how == "drained":
                self.fault("the agent spoke of a break although it was handed over")
        elif phrase == OTHER:
            self._apology_s = now_s

    # -- The mouth --------------------------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """Say what is due; it is heard if a stream is open."""
        if self.doing is Doing.GONE:
            return
        self._frames += 1
        payload = (
            self._line.popleft() if self._line else self._script.noise[self._frames % len(self._script.noise)]
        )
        stream = self._stream
        if stream is None and self.doing is Doing.SPEAKING:
            self._torn = True
        if stream is not None:
            while self._marks and self._marks[0][0] <= now_s:
                stream.echo(self._marks.popleft()[1])
            stream.media(payload)
        if not self._line:
            self._decide(now_s)

    def _decide(self, now_s: float) -> None:
        turn = self.turns[-1] if self.turns else None
        match self.doing:
            case Doing.PAUSING if self._hears(now_s):
                self._next_s = max(self._next_s, self._played_s + self._random.uniform(*REACTION_S))
            case Doing.PAUSING if now_s >= self._next_s and not self._finished:
                self._speak()
            case Doing.SPEAKING | Doing.WAITING if turn is not None and turn.answered_s:
                self.doing = Doing.LISTENING
            case Doing.SPEAKING:
                self.doing, self._spoke_s = Doing.WAITING, now_s
            case Doing.WAITING if turn is not None and self._out_of_patience(now_s):
                self.repeats += 1
                if self.breaks:
                    self.breaks[-1].repeats += 1
                self._speak(again=turn)
            case Doing.LISTENING if self._barge_in_s and now_s >= self._barge_in_s:
                self._barge_in_s = 0.0
                if self._played_s > now_s + 0.3 and not self.quiet:
                    self._speak(barge_in=True)
            case Doing.LISTENING if not self._in_reply and not self._hears(now_s):
                self._next_s = now_s + self._random.uniform(0.4, 1.6)
                self.doing = Doing.PAUSING

    @property
    def _finished(self) -> bool:
        return self.quiet and self.told and all(each.answered_after for each in self.breaks)

    def _hears(self, now_s: float) -> bool:
        return self._played_s > now_s

    def _out_of_patience(self, now_s: float) -> bool:
        if self._hears(now_s) or self._stream is None:
            return False
        silent_s = now_s - max(self._played_s, self._spoke_s)
        return silent_s > (AFTER_APOLOGY_S if self._apology_s > self._spoke_s - 5 else PATIENCE_S)

    def _speak(self, *, barge_in: bool = False, again: Turn | None = None) -> None:
        number = self._random.randrange(len(self._script.clips))
        clip = self._script.clips[number]
        place = len(self.turns) if again else len(self.turns) + 1
        tag = tags.Tag(tags.CALLER, self.number, place, number)
        self._torn = False
        self._line.append(b64encode(tags.encode(tag)))
        self._line.extend(self._script.frames[number])
        if not again:
            self.turns.append(Turn(tag.code, clip.text, 0, clip.voice_ms, barge_in))
        self.doing = Doing.SPEAKING
