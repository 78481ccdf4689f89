"""What a caller sees when something is in the way: what failed, why, what to do."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import INSECURE_NAME, OpenPage
from tests.fakes.softphone_gateway import SILENCE, GatewayCall, SoftphoneGateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NO_WORKLET = "delete BaseAudioContext.prototype.audioWorklet"
FAST_RETRIES = """
const later = window.setTimeout;
window.setTimeout = (run, ms, ...rest) => later(run, [1000, 2000, 4000].includes(ms) ? 50 : ms, ...rest);
"""


async def answer(page: Page, gateway: SoftphoneGateway) -> GatewayCall:
    call = await gateway.next_call()
    await call.send("state", state="listening")
    await expect(page.get_by_test_id("call")).to_have_text("Hang up")
    await expect(page.get_by_test_id("agent-state")).to_have_text("Listening")
    return call


async def expect_problem(page: Page, code: str, *, stage: str | None = None) -> None:
    await expect(page.get_by_test_id("problem")).to_have_attribute("data-code", code)
    await expect(page.get_by_test_id("problem")).to_be_visible()
    for part in ("title", "why", "fix"):
        await expect(page.get_by_test_id(f"problem-{part}")).not_to_be_empty()
    if stage:
        await expect(page.get_by_test_id(f"stage-{stage}")).to_have_attribute("data-status", "failed")


async def test_a_blocked_microphone_is_explained_and_typing_goes_on(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """Permission denied names the failed stage, says where to allow it, and offers a typed call, which works."""
    page = await open_page(is_allowed=False)
    await page.get_by_test_id("call").click()
    await expect_problem(page, "microphone-denied", stage="microphone")
    await expect(page.get_by_test_id("problem-fix")).to_contain_text(
        "Allow the microphone in the site settings"
    )

    await page.get_by_test_id("remedy-type").click()
    call = await answer(page, gateway)
    await page.get_by_test_id("text").fill("hello")
    await page.get_by_test_id("send").click()

    assert [message["text"] for message in await call.wait_for("text")] == ["hello"]
    await call.wait_for("media", count=50)
    assert {SILENCE} == set(call.heard)
    await expect(page.get_by_test_id("stage-microphone")).to_have_attribute("data-status", "skipped")


@pytest.mark.parametrize(
    ("name", "problem"),
    [("NotFoundError", "microphone-missing"), ("NotReadableError", "microphone-busy")],
)
async def test_a_microphone_that_is_not_there_is_explained(
    open_page: OpenPage, name: str, problem: str
) -> None:
    """No input device and one that does not start are told apart; both offer typing."""
    refuse = f"() => Promise.reject(new DOMException('', '{name}'))"
    page = await open_page(script=f"navigator.mediaDevices.getUserMedia = {refuse}")
    await page.get_by_test_id("call").click()

    await expect_problem(page, problem, stage="microphone")
    await expect(page.get_by_test_id("remedy-type")).to_be_visible()


async def test_an_insecure_origin_is_explained_before_the_call(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """Plain http under another name than localhost says at once why there is no microphone; typing works."""
    page = await open_page(host=INSECURE_NAME, is_allowed=False)
    await expect_problem(page, "insecure-origin")
    await expect(page.get_by_test_id("problem-fix")).to_contain_text("http://localhost")

    await page.get_by_test_id("remedy-type").click()
    call = await answer(page, gateway)
    await call.say(bytes([0x90, 0x10]) * 400, mark="heard")

    assert (await call.wait_for("mark"))[0]["mark"]["name"] == "heard"
    await call.wait_for("media", count=20)


async def test_without_audio_worklet_the_older_path_serves(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """Where AudioWorklet is missing, ScriptProcessor carries both directions and a note says so."""
    page = await open_page(script=NO_WORKLET)
    await page.get_by_test_id("call").click()
    call = await answer(page, gateway)
    await call.say(bytes([0x90, 0x10]) * 400, mark="heard")
    await call.wait_for("media", count=100)

    assert (await call.wait_for("mark"))[0]["mark"]["name"] == "heard"
    assert len([byte for byte in call.heard if (byte & 0x7F) < 0x50]) > 1_000
    await expect(page.get_by_test_id("notes")).to_contain_text("AudioWorklet")


async def test_a_lost_connection_is_replaced_by_itself(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """When the line breaks a banner says so, the page calls again, and the conversation so far stays."""
    page = await open_page(script=FAST_RETRIES)
    await page.get_by_test_id("call").click()
    first = await answer(page, gateway)
    await first.transcript(1, "agent", "Hello.", final=True)
    await expect(page.get_by_test_id("turn-agent")).to_have_count(1)
    await first.break_off()
    await expect_problem(page, "connection-lost")
    second = await answer(page, gateway)
    await second.transcript(1, "agent", "Hello again.", final=True)

    assert first.stream_sid != second.stream_sid
    await expect(page.get_by_test_id("problem")).to_be_hidden()
    await expect(page.get_by_test_id("turn-agent")).to_have_text(["AgentHello.", "AgentHello again."])
    await second.wait_for("media", count=20)


async def test_retries_are_bounded_and_a_person_can_reconnect(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """After three failed tries the page stops, keeps the banner, and its button starts a new call."""
    page = await open_page(script=FAST_RETRIES)
    await page.get_by_test_id("call").click()
    call = await answer(page, gateway)
    tickets: list[str] = []

    async def abort(route: Route) -> None:
        tickets.append(route.request.url)
        await route.abort()

    await page.route("**/web/calls", abort)
    await call.break_off()
    await expect(page.get_by_test_id("agent-state")).to_have_text("Not connected")
    await expect_problem(page, "server-unreachable", stage="token")
    assert len(tickets) == 3
    await expect(page.get_by_test_id("problem-retry")).to_be_hidden()

    await page.unroute("**/web/calls")
    await page.get_by_test_id("remedy-retry").click()
    await answer(page, gateway)
    await expect(page.get_by_test_id("problem")).to_be_hidden()


async def test_hanging_up_ends_the_retries(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """Hang up during the wait for a retry stops it: no further call comes."""
    page = await open_page()
    await page.get_by_test_id("call").click()
    call = await answer(page, gateway)
    await call.break_off()
    await expect(page.get_by_test_id("problem-retry")).to_contain_text("try 1 of 3")
    await page.get_by_test_id("call").click()

    await expect(page.get_by_test_id("agent-state")).to_have_text("Call ended")
    await expect(page.get_by_test_id("problem")).to_be_hidden()
    assert gateway.calls_count == 1


@pytest.mark.parametrize(
    ("code", "problem"), [(1013, "server-busy"), (1008, "call-refused"), (1011, "connection-lost")]
)
async def test_a_refusal_of_the_gateway_is_explained(
    open_page: OpenPage, gateway: SoftphoneGateway, code: int, problem: str
) -> None:
    """The close code tells a busy gateway from a refused token and from a broken one; the failed stage is shown."""
    page = await open_page()
    await page.get_by_test_id("call").click()
    call = await gateway.next_call()
    await call.socket.close(code)

    await expect_problem(page, problem, stage="answer")


@pytest.mark.parametrize(
    ("status", "problem"),
    [(403, "origin-refused"), (429, "server-busy"), (500, "token-failed"), (502, "server-unreachable")],
)
async def test_a_refused_ticket_is_explained(open_page: OpenPage, status: int, problem: str) -> None:
    """Each answer of the ticket request has its own words."""
    page = await open_page()
    await page.route("**/web/calls", lambda route: route.fulfill(status=status, json={}))
    await page.get_by_test_id("call").click()

    await expect_problem(page, problem, stage="token")


@pytest.mark.parametrize(("ready", "problem"), [(200, "socket-failed"), (503, "server-busy")])
async def test_a_closed_gateway_is_explained(open_page: OpenPage, ready: int, problem: str) -> None:
    """When the socket cannot be opened, its stage has failed, and the readiness probe tells busy from broken."""
    page = await open_page()
    ticket = {"callSid": "CA1", "accountSid": "AC1", "streamSid": "MZ1", "token": "t"}
    url = {"streamUrl": "ws://127.0.0.1:9/web/stream"}
    await page.route("**/web/calls", lambda route: route.fulfill(json=ticket | url))
    await page.route("**/ready", lambda route: route.fulfill(status=ready, json={}))
    await page.get_by_test_id("call").click()

    await expect_problem(page, problem, stage="socket")


async def test_a_silent_gateway_is_given_up(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """If nothing comes after start within the deadline, the answer's stage has failed and the line is free."""
    shorter = FAST_RETRIES.replace("[1000, 2000, 4000]", "[10000]")
    page = await open_page(script=shorter)
    await page.get_by_test_id("call").click()
    call = await gateway.next_call()
    await call.is_over.wait()

    await expect_problem(page, "answer-timeout", stage="answer")


async def test_cancelling_during_the_setup_leaves_nothing_open(
    open_page: OpenPage, gateway: SoftphoneGateway
) -> None:
    """Cancel before the answer closes the socket and returns to rest, without a problem."""
    page = await open_page()
    await page.get_by_test_id("call").click()
    call = await gateway.next_call()
    await expect(page.get_by_test_id("call")).to_have_text("Cancel")
    await page.get_by_test_id("call").click()
    await call.is_over.wait()

    assert call.messages[-1]["event"] == "stop"
    await expect(page.get_by_test_id("call")).to_have_text("Call")
    await expect(page.get_by_test_id("problem")).to_be_hidden()


async def test_a_call_needs_no_mouse(open_page: OpenPage, gateway: SoftphoneGateway) -> None:
    """Tab and Enter reach everything, and what has the focus shows it."""
    page = await open_page()
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("call")).to_be_focused()
    outline = await page.get_by_test_id("call").evaluate("element => getComputedStyle(element).outlineStyle")
    await page.keyboard.press("Enter")
    await answer(page, gateway)
    await page.keyboard.press("Enter")

    assert re.match("solid", outline)
    await expect(page.get_by_test_id("agent-state")).to_have_text("Call ended")
