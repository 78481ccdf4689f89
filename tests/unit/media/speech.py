"""Speech made of tones: one burst a word, a short pause between words, a longer one after a comma."""

import numpy as np

from switchboard.media import mulaw

TEXT = "We open at nine, and on Saturdays we close at noon."
MS_PER_CHAR = 62
PAUSE_MS = 25
LONG_PAUSE_MS = 180


def _timings(text: str) -> list[tuple[int, int]]:
    words, end_ms, end_char = [], 0, 0
    for word in text.split(" "):
        end_ms += len(word) * MS_PER_CHAR + (LONG_PAUSE_MS if word[-1] in ",." else PAUSE_MS)
        end_char += len(word)
        words.append((end_ms, end_char))
        end_char += 1
    return words


WORDS = _timings(TEXT)
"""`(end_ms, end_char)` of every word of `TEXT`."""


def audio_of(words: list[tuple[int, int]], text: str = TEXT) -> bytes:
    """8 kHz mu-law audio in which each word is a burst of its own tone."""
    samples, start_ms = [], 0
    for number, (end_ms, end_char) in enumerate(words):
        pause_ms = LONG_PAUSE_MS if text[end_char - 1] in ",." else PAUSE_MS
        count = (end_ms - start_ms - pause_ms) * 8
        tone = 8000 * np.sin(np.arange(count) * (300 + 40 * number) * 2 * np.pi / 8000)
        samples += [tone.astype(np.int16), np.zeros(pause_ms * 8, np.int16)]
        start_ms = end_ms
    return mulaw.encode(np.concatenate(samples))
