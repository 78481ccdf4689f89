"""Chromium with a fake microphone, in front of the real edge and the real softphone."""

import asyncio
import contextlib
import math
import struct
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from lambdas.start_web_call.handler import create_app
from switchboard.cli.edge import serve_edge
from switchboard.settings import read_settings
from tests.fakes.softphone_gateway import SoftphoneGateway, running_gateway

CHROMIUM = Path("/usr/bin/chromium")
INSECURE_NAME = "softphone.test"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=user-gesture-required",
    "--use-fake-device-for-media-stream",
    # Where a context was not granted the microphone, its prompt is answered with no.
    "--deny-permission-prompts",
    f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1",
]

OpenPage = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}; apt-get install chromium")
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(skip)


@pytest_asyncio.fixture(loop_scope="session")
async def gateway() -> AsyncIterator[SoftphoneGateway]:
    async with running_gateway() as gateway:
        yield gateway


@pytest.fixture
def web_settings() -> dict[str, str]:
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def port(gateway: SoftphoneGateway, web_settings: dict[str, str]) -> AsyncIterator[int]:
    """The edge's port: what the browser talks to."""
    app = create_app(read_settings(web_settings).settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=0, log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    # uvicorn would take the test runner's Ctrl-C.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0.01)
    softphone = server.servers[0].sockets[0].getsockname()
    routes = {"/web/stream": ("127.0.0.1", gateway.port), "/": softphone}
    async with await serve_edge(host="127.0.0.1", port=0, routes=routes) as edge:
        yield edge.port
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """One browser for all: what differs between tests is in their contexts."""
    microphone = write_voice(tmp_path_factory.mktemp("microphone") / "microphone.wav")
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, port: int) -> AsyncIterator[OpenPage]:
    """Open the softphone; options beyond these go to the browser's context."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_page(
            *,
            is_allowed: bool = True,
            host: str = "localhost",
            script: str = "",
            path: str = "/",
            **options: Any,
        ) -> Page:
            context = await browser.new_context(permissions=["microphone"] if is_allowed else [], **options)
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.set_default_timeout(10_000)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on(
                "console", lambda line: errors.append(line.text) if "Content Security" in line.text else None
            )
            stack.callback(lambda: _no_errors(errors))
            if script:
                await page.add_init_script(script)
            await page.goto(f"http://{host}:{port}{path}")
            return page

        yield open_page


def _no_errors(errors: list[str]) -> None:
    assert errors == []


def write_voice(path: Path) -> Path:
    """Write three seconds of a voice-like buzz: harmonics of a gliding pitch in four bursts a second.

    The browser's noise suppression lets it pass, as it would not a steady tone.
    """
    rate_hz = 48_000
    phase = 0.0
    samples = []
    for i in range(3 * rate_hz):
        time_s = i / rate_hz
        phase += 2 * math.pi * (130 + 25 * math.sin(5 * time_s)) / rate_hz
        burst = max(0.0, math.sin(2 * math.pi * 4 * time_s))
        buzz = sum(math.sin(k * phase) / k for k in range(1, 16))
        samples.append(int(9_000 * burst * buzz))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path
