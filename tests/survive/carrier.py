"""The carrier: opens a call's streams and, whenever one has ended, does what the webhook says next, as Twilio does."""

import asyncio
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

from picows import WSError, ws_connect
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships no types

from tests.survive.caller import Caller, Stream
from tests.survive.plan import ACCOUNT_SID, CONNECT_MS, NUMBER, WEBHOOK_MS

TIMEOUT_S = 15.0
"""Twilio's longest wait for a webhook."""


class Carrier:
    """One for all calls."""

    def __init__(self, *, public_url: str, auth_token: str) -> None:
        self._url = public_url
        self._validator = RequestValidator(auth_token)
        self._tasks: set[asyncio.Task[None]] = set()

    def dial(self, caller: Caller) -> None:
        """Ring: the first stream of a call."""
        self._begin(caller, f"{self._url}/twilio/voice")

    def stream_ended(self, caller: Caller) -> None:
        """The next verb runs, whatever ended the stream."""
        self._begin(caller, caller.redirect)

    def _begin(self, caller: Caller, url: str) -> None:
        task = asyncio.create_task(self._follow(caller, url))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, caller: Caller, url: str) -> None:
        """Webhook -> stream; a stream that does not open has ended, too."""
        while True:
            await asyncio.sleep(WEBHOOK_MS / 1000)
            try:
                twiml = ET.fromstring(await self._post(url, caller))
            except (OSError, TimeoutError, ET.ParseError, ValueError) as error:
                caller.fault(f"the webhook failed: {error!r}")
                return
            stream = twiml.find("./Connect/Stream")
            if stream is None:
                caller.fault(f"the call was ended by <{twiml[0].tag}>")
                return
            pause = twiml.find("./Pause")
            if pause is not None:
                await asyncio.sleep(int(pause.attrib["length"]))
            url = caller.redirect = str(twiml.findtext("./Redirect"))
            await asyncio.sleep(CONNECT_MS / 1000)
            if caller.breaks:
                caller.breaks[-1].attempts += 1
            if await self._open(caller, stream):
                return

    async def _open(self, caller: Caller, stream: ET.Element) -> bool:
        url = stream.attrib["url"]
        parameters = {p.attrib["name"]: p.attrib["value"] for p in stream.findall("Parameter")}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await ws_connect(
                    lambda: Stream(caller, parameters),
                    url,
                    extra_headers={"X-Twilio-Signature": self._validator.compute_signature(url, {})},
                )
        except (WSError, OSError, TimeoutError):
            return False
        return True

    async def _post(self, url: str, caller: Caller) -> str:
        """The TwiML that a signed webhook answers with. Raises ValueError on any status but 200."""
        form = {
            "CallSid": caller.call_sid,
            "AccountSid": ACCOUNT_SID,
            "From": NUMBER,
            "CallStatus": "in-progress",
        }
        body = urlencode(form).encode()
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            f"X-Twilio-Signature: {self._validator.compute_signature(url, form)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                writer.write(head.encode() + body)
                status, _, rest = (await reader.read()).partition(b"\r\n")
            finally:
                writer.close()
        if status.split()[1:2] != [b"200"]:
            raise ValueError(status.decode())
        return rest.partition(b"\r\n\r\n")[2].decode()
