"""The driver of one conversation: facts in, orders out, one pulled deadline; the only tasks are vendors' streams.

Facts arrive as plain calls to `post` and are taken one at a time, each with all its orders, before the next (law 3). What goes
wrong inside ends this call only: its state is kept and the carrier's next step is a person, never silence.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from msgspec import Struct

from switchboard.channels.twilio import Outbound
from switchboard.conversation import actions as act
from switchboard.conversation import events as ev
from switchboard.conversation.machine import Conversation
from switchboard.domain.calls import Disposition, NextStep
from switchboard.domain.messages import ToolCall
from switchboard.ports.checkpoints import Checkpoint
from switchboard.ports.errors import PortError, ProviderError, StaleOwner
from switchboard.ports.language_model import GenerationEnd, GenerationRequest, TextDelta
from switchboard.services.run_tool import run_tool
from voice_gateway.call import Call, Platform
from voice_gateway.clock import CallClock
from voice_gateway.listening import Listening
from voice_gateway.observers import Observer
from voice_gateway.socket import MediaSocket
from voice_gateway.speaking import Speaking
from voice_gateway.turn_timer import TurnLatency, TurnTimer

CHECKPOINT_TIMEOUT_S = 1.0
"""A store that does not answer costs the call its checkpoint, never its voice (invariant D1)."""
STEPS_MAX = 1000
"""Facts and time-outs in one go; more means the core and its driver are chasing each other."""
UNCLAIMED = 0
"""The fence of a call that goes on although its store could not say whose it is; real ones begin with 1."""
RELEASE_WAIT_S = 3.0
"""How long a draining task waits for the end of the agent's clause before it lets go of a call."""

log = structlog.get_logger()


class _CallOver(Exception):
    """Leaves the call's TaskGroup and cancels what is still running in it."""


class Outcome(Struct, frozen=True):
    """How the gateway's part of a call ended; no disposition means that the call goes on elsewhere."""

    next_step: NextStep
    disposition: Disposition | None = None


class Session:
    """One live call on this task."""

    def __init__(
        self,
        platform: Platform,
        call: Call,
        checkpoint: Checkpoint,
        socket: MediaSocket,
        observers: Sequence[Callable[["Session"], Observer | None]] = (),
    ) -> None:
        self.call = call
        self.outbound = Outbound(call.stream_id)
        self._platform = platform
        self._socket = socket
        self.fence = checkpoint.fence
        self.is_resumed = bool(checkpoint.snapshot)
        self.conversation = (
            Conversation.restore(call.policy, checkpoint.snapshot)
            if checkpoint.snapshot
            else Conversation(call.policy)
        )
        self.clock = CallClock(platform.loop, max(platform.wall_ms(), self.conversation.state.now_ms))
        self.timer = TurnTimer(on_turn=self._turn_answered)
        self.listening = Listening(
            post=self.post,
            now_ms=self.clock.now_ms,
            ticker=platform.ticker,
            transcriber=platform.transcriber,
            language=call.policy.agent.language,
        )
        self._inbox: deque[ev.AnyEvent] = deque()
        self._stepping = False
        self._deadline: asyncio.TimerHandle | None = None
        self._generations: dict[int, asyncio.Task[None]] = {}
        self._tools: dict[str, asyncio.Task[None]] = {}
        self._unsaved = asyncio.Event()
        self._over = asyncio.Event()
        self._crash: Exception | None = None
        self._owned = True
        self._claiming = asyncio.Lock()
        self.outcome = Outcome(NextStep.RESUME)
        self._turns = self.conversation.state.dialogue.turns
        self._activity = ""
        self._observers = [observer for make in observers if (observer := make(self))]

    async def run(self) -> Outcome:
        """Converse until the call is over here. Raises what broke it, after the state has been kept."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._speaking = Speaking(self, tasks)
                tasks.create_task(self.listening.transcribe())
                tasks.create_task(self._speaking.open())
                tasks.create_task(self._keep_checkpoints())
                self.post(
                    ev.ConversationResumed(self.call.transfer_failed)
                    if self.is_resumed
                    else ev.ConversationStarted()
                )
                try:
                    await self._over.wait()
                finally:
                    self._speaking.halt()
                raise _CallOver  # noqa: TRY301 - the way to end a TaskGroup from inside
        except* _CallOver:
            pass
        except* Exception as group:  # noqa: BLE001 - raised again below, once the state is kept
            self._crash = self._crash or _first(group)
        finally:
            await self._close()
        if self._crash:
            raise self._crash
        return self.outcome

    def post(self, event: ev.AnyEvent) -> None:
        """Tell the conversation a fact. Safe to call from any callback, also while an order is being carried out."""
        if self._over.is_set():
            return
        self._inbox.append(event)
        if not self._stepping:
            self._step()

    def disconnected(self) -> None:
        """The carrier says that the call is over."""
        self.post(ev.UserDisconnected())
        self._finish(Outcome(NextStep.HANG_UP, self.conversation.state.disposition))

    def lost(self) -> None:
        """The socket is gone and nobody said why: another task may go on from what was heard until now."""
        if not self._over.is_set():
            self._speaking.note_heard()
        self._finish(Outcome(NextStep.RESUME))

    async def release(self) -> None:
        """Hand the call to another task, at the end of a clause if one comes soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_WAIT_S):
                await self._speaking.quiet()
        self.lost()

    def mark_echoed(self, name: str) -> None:
        """The far end has played up to our mark."""
        self._speaking.mark_echoed(name)

    def send(self, message: bytes) -> None:
        """Send one wire message."""
        self._socket.send_text(message)

    @property
    def platform(self) -> Platform:
        """What this process shares among its calls."""
        return self._platform

    # -- Stepping ---------------------------------------------------------------------------------

    def _step(self) -> None:
        self._stepping = True
        try:
            self._settle()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this call and no other
            self._crash = error
            self._over.set()
        finally:
            self._stepping = False

    def _settle(self) -> None:
        """Take facts and due time-outs until there are none."""
        conversation = self.conversation
        for _ in range(STEPS_MAX):
            now_ms = self.clock.now_ms()
            if self._inbox:
                event = self._inbox.popleft()
                self._note(event, now_ms)
                orders = conversation.handle(event, now_ms)
            elif (due_ms := conversation.deadline_ms) is not None and due_ms <= now_ms:
                orders = conversation.handle_timeout(now_ms)
            else:
                self._schedule(due_ms)
                return
            self._note_turn(now_ms)
            for order in orders:
                self._perform(order, now_ms)
            self._note_activity()
            if self._over.is_set():
                return
        raise RuntimeError(f"the conversation did not settle within {STEPS_MAX} steps")

    def _schedule(self, due_ms: int | None) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        if due_ms is not None:
            self._deadline = self._platform.loop.call_at(self.clock.loop_time(due_ms), self._step)

    def _perform(self, order: act.AnyAction, now_ms: int) -> None:
        for observer in self._observers:
            observer.action(order, now_ms)
        match order:
            case act.Say():
                if not order.urgent:
                    self.timer.said(order.say_id, now_ms)
                self._speaking.say(order)
            case act.Generate():
                self.timer.requested(now_ms, speculative=order.speculative)
                self._generations[order.generation_id] = self._tasks.create_task(self._generate(order))
            case act.CancelGeneration():
                self._cancel(self._generations.pop(order.generation_id, None))
            case act.CallTool():
                self._tools[order.call.id] = self._tasks.create_task(self._call_tool(order.call))
            case act.CancelTool():
                self._cancel(self._tools.pop(order.call_id, None))
            case act.PausePlayback():
                self._speaking.pause()
            case act.ResumePlayback():
                self._speaking.resume()
            case act.StopPlayback():
                self._speaking.stop()
            case act.FinalizeTranscript():
                self.listening.finalize()
            case act.SaveCheckpoint():
                self._unsaved.set()
            case act.Transfer():
                self._finish(Outcome(NextStep.TRANSFER))
            case act.EndConversation():
                self._finish(Outcome(NextStep.HANG_UP, order.disposition))

    def _finish(self, outcome: Outcome) -> None:
        if not self._over.is_set():
            self.outcome = outcome
            self._over.set()

    # -- Vendors ----------------------------------------------------------------------------------

    async def _generate(self, order: act.Generate) -> None:
        generation_id = order.generation_id
        request = GenerationRequest(order.system, order.messages, order.tools)
        items = self._platform.language_model.generate(request)
        try:
            async for item in items:
                if isinstance(item, TextDelta):
                    self.timer.token(self.clock.now_ms())
                    self.post(ev.GenerationProgressed(generation_id, item.text))
                elif isinstance(item, GenerationEnd):
                    self.post(ev.GenerationFinished(generation_id))
                else:
                    self.post(ev.ToolCallRequested(generation_id, item))
        except ProviderError as error:
            log.warning(
                "generation failed",
                call_id=self.call.call_id,
                provider=error.provider,
                error=type(error).__name__,
            )
            self.post(ev.GenerationFailed(generation_id))
        finally:
            await items.aclose()
            self._generations.pop(generation_id, None)

    async def _call_tool(self, call: ToolCall) -> None:
        try:
            if self._has_effects(call):
                # Whoever has lost the call must not act for it (L6), and a successor must know that it was begun.
                await self._save(Outcome(NextStep.RESUME))
                if not self._owned:
                    return
            result = await run_tool(
                call,
                toolbox=self._platform.toolbox,
                call_id=self.call.call_id,
                report_failure=self._tool_broke,
            )
            self.post(ev.ToolCallFinished(call.id, result.content, result.is_error))
        finally:
            self._tools.pop(call.id, None)

    def _has_effects(self, call: ToolCall) -> bool:
        return any(spec.name == call.name and spec.has_effects for spec in self._platform.toolbox.specs)

    def _tool_broke(self, call: ToolCall, error: Exception) -> None:
        log.error("tool failed", call_id=self.call.call_id, tool=call.name, error=type(error).__name__)

    @staticmethod
    def _cancel(task: "asyncio.Task[None] | None") -> None:
        if task:
            task.cancel()

    # -- Checkpoints ------------------------------------------------------------------------------

    async def _keep_checkpoints(self) -> None:
        """Store the newest state whenever a turn boundary asks for it; a slow store is skipped, not waited for."""
        while True:
            await self._unsaved.wait()
            self._unsaved.clear()
            await self._save(Outcome(NextStep.RESUME))

    async def _save(self, outcome: Outcome) -> None:
        if not self._owned:
            return
        snapshot = self.conversation.snapshot()
        store, key = self._platform.checkpoints, self.call.key
        try:
            async with asyncio.timeout(CHECKPOINT_TIMEOUT_S):
                if self.fence == UNCLAIMED:
                    await self._claim_late()
                await store.save(
                    Checkpoint(key, self.fence, snapshot, outcome.next_step, outcome.disposition)
                )
        except StaleOwner:
            log.warning("call was taken over", call_id=self.call.call_id, fence=self.fence)
            self._owned = False
            self._finish(Outcome(NextStep.RESUME))
        except (PortError, TimeoutError) as error:
            log.warning("checkpoint not stored", call_id=self.call.call_id, error=type(error).__name__)

    async def _claim_late(self) -> None:
        """Claim a call for which the store did not answer in the beginning: the caller is here, so the call is ours."""
        async with self._claiming:
            if self.fence == UNCLAIMED:
                self.fence = (await self._platform.checkpoints.claim(self.call.key)).fence

    async def _close(self) -> None:
        """Keep the state, then let go: the carrier asks the webhook as soon as the socket closes."""
        self._schedule(None)
        await self.listening.close()
        if self._crash:
            self.outcome = Outcome(NextStep.TRANSFER)
        await self._save(self.outcome)
        await self._speaking.close()
        for observer in self._observers:
            observer.activity("ended")
            observer.close()

    # -- Watching ---------------------------------------------------------------------------------

    def _note(self, event: ev.AnyEvent, now_ms: int) -> None:
        if isinstance(event, ev.UserSpeechEnded):
            self.timer.speech_ended(event.at_ms)
        for observer in self._observers:
            observer.event(event, now_ms)

    def _note_turn(self, now_ms: int) -> None:
        turns = self.conversation.state.dialogue.turns
        if turns != self._turns:
            self._turns = turns
            self.timer.turn_ended(turns, now_ms)

    def _note_activity(self) -> None:
        if self._observers and (activity := self.conversation.activity) != self._activity:
            self._activity = activity
            for observer in self._observers:
                observer.activity(activity)

    def _turn_answered(self, latency: TurnLatency) -> None:
        log.info(
            "turn answered", call_id=self.call.call_id, turn=latency.number, elapsed_ms=latency.latency_ms
        )
        for observer in self._observers:
            observer.turn(latency)


def _first(group: BaseException) -> Exception:
    """The first plain exception of a (nested) group."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    assert isinstance(group, Exception), "except* Exception catches nothing else"
    return group
