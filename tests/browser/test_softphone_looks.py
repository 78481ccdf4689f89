"""The page's looks, for people to look at: build/screenshots/, which the README shows."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.fakes.softphone_gateway import GatewayCall, SoftphoneGateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOLDER = Path("build/screenshots")
SIZES = {"desktop": {"width": 1200, "height": 860}, "phone": {"width": 390, "height": 844}}


async def converse(call: GatewayCall) -> None:
    await call.transcript(0, "agent", "Hello, this is Acme. How can I help you?", final=True)
    await call.transcript(1, "caller", "Where is my order?", final=True)
    answer = "Your order left our warehouse on Monday. It arrives on Friday morning, between nine and twelve."
    await call.transcript(1, "agent", answer, final=False)
    await call.transcript(1, "agent", "Your order left our warehouse on Monday.", final=True)
    parts = {"endpointingMs": 320, "generationMs": 210, "synthesisMs": 80}
    await call.send("turn", turn={"number": 1, "latencyMs": 640, "parts": parts})
    await call.transcript(2, "caller", "Wait, can you bring it on", final=False)
    await call.send("state", state="listening")


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_a_call_fits_the_screen(
    open_page: OpenPage, gateway: SoftphoneGateway, size: str, scheme: str
) -> None:
    """Nothing is wider than the screen, be it a desktop's or a telephone's."""
    page = await open_page(viewport=SIZES[size], color_scheme=scheme, device_scale_factor=2)
    await page.screenshot(path=FOLDER / f"ready-{size}-{scheme}.png", full_page=True)
    await page.get_by_test_id("keys").click()
    await page.get_by_test_id("call").click()
    call = await gateway.next_call()
    await converse(call)
    await expect(page.get_by_test_id("turn-caller")).to_have_count(2)
    await call.wait_for("media", count=30)
    await page.screenshot(path=FOLDER / f"call-{size}-{scheme}.png", full_page=True)

    assert await fits(page)


@pytest.mark.parametrize("size", SIZES)
async def test_a_problem_fits_the_screen(open_page: OpenPage, gateway: SoftphoneGateway, size: str) -> None:
    """A problem with its reason, its remedy and the failed stage fits every screen."""
    page = await open_page(is_allowed=False, viewport=SIZES[size], device_scale_factor=2)
    await page.get_by_test_id("call").click()
    await expect(page.get_by_test_id("problem")).to_be_visible()
    await page.screenshot(path=FOLDER / f"denied-{size}-light.png", full_page=True)

    assert await fits(page)


@pytest.mark.parametrize("size", SIZES)
async def test_a_lost_connection_fits_the_screen(
    open_page: OpenPage, gateway: SoftphoneGateway, size: str
) -> None:
    """The banner of a lost connection leaves the conversation in view."""
    page = await open_page(viewport=SIZES[size], color_scheme="dark", device_scale_factor=2)
    await page.get_by_test_id("call").click()
    call = await gateway.next_call()
    await converse(call)
    await expect(page.get_by_test_id("turn-caller")).to_have_count(2)
    await call.break_off()
    await expect(page.get_by_test_id("problem")).to_be_visible()
    await page.screenshot(path=FOLDER / f"lost-{size}-dark.png", full_page=True)

    assert await fits(page)
