"""The softphone's pure modules, called in the browser that runs them."""

import math
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page

from switchboard.media import mulaw
from tests.browser.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def run(page: Page, module: str, script: str, argument: Any = None) -> Any:
    """Run `script`, a function of the module's exports and of `argument`."""
    call = f"async (argument) => ({script})(await import('/softphone/{module}'), argument)"
    return await page.evaluate(call, argument)


async def test_mulaw_is_the_gateways(open_page: OpenPage) -> None:
    """Every byte decodes and every 16-bit sample encodes as in `switchboard.media.mulaw`."""
    page = await open_page()
    decoded = await run(page, "mulaw.js", "(m) => Array.from({length: 256}, (_, b) => m.decodeSample(b))")
    encoded = await run(
        page, "mulaw.js", "(m) => Array.from({length: 65536}, (_, i) => m.encodeSample(i - 32768))"
    )

    assert mulaw.decode(bytes(range(256))).tolist() == decoded
    assert mulaw.encode(np.arange(-32768, 32768).astype(np.int16)) == bytes(encoded)


async def test_mulaw_agrees_with_the_table_of_g711(open_page: OpenPage) -> None:
    """Both ends of each segment, in 16 bits, as G.711's table 2a (positive) and 2b (negative) give them."""
    page = await open_page()
    ends = {0x80: 32124, 0x8F: 16764, 0x90: 15996, 0xA0: 7932, 0xB0: 3900, 0xC0: 1884, 0xD0: 876, 0xE0: 372}
    ends |= {0xF0: 120, 0xFE: 8, 0xFF: 0}
    table = ends | {code & 0x7F: -value for code, value in ends.items()}
    decoded = await run(page, "mulaw.js", "(m, codes) => codes.map(m.decodeSample)", list(table))

    assert list(table.values()) == decoded


RESAMPLE = """({Resampler}, {fromHz, toHz, toneHz}) => {
  const resampler = new Resampler(fromHz, toHz);
  const output = [];
  for (let start = 0; start < fromHz; start += 128) {
    const length = Math.min(128, fromHz - start);
    const tone = Float32Array.from({length}, (_, i) => Math.sin(2 * Math.PI * toneHz * (start + i) / fromHz));
    output.push(...resampler.process(tone));
  }
  return output;
}"""


@pytest.mark.parametrize("device_hz", [16_000, 44_100, 48_000, 96_000])
async def test_what_the_telephone_cannot_carry_is_filtered_out(open_page: OpenPage, device_hz: int) -> None:
    """Down to 8 kHz, 1 and 3.3 kHz pass unchanged; 4.6 and 7 kHz do not fold back into the voice band."""
    page = await open_page()
    for tone_hz, level_db in [(1_000, 0), (3_300, 0), (4_600, -50), (7_000, -50)]:
        arguments = {"fromHz": device_hz, "toHz": 8_000, "toneHz": tone_hz}
        samples = np.array(await run(page, "resampler.js", RESAMPLE, arguments))
        rms_db = 20 * math.log10(float(np.std(samples[100:])) * math.sqrt(2) + 1e-9)

        assert 8_000 - 60 < len(samples) <= 8_000
        assert abs(rms_db) < 0.5 if level_db == 0 else rms_db < level_db, f"{tone_hz} Hz: {rms_db:.1f} dB"


@pytest.mark.parametrize("device_hz", [8_000, 44_100, 48_000])
async def test_the_agents_voice_has_no_images(open_page: OpenPage, device_hz: int) -> None:
    """Up from 8 kHz, a tone stays one tone: all else lies 50 dB below it."""
    page = await open_page()
    arguments = {"fromHz": 8_000, "toHz": device_hz, "toneHz": 1_000}
    samples = np.array(await run(page, "resampler.js", RESAMPLE, arguments))
    steady = samples[device_hz // 10 : device_hz // 10 + device_hz // 2]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    peak = int(np.argmax(spectrum))
    rest = np.concatenate([spectrum[: peak - 3], spectrum[peak + 4 :]])

    assert peak * 2 == 1_000
    assert 20 * math.log10(float(rest.max() / spectrum[peak])) < -50


PLAY = """({PlaybackQueue}, steps) => {
  const queue = new PlaybackQueue(48000);
  const log = [];
  let frame = 0;
  const loud = bytes => new Uint8Array(bytes).fill(0x80);
  for (const [kind, value, latencyMs] of steps) {
    if (kind === "audio") log.push(["taken", queue.pushAudio(loud(value))]);
    if (kind === "mark") queue.pushMark(value, latencyMs ?? 0);
    if (kind === "clear") log.push(["cleared", queue.clear()]);
    if (kind === "read") {
      for (let read = 0; read < value; read += 480) {
        const output = new Float32Array(480);
        const marks = queue.read(output);
        frame += 480;
        const level = Math.max(...output.map(Math.abs));
        for (const mark of marks) log.push([mark, frame / 48]);
        if (kind === "read" && value === 480) log.push(["level", level > 0.5 ? "loud" : level > 0 ? "soft" : "none"]);
      }
    }
  }
  return log.filter(([, value]) => value !== true);
}"""


@pytest.mark.parametrize(
    ("steps", "log"),
    [
        pytest.param([["mark", "a"], ["read", 960]], [["a", 10]], id="at once if nothing is buffered"),
        pytest.param(
            [["audio", 800], ["mark", "a"], ["audio", 800], ["mark", "b"], ["read", 24_000]],
            [["a", 100], ["b", 200]],
            id="when the audio before it has been played",
        ),
        pytest.param(
            [["audio", 800], ["mark", "a", 200], ["read", 24_000]],
            [["a", 300]],
            id="and has passed through the device",
        ),
        pytest.param(
            [
                ["audio", 8_000],
                ["mark", "a"],
                ["read", 4_800],
                ["mark", "b"],
                ["clear"],
                ["read", 480],
                ["read", 480],
            ],
            [["cleared", ["a", "b"]], ["level", "loud"], ["level", "none"]],
            id="clear returns all and is silent after a fade",
        ),
        pytest.param(
            [["audio", 160], ["read", 480], ["read", 480], ["read", 2_400], ["read", 480], ["read", 480]],
            [["level", "none"], ["level", "none"], ["level", "loud"], ["level", "none"]],
            id="a short sound waits 60 ms for more, then plays",
        ),
        pytest.param([["audio", 240_001]], [["taken", False]], id="more than 30 s is not taken"),
    ],
)
async def test_marks_follow_twilios_rules(open_page: OpenPage, steps: list[Any], log: list[Any]) -> None:
    """A mark returns when its audio was heard, at once without any, and on clear."""
    page = await open_page()

    assert log == await run(page, "playback-queue.js", PLAY, steps)


async def test_playback_has_no_gaps(open_page: OpenPage) -> None:
    """Frames that arrive one by one, with jitter below the buffer, come out as one unbroken sound."""
    page = await open_page()
    script = """({PlaybackQueue}, jitterMs) => {
      const queue = new PlaybackQueue(48000);
      const arrivals = jitterMs.map((jitter, n) => (n * 20 + jitter) * 48);
      const output = [];
      let next = 0;
      for (let frame = 0; frame < 48 * 20 * jitterMs.length; frame += 128) {
        while (next < arrivals.length && arrivals[next] <= frame) {
          queue.pushAudio(new Uint8Array(160).fill(0x90));
          next += 1;
        }
        const block = new Float32Array(128);
        queue.read(block);
        output.push(...block);
      }
      return output;
    }"""
    jitter_ms = [(n * 7919) % 35 for n in range(100)]
    output = np.array(await run(page, "playback-queue.js", script, jitter_ms))
    started = int(np.argmax(output > 0.2))

    assert started < 48 * 120
    assert float(output[started + 480 :].min()) > 0.4
