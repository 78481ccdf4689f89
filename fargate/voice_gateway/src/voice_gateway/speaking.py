"""The agent's audio on its way out: clauses -> synthesizer -> playout -> socket, ahead of time but bounded.

One clause is synthesised at a time, the next while the former plays. Fixed phrases come from the cache at once.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from switchboard.conversation.actions import Say
from switchboard.conversation.events import (
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    SynthesisFailed,
)
from switchboard.media.playout import Audio, Fact, Failed, Finished, Playout, Progressed, Started
from switchboard.ports.errors import ProviderError
from switchboard.ports.synthesizer import SpeechSession

if TYPE_CHECKING:
    from voice_gateway.session import Session

BUFFERED_BYTES_MAX = 30 * 8000
"""Half a minute of speech waiting for one caller; synthesis pauses until some of it has been played."""
SOON_S = 0.1
"""A pump that is due so soon will take along what has just arrived: the far end has plenty until then."""
NEVER_S = float("inf")
CLAUSES_MAX = 200
"""Clauses waiting for the synthesizer; the core bounds a reply far below that."""


class Speaking:
    """One call's voice. Posts playback facts as conversation events."""

    def __init__(self, session: "Session", tasks: asyncio.TaskGroup) -> None:
        platform = session.platform
        self._post = session.post
        self._send = session.send
        self._clock = session.clock
        self._outbound = session.outbound
        self._timer = session.timer
        self._synthesizer = platform.synthesizer
        self._voice = session.call.policy.agent.voice
        self._phrases = platform.phrases
        self._loop = platform.loop
        self._tasks = tasks
        self.playout = Playout()
        self._clauses: deque[Say] = deque()
        self._session: SpeechSession | None = None
        self._current: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._silence = asyncio.Event()
        self._pump_handle: asyncio.TimerHandle | None = None
        self._pump_at_s = NEVER_S
        self._closed = False

    def say(self, order: Say) -> None:
        """Take one clause; its audio follows everything said before."""
        fixed = self._phrases.get(self._voice, order.text) if order.fixed else None
        self.playout.begin(order.say_id, order.text, urgent=order.urgent)
        if fixed:
            self.playout.feed(order.say_id, fixed.audio, fixed.words)
            self.playout.complete(order.say_id)
            self.pump()
        elif len(self._clauses) < CLAUSES_MAX:
            self._clauses.append(order)
            self._next()
        else:
            self._failed(order)

    def pause(self) -> None:
        """Fall silent and remember where."""
        self._clear()
        self._report(self.playout.pause(self._clock.now_ms()))
        self._cancel_pump()

    def resume(self) -> None:
        """Go on from there."""
        self.playout.resume(self._clock.now_ms())
        self.pump()

    def stop(self) -> None:
        """Fall silent for good; nothing of what was planned is spoken."""
        self._clauses.clear()
        if self._current:
            self._current.cancel()
        self._clear()
        self._report(self.playout.stop(self._clock.now_ms()))
        self._cancel_pump()
        self._room.set()

    def note_heard(self) -> None:
        """The socket is gone: report how far the caller heard us."""
        self._report(self.playout.pause(self._clock.now_ms()))

    def halt(self) -> None:
        """Begin nothing more."""
        self._closed = True
        self._clauses.clear()
        self._cancel_pump()

    def mark_echoed(self, name: str) -> None:
        """The far end has played up to this mark."""
        self._report(self.playout.mark_echoed(name, self._clock.now_ms()))
        self.pump()

    def pump(self) -> None:
        """Send what is due, report what was heard, and come back when more will be."""
        if self._closed:
            return
        now_ms = self._clock.now_ms()
        for item in self.playout.pull(now_ms):
            if isinstance(item, Audio):
                self._send(self._outbound.media(item.payload))
                self._timer.audio_sent(item.say_id, now_ms)
            else:
                self._send(self._outbound.mark(item.name))
        self._report(self.playout.facts(now_ms))
        if self.playout.buffered_bytes < BUFFERED_BYTES_MAX:
            self._room.set()
        self._schedule_pump()

    async def quiet(self) -> None:
        """Wait until nothing is playing or waiting to be played."""
        while not self.playout.silent:
            self._silence.clear()
            await self._silence.wait()

    async def open(self) -> None:
        """Connect the voice before it is needed. A failure is no news yet: the first clause tries again."""
        try:
            self._session = await self._synthesizer.open(voice=self._voice)
        except ProviderError:
            self._session = None

    async def close(self) -> None:
        """Let go of the vendor."""
        self.halt()
        if self._session:
            await self._session.close()

    def _next(self) -> None:
        if self._current is None and self._clauses and not self._closed:
            self._current = self._tasks.create_task(self._speak(self._clauses.popleft()))
            self._current.add_done_callback(self._spoken)

    def _spoken(self, _task: asyncio.Task[None]) -> None:
        self._current = None
        self._next()

    async def _speak(self, order: Say) -> None:
        try:
            if self._session is None:
                self._session = await self._synthesizer.open(voice=self._voice)
            await self._stream(self._session, order)
        except ProviderError:
            self._failed(order)

    async def _stream(self, session: SpeechSession, order: Say) -> None:
        audio = session.synthesize(order.text)
        try:
            async for chunk in audio:
                self._timer.synthesized(order.say_id, self._clock.now_ms())
                self.playout.feed(order.say_id, chunk.audio, [(w.end_ms, w.end_char) for w in chunk.words])
                if self._pump_at_s - self._loop.time() > SOON_S:
                    self.pump()
                await self._wait_for_room()
        finally:
            await audio.aclose()
        self.playout.complete(order.say_id)
        self.pump()

    async def _wait_for_room(self) -> None:
        while self.playout.buffered_bytes >= BUFFERED_BYTES_MAX:
            self._room.clear()
            await self._room.wait()

    def _failed(self, order: Say) -> None:
        self.playout.fail(order.say_id)
        self.pump()

    def _clear(self) -> None:
        if self.playout.audible:
            self._send(self._outbound.clear)

    def _report(self, facts: list[Fact]) -> None:
        if self.playout.silent:
            self._silence.set()
        for fact in facts:
            match fact:
                case Started():
                    self._post(PlaybackStarted(fact.say_id))
                case Progressed():
                    self._post(PlaybackProgressed(fact.say_id, fact.heard_chars))
                case Finished():
                    self._post(PlaybackFinished(fact.say_id))
                case Failed():
                    self._post(SynthesisFailed(fact.say_id))

    def _schedule_pump(self) -> None:
        self._cancel_pump()
        deadline_ms = self.playout.deadline_ms
        if deadline_ms is not None:
            self._pump_at_s = self._clock.loop_time(deadline_ms)
            self._pump_handle = self._loop.call_at(self._pump_at_s, self.pump)

    def _cancel_pump(self) -> None:
        if self._pump_handle:
            self._pump_handle.cancel()
            self._pump_handle = None
        self._pump_at_s = NEVER_S
