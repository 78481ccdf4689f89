"""The load generator's process: `python -m tests.bench.load '<Load as JSON>'`; prints `Measured` as one JSON line.

One timer a millisecond sends the frames of the callers whose turn it is, so calls are spread over the 20 ms and not in phase.
"""

import asyncio
import gc
import sys
import time
from http import HTTPStatus
from secrets import token_bytes

import msgspec
import uvloop
from picows import WSError, WSInvalidStatusError, ws_connect
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from switchboard.domain.stream_tokens import TTL_S, StreamClaims, mint
from switchboard.domain.tenants import DEFAULT_TENANT
from tests.bench import proc
from tests.bench.caller import Caller, Doing, Script
from tests.bench.evaluate import Starvation, evaluate
from tests.bench.plan import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CLIPS_PATH,
    FRAME_MS,
    TOKEN_SECRET,
    Interval,
    Load,
    Measured,
    TurnFigures,
)
from tests.bench.rows import percentile
from tests.bench.speech import load_clips

SLOTS = FRAME_MS
"""One a millisecond."""
SETTLE_S = 1.5
GREETING_S_MAX = 15.0
ANSWERS_S = 4.0
"""After the measured time, for the turns that are still to be answered."""
CALLS_PER_S = 15
MUTE_CALLS_PER_S = 40
"""New calls while load builds up."""
PING_EVERY_S = 0.04
READY_EVERY_S = 0.5
SETUP_NUMBERS_FROM = 4000
SETUP_WARM_UP = 4
"""The first calls pay what is loaded lazily; they are not counted."""
PROBLEMS_MAX = 20
CONNECT_S_MAX = 10.0
REFUSALS_MAX = 10
REFUSED_PAUSE_S = 0.3


class Generator:
    """Runs one `Load`."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._script = Script(load_clips(CLIPS_PATH), mute=load.mute)
        self._callers: list[Caller] = []
        self._slots: list[list[Caller]] = [[] for _ in range(SLOTS)]
        self._lags: list[tuple[float, float]] = []
        self._ready_lags: list[float] = []
        self._loop = asyncio.get_running_loop()
        self._signature = RequestValidator(AUTH_TOKEN).compute_signature(load.stream_url, {})
        self._problems: list[str] = []
        self._starvation = Starvation()
        self._refusals = 0

    async def run(self) -> Measured:
        """Set up, build up, measure, hang up."""
        load = self._load
        await self._vendor_log()
        setup_cpu_ms = await self._price_setup() if load.setup_calls else 0.0
        before = proc.usage(load.pid)
        background = [asyncio.create_task(self._tick_for_ever()), asyncio.create_task(self._ping_for_ever())]
        if not load.mute:
            background.append(asyncio.create_task(self._watch_ready()))
        await self._build_up()
        start_s, start = time.monotonic(), proc.usage(load.pid)
        heard = sum(caller.heard_bytes for caller in self._callers)
        messages = sum(caller.messages for caller in self._callers)
        self._ready_lags.clear()
        await asyncio.sleep(load.seconds)
        end_s, end = time.monotonic(), proc.usage(load.pid)
        heard = sum(caller.heard_bytes for caller in self._callers) - heard
        messages = sum(caller.messages for caller in self._callers) - messages
        ready_lag_ms_max = max(self._ready_lags, default=0.0)
        if not load.mute:
            await asyncio.sleep(ANSWERS_S)
        for caller in self._callers:
            caller.hang_up()
        for task in background:
            task.cancel()
        await asyncio.wait(background)
        seconds, call_s = end_s - start_s, (end_s - start_s) * load.calls
        log = [] if load.mute else await self._vendor_log()
        lags = [lag_ms for when_s, lag_ms in self._lags if start_s <= when_s <= end_s]
        called = [f"call {caller.number}: {caller.problem}" for caller in self._callers if caller.problem]
        return Measured(
            calls=load.calls,
            seconds=round(seconds, 2),
            cpu_ms_per_call_s=(end.cpu_s - start.cpu_s) * 1000 / call_s,
            cpu_share=(end.cpu_s - start.cpu_s) / seconds,
            starved_share=(end.starved_s - start.starved_s) / seconds,
            setup_cpu_ms=setup_cpu_ms,
            rss_mb_per_call=(end.rss_mb - before.rss_mb) / load.calls,
            audio_out_share=heard / 8000 / call_s,
            messages_out_per_call_s=messages / call_s,
            ready_lag_ms_max=ready_lag_ms_max,
            generator_lag_ms_p99=percentile(lags, 99),
            lost_calls=len(called),
            refusals=self._refusals,
            problems=[*self._problems, *called][:PROBLEMS_MAX],
            turns=TurnFigures()
            if load.mute
            else evaluate(self._callers, log, self._starvation, start_s, end_s),
        )

    # -- Phases -----------------------------------------------------------------------------------

    async def _price_setup(self) -> float:
        """CPU of a call that hangs up when it hears the greeting, in ms."""
        count = self._load.setup_calls + SETUP_WARM_UP
        used_s = []
        for number in range(SETUP_NUMBERS_FROM, SETUP_NUMBERS_FROM + count):
            before = proc.usage(self._load.pid).cpu_s
            caller = self._caller(number)
            await self._connect(caller)
            ends_s = time.monotonic() + 2
            while not caller.first_audio_s and time.monotonic() < ends_s:  # noqa: ASYNC110 - callers are driven by ticks and carry no events
                await asyncio.sleep(0.005)
            if not caller.first_audio_s:
                self._problems.append(f"set-up call without a greeting: {caller.problem or 'silence'}")
            caller.hang_up()
            await asyncio.sleep(0.15)  # the vendors' sockets are closed meanwhile: part of the price
            used_s.append(proc.usage(self._load.pid).cpu_s - before)
        counted = used_s[SETUP_WARM_UP:]
        return sum(counted) / len(counted) * 1000

    async def _build_up(self) -> None:
        for number in range(self._load.calls):
            caller = self._caller(number)
            self._callers.append(caller)
            await self._connect(caller)
            self._slots[number * 7 % SLOTS].append(caller)
            await asyncio.sleep(1 / (MUTE_CALLS_PER_S if self._load.mute else CALLS_PER_S))
        ends_s = time.monotonic() + GREETING_S_MAX
        while self._ungreeted() and time.monotonic() < ends_s:  # noqa: ASYNC110 - callers are driven by ticks and carry no events
            await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLE_S)

    def _ungreeted(self) -> bool:
        return any(caller.doing is Doing.GREETED for caller in self._callers)

    def _caller(self, number: int) -> Caller:
        claims = StreamClaims(
            call_sid=f"CA{number:032x}",
            account_sid=ACCOUNT_SID,
            tenant=DEFAULT_TENANT,
            channel="phone",
            expires_at_s=int(time.time()) + TTL_S,
            nonce=token_bytes(16),
        )
        return Caller(number, self._script, token=mint(TOKEN_SECRET, claims), seed=self._load.seed)

    async def _connect(self, caller: Caller) -> None:
        """Open the caller's socket; a refusal for the moment (503) is tried again, as a carrier's fallback would."""
        for _ in range(REFUSALS_MAX):
            try:
                async with asyncio.timeout(CONNECT_S_MAX):
                    await ws_connect(
                        lambda: caller,
                        self._load.stream_url,
                        extra_headers={"X-Twilio-Signature": self._signature},
                    )
            except WSInvalidStatusError as refusal:
                caller.problem = f"refused: {refusal}"
                if refusal.response is None or refusal.response.status is not HTTPStatus.SERVICE_UNAVAILABLE:
                    break
                self._refusals += 1
                await asyncio.sleep(REFUSED_PAUSE_S)
            except (WSError, OSError, TimeoutError) as error:
                caller.problem = f"not connected: {error!r}"
                break
            else:
                caller.problem = ""
                return
        caller.doing = Doing.GONE

    # -- Background -------------------------------------------------------------------------------

    async def _tick_for_ever(self) -> None:
        due_s = time.monotonic()
        while True:
            for slot in self._slots:
                due_s += FRAME_MS / SLOTS / 1000
                if not slot:
                    continue
                wait_s = due_s - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                now_s = time.monotonic()
                self._lags.append((now_s, (now_s - due_s) * 1000))
                for caller in slot:
                    caller.tick(time.monotonic(), due_s)
            self._starvation.note(time.monotonic(), proc.waited_s(self._load.pid))
            if not self._callers:
                await asyncio.sleep(FRAME_MS / 1000)
                due_s = time.monotonic()
            elif (wait_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)

    async def _ping_for_ever(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(PING_EVERY_S)
            if self._callers:
                number = (number + 1) % len(self._callers)
                self._callers[number].ping()

    async def _watch_ready(self) -> None:
        while True:
            await asyncio.sleep(READY_EVERY_S)
            reply = await _get(self._load.http_port, "/ready")
            self._ready_lags.append(msgspec.json.decode(reply)["lagMs"])

    async def _vendor_log(self) -> list[Interval]:
        return msgspec.json.decode(await _get(self._load.vendors_http_port, "/log"), type=list[Interval])


async def _get(port: int, path: str) -> bytes:
    """The body of a GET on loopback, whatever its status."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
    return answer.partition(b"\r\n\r\n")[2]


async def main() -> None:
    generator = Generator(msgspec.json.decode(sys.argv[1], type=Load))
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.stdout.write(msgspec.json.encode(await generator.run()).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(main())
