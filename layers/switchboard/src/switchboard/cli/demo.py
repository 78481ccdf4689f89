"""`switchboard demo`: one real telephone call against the whole platform, told as a script and checked.

A caller with recorded lines phones in over Twilio's own wire, is answered by embedded speech and model, is asked for an
account number, interrupts the agent once and presses a key. The call is judged from both sides: what the telephone
heard, and what the gateway's journal says.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.cli.demo_report import Report, print_report
from switchboard.cli.local_platform import LocalPlatform, StartFailed, free_ports, local_platform
from switchboard.cli.phone import Phone
from switchboard.cli.wav import read_mulaw_wav, write_mulaw_wav
from switchboard.domain.voices import Voice
from switchboard.settings import SettingsError

CALL_TIMEOUT_S = 120.0
ACCOUNT_SID = "AC" + "d" * 32
CALLER = "+15005550006"
CALLED = "+15005550001"
HANDOVER = "+15005550009"
CALLER_VOICE = Voice(language="en-US", gender="male")
REPLY_PAUSE_MS = 700
"""A caller answers after about this much silence."""
BARGE_IN_AFTER_MS = 2500


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that the caller says or does, and when."""

    text: str = ""
    interrupts: bool = False
    key: str = ""


SCRIPT = (
    Line("I think I was charged twice on my last invoice."),
    Line("five nine three six four two"),
    Line("What plans do you have?"),
    Line("What are your opening hours?", interrupts=True),
    Line(key="0"),
)


async def run_demo(*, out_dir: Path) -> int:
    """Play the call; returns 0 only if it went as it must."""
    print(
        "Starting the platform (gateway, webhooks, softphone) and recording the caller's lines ...",
        flush=True,
    )
    port = free_ports(1)[0]
    overrides = {
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "STREAM_URL": "",
        "SWITCHBOARD_ASR": "embedded",
        "SWITCHBOARD_LLM": "embedded",
        "SWITCHBOARD_TTS": "embedded",
        "SWITCHBOARD_JOURNAL_DIR": str(out_dir / "journal"),
        "SWITCHBOARD_STATE_PATH": str(out_dir / "state.sqlite3"),
        "SWITCHBOARD_HANDOVER_NUMBER": HANDOVER,
        "SWITCHBOARD_DRAIN_GRACE_S": "2",
    }
    try:
        lines = [line async for line in _record(out_dir / "caller")]
        async with local_platform(log_dir=out_dir / "logs", overrides=overrides) as platform:
            report = await _call(platform, lines, out_dir)
    except (SettingsError, StartFailed, OSError, RuntimeError) as error:
        print(f"The demo could not run: {error}")
        return 2
    print_report(report)
    return 1 if report.failures else 0


async def _record(folder: Path) -> AsyncIterator[bytes]:
    """The caller's lines as WAV files, read back from disk: 8 kHz mu-law."""
    synthesizer = EmbeddedSynthesizer(words_per_minute=160)
    session = await synthesizer.open(voice=CALLER_VOICE)
    try:
        for number, line in enumerate(SCRIPT):
            path = folder / f"line{number + 1}.wav"
            if line.text:
                audio = bytearray()
                async with aclosing(session.synthesize(line.text)) as chunks:
                    async for chunk in chunks:
                        audio += chunk.audio
                write_mulaw_wav(path, bytes(audio))
                yield read_mulaw_wav(path)
            else:
                yield b""
    finally:
        await session.close()
        await synthesizer.close()


async def _call(platform: LocalPlatform, lines: list[bytes], out_dir: Path) -> Report:
    phone = Phone(
        voice_url=f"{platform.public_url}/twilio/voice",
        auth_token=platform.auth_token,
        account_sid=ACCOUNT_SID,
        from_number=CALLER,
        to_number=CALLED,
    )
    print(f"Calling {CALLED} from {CALLER} ...", flush=True)
    await phone.dial()
    report = Report(call_id=phone.call_sid, out_dir=out_dir)
    talking = asyncio.create_task(phone.talk())
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            for line, audio in zip(SCRIPT, lines, strict=True):
                if not await _play(phone, line, audio, report):
                    break
            await _until(phone, lambda: phone.ended)
    except TimeoutError:
        report.failures.append(f"the call did not end within {CALL_TIMEOUT_S:g} s")
        await phone.hang_up()
    await talking
    report.next_verbs = await phone.follow_redirect()
    report.judge_phone(phone)
    write_mulaw_wav(report.recording, phone.stereo(), channels=2)
    report.read_journal()
    return report


async def _play(phone: Phone, line: Line, audio: bytes, report: Report) -> bool:
    """Wait for the right moment, then speak or press; false when the call ended before."""
    spoken_ms = report.finished_ms[-1] if report.finished_ms else 0
    if line.interrupts:
        if not await _until(phone, lambda: _answered(phone, spoken_ms)):
            return False
        await asyncio.sleep(BARGE_IN_AFTER_MS / 1000)
    elif not await _until(phone, lambda: _my_turn(phone, spoken_ms)):
        report.failures.append(f"the call ended before the caller could say {line.text or line.key!r}")
        return False
    if line.key:
        report.keys_ms.append(phone.now_ms)
        await phone.press(line.key)
        return True
    report.spoken_ms.append((phone.now_ms, line))
    phone.say(audio)
    await _until(phone, lambda: not phone.speaking)
    report.finished_ms.append(phone.now_ms)
    return True


def _answered(phone: Phone, spoken_ms: int) -> bool:
    """Whether the agent has said anything since the caller last spoke."""
    return bool(phone.heard.audio_ms) and phone.heard.audio_ms[-1] >= spoken_ms


def _my_turn(phone: Phone, spoken_ms: int) -> bool:
    silent = not phone.agent_speaking and phone.agent_silent_ms >= REPLY_PAUSE_MS
    return silent and _answered(phone, spoken_ms)


async def _until(phone: Phone, condition: Callable[[], bool]) -> bool:
    """Wait frame by frame; false when the call ended first (unless that was awaited)."""
    while not condition():
        if phone.ended:
            return False
        await asyncio.sleep(0.02)
    return True
