"""One call through the softphone, as the gateway sees it."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.fakes.softphone_gateway import SILENCE, GatewayCall, SoftphoneGateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TONE = bytes([0x90, 0xA0, 0x10, 0x20]) * 40


async def answered(page: Page, gateway: SoftphoneGateway) -> GatewayCall:
    await page.get_by_test_id("call").click()
    call = await gateway.next_call()
    await call.send("state", state="listening")
    await expect(page.get_by_test_id("call")).to_have_text("Hang up")
    return call


async def test_a_call_opens_like_twilio_does(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """The page sends connected and start with the ticket's ids and token, every scalar as Twilio writes it."""
    page = await open_page()
    async with page.expect_response("**/web/calls") as response:
        call = await answered(page, gateway)
    ticket = await (await response.value).json()

    assert call.messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": ticket["streamSid"],
        "start": {
            "streamSid": ticket["streamSid"],
            "accountSid": ticket["accountSid"],
            "callSid": ticket["callSid"],
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": ticket["token"], "channel": "web"},
        },
    } == call.messages[1]


async def test_the_microphone_arrives_as_twenty_ms_frames(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """Fifty frames a second of 160 mu-law bytes, numbered and timed without a gap, and they hold the voice."""
    page = await open_page()
    call = await answered(page, gateway)
    frames = (await call.wait_for("media", count=150))[:150]
    arrivals_s = call.arrivals_s["media"][:150]

    assert [str(n) for n in range(1, 151)] == [frame["media"]["chunk"] for frame in frames]
    assert [str(n * 20) for n in range(150)] == [frame["media"]["timestamp"] for frame in frames]
    assert {"inbound"} == {frame["media"]["track"] for frame in frames}
    assert len(call.heard[: 150 * 160]) == 150 * 160
    assert 45 < 149 / (arrivals_s[-1] - arrivals_s[0]) < 55
    loud = [byte for byte in call.heard if (byte & 0x7F) < 0x50]
    assert len(loud) > 2_000
    numbers = [int(message["sequenceNumber"]) for message in call.messages[1:]]
    assert list(range(1, len(numbers) + 1)) == numbers


async def test_a_mark_comes_back_when_it_was_heard(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """A mark after one second of audio comes back a second later, not when it arrives."""
    page = await open_page()
    call = await answered(page, gateway)
    sent_s = call.arrivals_s["media"][-1] if call.arrivals_s["media"] else call.arrivals_s["start"][0]
    await call.say(TONE * 50, mark="after a second")
    marks = await call.wait_for("mark")

    assert [mark["mark"]["name"] for mark in marks] == ["after a second"]
    assert call.stream_sid == marks[0]["streamSid"]
    assert 1.0 <= call.arrivals_s["mark"][0] - sent_s < 2.0


async def test_a_mark_without_audio_comes_back_at_once(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """With nothing to play before it, a mark returns within two frames or so."""
    page = await open_page()
    call = await answered(page, gateway)
    before = len(await call.wait_for("media", count=1))
    await call.send("mark", mark={"name": "now"})
    await call.wait_for("mark")

    assert len(call.of("media")) - before < 10


async def test_clear_returns_every_outstanding_mark(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """After clear all marks come back at once and in order, long before their audio would have ended."""
    page = await open_page()
    call = await answered(page, gateway)
    await call.wait_for("media", count=5)
    for n in range(1, 6):
        await call.say(TONE * 50, mark=f"mark {n}")
    await call.wait_for("media", count=len(call.of("media")) + 20)
    assert call.of("mark") == []
    before = len(call.of("media"))
    await call.send("clear")
    marks = await call.wait_for("mark", count=5)

    assert [f"mark {n}" for n in range(1, 6)] == [mark["mark"]["name"] for mark in marks]
    assert len(call.of("media")) - before < 10


async def test_keys_and_typed_turns_reach_the_gateway(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """The keypad sends dtmf messages, by mouse and by keyboard; the text box sends a text message."""
    page = await open_page()
    call = await answered(page, gateway)
    await page.get_by_test_id("keys").click()
    await page.get_by_test_id("key-4").click()
    await page.keyboard.press("#")
    await page.get_by_test_id("text").fill("I lost my card")
    await page.keyboard.press("Enter")
    digits = await call.wait_for("dtmf", count=2)
    texts = await call.wait_for("text")

    assert [message["dtmf"]["digit"] for message in digits] == ["4", "#"]
    assert {"inbound_track"} == {message["dtmf"]["track"] for message in digits}
    assert [{"event": "text", "streamSid": call.stream_sid, "text": "I lost my card"}] == texts


async def test_mute_sends_silence(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """A muted microphone goes on sending frames, all silent."""
    page = await open_page()
    call = await answered(page, gateway)
    await page.get_by_test_id("mute").click()
    await call.wait_for("media", count=len(call.of("media")) + 20)
    start = len(call.heard)
    await call.wait_for("media", count=len(call.of("media")) + 50)

    assert {SILENCE} == set(call.heard[start:])
    await expect(page.get_by_test_id("mute")).to_have_text("Muted")


async def test_hanging_up_says_stop_and_closes(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """Hang up sends stop as the last message and closes normally."""
    page = await open_page()
    call = await answered(page, gateway)
    await page.get_by_test_id("call").click()
    await call.is_over.wait()

    stop = call.messages[-1]
    start = call.of("start")[0]["start"]
    assert ("stop", {"accountSid": start["accountSid"], "callSid": start["callSid"]}) == (
        stop["event"],
        stop["stop"],
    )
    assert call.socket.close_code == 1000
    await expect(page.get_by_test_id("agent-state")).to_have_text("Call ended")
    await expect(page.get_by_test_id("problem")).to_be_hidden()


async def test_the_gateway_may_end_the_call(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """A normal closure by the gateway ends the call without a problem."""
    page = await open_page()
    call = await answered(page, gateway)
    await call.send("state", state="ended")
    await call.socket.close()

    await expect(page.get_by_test_id("agent-state")).to_have_text("Call ended")
    await expect(page.get_by_test_id("call")).to_have_text("Call")
    await expect(page.get_by_test_id("problem")).to_be_hidden()


async def test_the_conversation_is_shown_as_it_was_heard(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """Interim text becomes final in place, and what an interruption cut off stays visible, struck through."""
    page = await open_page()
    call = await answered(page, gateway)
    await call.transcript(1, "caller", "where is", final=False)
    await expect(page.get_by_test_id("turn-caller")).to_have_class(re.compile("interim"))
    await call.transcript(1, "caller", "Where is my order?", final=True)
    await call.transcript(1, "agent", "It left on Monday and arrives on Friday morning.", final=False)
    await call.transcript(1, "agent", "It left on Monday.", final=True)

    await expect(page.get_by_test_id("turn-caller")).to_have_text("YouWhere is my order?")
    await expect(page.get_by_test_id("turn-caller")).not_to_have_class(re.compile("interim"))
    await expect(page.get_by_test_id("unheard")).to_have_text("and arrives on Friday morning.")
    await expect(page.get_by_test_id("turn-agent")).to_contain_text("interrupted here")
    await expect(page.get_by_test_id("live")).to_have_text("You: Where is my order?Agent: It left on Monday.")


async def test_a_turn_is_made_of_pieces(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """Clauses of one answer stand in one bubble; one cut off is restored when the agent goes on after all."""
    page = await open_page()
    call = await answered(page, gateway)
    for text, final in [
        ("I lost", False),
        ("I lost my card.", True),
        ("Can you", False),
        ("Can you help?", True),
    ]:
        await call.transcript(1, "caller", text, final=final)
    await call.transcript(1, "agent", "Yes, I can.", final=False, id=7)
    await call.transcript(1, "agent", "Yes, I can.", final=True, id=7)
    await call.transcript(1, "agent", "Which card is it?", final=False, id=8)
    await call.transcript(1, "agent", "Which", final=False, id=8, cut=True)
    await expect(page.get_by_test_id("unheard")).to_have_text("card is it?")
    await expect(page.get_by_test_id("turn-agent")).not_to_have_class(re.compile("interim"))
    await call.transcript(1, "agent", "Which card is it?", final=True, id=8)

    await expect(page.get_by_test_id("unheard")).to_have_count(0)
    await expect(page.get_by_test_id("turn-agent")).to_have_text(["AgentYes, I can. Which card is it?"])
    await expect(page.get_by_test_id("turn-caller")).to_have_text(["YouI lost my card. Can you help?"])


async def test_each_answer_shows_what_its_delay_was_made_of(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """The latency of a turn stands under the agent's answer, with its parts and what they leave over."""
    page = await open_page()
    call = await answered(page, gateway)
    parts = {"endpointingMs": 320, "generationMs": 210, "synthesisMs": 80}
    await call.send("turn", turn={"number": 1, "latencyMs": 640, "parts": parts})
    await call.transcript(1, "agent", "On Friday.", final=True)

    await expect(page.get_by_test_id("latency")).to_have_text(
        "answered after 640 msend of turn 320answer 210voice 80other 30"
    )


@pytest.mark.parametrize("state", ["listening", "thinking", "speaking"])
async def test_the_agents_state_is_a_word(open_page: OpenPage, gateway: SoftphoneGateway, state: str) -> None:
    """Listening, thinking and speaking are told in words, not by colour alone."""
    page = await open_page()
    call = await answered(page, gateway)
    await call.send("state", state=state)

    await expect(page.get_by_test_id("agent-state")).to_have_text(state.capitalize())


async def test_what_the_page_does_not_know_is_ignored(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """Unknown events and broken text change nothing; the call goes on."""
    page = await open_page()
    call = await answered(page, gateway)
    await call.send("weather", weather="fine")
    await call.socket.send("not json")
    await call.socket.send(b"\x00\x01")
    await call.send("notice", notice={"code": "recording", "text": "This call is recorded."})

    await expect(page.get_by_test_id("notes")).to_have_text("This call is recorded.")
    await expect(page.get_by_test_id("call")).to_have_text("Hang up")
