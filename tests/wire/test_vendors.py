"""Vendors fail on the wire: what the caller of a real gateway with the real adapters notices of it."""

import asyncio

import pytest
import structlog

from switchboard.domain.calls import NextStep
from tests.fakes.deepgram_listen import ListenScript
from tests.fakes.model_scripts import FailInStream, Failure, Pause, Refusal, Reply, Stall, Text, Wire
from tests.fakes.speech_script import Fault
from tests.fakes.transcribe_streaming import StreamingScript
from tests.wire.peer import until
from tests.wire.vendors import POLICY, Caller, Vendors, call, spoken_ms, vendors_on_loopback

pytestmark = pytest.mark.wire

log = structlog.get_logger()

ANSWER = "Thanks."
LONG = "Forty dollars."
SENTENCE = "Your bill is forty dollars."
WORDS = ("one", "two", "three", "four", "five")
SWITCH_MS_MAX = 500
"""What a dead recogniser may cost a caller's turn (goals.md)."""


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


async def test_a_call_without_faults():
    """Deepgram hears, Anthropic answers and Aura speaks: every word arrives, and nobody else is asked."""
    async with vendors_on_loopback() as vendors, call(vendors) as caller:
        vendors.anthropic.script(Reply((Text(ANSWER),)))
        measured("no fault", added(await caller.ask("one", "two", "three")))

        assert ["one two three", ANSWER] == caller.memory()[-2:]
        assert spoken_ms(ANSWER) == caller.heard_ms(ANSWER)
        assert [ANSWER] == vendors.speak.texts
        assert "one two three" in str(vendors.anthropic.requests[-1].body["messages"][-1])
        assert ([], []) == (vendors.switches, vendors.bedrock.requests)


async def test_recognition_fails_in_mid_utterance():
    """Dead or silent, the second recogniser hears the sentence again from its start: no word is lost, and hardly time."""
    dead = (_recognition_dies(after_frames=frames) for frames in (3, 7, 11))
    await asyncio.gather(*dead, _recognition_stalls())


async def _recognition_dies(*, after_frames: int) -> None:
    async with vendors_on_loopback() as vendors:
        script = vendors.listening_fails()
        async with call(vendors) as caller:
            vendors.anthropic.script(Reply((Text(ANSWER),)))
            script.drop_after_frames = len(vendors.listen.connections[0].frames) + after_frames
            added_ms = added(await caller.ask(*WORDS))
            remembered = caller.memory()
    measured(f"recognition switched after {after_frames} frames", added_ms)

    assert [("deepgram", "transcribe", "ProviderUnavailable")] == vendors.switches
    assert " ".join(WORDS) == remembered[1]
    assert added_ms <= SWITCH_MS_MAX


async def _recognition_stalls() -> None:
    async with vendors_on_loopback() as vendors:
        script = vendors.listening_fails()
        async with call(vendors) as caller:
            vendors.anthropic.script(Reply((Text(ANSWER),)))
            script.mute_after_frames = len(vendors.listen.connections[0].frames)
            added_ms = added(await caller.ask(*WORDS))
            remembered = caller.memory()
    measured("recognition stalled", added_ms)

    assert ("deepgram", "transcribe") == vendors.switches[0][:2]
    assert " ".join(WORDS) == remembered[1]


async def test_the_model_is_overloaded():
    """After a 529 the second model answers the same question."""
    async with vendors_on_loopback() as vendors, call(vendors) as caller:
        vendors.anthropic.script(Refusal(Failure.OVERLOADED))
        vendors.bedrock.script(Reply((Text(LONG),)))
        added_ms = added(await caller.ask("three", "four"))
        measured("model switched", added_ms)

        assert [("anthropic", "bedrock", "ProviderOverloaded")] == vendors.switches
        assert ["three four", LONG] == caller.memory()[-2:]
        assert spoken_ms(LONG) == caller.heard_ms(LONG)
        assert added_ms <= SWITCH_MS_MAX


async def test_the_model_is_late():
    """R-STALL: the caller hears that we are on it, then the answer; a model that never begins is replaced."""
    await asyncio.gather(_model_is_slow_to_begin(), _model_never_begins())


async def _model_is_slow_to_begin():
    """R-STALL: while the model thinks, the caller hears that we are on it, and then the answer."""
    filler = POLICY.phrases.fillers[0]
    async with vendors_on_loopback() as vendors, call(vendors) as caller:
        vendors.anthropic.script(Reply((Pause(1.2), Text(ANSWER))))
        await caller.ask("one", "two")
        await until(lambda: caller.heard_ms(ANSWER) >= spoken_ms(ANSWER))

        assert spoken_ms(filler) == caller.heard_ms(filler)
        assert caller.gap_ms(filler, ANSWER) > 0


async def _model_never_begins():
    """A model that says nothing is given up at its deadline; the second one answers."""
    async with vendors_on_loopback(first_token_timeout_ms=300) as vendors, call(vendors) as caller:
        vendors.anthropic.script(Reply((Stall(),)))
        vendors.bedrock.script(Reply((Text(ANSWER),)))
        await caller.ask("one", "two")
        await until(lambda: caller.heard_ms(ANSWER) >= spoken_ms(ANSWER))

        assert [("anthropic", "bedrock", "ProviderTimeout")] == vendors.switches
        assert ANSWER == caller.memory()[-1]


async def test_the_model_breaks_off():
    """An error in mid-reply: what was said stands, the reply goes on, and nothing is said twice."""
    first, second = "That is one part.", "Here is more."
    async with vendors_on_loopback() as vendors, call(vendors) as caller:
        vendors.anthropic.script(
            Reply((Text(f"{first} "), Pause(0.05), FailInStream(Failure.SERVER_ERROR))),
            Reply((Text(second),)),
        )
        await caller.ask("one", "two")
        await until(lambda: caller.heard_ms(second) >= spoken_ms(second))

        assert spoken_ms(first) == caller.heard_ms(first)
        assert spoken_ms(second) == caller.heard_ms(second)
        assert first in str(vendors.anthropic.requests[-1].body["messages"][-2])


async def test_the_voice_dies_in_mid_sentence():
    """R-TTS2: the second voice says the rest of the same sentence, and the caller hears hardly a pause."""
    async with vendors_on_loopback() as vendors, call(vendors) as caller:
        vendors.anthropic.script(Reply((Text(SENTENCE),)))
        vendors.speak.script.fault, vendors.speak.script.faulty_chunk = Fault.DROP_MID_AUDIO, 8
        await caller.ask("one", "two")
        rest = vendors.polly.texts[0]
        gap_ms = caller.gap_ms(SENTENCE, rest)
        measured("voice switched, silence", gap_ms)

        assert SENTENCE.endswith(f" {rest.lstrip()}")
        assert spoken_ms(rest) == caller.heard_ms(rest)
        assert caller.heard_ms(SENTENCE) > 0
        assert SENTENCE == caller.memory()[-1]
        assert gap_ms <= SWITCH_MS_MAX


async def test_the_voice_says_nothing():
    """A voice that sends silence, garbage or nothing is replaced before the caller hears a word of the sentence."""
    faults = Fault.SILENT_AUDIO, Fault.NO_AUDIO, Fault.GARBAGE, Fault.STALL_BEFORE_AUDIO, Fault.SERVER_ERROR
    await asyncio.gather(*(_voice_says_nothing(fault) for fault in faults))


async def _voice_says_nothing(fault: Fault) -> None:
    async with vendors_on_loopback() as vendors:
        vendors.speak.script.fault = fault
        async with call(vendors) as caller:
            vendors.anthropic.script(Reply((Text(LONG),)))
            waited_s = await caller.ask("one", "two")
            measured(f"voice: {fault}", round(waited_s * 1000))

            assert [LONG] == vendors.polly.texts
            assert spoken_ms(LONG) == caller.heard_ms(LONG)
            assert [("deepgram", "polly")] == [switch[:2] for switch in vendors.switches]


async def test_a_whole_kind_of_vendor_is_dead():
    """Without recognition, model or voice the caller still hears what is to be done, or gets to a person."""
    await asyncio.gather(_nobody_recognises(), _no_model_answers(), _nobody_speaks())


async def _nobody_recognises():
    """With every recogniser dead the caller is told and put through to a person."""
    async with vendors_on_loopback() as vendors:
        vendors.listen.default = ListenScript(status=503)
        vendors.transcribe.script = StreamingScript(status=503)
        caller = Caller(vendors)
        await caller.dial()
        await until(lambda: caller.closed, within_s=10)
        await caller.over()
        stored = vendors.media.world.checkpoints.checkpoints[caller.key]

        assert spoken_ms(POLICY.phrases.transfer) == caller.heard_ms(POLICY.phrases.transfer)
        assert NextStep.TRANSFER == stored.next_step


async def _no_model_answers():
    """With every model failing the caller hears an apology and may ask again."""
    apology = POLICY.phrases.apology
    async with vendors_on_loopback() as vendors, call(vendors) as caller:
        for vendor in (vendors.anthropic, vendors.bedrock):
            vendor.script(*[Refusal(Failure.SERVER_ERROR)] * POLICY.attempts_max)
        vendors.anthropic.script(Reply((Text(ANSWER),)))
        await caller.ask("one", "two")
        apologised_ms = caller.heard_ms(apology)
        await caller.ask("three", "four")

        assert spoken_ms(apology) == apologised_ms
        assert spoken_ms(ANSWER) == caller.heard_ms(ANSWER)


async def _nobody_speaks():
    """With every voice dead the call goes to a person, with the carrier's own voice."""
    async with vendors_on_loopback() as vendors:
        vendors.speak.script.fault = vendors.polly.script.fault = Fault.SERVER_ERROR
        async with call(vendors) as caller:
            vendors.anthropic.script(Reply((Text(f"{LONG} Pay it now?"),)))
            caller.utter("one", "two")
            await until(lambda: caller.closed)
            stored = vendors.media.world.checkpoints.checkpoints[caller.key]

        assert NextStep.TRANSFER == stored.next_step


async def test_slowness_opens_the_breaker():
    """Three slow answers, and the next call starts with the second model at once."""
    async with vendors_on_loopback() as vendors:
        slow = Reply((Pause(3 * 0.15), Text(ANSWER)))
        vendors.anthropic.script(*[slow] * 3)
        vendors.bedrock.script(Reply((Text(LONG),)))
        await asyncio.gather(*(_one_turn(vendors, number) for number in range(1, 4)))
        async with call(vendors, 4) as caller:
            await caller.ask("one", "two")
            live = [request for request in vendors.anthropic.requests if request.body["max_tokens"] > 1]

            assert len(live) == 3
            assert spoken_ms(LONG) == caller.heard_ms(LONG)
            assert [] == vendors.switches


async def test_garbage():
    """What a vendor should never send costs the caller at most a retry."""
    vendors = ("listen", "listen and transcribe", "anthropic", "anthropic and bedrock")
    await asyncio.gather(*(_garbage(vendor) for vendor in vendors))


async def _garbage(vendor: str) -> None:
    garbage = Reply((Wire(b"\x00\xff event: data: {oops\n\n"),))
    async with vendors_on_loopback() as vendors:
        if "listen" in vendor:
            script = vendors.listening_fails()
            script.garbage_after_frames = 12
        if "transcribe" in vendor:
            vendors.transcribe.script = StreamingScript(garbage_after_frames=3)
            vendors.listen.scripts.append(ListenScript(status=503))
            vendors.listen.default = ListenScript()
        if "anthropic" in vendor:
            vendors.anthropic.script(garbage)
        if "bedrock" in vendor:
            vendors.bedrock.script(garbage)
        vendors.anthropic.script(Reply((Text(ANSWER),)))
        vendors.bedrock.script(Reply((Text(ANSWER),)))
        async with call(vendors) as caller:
            caller.utter(*WORDS)
            await until(lambda: caller.heard_ms(ANSWER) >= spoken_ms(ANSWER), within_s=10)

            assert " ".join(WORDS) in caller.memory()


def added(waited_s: float) -> int:
    """What the vendors added (at most) to the silence that ends a turn, in ms."""
    return round(waited_s * 1000) - POLICY.endpoint_digits_ms


def measured(what: str, value_ms: int) -> None:
    """Shown by `pytest -s`."""
    log.info("measured", what=what, elapsed_ms=value_ms)


async def _one_turn(vendors: Vendors, number: int) -> None:
    async with call(vendors, number) as caller:
        await caller.ask("one", "two")
        await until(lambda: caller.heard_ms(ANSWER) >= spoken_ms(ANSWER))
