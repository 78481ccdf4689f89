"""The whole platform as processes, called as Twilio and a browser call it: what survives a stop and a crash."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from switchboard.cli.local_platform import LocalPlatform, free_ports, local_platform
from switchboard.cli.phone import Phone, is_voiced
from tests.wire.peer import until

pytestmark = pytest.mark.wire

ACCOUNT = "AC" + "1" * 32
GREETING_S_MAX = 5.0
STOP_S_MAX = 8.0
"""For a drain without grace: the end of a clause, checkpoints and goodbyes."""
RESUME_S_MAX = 3.0
"""Law L5: from the loss of the socket to the carrier's new orders."""
ATTEMPTS_MAX = 10
WEB_KINDS = {"media", "mark", "transcript", "state"}
HANDOVER = "+14155550123"


T = TypeVar("T")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The embedded providers, whatever this machine's environment says."""
    monkeypatch.chdir(tmp_path)
    return {
        "PUBLIC_BASE_URL": f"http://localhost:{free_ports(1)[0]}",
        "SWITCHBOARD_STATE_PATH": str(tmp_path / "state.sqlite3"),
        "SWITCHBOARD_ASR": "embedded",
        "SWITCHBOARD_LLM": "embedded",
        "SWITCHBOARD_TTS": "embedded",
        "SWITCHBOARD_HANDOVER_NUMBER": HANDOVER,
        "SWITCHBOARD_DRAIN_GRACE_S": "0",
        "TWILIO_AUTH_TOKEN": "the account's token",
    }


@pytest.fixture
async def platform(settings, tmp_path):
    async with local_platform(log_dir=tmp_path, overrides=settings) as running:
        yield running


async def test_calls_of_every_kind_until_the_gateway_is_killed(platform):
    """An unsigned call is refused, a signed one greeted; key 0 leads to a person, the browser's call is told in words,
    and after kill -9 the carrier's next question is answered with a new stream and a fresh token.
    """
    assert 403 == await _unsigned(platform)
    assert WEB_KINDS == await _web_call(platform)
    await _key_zero(platform)
    await _killed(platform)


async def test_a_stopped_gateway_hands_its_calls_over(platform):
    """SIGTERM: readiness goes, the live call is let go for another task to continue, and the process ends well."""
    process = platform.processes["gateway"]
    async with _call(platform) as phone:
        process.send_signal(signal.SIGTERM)
        async with httpx2.AsyncClient(trust_env=False) as client:
            ready = (await client.get(f"{platform.gateway_url}/ready")).status_code
            healthy = (await client.get(f"{platform.gateway_url}/health")).status_code
        await until(lambda: phone.ended, within_s=STOP_S_MAX)
        verbs = await phone.follow_redirect()
    async with asyncio.timeout(STOP_S_MAX):
        exit_code = await process.wait()
    log = (platform.log_dir / "gateway.log").read_text()

    assert (503, 200) == (ready, healthy)
    assert ["Connect", "Redirect"] == verbs
    assert 0 == exit_code
    assert "Traceback" not in log
    assert [] == phone.heard.problems


async def _key_zero(platform: LocalPlatform) -> None:
    async with _call(platform) as phone:
        greeted_ms = phone.heard.audio_ms[0]
        await phone.press("0")
        await until(lambda: phone.ended, within_s=15)
        verbs = await phone.follow_redirect()

    assert greeted_ms < GREETING_S_MAX * 1000
    assert ["Say", "Dial"] == verbs
    assert [] == phone.heard.problems


async def _killed(platform: LocalPlatform) -> None:
    process = platform.processes["gateway"]
    async with _call(platform) as phone:
        process.kill()
        begin_s = asyncio.get_running_loop().time()
        await until(lambda: phone.ended, within_s=STOP_S_MAX)
        first, second = await _stream_token(phone), await _stream_token(phone)
        elapsed_s = asyncio.get_running_loop().time() - begin_s

    assert elapsed_s < RESUME_S_MAX
    assert first
    assert second
    assert first != second


@asynccontextmanager
async def _call(platform: LocalPlatform) -> AsyncIterator[Phone]:
    """A call that hears its greeting."""
    phone = await _unless_busy(lambda: _dialled(platform))
    talking = asyncio.create_task(phone.talk())
    try:
        await until(lambda: is_voiced(bytes(phone.agent_track[-160:])), GREETING_S_MAX)
        yield phone
    finally:
        phone._stopped.set()
        await talking


async def _dialled(platform: LocalPlatform) -> Phone:
    phone = Phone(
        voice_url=f"{platform.public_url}/twilio/voice",
        auth_token=platform.auth_token,
        account_sid=ACCOUNT,
        from_number="+14155550100",
        to_number="+14155550101",
    )
    await phone.dial()
    return phone


async def _unless_busy(connecting: Callable[[], Awaitable[T]]) -> T:
    """Try again while the gateway finds its machine too busy for a call, as the carrier would."""
    for _ in range(ATTEMPTS_MAX):
        try:
            return await connecting()
        except InvalidStatus as refused:
            if refused.response.status_code != 503:
                raise
            await asyncio.sleep(0.3)
    raise AssertionError("the gateway never took the call")


async def _unsigned(platform: LocalPlatform) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        form = {"CallSid": "CA" + "1" * 32, "AccountSid": ACCOUNT, "From": "+14155550100"}
        return (await client.post(f"{platform.public_url}/twilio/voice", data=form)).status_code


async def _stream_token(phone: Phone) -> str:
    assert phone._redirect
    parameters = (await phone._post(phone._redirect)).findall("./Connect/Stream/Parameter")
    return next(each.attrib["value"] for each in parameters if each.attrib["name"] == "token")


async def _web_call(platform: LocalPlatform) -> set[str]:
    """Start a call as the softphone does; which kinds of message it is sent until the greeting's end."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{platform.public_url}/web/calls", headers={"Origin": platform.public_url}
        )
    ticket = answer.json()
    kinds: set[str] = set()
    async with await _unless_busy(lambda: _connected(ticket["streamUrl"])) as socket:
        await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await socket.send(json.dumps(_web_start(ticket)))
        async with asyncio.timeout(GREETING_S_MAX):
            while not kinds >= WEB_KINDS:
                kinds.add(json.loads(await socket.recv())["event"])
    return kinds & WEB_KINDS


async def _connected(url: str) -> ClientConnection:
    return await connect(url, proxy=None)


def _web_start(ticket: dict[str, str]) -> dict[str, object]:
    stream_sid = "MZ" + "1" * 32
    return {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": stream_sid,
        "start": {
            "streamSid": stream_sid,
            "accountSid": ticket["accountSid"],
            "callSid": ticket["callSid"],
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": ticket["token"]},
        },
    }
