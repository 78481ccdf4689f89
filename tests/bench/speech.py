"""What callers say: a few sentences, rendered once by the embedded synthesizer, on a quiet line."""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from switchboard.adapters.embedded.synthesizer import EmbeddedSynthesizer
from switchboard.domain.voices import Voice
from switchboard.media import mulaw
from tests.bench.plan import FRAME_BYTES, FRAME_MS

SENTENCES = (
    "could you tell me {} what my plan costs please",
    "my internet is slow {} can you help me with that please",
    "what does the fastest {} connection cost per month please",
    "i want to move house {} what should i do please",
    "do you have a cheaper {} plan for my mother please",
    "when will somebody {} repair the line in my street please",
)
"""The code word of the turn takes the place of the braces. All end in a word that completes a sentence for endpointing."""
TAIL_MS = 600
"""Enough for voice activity to be sure that the voice has ended."""
NOISE_SIGMA = 16.0
"""A quiet line, in 16-bit units: below the gate, above digital silence."""
SPEECH_LEVEL = 400
"""Mean magnitude of 10 ms that counts as voice when the clip is trimmed."""
NOISE_FRAMES = 50


class Clip(Struct, frozen=True):
    """One sentence and `TAIL_MS` of silence. `words` are `(word, end_ms)`; one of them is `{}`."""

    audio: bytes
    voice_ms: int
    words: list[tuple[str, int]]

    @property
    def text(self) -> str:
        return " ".join(word for word, _ in self.words)


class Clips(Struct, frozen=True):
    """All clips, and a second of line noise to loop between them."""

    clips: list[Clip]
    noise: bytes


def load_clips(path: Path) -> Clips:
    return msgspec.msgpack.decode(path.read_bytes(), type=Clips)


def save_clips(path: Path) -> None:
    """Render everything; under a second of CPU."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.msgpack.encode(asyncio.run(render())))


async def render(sentences: tuple[str, ...] = SENTENCES) -> Clips:
    """Speak the sentences and trim them."""
    random = np.random.default_rng(1)
    noise = _with_noise(np.zeros(NOISE_FRAMES * FRAME_BYTES, np.int16), random)
    synthesizer = EmbeddedSynthesizer()
    clips = []
    for number, sentence in enumerate(sentences):
        voice = Voice(gender="female" if number % 2 else "male")
        session = await synthesizer.open(voice=voice)
        audio, timings = bytearray(), []
        async for chunk in session.synthesize(sentence.replace("{} ", "")):
            audio += chunk.audio
            timings += [word.end_ms for word in chunk.words]
        await session.close()
        clips.append(_clip(sentence, bytes(audio), timings, random))
    await synthesizer.close()
    return Clips(clips, noise)


def _clip(sentence: str, audio: bytes, timings: list[int], random: np.random.Generator) -> Clip:
    samples = mulaw.decode(audio)
    blocks = np.abs(samples[: len(samples) // 80 * 80].astype(np.int32)).reshape(-1, 80)
    loud = np.flatnonzero(blocks.mean(axis=1) > SPEECH_LEVEL)
    start_ms, voice_end_ms = int(loud[0]) * 10, int(loud[-1] + 1) * 10
    voice_ms = voice_end_ms - start_ms
    total_ms = -(-(voice_ms + TAIL_MS) // FRAME_MS) * FRAME_MS
    padded = np.zeros(total_ms * 8, np.int16)
    padded[: voice_ms * 8] = samples[start_ms * 8 : voice_end_ms * 8]
    spoken = [word for word in sentence.split() if word != "{}"]
    ends = dict(enumerate(end_ms - start_ms for end_ms in timings))
    words = [(word, min(voice_ms, ends.get(index, voice_ms))) for index, word in enumerate(spoken)]
    place = sentence.split().index("{}")
    words.insert(place, ("{}", words[place - 1][1]))
    return Clip(_with_noise(padded, random), voice_ms, words)


def _with_noise(samples: np.ndarray[tuple[int], np.dtype[np.int16]], random: np.random.Generator) -> bytes:
    noisy = samples + random.normal(0.0, NOISE_SIGMA, len(samples))
    return mulaw.encode(np.clip(noisy, -32000, 32000).astype(np.int16))
