"""The callers' process: `python -m tests.survive.load '<Load as JSON>'`.

Prints `ready` when everybody has had a first answer, goes on until a line comes in, then prints `Outcome` as one JSON line.
"""

import asyncio
import gc
import sys
import time

import msgspec
import uvloop

from tests.bench.caller import Script
from tests.bench.load import _get
from tests.bench.plan import FRAME_MS
from tests.bench.rows import percentile
from tests.bench.speech import load_clips
from tests.survive.caller import Caller, Doing
from tests.survive.carrier import Carrier
from tests.survive.plan import CLIPS_PATH, MEMORY_CLAUSE, Asked, Break, Load, Outcome

CALLS_PER_S = 12
FIRST_ANSWER_S_MAX = 40.0
QUIET_S_MAX = 25.0
"""After the last kill: until every call has had a question answered."""
LEEWAY_S = 0.4
"""What was heard so shortly before a kill may not be stored yet: the mark that tells of it travels, and so does the state."""


class Callers:
    """All callers of one run."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._carrier = Carrier(public_url=load.public_url, auth_token=load.auth_token)
        script = Script(load_clips(CLIPS_PATH), mute=False)
        self._callers = [
            Caller(number, script, seed=load.seed, on_lost=self._carrier.stream_ended)
            for number in range(load.calls)
        ]
        self._lags: list[float] = []

    async def run(self) -> Outcome:
        """Ring, talk, and hang up when told to."""
        ticking = asyncio.create_task(self._tick_for_ever())
        for caller in self._callers:
            self._carrier.dial(caller)
            await asyncio.sleep(1 / CALLS_PER_S)
        await self._until(lambda: all(caller.told for caller in self._callers), FIRST_ANSWER_S_MAX)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        for caller in self._callers:
            caller.quiet = True
        await self._until(lambda: all(caller.idle for caller in self._callers), QUIET_S_MAX)
        for caller in self._callers:
            caller.hang_up()
        ticking.cancel()
        await asyncio.wait([ticking])
        answer = await _get(self._load.vendors_http_port, "/log")
        return self._outcome(msgspec.json.decode(answer, type=list[Asked]))

    async def _tick_for_ever(self) -> None:
        due_s = time.monotonic()
        slots = [self._callers[slot::FRAME_MS] for slot in range(FRAME_MS)]
        while True:
            for slot in slots:
                due_s += 0.001
                if (wait_s := due_s - time.monotonic()) > 0:
                    await asyncio.sleep(wait_s)
                self._lags.append((time.monotonic() - due_s) * 1000)
                for caller in slot:
                    caller.tick(time.monotonic())

    async def _until(self, condition, within_s: float) -> None:
        ends_s = time.monotonic() + within_s
        while not condition() and time.monotonic() < ends_s:  # noqa: ASYNC110 - callers are driven by ticks and carry no events
            await asyncio.sleep(0.1)

    def _outcome(self, asked: list[Asked]) -> Outcome:
        for caller in self._callers:
            judge(caller, [each for each in asked if each.caller == caller.number])
        return Outcome(
            calls=len(self._callers),
            breaks=[each for caller in self._callers for each in caller.breaks],
            problems=[problem for caller in self._callers for problem in caller.problems],
            turns=sum(len(caller.turns) for caller in self._callers),
            repeats=sum(caller.repeats for caller in self._callers),
            generator_lag_ms_p99=percentile(self._lags, 99),
        )


def judge(caller: Caller, asked: list[Asked]) -> None:
    """What of the memory, by ear and by what the model was told, did not outlive a break."""
    first = caller.turns[0].code if caller.turns else ""
    if not caller.greeted or caller.doing is not Doing.GONE or not caller.turns:
        caller.fault("the call never got as far as a question")
    ends = [each.lost_s for each in caller.breaks[1:]] + [float("inf")]
    for each, ends_s in zip(caller.breaks, ends, strict=False):
        _judge_memory(each, [a for a in asked if each.lost_s < a.at_s < ends_s])
        _judge_repetition(caller, each, ends_s)
        if not each.answered_after:
            each.faults.append("nothing was answered after it")
    for heard in caller.heard:
        if heard.part == MEMORY_CLAUSE and heard.what not in ("fixed", first):
            caller.fault(f"the agent took {heard.what} for the first thing it was told, not {first}")


def _judge_memory(each: Break, asked: list[Asked]) -> None:
    for request in asked:
        missing = [code for code in each.answered_before if code not in request.known]
        if missing:
            each.faults.append(f"the model was not told of {missing}")
            return
        order = [code for code in request.known if code in each.answered_before]
        if list(dict.fromkeys(order)) != each.answered_before:
            each.faults.append("the model was told of the turns in another order")
            return


def _judge_repetition(caller: Caller, each: Break, ends_s: float) -> None:
    """A clause that was heard to its end is not said again."""
    complete = {
        (heard.what, heard.part)
        for heard in caller.heard
        if heard.part and heard.what != "fixed" and 0 < heard.end_s < each.silent_s - LEEWAY_S
    }
    turn_codes = {turn.code for turn in caller.turns[:1]}
    for heard in caller.heard:
        again = (heard.what, heard.part) in complete and heard.what not in turn_codes
        if again and each.lost_s < heard.start_s < ends_s:
            each.faults.append(f"clause {heard.part} of the answer to {heard.what} was heard again")
            return


async def main() -> None:
    callers = Callers(msgspec.json.decode(sys.argv[1], type=Load))
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.stdout.write(msgspec.json.encode(await callers.run()).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(main())
